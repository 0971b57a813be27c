// What findings mean, in words. The scale of each task comes from the service; the words come from the texts.
import { known, number, percent, t } from "./language.js";

const TOLD_FIRST = ["acne_grade", "acne_lesions", "pigmentation_grade", "redness_grade", "skin_tone"];

export function taskTitle(task, name) {
  return known(`task/${name}`, task?.title ?? name);
}

export function regionTitle(region, view = "front") {
  return known(region === "face" && view === "close-up" ? "region/skin" : `region/${region}`, region);
}

export function label(word) {
  return word ? known(`label/${word}`, word) : "";
}

export function ofFace(analysis, name) {
  return analysis.findings.find((finding) => finding.task === name && finding.region === "face") ?? null;
}

/** A value as its scale is read: "moderate", "12", "87 %", "34.2°". */
export function valueWords(value, scale, unit = "") {
  switch (scale?.kind) {
    case "presence":
      return percent(value);
    case "ordinal":
      return scale.names?.length ? label(nameOf(value, scale)) : number(value, 1);
    case "count":
      return number(value, 0);
    default:
      return number(value, 1) + (unit.endsWith("deg") ? "°" : unit === "%" ? " %" : "");
  }
}

/** Where the true value lies, as people say it, or why that is not known. */
export function intervalWords(finding, scale) {
  if (!finding.interval) return t("interval/unknown");
  const [low, high] = finding.interval;
  if (scale?.kind === "ordinal" && scale.names?.length) {
    const names = finding.labels?.length ? finding.labels : [low, high].map((value) => nameOf(value, scale));
    const [from, to] = [label(names[0]), label(names.at(-1))];
    return from === to ? t("interval/one", { a: from }) : t("interval/between", { a: from, b: to });
  }
  if (scale?.kind === "count") return t("interval/between", { a: number(Math.max(0, Math.floor(low))), b: number(Math.ceil(high)) });
  return t("interval/between", { a: valueWords(low, scale, finding.unit), b: valueWords(high, scale, finding.unit) });
}

/** "in 9 of 10 photos like this": what the interval's level means. */
export function levelWords(finding) {
  return finding.interval ? t("interval/level", { n: Math.round(finding.level * 10) }) : "";
}

/** A value with its unit, as the small line under its name: "ITA 34.2°", "1.4 of 3". */
export function unitWords(finding) {
  return known(`unit/${finding.unit}`, `${number(finding.value, 1)} ${finding.unit}`, { n: number(finding.value, 1) });
}

/** The result in three sentences: two on the skin, one on the photo. */
export function sentences(analysis, tasks) {
  if (!analysis.quality.usable) return [t("sentence/unusable"), ...mainProblems(analysis, 2)];
  return [...skinSentences(analysis, tasks), photoSentence(analysis)];
}

/** What is on the skin, and its tone. */
export function skinSentences(analysis, tasks) {
  const said = TOLD_FIRST.map((name) => sentence(analysis, tasks, name)).filter(Boolean);
  return said.length > 2 ? [said[0], said.at(-1)] : said;
}

export function problemWords(problem, analysis) {
  const values = { ...analysis.quality.measures };
  for (const [name, value] of Object.entries(values)) if (name.endsWith("_share")) values[name] = percent(value);
  for (const name of ["yaw_deg", "pitch_deg", "roll_deg"]) if (name in values) values[name] = number(Math.abs(values[name]));
  return {
    title: known(`problem/${problem.code}/title`, problem.message, values),
    advice: known(`problem/${problem.code}/advice`, problem.advice, values),
  };
}

function nameOf(value, scale) {
  const place = Math.round((value - scale.lowest) / (scale.step ?? 1));
  return scale.names[Math.max(0, Math.min(scale.names.length - 1, place))];
}

function sentence(analysis, tasks, name) {
  const finding = ofFace(analysis, name);
  if (!finding) return "";
  const scale = tasks[name]?.scale;
  const words = {
    value: valueWords(finding.value, scale, finding.unit),
    label: label(finding.label),
    interval: intervalWords(finding, scale),
    spots: spots(analysis),
    monk: monk(finding),
    darkest: label(finding.labels?.[0]),
    lightest: label(finding.labels?.at(-1)),
  };
  const several = (finding.labels?.length ?? 0) > 1;
  return known(`sentence/${name}${several ? "_between" : ""}`, known(`sentence/${name}`, "", words), words);
}

function spots(analysis) {
  const count = ofFace(analysis, "acne_lesions");
  if (!count) return t("spots/unknown");
  const n = Math.round(count.value);
  return n === 0 ? t("spots/none") : t("spots/some", { n });
}

function monk(finding) {
  const range = finding.detail?.monk;
  if (!range) return "";
  const [low, high] = Array.isArray(range) ? range : [range, range];
  return t("sentence/monk", { tone: low === high ? `${low}` : `${low}–${high}` });
}

function photoSentence(analysis) {
  const warnings = analysis.quality.problems.filter((problem) => problem.severity === "warn");
  if (!warnings.length) return t("sentence/photo_good");
  return t("sentence/photo_warn", { n: warnings.length, what: problemWords(warnings[0], analysis).title });
}

function mainProblems(analysis, count) {
  const words = analysis.quality.problems.slice(0, 1).map((problem) => problemWords(problem, analysis));
  return words.flatMap(({ title, advice }) => [title, advice]).slice(0, count);
}
