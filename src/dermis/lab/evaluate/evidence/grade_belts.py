"""Intervals of the grades of dark spots and redness and of redness itself, and how often they hold.

Marks and redness of known strength are painted on clear faces of people who taught nothing, light to dark, and
photographed anew; every third is photographed without any. Each answer beside its truth gives the confidence belts of
`tasks/data/intervals`, which `dermis validate --fit` writes. True scores are those that the same rules give to what was
painted; true redness is what the painted skin shows before another camera sees it. Coverage is told by folds over
people: belts of the others judge each (`dermis evaluate --table grade-intervals`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Finding, PigmentMarks, Region, Skin
from dermis.core.arrays import BoolMap, FloatMap
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.belts import fit_belt, keep_belt, within
from dermis.lab.evaluate.diagnoses.pigmentation import measured
from dermis.lab.synth.lesions.grades import VISIBLE, mottled_real
from dermis.lab.synth.lesions.painted_photo import MOST_MARKS, photographed
from dermis.lab.synth.lesions.photo_marks import draw_photo_marks, paint_marks
from dermis.lab.synth.lesions.photo_redness import paint_redness
from dermis.lab.train.brown_marks import MARKED, cut_out, is_taught
from dermis.lab.train.sources import PORTRAITS_NAME, folder_of
from dermis.tasks import TASKS
from dermis.tasks.intervals import FITTED, Belt
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from dermis.tasks.pigmentation.grade import GRADED
from dermis.tasks.pigmentation.marks import contrast_of_density, find_marks
from dermis.tasks.redness.grade import flush_of_skin, grade_of_flush
from dermis.tasks.redness.redness_map import redness_map

__all__ = [
    "BOUNDS",
    "CONDITIONS",
    "GradeReading",
    "belt_of",
    "coverage_lines",
    "judged_photos",
    "painted_readings",
    "readings_of",
    "readings_of_photo",
    "write_grade_intervals",
]

CONDITIONS: Mapping[str, float] = {"unknown": 1.0, "referenced": 0.5, "controlled": 0.25}
"""Capture conditions, and how far their cameras are off, as a share of what teaches the network of brown marks."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "pigmentation_grade": (0.0, 9.0), "masi": (0.0, 48.0), "mmasi": (0.0, 24.0), "msi": (0.0, 64.0),
    "redness_grade": (0.0, 4.0), "redness": (0.0, 100.0),
}  # fmt: skip
TONES: Mapping[str, float] = {"as they are": 0.0, "darkened by 12": 12.0, "darkened by 24": 24.0}
"""100 x green density by which the whole face is darkened, by turns."""
_SCORES = ("masi", "mmasi", "msi")
_A_PERSON, _EVERY, _PAINTINGS, _FOLDS, _SEED = 4, 4, 2, 5, 23
_FEWEST_PIXELS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeReading:
    """What was said of one painted photo, beside the truth."""

    task: str
    condition: str
    person: str
    tone: str
    truth: float
    said: float


