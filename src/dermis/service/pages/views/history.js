// A person's visits over time: a curve for each question, and the choice of two visits to lay over each other.
import * as api from "../core/api.js";
import { day, t } from "../core/language.js";
import { go, link } from "../core/router.js";
import { settings } from "../core/settings.js";
import { html, useState } from "../core/ui.js";
import { taskTitle } from "../core/wording.js";
import { Curve } from "../parts/curve.js";
import { Icon } from "../parts/icons.js";
import { useLoaded } from "../parts/load.js";
import { Failure, Notice, Waiting } from "../parts/notices.js";
import { SubjectPicker } from "../parts/subject_picker.js";

const TOLD = ["value", "label", "labels", "interval", "level"];
const FIRST = ["acne_lesions", "acne_grade", "pigmentation_grade", "redness_grade", "redness", "skin_tone"];

export function HistoryView({ tasks }) {
  const { value, problem, again } = useLoaded(loadHistory, []);
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const { subjects, subject, visits, findings } = value;
  return html`<article class="history">
    <header class="head"><h1>${t("title/history")}</h1>
      ${subject && html`<${SubjectPicker} subjects=${subjects} subject=${subject} onChange=${again} />`}</header>
    ${visits.length === 0
      ? html`<${Notice} kind="info"><p>${t("history/none")}</p><p><a href=${link("capture")}>${t("home/start")}</a></p></${Notice}>`
      : html`<${Curves} findings=${findings} tasks=${tasks} visits=${visits} />
          <${Visits} visits=${visits} />`}
  </article>`;
}

async function loadHistory() {
  const subjects = await api.subjects();
  const subject = subjects.find(({ id }) => id === settings().subject) ?? subjects[0] ?? null;
  if (!subject) return { subjects, subject, visits: [], findings: [] };
  const [visits, findings] = await Promise.all([api.visits(subject.id), api.findings(subject.id)]);
  return { subjects, subject, visits: visits.filter((visit) => visit.analyses.length), findings: await together(visits, findings) };
}

/** The findings, with what all views of a visit say together in the place of what its first photo says alone. */
async function together(visits, findings) {
  const several = visits.filter(({ people }) => people.length);
  const people = await Promise.all(several.map((visit) => api.person(visit.people.at(-1))));
  const said = new Map(several.map((visit, k) => [visit.analyses[0], people[k]]));
  return findings.map((row) => {
    const found = said.get(row.analysis)?.findings.find(({ task, region }) => task === row.task && region === row.region);
    return found ? { ...row, ...Object.fromEntries(TOLD.map((name) => [name, found[name]])) } : row;
  });
}

/** One curve a question: of all views of a visit together, else of the photo it shows first (front before sides). */
function Curves({ findings, tasks, visits }) {
  const order = new Map(visits.map((visit, k) => [visit.analyses[0], k]));
  const rows = findings.filter((row) => row.region === "face" && order.has(row.analysis));
  rows.sort((a, b) => order.get(a.analysis) - order.get(b.analysis));
  const names = [...new Set(rows.map(({ task }) => task))];
  const first = FIRST.filter((name) => names.includes(name));
  const rest = names.filter((name) => !first.includes(name));
  const cards = (some) => some.map((name) => html`<${Curve} key=${name} title=${taskTitle(tasks[name], name)} scale=${tasks[name]?.scale}
    rows=${rows.filter(({ task }) => task === name)} />`);
  return html`<section aria-label=${t("history/curves")}>
    <div class="cards">${cards(first)}</div>
    ${rest.length > 0 && html`<details class="further"><summary>${t("history/more")}</summary><div class="cards">${cards(rest)}</div></details>`}
  </section>`;
}

function Visits({ visits }) {
  const newest = visits.length - 1;
  const [before, setBefore] = useState(Math.max(0, newest - 1));
  const [after, setAfter] = useState(newest);
  const choose = (name, value, set) => html`<label><span>${t(name)}</span>
    <select onChange=${(event) => set(Number(event.target.value))}>
      ${visits.map((visit, k) => html`<option value=${k} selected=${k === value}>${day(visit.date)}${sameDay(visits, k)}</option>`)}
    </select></label>`;
  return html`<section class="card visits">
    <h2>${t("history/visits")}</h2>
    ${visits.length > 1 && html`<form class="compare-form" onSubmit=${(event) => { event.preventDefault(); go("change", visits[before].analyses[0], visits[after].analyses[0]); }}>
      ${choose("history/before", before, setBefore)} ${choose("history/after", after, setAfter)}
      <button type="submit" class="main" disabled=${before === after}><${Icon} name="change" />${t("history/compare")}</button>
    </form>`}
    <ol>${visits.map((visit, k) => html`<li><a href=${link("result", visit.id)}>${day(visit.date, "long")}${sameDay(visits, k)}</a>
      <span>${t("history/photos", { n: visit.analyses.length })}</span></li>`)}</ol>
    <p class="actions"><a class="button" href=${link("capture")}><${Icon} name="camera" />${t("home/visit")}</a>
      <button type="button" onClick=${() => print()}><${Icon} name="print" />${t("result/print")}</button></p>
  </section>`;
}

/** " (2)" behind the second visit of one day. */
function sameDay(visits, k) {
  const earlier = visits.slice(0, k).filter(({ date }) => date === visits[k].date).length;
  const all = visits.filter(({ date }) => date === visits[k].date).length;
  return all > 1 ? ` (${earlier + 1})` : "";
}
