// One question over time: points with their intervals, and the band in which a change is no more than chance.
import { day, number, t } from "../core/language.js";
import { html } from "../core/ui.js";
import { label, valueWords } from "../core/wording.js";

const WIDTH = 340;
const HEIGHT = 150;
const EDGE = { left: 36, right: 12, top: 10, bottom: 22 };

/** rows: the findings of one question, the first visit first. */
export function Curve({ title, scale, rows: sorted }) {
  const mdc = sorted.find((row) => row.mdc !== null && row.mdc !== undefined)?.mdc ?? null;
  const last = sorted.at(-1);
  return html`<section class="card curve-card">
    <h3>${title}</h3>
    <p class="headline">${last.label ? label(last.label) : valueWords(last.value, scale, last.unit)} <small>${verdict(sorted, mdc)}</small></p>
    <${Plot} rows=${sorted} mdc=${mdc} title=${title} least=${leastSpan(scale)} />
    <details><summary>${t("curve/table")}</summary><table>
      <thead><tr><th scope="col">${t("table/date")}</th><th scope="col">${t("table/value")}</th><th scope="col">${t("table/interval")}</th></tr></thead>
      <tbody>${sorted.map((row) => html`<tr><th scope="row">${day(row.date)}</th><td>${number(row.value, 1)}</td>
        <td>${row.interval ? `${number(row.interval[0], 1)} – ${number(row.interval[1], 1)}` : "–"}</td></tr>`)}</tbody>
    </table></details>
  </section>`;
}

/** Whether the last value differs from the first by more than chance. */
function verdict(rows, mdc) {
  if (rows.length < 2) return t("curve/first");
  if (mdc === null) return t("curve/no_mdc");
  const difference = rows.at(-1).value - rows[0].value;
  if (Math.abs(difference) < mdc) return t("curve/within");
  return t(difference > 0 ? "curve/more" : "curve/less");
}

/** What the axis shows at least, so that a trifle does not look like a change: a tenth of the scale. */
function leastSpan(scale) {
  const whole = { ordinal: scale?.highest - scale?.lowest, count: 50, presence: 1 }[scale?.kind] ?? scale?.high - scale?.low;
  return whole > 0 ? whole / 10 : 1;
}

function Plot({ rows, mdc, title, least }) {
  const times = rows.map(({ date }) => new Date(date).getTime());
  const ends = rows.flatMap(({ value, interval }) => [value, ...(interval ?? [])]);
  if (mdc !== null) ends.push(rows[0].value - mdc, rows[0].value + mdc);
  const middle = (Math.min(...ends) + Math.max(...ends)) / 2;
  const low = Math.min(...ends, Math.max(middle - least / 2, Math.min(0, ...ends)));
  const high = Math.max(...ends, low + least);
  const even = times.at(-1) === times[0];
  const across = (k) => (rows.length === 1 ? 0.5 : even ? k / (rows.length - 1) : (times[k] - times[0]) / (times.at(-1) - times[0]));
  const x = (k) => EDGE.left + 8 + across(k) * (WIDTH - EDGE.left - EDGE.right - 16);
  const y = (value) => EDGE.top + ((high - value) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const marks = [high, (high + low) / 2, low];
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t("curve/alt", { title, n: rows.length })}>
    ${marks.map((value) => html`<line class="grid" x1=${EDGE.left} x2=${WIDTH - EDGE.right} y1=${y(value)} y2=${y(value)} />
      <text x=${EDGE.left - 6} y=${y(value) + 4} text-anchor="end">${number(value, high - low < 10 ? 1 : 0)}</text>`)}
    ${mdc !== null && html`<rect class="mdc" x=${EDGE.left} width=${WIDTH - EDGE.left - EDGE.right} y=${y(rows[0].value + mdc)} height=${y(rows[0].value - mdc) - y(rows[0].value + mdc)} />`}
    ${rows.map((row, k) => row.interval && html`<line class="whisker" x1=${x(k)} x2=${x(k)} y1=${y(row.interval[0])} y2=${y(row.interval[1])} />`)}
    <polyline class="curve" points=${rows.map((row, k) => `${x(k)},${y(row.value)}`).join(" ")} />
    ${rows.map((row, k) => html`<circle class="point" cx=${x(k)} cy=${y(row.value)} r="4.5"><title>${day(row.date)}: ${number(row.value, 1)}</title></circle>`)}
    <text x=${x(0)} y=${HEIGHT - 4} text-anchor=${rows.length > 1 ? "start" : "middle"}>${day(rows[0].date)}</text>
    ${rows.length > 1 && html`<text x=${x(rows.length - 1)} y=${HEIGHT - 4} text-anchor="end">${day(rows.at(-1).date)}</text>`}
  </svg>`;
}
