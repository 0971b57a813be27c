// The live picture with one hint at a time; it takes the photo by itself when all is well, or when asked.
import { closeCamera, openCamera, takeFlashPair, takePicture } from "../camera/camera.js";
import { startEngine } from "../camera/engine.js";
import { follow } from "../camera/follow.js";
import { t } from "../core/language.js";
import { remember, settings } from "../core/settings.js";
import { html, useCallback, useEffect, useRef, useState } from "../core/ui.js";
import { Icon } from "./icons.js";

const STEADY_MS = 1000; // all is well for so long before it takes the photo by itself
const HINT_MS = 900; // a hint stands at least so long, so that it can be read and heard

export function LiveCamera({ view, onShot, onFail }) {
  const video = useRef(null);
  const [guided, setGuided] = useState("starting"); // "starting", "going", "without"
  const [found, setFound] = useState([]);
  const [automatic, setAutomatic] = useState(settings().automatic);
  const [flash, setFlash] = useState(false);
  const [screen, setScreen] = useState("");
  const taking = useRef(false);

  const shoot = useCallback(async () => {
    if (taking.current || !video.current?.videoWidth) return;
    taking.current = true;
    try {
      if (!flash) return onShot({ photo: await takePicture(video.current) });
      const { bright, ambient, locked } = await takeFlashPair(video.current, setScreen);
      return onShot({ photo: bright, ambient, locked });
    } finally {
      taking.current = false;
    }
  }, [flash, onShot]);

  useEffect(() => watch(video, view, { setGuided, setFound, onFail }), [view]);
  const ready = found.length > 0 && found.every(({ ok }) => ok);
  useEffect(() => {
    if (!ready || !automatic || taking.current) return undefined;
    const timer = setTimeout(shoot, STEADY_MS);
    return () => clearTimeout(timer);
  }, [ready, automatic, shoot]);

  const toggle = (event) => setAutomatic(remember({ automatic: event.target.checked }).automatic);
  return html`<div class="live ${ready ? "ready" : ""}">
    <div class="picture">
      <video ref=${video} playsinline muted autoplay aria-label=${t("capture/live")}></video>
      <${Guide} view=${view} />
      <${Hint} guided=${guided} found=${found} view=${view} />
    </div>
    <${Checks} found=${found} />
    <div class="controls">
      <label class="round" title=${t("capture/choose")}><${Icon} name="file" /><span>${t("capture/file")}</span>
        <input class="unseen" type="file" accept="image/*" onChange=${(event) => event.target.files[0] && onShot({ photo: event.target.files[0] })} /></label>
      <button type="button" class="shutter" onClick=${shoot} aria-label=${t("capture/take")}></button>
      <button type="button" class="round" aria-pressed=${flash ? "true" : "false"} onClick=${() => setFlash(!flash)}><${Icon} name="flash" /><span>${t("flash/name")}</span></button>
    </div>
    <label class="choice small"><input type="checkbox" checked=${automatic} onChange=${toggle} /><span>${t("capture/automatic")}</span></label>
    ${flash && html`<p class="note">${t("flash/how")}</p><${Pupils} />`}
    ${screen && html`<div class="screen-light ${screen}" role="status">${t(`flash/${screen}`)}</div>`}
  </div>`;
}

/** The distance of the pupils, for who knows it: it says how far away the screen was. */
function Pupils() {
  const note = (event) => remember({ pupilsMm: event.target.checkValidity() && event.target.value ? Number(event.target.value) : null });
  return html`<label class="line small"><span>${t("flash/pupils")} <small>${t("flash/pupils_more")}</small></span>
    <input type="number" name="pupils" min="45" max="80" step="0.5" inputmode="decimal" value=${settings().pupilsMm ?? ""} onInput=${note} /></label>`;
}

/** Open the camera, then the engine; the camera alone is enough to take a photo. */
function watch(video, view, { setGuided, setFound, onFail }) {
  let stream = null;
  let stop = () => {};
  let left = false;
  const begin = async () => {
    try {
      stream = await openCamera();
    } catch (error) {
      if (!left) onFail(error.name === "NotAllowedError" ? "refused" : "none");
      return;
    }
    if (left || !video.current) return closeCamera(stream);
    video.current.srcObject = stream;
    try {
      const engine = await startEngine();
      if (left || !video.current) return;
      setGuided("going");
      stop = follow(video.current, engine, view, setFound, () => setGuided("without"));
    } catch {
      if (!left) setGuided("without");
    }
  };
  begin();
  return () => {
    left = true;
    stop();
    closeCamera(stream);
    setFound([]);
  };
}

function Guide({ view }) {
  return html`<svg class="guide ${view}" viewBox="0 0 100 100" aria-hidden="true" focusable="false"><ellipse cx="50" cy="48" rx="25" ry="33" /></svg>`;
}

/** One hint, read aloud when it changes, and not more often than one can follow. */
function Hint({ guided, found, view }) {
  const first = found.find(({ ok }) => !ok);
  const wanted = guided === "going" ? (found.length === 0 ? "looking" : (first?.hint ?? "hold")) : guided;
  const [shown, setShown] = useState(wanted);
  const since = useRef(0);
  useEffect(() => {
    const rest = Math.max(0, HINT_MS - (performance.now() - since.current));
    const timer = setTimeout(() => {
      since.current = performance.now();
      setShown(wanted);
    }, rest);
    return () => clearTimeout(timer);
  }, [wanted]);
  const words = shown === "looking" ? t(`capture/say_${view}`) : t(`hint/${shown}`);
  return html`<p class="hint" role="status">${words}</p>`;
}

function Checks({ found }) {
  const names = ["face", "distance", "turned", "level", "light", "still", "sharp"];
  const ok = Object.fromEntries(found.map((check) => [check.name, check.ok]));
  return html`<ul class="checks">${names.map((name) => html`<li class=${ok[name] ? "ok" : ""}>
    <span aria-hidden="true"></span>${t(`check/${name}`)}<span class="unseen">: ${t(ok[name] ? "check/good" : "check/not_yet")}</span></li>`)}</ul>`;
}
