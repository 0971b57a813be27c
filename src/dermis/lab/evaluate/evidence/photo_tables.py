"""Tables of what is said of photos: redness of rosacea, acne on clear faces, the verdict and the exposure by tone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_class
from dermis.core import Finding, Region
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.evaluate.acne.elsewhere import mean_in_words
from dermis.lab.evaluate.evidence.readings import RESERVED, UNUSABLE, USABLE, Reading
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.ordinal import auroc
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose

__all__ = [
    "NAMED",
    "SUMMARY",
    "ClearFace",
    "clear_faces",
    "disguises_table",
    "false_alarms_table",
    "overlap",
    "presence_table",
    "read_redness",
    "redness_table",
    "tone_of",
    "verdict_table",
]

_Floats = NDArray[np.float64]
_DRAWS = 400
SUMMARY = "redness (excess over calm skin, 90th percentile)"
REDNESS: Mapping[str, Callable[[Finding, Finding], float]] = {
    SUMMARY: lambda redness, haemoglobin: redness.value,
    "share of red skin": lambda redness, haemoglobin: _number(redness, "red_share"),
    "haemoglobin": lambda redness, haemoglobin: haemoglobin.value,
    "plain redness (erythema index of reflectance meters)": lambda redness, _: _number(redness, "erythema_index"),
}
"""Measures of redness of a whole face, from the findings of redness and haemoglobin."""
NAMED = frozenset(("too_dark", "too_bright", "clipped", "backlight", "no_skin"))
"""Problems that name the exposure of a photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearFace:
    """A face without acne, with what was said of it. tone: class of the estimate, grade and count of its acne."""

    group: str
    tone: str
    presence: float
    grade: float
    count: float


def read_redness(folder: Path, label: str = "rosacea") -> tuple[NDArray[np.bool_], Mapping[str, _Floats], list[str]]:
    """Return of the photos of a folder (labels.csv: file, group, label) which are labelled so, measures, and groups."""
    red, groups, found = [], [], []
    for row in read_table(folder / "labels.csv", needs=("file", "group", "label")):
        said = analyse(read_photo(folder / row["file"]), tasks=choose("redness,haemoglobin")).findings
        face = {one.task: one for one in said if one.region is Region.FACE}
        if len(face) == 2:
            red.append(row["label"] == label)
            groups.append(row["group"])
            found.append([of(face["redness"], face["haemoglobin"]) for of in REDNESS.values()])
    return np.array(red), dict(zip(REDNESS, np.array(found, dtype=np.float64).T, strict=True)), groups


def redness_table(red: NDArray[np.bool_], measures: Mapping[str, _Floats], groups: Sequence[str]) -> str:
    """Return how well each measure tells rosacea from other faces, and how much better the map's summary does."""

    def auc(values: _Floats) -> Callable[[NDArray[np.int64]], float]:
        return lambda at: auroc(red[at], values[at])

    lines = [
        "| measure | rosacea | others | AUC [95 %] | summary of the map less this [95 %] |",
        "|---|---|---|---|---|",
    ]

    def better(values: _Floats) -> Callable[[NDArray[np.int64]], float]:
        return lambda at: auc(measures[SUMMARY])(at) - auc(values)(at)

    for name, values in measures.items():
        more = "" if name == SUMMARY else _interval(better(values), groups)
        lines.append(f"| {name} | {red.sum()} | {(~red).sum()} | {_interval(auc(values), groups)} | {more} |")
    return "\n".join(lines)


def clear_faces(photos: Iterable[tuple[Path, str]]) -> Iterator[ClearFace]:
    """Yield what is said of photos of clear faces; photos: files, each with whose it is."""
    tasks = choose("skin_tone,acne_presence,acne_grade,acne_lesions")
    for path, group in photos:
        said = {one.task: one for one in analyse(read_photo(path), tasks=tasks).findings if one.region is Region.FACE}
        if "acne_presence" in said:
            yield ClearFace(
                group=group,
                tone=ita_class(said["skin_tone"].value) if "skin_tone" in said else "not told",
                presence=said["acne_presence"].value,
                grade=said["acne_grade"].value,
                count=said["acne_lesions"].value,
            )


def presence_table(faces: Sequence[ClearFace]) -> str:
    """Return on how many photos of clear faces acne is told, by estimated tone, and whether grade and count agree."""
    lines = [
        "| tone, as estimated | photos | people | presence from one half on [95 %] | grade rounds to 1 or more "
        "| count rounds to 1 or more | presence says no, count or grade yes |",
        "|---|---|---|---|---|---|---|",
    ]
    for tone in ("all", *(name for name, _ in ITA_CLASSES), "not told"):
        some = [one for one in faces if tone in ("all", one.tone)]
        if some:
            told = np.array([(one.presence >= 0.5, one.grade >= 0.5, one.count >= 0.5) for one in some], np.float64)
            groups = [one.group for one in some]
            against = int(np.count_nonzero((told[:, 0] == 0) & (told[:, 1:].max(axis=1) > 0)))
            share = mean_in_words(told[:, 0], groups) if len(set(groups)) > 1 else f"{told[:, 0].mean():.2f}"
            lines.append(
                f"| {tone} | {len(some)} | {len(set(groups))} | {share} | {told[:, 1].mean():.2f} "
                f"| {told[:, 2].mean():.2f} | {against} |"
            )
    return "\n".join(lines)


