// Advice on care, each with its reason and source, the urgent ones first.
import { known, t } from "../core/language.js";
import { html } from "../core/ui.js";

export function Care({ advice }) {
  if (!advice.length) return null;
  const order = ["emergency", "urgent", "soon", "routine"];
  const sorted = [...advice].sort((a, b) => order.indexOf(a.urgency) - order.indexOf(b.urgency));
  return html`<section class="card care">
    <h2>${t("care/title")}</h2>
    <ul>${sorted.map((one) => html`<li class=${one.urgency}>
      <p><strong>${one.advice}</strong>${one.when && html` <span class="tag">${known(`when/${one.when}`, one.when)}</span>`}</p>
      <p class="note">${one.reason} ${one.source && html`<cite>${one.source}</cite>`}</p>
    </li>`)}</ul>
  </section>`;
}
