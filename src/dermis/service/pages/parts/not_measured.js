// What was left out, and why: parts of the skin, regions out of view, questions that this photo does not answer.
import { known, percent, t } from "../core/language.js";
import { html } from "../core/ui.js";
import { regionTitle, taskTitle } from "../core/wording.js";

const LEAST = 0.005;

export function NotMeasured({ analysis, tasks }) {
  const shares = Object.entries(analysis.quality.measures ?? {})
    .filter(([name, value]) => name.endsWith("_share") && !["measured_share", "covered_share"].includes(name) && value > LEAST)
    .map(([name, value]) => [name.slice(0, -"_share".length), value]);
  const answered = new Set(analysis.findings.map(({ task }) => task));
  const open = Object.values(tasks).filter(({ name }) => !answered.has(name));
  const regions = hiddenRegions(analysis, tasks);
  const measured = analysis.quality.measures?.measured_share;
  return html`<section class="card not-measured">
    <h2>${t("left/title")}</h2>
    ${measured !== undefined && html`<p>${t("left/measured", { share: percent(measured) })}</p>`}
    <ul>
      ${shares.map(([name, value]) => html`<li>${t("left/share", { share: percent(value), why: known(`left_out/${name}`, name.replaceAll("_", " ")) })}</li>`)}
      ${regions.length > 0 && html`<li>${t("left/regions", { regions: regions.map((region) => regionTitle(region)).join(", ") })}</li>`}
      ${open.length > 0 && html`<li>${t(analysis.quality.usable ? "left/tasks" : "left/tasks_rejected", { tasks: open.map((task) => taskTitle(task, task.name)).join(", ") })}</li>`}
    </ul>
    <p class="note">${t("left/unknown_light")}</p>
  </section>`;
}

/** Regions that some answered question asks of, but that no finding names. */
function hiddenRegions(analysis, tasks) {
  const seen = new Set(analysis.findings.map(({ region }) => region));
  const asked = new Set(analysis.findings.flatMap(({ task }) => tasks[task]?.regions ?? []));
  return [...asked].filter((region) => region !== "face" && !seen.has(region));
}
