// Two visits over each other with a divide to move; the later one is laid onto the earlier.
import { t } from "../core/language.js";
import { html, useEffect, useState } from "../core/ui.js";
import { registration } from "../camera/registration.js";
import { windowOf } from "./stage.js";

/** matrix: the service's 2 x 3 map from the later photo to the earlier, or null: then the landmarks here give one. */
export function CompareSlider({ photos, analyses, matrix, lesions }) {
  const [divide, setDivide] = useState(50);
  const [marks, setMarks] = useState(true);
  const map = useRegistration(photos, analyses, matrix);
  const [first, second] = analyses;
  const seen = windowOf(first, false);
  const unit = seen.width / 100;
  const edge = seen.x + (seen.width * divide) / 100;
  const laid = `matrix(${map.values.join(" ")})`;
  const ring = (one, kind, transform) => {
    const [x, y, width, height] = one.box_px ?? one.box ?? [];
    if (x === undefined) return null;
    return html`<g transform=${transform}><circle class="ring ${kind}" cx=${x + width / 2} cy=${y + height / 2} r=${Math.max(width, height) / 2 + unit} stroke-width=${0.6 * unit} /></g>`;
  };
  return html`<section class="card compare" aria-label=${t("compare/title")}>
    <svg class="stage" viewBox="${seen.x} ${seen.y} ${seen.width} ${seen.height}" role="img" aria-label=${t("compare/alt", { share: divide })}>
      <defs><clipPath id="later"><rect x=${edge} y=${seen.y} width=${seen.width} height=${seen.height} /></clipPath></defs>
      <image href=${photos[0]} width=${first.photo.width_px} height=${first.photo.height_px} />
      <g clip-path="url(#later)">
        <rect x=${seen.x} y=${seen.y} width=${seen.width} height=${seen.height} class="no-photo" />
        <image href=${photos[1]} width=${second.photo.width_px} height=${second.photo.height_px} transform=${laid} />
      </g>
      ${marks && lesions?.gone.map((one) => ring(one, "gone", ""))}
      ${marks && lesions?.new.map((one) => ring(one, "new", laid))}
      <line class="divide" x1=${edge} x2=${edge} y1=${seen.y} y2=${seen.y + seen.height} stroke-width=${0.5 * unit} />
    </svg>
    <label class="strength"><span>${t("compare/before")}</span>
      <input type="range" min="0" max="100" value=${divide} aria-label=${t("compare/divide")} onInput=${(event) => setDivide(Number(event.target.value))} />
      <span>${t("compare/after")}</span></label>
    <div class="compare-keys">
      <ul class="keys"><li class="new">${t("change/list_new")}</li><li class="gone">${t("change/list_gone")}</li></ul>
      <label class="choice small"><input type="checkbox" checked=${marks} onChange=${(event) => setMarks(event.target.checked)} /><span>${t("compare/marks")}</span></label>
    </div>
    <p class="note">${t(`compare/by_${map.by}`)}</p>
  </section>`;
}

/** The map from the later photo to the earlier as SVG wants it, [a, b, c, d, e, f], and what it rests on. */
function useRegistration(photos, analyses, matrix) {
  const given = matrix && [matrix[0][0], matrix[1][0], matrix[0][1], matrix[1][1], matrix[0][2], matrix[1][2]];
  const [map, setMap] = useState(given ? { values: given, by: "service" } : { values: byBoxes(analyses), by: "boxes" });
  useEffect(() => {
    if (given) return;
    registration(photos[0], photos[1]).then((values) => values && setMap({ values, by: "landmarks" }), () => {});
  }, photos);
  return map;
}

function byBoxes([first, second]) {
  const [a, b] = [first, second].map(({ face, photo }) => face?.box_px ?? [0, 0, photo.width_px, photo.height_px]);
  const scale = a[2] / b[2];
  return [scale, 0, 0, scale, a[0] - scale * b[0], a[1] - scale * b[1]];
}
