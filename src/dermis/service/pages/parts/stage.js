// The photo with what was found on it: one layer at a time, spots to tap, a cross for the value of a pixel.
import { t } from "../core/language.js";
import { html, useRef, useState } from "../core/ui.js";

const STEP = 0.02;

/**
 * window: {x, y, width, height} of the photo to show. spots: [{box_px, title, kind}]. layer: {address, title} or null.
 * onPick({x, y}) for a place of the photo, onSpot(k) for a spot.
 */
export function Stage({ photo, width, height, window: seen, layer, strength, spots, chosen, cross, onPick, onSpot, alt }) {
  const svg = useRef(null);
  const [moving, setMoving] = useState(null);
  const unit = seen.width / 100;
  const place = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.current.getScreenCTM().inverse());
    if (point.x >= 0 && point.y >= 0 && point.x < width && point.y < height) onPick({ x: point.x, y: point.y });
  };
  const walk = (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const now = moving ?? cross ?? { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
    if (event.key in steps) {
      event.preventDefault();
      const [right, down] = steps[event.key];
      setMoving({ x: now.x + right * STEP * seen.width, y: now.y + down * STEP * seen.width });
    } else if (event.key === "Enter") {
      setMoving(null);
      onPick(now);
    }
  };
  const at = moving ?? cross;
  return html`<svg class="stage" ref=${svg} viewBox="${seen.x} ${seen.y} ${seen.width} ${seen.height}" tabindex="0" role="application"
      aria-label="${alt} ${t("stage/keys")}" onClick=${place} onKeyDown=${walk}>
    ${photo
      ? html`<image href=${photo} x="0" y="0" width=${width} height=${height} />`
      : html`<rect class="no-photo" x="0" y="0" width=${width} height=${height} />`}
    ${layer && html`<image class="layer" href=${layer.address} x="0" y="0" width=${width} height=${height} opacity=${strength} preserveAspectRatio="none" />`}
    ${spots.map((spot, k) => html`<${Spot} spot=${spot} unit=${unit} chosen=${k === chosen} onChoose=${() => onSpot(k)} />`)}
    ${at && html`<g class="cross" transform="translate(${at.x} ${at.y})">
      <circle class="halo" r=${2.2 * unit} stroke-width=${1.1 * unit} /><circle r=${2.2 * unit} stroke-width=${0.45 * unit} />
    </g>`}
  </svg>`;
}

function Spot({ spot, unit, chosen, onChoose }) {
  const [x, y, width, height] = spot.box_px;
  const r = Math.max(width, height) / 2 + 0.8 * unit;
  const choose = (event) => {
    event.stopPropagation();
    onChoose();
  };
  return html`<g class="spot ${spot.kind ?? ""} ${chosen ? "chosen" : ""}" transform="translate(${x + width / 2} ${y + height / 2})" onClick=${choose}>
    <title>${spot.title}</title>
    <circle class="halo" r=${r} stroke-width=${1 * unit} /><circle r=${r} stroke-width=${0.45 * unit} />
  </g>`;
}

/** The part of the photo around the face, or the whole photo. */
export function windowOf(analysis, whole) {
  const { width_px: width, height_px: height } = analysis.photo;
  const box = analysis.face?.box_px;
  if (whole || !box) return { x: 0, y: 0, width, height };
  const side = Math.min(1.75 * Math.max(box[2], box[3]), width);
  const tall = Math.min(side * 1.15, height);
  const x = Math.min(Math.max(box[0] + box[2] / 2 - side / 2, 0), width - side);
  const y = Math.min(Math.max(box[1] + box[3] * 0.42 - tall / 2, 0), height - tall);
  return { x, y, width: side, height: tall };
}
