// Whether the photo could be measured, what speaks against it, and what to do better.
import { known, t } from "../core/language.js";
import { link } from "../core/router.js";
import { html } from "../core/ui.js";
import { problemWords } from "../core/wording.js";
import { Icon } from "./icons.js";

const KINDS = { reject: "bad", warn: "warn", info: "info" };

export function Verdict({ analysis }) {
  const { usable, problems, usable_for = [], reservations = {}, withheld = {} } = analysis.quality;
  const names = (tasks) => tasks.map((task) => known(`task/${task}`, task)).join(", ");
  const told = usable ? [["usable_for", usable_for], ["reserved", Object.keys(reservations)], ["withheld", Object.keys(withheld)]] : [];
  const warned = problems.some(({ severity }) => severity === "warn");
  const kind = usable ? (warned ? "warn" : "good") : "bad";
  return html`<section class="card verdict ${kind}">
    <h2><${Icon} name=${kind} />${t(`verdict/${kind}`)}</h2>
    ${problems.length > 0 && html`<ul>
      ${problems.map((problem) => {
        const { title, advice } = problemWords(problem, analysis);
        return html`<li class=${KINDS[problem.severity]}><strong>${title}</strong><span>${advice}</span></li>`;
      })}
    </ul>`}
    ${problems.length > 0 && told.filter(([, tasks]) => tasks.length > 0).map(([key, tasks]) => html`<p class="note">${t(`verdict/${key}`, { tasks: names(tasks) })}</p>`)}
    <p class="note">${t(`condition/${analysis.condition?.name ?? "unknown"}`)}</p>
    ${!usable && html`<p class="actions"><a class="button main" href=${link("capture")}><${Icon} name="camera" />${t("verdict/again")}</a></p>`}
  </section>`;
}
