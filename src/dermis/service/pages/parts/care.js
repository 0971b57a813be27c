// Advice on care, each line with its reason and source, the most urgent first. The service says it in English.
import { known, t } from "../core/language.js";
import { html } from "../core/ui.js";

const SOONEST_FIRST = ["today", "days", "weeks", "routine"];

export function Care({ advice }) {
  if (!advice.length) return null;
  const sorted = [...advice].sort((a, b) => SOONEST_FIRST.indexOf(a.urgency) - SOONEST_FIRST.indexOf(b.urgency));
  return html`<section class="card care">
    <h2>${t("care/title")}</h2>
    <ul>${sorted.map((one) => html`<li class=${one.urgency}>
      <p>${one.urgency !== "routine" && html`<span class="tag urgent">${known(`care/${one.urgency}`, one.urgency)}</span> `}
        <strong lang="en">${one.advice}</strong>${one.when && html` <span class="tag">${known(`when/${one.when}`, one.when)}</span>`}</p>
      <details><summary>${t("care/why")}</summary><p class="note" lang="en">${one.reason} <cite>${one.source}</cite></p></details>
    </li>`)}</ul>
  </section>`;
}
