// One card a question: the value in words, how sure it is, and the same by region for who wants it.
import { number, t } from "../core/language.js";
import { html } from "../core/ui.js";
import { intervalWords, label, levelWords, regionTitle, taskTitle, unitWords, valueWords } from "../core/wording.js";
import { Scale } from "./scale.js";

const FURTHER = ["acne_presence", "acne_iga", "acne_gags", "mmasi", "masi", "msi"]; // other scales of what is told already

export function FindingCards({ analysis, tasks }) {
  const names = [...new Set(analysis.findings.map(({ task }) => task))];
  if (!names.length) return null;
  const order = Object.keys(tasks);
  names.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const cards = (some) => some.map((name) => html`<${FindingCard} key=${name} name=${name} analysis=${analysis} task=${tasks[name]} />`);
  const further = names.filter((name) => FURTHER.includes(name));
  return html`<section class="findings">
    <h2>${t("result/findings")}</h2>
    <div class="cards">${cards(names.filter((name) => !FURTHER.includes(name)))}</div>
    ${further.length > 0 && html`<details class="further"><summary>${t("result/more_scales")}</summary><div class="cards">${cards(further)}</div></details>`}
  </section>`;
}

function FindingCard({ name, analysis, task }) {
  const rows = analysis.findings.filter((finding) => finding.task === name);
  const whole = rows.find(({ region }) => region === "face") ?? rows[0];
  const scale = task?.scale;
  const regions = rows.filter((finding) => finding !== whole);
  const headline = whole.label ? label(whole.label) : valueWords(whole.value, scale, whole.unit);
  return html`<section class="card finding" id="finding-${name}">
    <h3>${taskTitle(task, name)}</h3>
    <p class="headline">${headline} ${whole.label && html`<small>${unitWords(whole)}</small>`}</p>
    <${Scale} finding=${whole} scale=${scale} />
    ${whole.interval
      ? html`<p class="sure">${intervalWords(whole, scale)}<small>${levelWords(whole)}</small></p>`
      : html`<p class="note">${intervalWords(whole, scale)}</p>`}
    ${regions.length > 0 && html`<details><summary>${t("result/by_region")}</summary><${RegionTable} rows=${regions} scale=${scale} view=${analysis.face?.view} /></details>`}
  </section>`;
}

function RegionTable({ rows, scale, view }) {
  const spread = rows.some((row) => row.spread);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("result/by_region")}><table>
    <thead><tr><th scope="col">${t("table/region")}</th><th scope="col">${t("table/value")}</th>
      <th scope="col">${t(spread ? "table/spread" : "table/interval")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr><th scope="row">${regionTitle(row.region, view)}</th>
      <td>${valueWords(row.value, scale, row.unit)}</td><td>${range(spread ? row.spread : row.interval)}</td></tr>`)}</tbody>
  </table></div>`;
}

function range(ends) {
  return ends ? `${number(ends[0], 1)} – ${number(ends[1], 1)}` : "–";
}
