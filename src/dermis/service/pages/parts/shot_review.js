// The photos of this visit before they are sent: look, take again, add a side, say whether they may be kept.
import { t } from "../core/language.js";
import { settings } from "../core/settings.js";
import { html, useRef } from "../core/ui.js";
import { Icon } from "./icons.js";

export function ShotReview({ shots, onAgain, onSend }) {
  const keeping = useRef(null);
  return html`<div class="review">
    <ul class="shots">
      ${["front", "left", "right"].map((view) => html`<li>
        ${shots[view]
          ? html`<figure><img src=${shots[view].address} alt=${t(`capture/shot_${view}`)} />
              ${shots[view].ambient && html`<span class="badge"><${Icon} name="flash" />${t(shots[view].locked ? "flash/pair" : "flash/pair_unlocked")}</span>`}
              <figcaption>${t(`view/${view}`)}
                <button type="button" onClick=${() => onAgain(view)} aria-label=${t("capture/again_of", { view: t(`view/${view}`) })}>${t("capture/again")}</button>
              </figcaption></figure>`
          : html`<button type="button" class="add" onClick=${() => onAgain(view)}><${Icon} name="plus" />${t(`capture/add_${view}`)}<small>${t("capture/optional")}</small></button>`}
      </li>`)}
    </ul>
    <label class="choice"><input type="checkbox" ref=${keeping} defaultChecked=${settings().keepPhotos} />
      <span><strong>${t("capture/keep")}</strong><small>${t("capture/keep_more")}</small></span></label>
    <p class="actions"><button type="button" class="main" onClick=${() => onSend({ keepPhotos: keeping.current.checked })}>${t("capture/analyse")}</button></p>
  </div>`;
}
