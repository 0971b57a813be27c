// The page: which view stands at which address. Nothing else is decided here.
import * as api from "./core/api.js";
import { currentLanguage, preferredLanguage, speak, t } from "./core/language.js";
import { address, onMove } from "./core/router.js";
import { applyTheme, remember, settings } from "./core/settings.js";
import { html, render, useCallback, useEffect, useRef, useState } from "./core/ui.js";
import { Failure, Waiting } from "./parts/notices.js";
import { TopBar } from "./parts/top_bar.js";
import { CaptureView } from "./views/capture.js";
import { ChangeView } from "./views/change.js";
import { HistoryView } from "./views/history.js";
import { HomeView } from "./views/home.js";
import { ResultView } from "./views/result.js";
import { SettingsView } from "./views/settings.js";
import { SignInView } from "./views/sign_in.js";

const VIEWS = {
  "": HomeView,
  capture: CaptureView,
  result: ResultView,
  history: HistoryView,
  change: ChangeView,
  settings: SettingsView,
};

function App() {
  const [place, setPlace] = useState(address());
  const [known, setKnown] = useState(null);
  const [failure, setFailure] = useState(null);
  const [, setLanguage] = useState(currentLanguage());
  const main = useRef(null);

  const learn = useCallback(async () => {
    try {
      setFailure(null);
      const session = await api.session();
      const tasks = session.signed_in ? await api.tasks() : [];
      setKnown({ session, tasks: Object.fromEntries(tasks.map((task) => [task.name, task])) });
    } catch (problem) {
      setFailure(problem);
    }
  }, []);
  useEffect(() => void learn(), []);
  useEffect(() => onMove(() => setPlace(address())), []);
  useEffect(() => {
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
    document.title = `${t(`title/${place[0] ?? "home"}`)} · dermis`;
  }, [place.join("/")]);

  const changeLanguage = async (language) => {
    remember({ language });
    await speak(language);
    setLanguage(language);
  };
  const [name = "", ...rest] = place;
  const View = known && !known.session.signed_in ? SignInView : (VIEWS[name] ?? HomeView);
  const bare = name === "capture" && known?.session.signed_in;
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>${t("skip")}</a>
    ${!bare && html`<${TopBar} session=${known?.session} place=${name} />`}
    <main id="main" tabindex="-1" ref=${main} class=${bare ? "bare" : "wrap"}>
      ${failure
        ? html`<${Failure} problem=${failure} again=${learn} />`
        : known
          ? html`<${View} key=${place.join("/")} parts=${rest} tasks=${known.tasks} session=${known.session} onLanguage=${changeLanguage} onSession=${learn} />`
          : html`<${Waiting} />`}
    </main>`;
}

async function start() {
  const kept = settings();
  applyTheme(kept.theme);
  await speak(preferredLanguage(kept.language));
  render(html`<${App} />`, document.getElementById("app"));
  if (isSecureContext && "serviceWorker" in navigator) navigator.serviceWorker.register("/service-worker.js");
}

start();
