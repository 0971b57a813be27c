// What several photos of a visit say together, each place of the face from the photo that shows most of it.
import { t } from "../core/language.js";
import { html } from "../core/ui.js";
import { intervalWords, ofFace, skinSentences, taskTitle, unitWords } from "../core/wording.js";

export function Together({ person, tasks }) {
  const rows = [...new Set(person.findings.map(({ task }) => task))].map((name) => ofFace(person, name)).filter(Boolean);
  if (!rows.length) return null;
  return html`<section class="card together" aria-labelledby="together">
    <h2 class="eyebrow" id="together">${t("result/together", { n: person.views.length })}</h2>
    <div class="sentences">${skinSentences(person, tasks).map((words) => html`<p>${words}</p>`)}</div>
    <details><summary>${t("result/numbers")}</summary><table>
      <thead><tr><th scope="col">${t("result/findings")}</th><th scope="col">${t("table/value")}</th><th scope="col">${t("table/interval")}</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${taskTitle(tasks[row.task], row.task)}</th>
        <td>${unitWords(row)}</td><td>${intervalWords(row, tasks[row.task]?.scale)}</td></tr>`)}</tbody></table></details>
  </section>`;
}