def judged_photos(portraits: Path, caltech: Path, web: Path) -> Iterator[tuple[Path, str]]:
    """Yield photos of clear people who taught nothing, with the name of each person.

    portraits: of made people. caltech: of clear adults, several of a person. web: of faces, clear where the label is
    not melasma; every fourth of them.
    """
    for path in sorted(portraits.glob("*.jpg")):
        if not is_taught(person := path.stem.split("_")[0]):
            yield path, person
    people: dict[str, list[str]] = {}
    for row in read_table(caltech / "labels.csv", needs=("file", "person")):
        people.setdefault(row["person"], []).append(row["file"])
    for person, files in people.items():
        if not is_taught(person):
            yield from ((caltech / file, person) for file in files[:: max(1, len(files) // _A_PERSON)][:_A_PERSON])
    clear = [
        row for row in read_table(web / "labels.csv", needs=("file", "group", "label")) if row["label"] != "melasma"
    ]
    yield from ((web / row["file"], f"web {row['group']}") for row in clear[::_EVERY])


def readings_of(photos: Iterable[tuple[Path, str]]) -> Iterator[GradeReading]:
    """Yield what is said of photos once they are painted."""
    for number, (path, person) in enumerate(photos):
        yield from readings_of_photo(number, path, person)


def readings_of_photo(number: int, path: Path, person: str) -> Iterator[GradeReading]:
    """Yield what is said of one photo once it is painted, in a tone by turns; nothing without landmarks."""
    rng = np.random.default_rng((_SEED, number))
    found = measured(read_photo(path))
    if found is None or found[0].landmarks is None:
        return
    face, skin = cut_out(*found)
    tone = list(TONES)[number % len(TONES)]
    for condition in CONDITIONS:
        for painted in (*[True] * _PAINTINGS, False):
            yield from painted_readings(rng, face, skin, person=person, tone=tone, condition=condition, painted=painted)


def painted_readings(
    rng: np.random.Generator, face: Face, skin: Skin, *, person: str, tone: str, condition: str, painted: bool = True
) -> Iterator[GradeReading]:
    """Yield the grades of a clear face with brown marks, and of it with redness, as another camera sees them.

    painted: else nothing is painted, and every true grade is 0: what clear skin reads belongs to the belts.
    """
    clear = _darkened(skin.linear, np.full(face.skin.shape, TONES[tone], np.float32))
    faults = CONDITIONS[condition]
    density = _drawn_density(rng, face, clear) if painted else np.zeros(face.skin.shape, np.float32)
    seen = replace(skin, linear=photographed(rng, face, _darkened(clear, density), faults=faults))
    found = find_marks(face, seen)
    truth = _true_marks(found, density)
    reading = partial(GradeReading, person=person, tone=tone, condition=condition)
    true_grades = _true_grades(skin, truth)
    for region, said in _values("pigmentation_grade", seen, found).items():
        if region in true_grades:
            yield reading(task="pigmentation_grade", truth=true_grades[region], said=said)
    for task in _SCORES:
        told, right = _values(task, seen, found), _values(task, skin, truth)
        if Region.FACE in told and Region.FACE in right:
            yield reading(task=task, truth=right[Region.FACE], said=told[Region.FACE])
    grade = float(rng.uniform(0, 4)) if painted else 0.0
    red = paint_redness(clear, face, grade, seed=int(rng.integers(2**31)))
    shown = replace(skin, linear=photographed(rng, face, red, faults=faults))
    yield reading(task="redness_grade", truth=grade, said=grade_of_flush(flush_of_skin(shown)))
    true, said = (_redness(face, one) for one in (replace(skin, linear=red), shown))
    yield reading(task="redness", truth=true, said=said)


def _redness(face: Face, skin: Skin) -> float:
    found: tuple[Finding, ...] = TASKS["redness"].measure(skin=skin, redness_map=redness_map(skin, face.frame))
    return max(next(one.value for one in found if one.region is Region.FACE), 0.0)


def _drawn_density(rng: np.random.Generator, face: Face, clear: FloatMap) -> FloatMap:
    kinds = list(MOST_MARKS)
    counts = {kind: int(np.exp(rng.uniform(0.2, 1) * np.log(MOST_MARKS[kind]))) for kind in kinds}
    chosen = rng.permutation(len(kinds))[: rng.integers(1, 4)]
    marks = [one for place in chosen for one in draw_photo_marks(rng, face, kinds[place], counts[kinds[place]])]
    return np.asarray(np.float32(rng.uniform(0, 1.4)) * paint_marks(clear, face, marks).density, np.float32)


def belt_of(readings: Sequence[GradeReading], task: str) -> Belt:
    """Return the belt of one task; the readings are of one condition."""
    own = [one for one in readings if one.task == task]
    truth, said = np.array([(one.truth, one.said) for one in own]).T
    return within(fit_belt(truth, said, people=[one.person for one in own]), *BOUNDS[task])


def coverage_lines(readings: Sequence[GradeReading]) -> list[str]:
    """Return how often belts of other people hold the truth, by task and condition, by tone, and on clear skin."""
    columns = ("task", "condition", "readings", "covered", "width, median", *TONES, "nothing painted")
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines = []
    for task in BOUNDS:
        for condition in CONDITIONS:
            own = [one for one in readings if one.task == task and one.condition == condition]
            if not own:
                continue
            held, width = _judged_by_others(own, task)
            tones = np.array([one.tone for one in own])
            clear = np.array([one.truth == 0 for one in own])
            shares = " | ".join(
                f"{held[which].mean():.2f}" if which.any() else "-"
                for which in (*(tones == tone for tone in TONES), clear)
            )
            lines.append(
                f"| `{task}` | {condition} | {len(own)} | {held.mean():.2f} | {np.median(width):.1f} | {shares} |"
            )
    people = len({one.person for one in readings})
    return [*head, *lines, "", f"{people} people; belts of level 0.9, each judged by those of other people."]


def _judged_by_others(readings: Sequence[GradeReading], task: str) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    fold = np.array([crc32(one.person.encode()) % _FOLDS for one in readings])
    held, width = np.zeros(len(readings), np.bool_), np.zeros(len(readings))
    for each in set(fold.tolist()):
        belt = belt_of([one for one, place in zip(readings, fold, strict=True) if place != each], task)
        for place in np.flatnonzero(fold == each).tolist():
            low, high = belt.interval(readings[place].said)
            held[place], width[place] = low <= readings[place].truth <= high, high - low
    return held, width


def _darkened(linear: FloatMap, density: FloatMap) -> FloatMap:
    return np.asarray(linear * 10 ** (-density[..., None] * np.asarray(MELANIN_AXIS, np.float32) / 100), np.float32)


def _true_marks(found: PigmentMarks, density: FloatMap) -> PigmentMarks:
    """Return the marks as they were painted, on the skin that is judged."""
    judged = np.isfinite(found.contrast)
    contrast = contrast_of_density(density)
    mask = judged & (density > MARKED)
    shown = np.where(judged, mask * contrast, np.nan).astype(np.float32)
    return replace(found, contrast=shown, weight=np.where(judged, contrast, np.nan).astype(np.float32), mask=mask)


def _true_grades(skin: Skin, truth: PigmentMarks) -> Mapping[Region, float]:
    """Return the true grade of the face and of each cheek: of the mean contrast of what is painted."""
    excess = np.maximum(np.nan_to_num(truth.weight) - VISIBLE, 0)
    judged = np.isfinite(truth.weight) & (skin.regions > 0)
    parts: dict[Region, BoolMap] = {
        region: judged & (skin.regions == region.code) for region in FITTED if region is not Region.FACE
    }
    parts[Region.FACE] = judged & np.isin(skin.regions, [region.code for region in GRADED])
    return {
        region: mottled_real(float(excess[where].mean()))
        for region, where in parts.items()
        if np.count_nonzero(where) >= _FEWEST_PIXELS
    }


def _values(task: str, skin: Skin, marks: PigmentMarks) -> Mapping[Region, float]:
    found: tuple[Finding, ...] = TASKS[task].measure(skin=skin, marks=marks)
    return {one.region: one.value for one in found if one.region in FITTED}


def write_grade_intervals(
    folder: Path, adults: Path, web: Path, *, step: Callable[[str], None] = lambda words: None
) -> list[Path]:
    """Write the belts of all people, a file a task; adults and web: the folders of `judged_photos`."""
    portraits = folder_of(PORTRAITS_NAME, {}, made=PORTRAITS_NAME)
    readings: list[GradeReading] = []
    for number, (path, person) in enumerate(judged_photos(portraits, adults, web)):
        step(f"painting {path.name}")
        readings += readings_of_photo(number, path, person)
    for task in BOUNDS:
        for condition in CONDITIONS:
            keep_belt(folder, task, condition, belt_of([one for one in readings if one.condition == condition], task))
    return [folder / f"{task}.json" for task in BOUNDS]
