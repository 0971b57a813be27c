// What one pixel says: its region, its values, its spectrum; or why it says nothing.
import { known, number, t } from "../core/language.js";
import { html } from "../core/ui.js";
import { regionTitle, taskTitle } from "../core/wording.js";
import { Failure } from "./notices.js";

const WIDTH = 300;
const HEIGHT = 110;

export function PixelCard({ found, problem, tasks }) {
  if (problem) return problem.code === "not_kept" ? html`<p class="note">${t("pixel/not_kept")}</p>` : html`<${Failure} problem=${problem} />`;
  if (!found) return html`<p class="note">…</p>`;
  const values = Object.entries(found.values ?? {}).filter(([name, value]) => value !== null && tasks[name]?.scale.kind !== "count");
  return html`<h3>${found.region ? regionTitle(found.region) : t("pixel/outside")}</h3>
    ${found.left_out && html`<p class="note">${t("pixel/left_out", { why: known(`left_out/${found.left_out}`, found.left_out) })}</p>`}
    ${values.length > 0 && html`<dl class="facts">${values.map(([name, value]) => html`<div><dt>${taskTitle(tasks[name], name)}</dt><dd>${number(value, 1)}</dd></div>`)}</dl>`}
    ${found.spectrum && html`<${Spectrum} ...${found.spectrum} />`}`;
}

/** Reflectance over wavelength, with the band in which it lies. */
function Spectrum({ wavelengths_nm: waves, reflectance, low, high }) {
  const top = Math.max(...(high ?? reflectance), 0.1);
  const x = (k) => (WIDTH * (waves[k] - waves[0])) / (waves.at(-1) - waves[0]);
  const y = (value) => HEIGHT * (1 - value / top);
  const line = (values) => values.map((value, k) => `${x(k).toFixed(1)},${y(value).toFixed(1)}`);
  const band = low && high ? [...line(high), ...line(low).reverse()].join(" ") : "";
  return html`<figure class="spectrum">
    <svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 8}" role="img" aria-label=${t("pixel/spectrum_alt", { low: Math.min(...reflectance) * 100, high: Math.max(...reflectance) * 100 })}>
      ${band && html`<polygon class="span" points=${band} />`}
      <polyline class="curve" points=${line(reflectance).join(" ")} />
    </svg>
    <figcaption><span>${number(waves[0])} nm</span><span>${t("pixel/spectrum")}</span><span>${number(waves.at(-1))} nm</span></figcaption>
  </figure>`;
}
