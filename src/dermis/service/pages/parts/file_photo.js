// A photo from the camera app or from the files: the full resolution, and the only way where there is no live camera.
import { t } from "../core/language.js";
import { html } from "../core/ui.js";
import { Icon } from "./icons.js";
import { Notice } from "./notices.js";

/** why: "insecure", "none", "refused" or "chosen": what keeps the live camera away. */
export function FilePhoto({ view, why, onShot }) {
  const read = (event) => {
    const [photo] = event.target.files;
    if (photo) onShot({ photo });
  };
  return html`<div class="files">
    ${why !== "chosen" && html`<${Notice} kind="info"><p><strong>${t(`camera/${why}`)}</strong></p><p>${t(`camera/${why}_more`)}</p></${Notice}>`}
    <p class="lead">${t(`capture/say_${view}`)}</p>
    <ul class="tips">${["light", "distance", "clean"].map((tip) => html`<li><${Icon} name="good" />${t(`home/tip_${tip}`)}</li>`)}</ul>
    <div class="actions">
      <label class="button main only-touch"><${Icon} name="camera" />${t("capture/camera_app")}
        <input class="unseen" type="file" accept="image/*" capture="user" onChange=${read} /></label>
      <label class="button"><${Icon} name="file" />${t("capture/choose")}
        <input class="unseen" type="file" accept="image/*" onChange=${read} /></label>
    </div>
  </div>`;
}
