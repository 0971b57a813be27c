// The result of a visit: three sentences, then the photo with its layers, then everything behind them.
import * as api from "../core/api.js";
import { day, t } from "../core/language.js";
import { go, link } from "../core/router.js";
import { html, useState } from "../core/ui.js";
import { sentences } from "../core/wording.js";
import { Care } from "../parts/care.js";
import { FindingCards } from "../parts/finding_cards.js";
import { Icon } from "../parts/icons.js";
import { useLoaded } from "../parts/load.js";
import { NotMeasured } from "../parts/not_measured.js";
import { Failure, Notice, Waiting } from "../parts/notices.js";
import { usePhoto } from "../parts/photo_address.js";
import { Together } from "../parts/together.js";
import { Verdict } from "../parts/verdict.js";
import { Viewer } from "../parts/viewer.js";

export function ResultView({ parts: [visitId, chosen = "0"], tasks }) {
  const { value, problem, again } = useLoaded(() => loadVisit(visitId), [visitId]);
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const { visit, analyses, person } = value;
  const analysis = analyses[Number(chosen)] ?? analyses[0];
  if (!analysis) return html`<${Notice} kind="info"><p>${t("result/empty")}</p><p><a href=${link("capture")}>${t("home/visit")}</a></p></${Notice}>`;
  return html`<article class="result">
    <header class="head">
      <h1>${t("result/title", { date: day(visit.date, "long") })}</h1>
      ${analyses.length > 1 && html`<${Views} visit=${visit} analyses=${analyses} shown=${analysis} />`}
    </header>
    ${person && html`<${Together} person=${person} tasks=${tasks} />`}
    <${OneResult} key=${analysis.id} analysis=${analysis} tasks=${tasks} />
    <${Actions} visit=${visit} analysis=${analysis} />
  </article>`;
}

async function loadVisit(id) {
  const visit = await api.visit(id);
  const [person, ...analyses] = await Promise.all([
    visit.people.length ? api.person(visit.people.at(-1)) : null,
    ...visit.analyses.map(api.analysis),
  ]);
  return { visit, analyses, person };
}

function Views({ visit, analyses, shown }) {
  return html`<nav class="tabs" aria-label=${t("result/views")}>
    ${analyses.map((one, k) => html`<a href=${link("result", visit.id, String(k))} aria-current=${one === shown ? "page" : null}>
      ${t(`view/${one.face?.view ?? "none"}`)}</a>`)}
  </nav>`;
}

function OneResult({ analysis, tasks }) {
  const there = analysis.photo_kept || Boolean(analysis.pictures_until && new Date(analysis.pictures_until) > new Date());
  const photo = usePhoto(analysis.id, there);
  return html`<div class="columns">
    <section class="card first" aria-labelledby="in-short">
      <h2 class="eyebrow" id="in-short">${t("result/short")}</h2>
      <div class="sentences">${sentences(analysis, tasks).map((words) => html`<p>${words}</p>`)}</div>
      <p class="note">${t("result/no_diagnosis")}</p>
    </section>
    ${photo !== undefined && html`<${Viewer} analysis=${analysis} tasks=${tasks} photo=${photo} there=${there} />`}
    <div class="behind">
      <${Verdict} analysis=${analysis} />
      <${FindingCards} analysis=${analysis} tasks=${tasks} />
      <${Care} advice=${analysis.care ?? []} />
      <${NotMeasured} analysis=${analysis} tasks=${tasks} />
    </div>
  </div>`;
}

function Actions({ visit, analysis }) {
  const [problem, setProblem] = useState(null);
  const remove = async () => {
    if (!confirm(t("result/remove_sure"))) return;
    try {
      await api.removeVisit(visit.id);
      go("history");
    } catch (failed) {
      setProblem(failed);
    }
  };
  return html`<footer class="card foot">
    <h2>${t("result/further")}</h2>
    <p class="actions">
      <a class="button" href=${link("history")}><${Icon} name="change" />${t("title/history")}</a>
      ${analysis.pictures_until && html`<a class="button" href=${api.reportAddress(analysis.id)} target="_blank" rel="noopener"><${Icon} name="report" />${t("result/report")}</a>`}
      <button type="button" onClick=${() => print()}><${Icon} name="print" />${t("result/print")}</button>
      <a class="button" href=${api.fhirAddress(analysis.id)} download="analysis.fhir.json"><${Icon} name="download" />${t("result/fhir")}</a>
      <button type="button" class="danger" onClick=${remove}><${Icon} name="bin" />${t("result/remove")}</button>
    </p>
    ${problem && html`<${Failure} problem=${problem} />`}
    <p class="note">${t("result/origin", { version: analysis.provenance.dermis, seconds: analysis.provenance.seconds?.total ?? 0 })}</p>
  </footer>`;
}
