// What this browser remembers of its user's wishes. Nothing about skin is among it.
const PLACE = "dermis";
const DEFAULTS = { language: null, theme: "system", keepPhotos: false, automatic: true, subject: null, pupilsMm: null };

export function settings() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(PLACE) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

export function remember(changes) {
  const now = { ...settings(), ...changes };
  try {
    localStorage.setItem(PLACE, JSON.stringify(now));
  } catch {
    // A browser that keeps nothing forgets the wish with the page.
  }
  return now;
}

export function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
