// A value on its scale, with the interval where the true value lies. Words stand beside it, so it is decoration.
import { label } from "../core/wording.js";
import { html } from "../core/ui.js";

export function Scale({ finding, scale }) {
  const [low, high] = ends(finding, scale);
  const at = (value) => `${(100 * (Math.min(Math.max(value, low), high) - low)) / (high - low || 1)}%`;
  const names = scale?.kind === "ordinal" ? (scale.names ?? []) : [];
  const [from, to] = finding.interval ?? [null, null];
  return html`<div class="scale" aria-hidden="true">
    <div class="track">
      ${names.length > 0 && names.map((_, k) => html`<i class="tick" style=${{ left: at(low + k * (scale.step ?? 1)) }}></i>`)}
      ${from !== null && html`<i class="band" style=${{ left: at(from), right: `calc(100% - ${at(to)})` }}></i>`}
      <i class="dot" style=${{ left: at(finding.value) }}></i>
    </div>
    ${names.length > 0
      ? html`<div class="names"><span>${label(names[0])}</span><span>${label(names.at(-1))}</span></div>`
      : html`<div class="names"><span>${low}</span><span>${Math.round(high)}</span></div>`}
  </div>`;
}

function ends(finding, scale) {
  switch (scale?.kind) {
    case "ordinal":
      return [scale.lowest, scale.highest];
    case "presence":
      return [0, 1];
    case "count":
      return [0, Math.max(20, Math.ceil((finding.interval?.[1] ?? finding.value) * 1.25))];
    default:
      return [scale?.low ?? 0, scale?.high ?? Math.max(1, finding.value * 1.5)];
  }
}