def disguises_table(readings: Sequence[Reading]) -> str:
    """Return on which share of faces in each disguise no number is given, by source."""
    sources = tuple(dict.fromkeys(one.source for one in readings))
    lines = [f"| no numbers are given of | all | {' | '.join(sources)} |", "|---" * (len(sources) + 2) + "|"]
    for name in dict.fromkeys(one.shot for one in readings):
        cells = [name]
        for source in ("", *sources):
            none = [not one.values for one in readings if one.shot == name and source in ("", one.source)]
            cells.append(f"{sum(none)} of {len(none)}" if none else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def false_alarms_table(readings: Sequence[Reading], tones: Mapping[str, str]) -> str:
    """Return how many real photos are taken for no living skin, or have no colour, by set and tone."""
    lines = [
        "| real photos of | tone | photos | people | taken for no living skin [95 %] | without colours |",
        "|---|---|---|---|---|---|",
    ]
    plain = [one for one in readings if one.condition == "unknown" and not one.changed_ev]
    kinds = [("all", "all"), *(("all", name) for name, _ in ITA_CLASSES)]
    kinds += [(source, "all") for source in dict.fromkeys(one.source for one in plain)]
    for source, tone in kinds:
        some = [one for one in plain if source in ("all", one.source) and tone in ("all", tones.get(one.shot))]
        if some:
            called = np.array(["not_living_skin" in one.problems for one in some], np.float64)
            people = [one.person for one in some]
            grey = sum("no_colour" in one.problems for one in some)
            share = mean_in_words(called, people) if len(set(people)) > 1 else f"{called.mean():.2f}"
            lines.append(f"| {source} | {tone} | {len(some)} | {len(set(people))} | {share} | {grey} |")
    return "\n".join(lines)


def tone_of(readings: Sequence[Reading], charted: Mapping[str, float] | None = None) -> dict[str, str]:
    """Return the ITA class by shot: the true one, that of the person's chart, or else that of the photo as it is."""
    known = charted or {}
    classes = {}
    for one in readings:
        value = one.truth.get("skin_tone", known.get(one.person, one.values.get("skin_tone")))
        if not one.changed_ev and one.condition == "unknown":
            classes[one.shot] = "not told" if value is None else ita_class(value)
    return classes


def verdict_table(readings: Sequence[Reading], tones: Mapping[str, str]) -> str:
    """Return the verdict on photos as they are, and what changed exposures do, by source and tone."""
    lines = [
        "| photos of | tone | photos | people | usable for a tone | with reservation | unusable | changed exposures "
        "| intervals overlap | the verdict names the exposure | one or the other [95 %] |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for source in dict.fromkeys(one.source for one in readings):
        here = [one for one in readings if one.source == source and one.condition == "unknown"]
        for tone in ("all", *(name for name, _ in ITA_CLASSES), "not told"):
            some = [one for one in here if tone in ("all", tones.get(one.shot))]
            if some and (tone == "all" or len(some) < len(here)):
                lines.append(f"| {source} | {tone} | {' | '.join(_verdict_cells(some))} |")
    return "\n".join(lines)


def overlap(before: Reading, after: Reading) -> bool:
    """Return whether the intervals of the tone in a photo and in its copy overlap; one without is no answer."""
    if "skin_tone" not in after.intervals:
        return not after.usable
    one, other = before.intervals["skin_tone"], after.intervals["skin_tone"]
    return one[0] <= other[1] and other[0] <= one[1]


def _verdict_cells(readings: Sequence[Reading]) -> list[str]:
    plain = [one for one in readings if not one.changed_ev]
    shares = [f"{np.mean([one.for_tone == name for one in plain]):.2f}" for name in (USABLE, RESERVED, UNUSABLE)]
    first = {one.shot: one for one in plain if "skin_tone" in one.intervals}
    pairs = [(first[one.shot], one) for one in readings if one.changed_ev and one.shot in first]
    cells = [str(len(plain)), str(len({one.person for one in plain})), *shares, str(len(pairs))]
    if not pairs:
        return [*cells, "", "", ""]
    meet = np.array([overlap(before, after) for before, after in pairs])
    said = np.array([bool(NAMED & set(after.problems)) for _, after in pairs])
    people = [after.person for _, after in pairs]
    either = (meet | said).astype(np.float64)
    words = mean_in_words(either, people) if len(set(people)) > 1 else f"{either.mean():.2f}"
    return [*cells, f"{meet.mean():.2f}", f"{said.mean():.2f}", words]


def _interval(figure: Callable[[NDArray[np.int64]], float], groups: Sequence[str]) -> str:
    held = bootstrap(figure, groups, resamples=_DRAWS, method="percentile")
    return f"{held.value:.3f} [{held.low:.3f}, {held.high:.3f}]"


def _number(finding: Finding, name: str) -> float:
    return float(str(finding.detail[name]))
