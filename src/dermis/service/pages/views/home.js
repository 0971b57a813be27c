// Where one arrives: a photo at once for a new person, the last visit and the next one for a known one.
import * as api from "../core/api.js";
import { day, t } from "../core/language.js";
import { link } from "../core/router.js";
import { settings } from "../core/settings.js";
import { html } from "../core/ui.js";
import { sentences } from "../core/wording.js";
import { Icon } from "../parts/icons.js";
import { useLoaded } from "../parts/load.js";
import { Failure, Waiting } from "../parts/notices.js";
import { SubjectPicker } from "../parts/subject_picker.js";

export function HomeView({ tasks }) {
  const { value, problem, again } = useLoaded(arrive, []);
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!value) return html`<${Waiting} />`;
  return value.subject && value.last
    ? html`<${Known} ...${value} tasks=${tasks} again=${again} />`
    : html`<${Welcome} ...${value} again=${again} />`;
}

async function arrive() {
  const subjects = await api.subjects();
  const subject = subjects.find(({ id }) => id === settings().subject) ?? subjects[0] ?? null;
  const visits = subject ? (await api.visits(subject.id)).filter((visit) => visit.analyses.length) : [];
  const last = visits.at(-1) ?? null;
  return { subjects, subject, last, visits, analysis: last && (await api.analysis(last.analyses[0])) };
}

function Welcome({ subjects, subject, again }) {
  return html`<section class="welcome">
    <div>
      <h1>${t("home/title")}</h1>
      <p class="lead">${t("home/lead")}</p>
      ${subjects.length > 0 && html`<${SubjectPicker} subjects=${subjects} subject=${subject} onChange=${again} />`}
      <p class="actions"><a class="button main" href=${link("capture")}><${Icon} name="camera" />${t("home/start")}</a></p>
      <ul class="promises">
        ${["local", "forgets", "honest"].map((name) => html`<li><${Icon} name="good" /><span>${t(`home/${name}`)}</span></li>`)}
      </ul>
    </div>
    <ol class="card steps">
      ${["light", "distance", "clean"].map((name) => html`<li><strong>${t(`home/tip_${name}`)}</strong><span>${t(`home/tip_${name}_more`)}</span></li>`)}
    </ol>
  </section>`;
}

function Known({ subjects, subject, last, visits, analysis, tasks, again }) {
  return html`<section class="known">
    <div class="head">
      <h1>${t("home/last", { date: day(last.date, "long") })}</h1>
      <${SubjectPicker} subjects=${subjects} subject=${subject} onChange=${again} />
    </div>
    <div class="card last">
      <div class="sentences">${sentences(analysis, tasks).map((words) => html`<p>${words}</p>`)}</div>
      <p class="actions"><a class="button" href=${link("result", last.id)}>${t("home/see")}</a></p>
    </div>
    <div class="card next">
      <h2>${t("home/next")}</h2>
      <p>${t("home/next_more")}</p>
      <p class="actions">
        <a class="button main" href=${link("capture")}><${Icon} name="camera" />${t("home/visit")}</a>
        <a class="button" href=${link("history")}><${Icon} name="change" />${t("home/history", { n: visits.length })}</a>
      </p>
    </div>
  </section>`;
}
