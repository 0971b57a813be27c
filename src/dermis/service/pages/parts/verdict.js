// Whether the photo could be measured, what speaks against it, and what to do better.
import { t } from "../core/language.js";
import { link } from "../core/router.js";
import { html } from "../core/ui.js";
import { problemWords } from "../core/wording.js";
import { Icon } from "./icons.js";

const KINDS = { reject: "bad", warn: "warn", info: "info" };

export function Verdict({ analysis }) {
  const { usable, problems } = analysis.quality;
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
    <p class="note">${t(`condition/${analysis.condition?.name ?? "unknown"}`)}</p>
    ${!usable && html`<p class="actions"><a class="button main" href=${link("capture")}><${Icon} name="camera" />${t("verdict/again")}</a></p>`}
  </section>`;
}
