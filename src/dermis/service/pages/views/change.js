// Two visits laid over each other: what is new, what has gone, and which numbers changed by more than chance.
import * as api from "../core/api.js";
import { day, number, t } from "../core/language.js";
import { link } from "../core/router.js";
import { html } from "../core/ui.js";
import { regionTitle, taskTitle, valueWords } from "../core/wording.js";
import { CompareSlider } from "../parts/compare_slider.js";
import { Icon } from "../parts/icons.js";
import { useLoaded } from "../parts/load.js";
import { Failure, Notice, Waiting } from "../parts/notices.js";
import { usePhoto } from "../parts/photo_address.js";

export function ChangeView({ parts: [before, after], tasks }) {
  const { value, problem, again } = useLoaded(() => loadChange(before, after), [before, after]);
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!value) return html`<${Waiting} words=${t("change/comparing")} />`;
  const { change, first, second } = value;
  return html`<article class="change">
    <header class="head"><h1>${t("change/title", { before: day(value.dates[0]), after: day(value.dates[1]) })}</h1></header>
    <section class="card first"><h2 class="eyebrow">${t("result/short")}</h2>
      <div class="sentences">${changeSentences(change).map((words) => html`<p>${words}</p>`)}</div></section>
    <${Pictures} change=${change} first=${first} second=${second} />
    <${Numbers} change=${change} tasks=${tasks} />
    <p class="actions"><a class="button" href=${link("history")}><${Icon} name="back" />${t("title/history")}</a>
      <button type="button" onClick=${() => print()}><${Icon} name="print" />${t("result/print")}</button></p>
  </article>`;
}

async function loadChange(before, after) {
  const [change, first, second] = await Promise.all([api.change(before, after), api.analysis(before), api.analysis(after)]);
  const visits = await Promise.all([first, second].map((one) => (one.visit ? api.visit(one.visit) : { date: one.created_at })));
  return { change, first, second, dates: visits.map(({ date }) => date) };
}

function changeSentences({ days, lesions, lesions_reason: reason, findings, taken_alike: alike }) {
  const real = findings.filter(({ region, changed }) => region === "face" && changed);
  const known = findings.some(({ changed }) => changed !== null);
  return [
    lesions
      ? t("change/spots", { n: lesions.new.length, new: lesions.new.length, gone: lesions.gone.length, lasting: lesions.lasting.length })
      : t("change/no_spots", { reason: reason ?? "" }),
    alike === false
      ? t("change/not_alike")
      : real.length ? t("change/real", { n: real.length }) : t(known ? "change/chance" : "change/unknown"),
    days === 0 ? t("change/same_day") : t("change/days", { n: days }),
  ];
}

function Pictures({ change, first, second }) {
  const photos = [usePhoto(first.id, mayHave(first)), usePhoto(second.id, mayHave(second))];
  if (photos.includes(undefined)) return html`<${Waiting} />`;
  if (photos.includes(null)) return html`<${Notice} kind="info"><p>${t("change/no_photos")}</p></${Notice}>`;
  return html`<${CompareSlider} photos=${photos} analyses=${[first, second]} matrix=${change.after_to_before} lesions=${change.lesions} />`;
}

function mayHave(analysis) {
  return analysis.photo_kept || Boolean(analysis.pictures_until && new Date(analysis.pictures_until) > new Date());
}

function Numbers({ change, tasks }) {
  const rows = change.findings.filter(({ region }) => region === "face");
  const word = (changed) => t(changed === null ? "change/cell_unknown" : changed ? "change/cell_real" : "change/cell_chance");
  return html`<section class="card"><h2>${t("change/numbers")}</h2>
    <div class="scroll" tabindex="0" role="group" aria-label=${t("change/numbers")}><table>
      <thead><tr>${["question", "before", "after", "difference", "meaning"].map((name) => html`<th scope="col">${t(`change/${name}`)}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${taskTitle(tasks[row.task], row.task)}</th>
        <td>${valueOf(row, "before", tasks)}</td><td>${valueOf(row, "after", tasks)}</td>
        <td>${row.difference > 0 ? "+" : ""}${number(row.difference, 1)}${row.interval ? html` <small>(${number(row.interval[0], 1)} – ${number(row.interval[1], 1)})</small>` : ""}</td>
        <td>${word(row.changed)}</td></tr>`)}</tbody></table></div>
    ${change.lesions && html`<${Lesions} lesions=${change.lesions} />`}
  </section>`;
}

/** Grades as numbers, since what counts here is the difference. */
function valueOf(row, side, tasks) {
  const scale = tasks[row.task]?.scale;
  return scale?.kind === "ordinal" ? number(row[side], 1) : valueWords(row[side], scale, row.unit);
}

function Lesions({ lesions }) {
  return html`<div class="lesion-lists">${["new", "gone"].map((kind) => html`<div><h3>${t(`change/list_${kind}`)}</h3>
    ${lesions[kind].length
      ? html`<ul>${lesions[kind].map((one) => html`<li>${one.region ? regionTitle(one.region) : t("item/lesion")}</li>`)}</ul>`
      : html`<p class="note">${t("change/list_none")}</p>`}</div>`)}</div>`;
}
