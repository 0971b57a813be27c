// One visit's photos: front, and if wanted both sides; live where the browser has a camera for us, else as files.
import * as api from "../core/api.js";
import { hold, keep } from "../core/device_photos.js";
import { t } from "../core/language.js";
import { go, link } from "../core/router.js";
import { remember, settings } from "../core/settings.js";
import { html, useEffect, useState } from "../core/ui.js";
import { whyNoCamera } from "../camera/camera.js";
import { FilePhoto } from "../parts/file_photo.js";
import { Icon } from "../parts/icons.js";
import { LiveCamera } from "../parts/live_camera.js";
import { Failure, Waiting } from "../parts/notices.js";
import { ShotReview } from "../parts/shot_review.js";
import { currentSubject } from "../parts/subject_picker.js";

export const VIEWS = ["front", "left", "right"];

export function CaptureView() {
  const [shots, setShots] = useState({});
  const [view, setView] = useState("front");
  const [reviewing, setReviewing] = useState(false);
  const [without, setWithout] = useState(whyNoCamera());
  const [sending, setSending] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => () => Object.values(shots).forEach(({ address }) => URL.revokeObjectURL(address)), []);

  const take = (shot) => {
    setShots({ ...shots, [view]: { ...shot, address: URL.createObjectURL(shot.photo) } });
    setReviewing(true);
  };
  const again = (wanted) => {
    setView(wanted);
    setReviewing(false);
    setProblem(null);
  };
  const send = async (wishes) => {
    setProblem(null);
    try {
      setSending({ count: Object.keys(shots).length });
      const visit = await analyseAll(shots, wishes);
      go("result", visit.id);
    } catch (failed) {
      setSending(null);
      const paired = failed.status === 422 && Object.values(shots).some(({ ambient }) => ambient);
      if (!paired) return setProblem(failed);
      setProblem({ message: t("flash/refused", { reason: failed.message }) });
      setShots(Object.fromEntries(Object.entries(shots).map(([name, { ambient, ...shot }]) => [name, shot])));
    }
  };
  if (sending) return html`<section class="capture busy"><${Waiting} words=${t("capture/analysing", { n: sending.count })} /></section>`;
  return html`<section class="capture">
    <header>
      <a class="tool" href=${link()} aria-label=${t("capture/leave")}><${Icon} name="close" /></a>
      <h1>${reviewing ? t("capture/review") : t(`capture/view_${view}`)}</h1>
      <span class="count">${reviewing ? "" : t("capture/step", { k: VIEWS.indexOf(view) + 1, all: VIEWS.length })}</span>
    </header>
    ${problem && html`<${Failure} problem=${problem} />`}
    ${reviewing
      ? html`<${ShotReview} shots=${shots} onAgain=${again} onSend=${send} />`
      : without
        ? html`<${FilePhoto} view=${view} why=${without} onShot=${take} />`
        : html`<${LiveCamera} view=${view} onShot=${take} onFail=${setWithout} />`}
  </section>`;
}

/** Analyse all shots as one visit of today; a visit of which nothing could be read is taken back. */
async function analyseAll(shots, { keepPhotos }) {
  remember({ keepPhotos });
  const { subject: chosen, pupilsMm } = settings();
  const subject = await currentSubject(chosen);
  remember({ subject: subject.id });
  const visit = await api.addVisit(subject.id, new Date().toLocaleDateString("sv"));
  try {
    for (const [id, photo] of await analyses(visit.id, shots, pupilsMm)) await (keepPhotos ? keep : hold)(id, photo);
  } catch (problem) {
    await api.removeVisit(visit.id).catch(() => {});
    throw problem;
  }
  return visit;
}

/** The analysis of each photo: of one alone, or of several that are told together too. */
async function analyses(visit, shots, pupilsMm) {
  const views = VIEWS.filter((name) => name in shots);
  if (views.length === 1) return [[(await api.analyse(visit, shots[views[0]], pupilsMm)).id, shots[views[0]].photo]];
  const person = await api.analyseViews(visit, shots, pupilsMm);
  return person.views.map(({ name, analysis }) => [analysis, shots[name].photo]);
}
