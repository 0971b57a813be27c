// Texts are data: texts/<language>.json. A text may hold {name} places, and forms by number: {"one": …, "other": …}.
export const LANGUAGES = { en: "English", de: "Deutsch" };

let language = "en";
let texts = {};

export function currentLanguage() {
  return language;
}

export function preferredLanguage(kept) {
  const wishes = [kept, ...navigator.languages].filter(Boolean).map((wish) => wish.slice(0, 2));
  return wishes.find((wish) => wish in LANGUAGES) ?? "en";
}

export async function speak(wanted) {
  const answer = await fetch(new URL(`../texts/${wanted}.json`, import.meta.url));
  texts = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
}

/** The text of `key`, its places filled from `values`; `values.n` chooses the form by number. */
export function t(key, values = {}) {
  return fill(texts[key] ?? key, values);
}

/** The text of `key`, or `otherwise` where the language has none (words that came from the server). */
export function known(key, otherwise, values = {}) {
  const found = texts[key];
  return found === undefined ? otherwise : fill(found, values);
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

export function percent(share) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
}

export function day(iso, style = "medium") {
  return new Intl.DateTimeFormat(language, { dateStyle: style }).format(new Date(iso));
}

function fill(text, values) {
  const form = typeof text === "object" ? (text[new Intl.PluralRules(language).select(values.n)] ?? text.other) : text;
  return form.replace(/\{(\w+)\}/g, (place, name) => (name in values ? say(values[name]) : place));
}

function say(value) {
  return typeof value === "number" ? number(value, 1) : String(value);
}
