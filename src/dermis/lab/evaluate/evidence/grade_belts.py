"""Intervals of the grades of dark spots and redness, and how often they hold.

`python -m dermis.lab.evaluate.evidence.grade_belts ADULTS WEB [--write]`, the folders of `caltech_faces_light` and
`melasma_faces`. Marks and redness of known strength are painted on clear faces of people who taught nothing, light to
dark, and photographed anew. Each answer beside its truth gives the confidence belts of `tasks/data/intervals`. True
scores are those that the same rules give to what was painted. Coverage is told by folds over people: belts of the
others judge each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from dermis.tasks.intervals import FITTED, FOLDER, Belt
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from dermis.tasks.pigmentation.grade import GRADED
from dermis.tasks.pigmentation.marks import contrast_of_density, find_marks
from dermis.tasks.redness.grade import flush_of_skin, grade_of_flush

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
]

CONDITIONS: Mapping[str, float] = {"unknown": 1.0, "referenced": 0.5, "controlled": 0.25}
"""Capture conditions, and how far their cameras are off, as a share of what teaches the network of brown marks."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "pigmentation_grade": (0.0, 9.0), "masi": (0.0, 48.0), "mmasi": (0.0, 24.0), "msi": (0.0, 64.0),
    "redness_grade": (0.0, 4.0),
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
        for _ in range(_PAINTINGS):
            yield from painted_readings(rng, face, skin, person=person, tone=tone, condition=condition)


def painted_readings(
    rng: np.random.Generator, face: Face, skin: Skin, *, person: str, tone: str, condition: str
) -> Iterator[GradeReading]:
    """Yield the grades of a clear face with brown marks, and of it with redness, as another camera sees them."""
    clear = _darkened(skin.linear, np.full(face.skin.shape, TONES[tone], np.float32))
    faults = CONDITIONS[condition]
    kinds = list(MOST_MARKS)
    counts = {kind: int(np.exp(rng.uniform(0.2, 1) * np.log(MOST_MARKS[kind]))) for kind in kinds}
    chosen = rng.permutation(len(kinds))[: rng.integers(1, 4)]
    marks = [one for place in chosen for one in draw_photo_marks(rng, face, kinds[place], counts[kinds[place]])]
    density = np.float32(rng.uniform(0, 1.4)) * paint_marks(clear, face, marks).density
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
    grade = float(rng.uniform(0, 4) if rng.random() > 0.2 else 0)
    red = paint_redness(clear, face, grade, seed=int(rng.integers(2**31)))
    flush = flush_of_skin(replace(skin, linear=photographed(rng, face, red, faults=faults)))
    yield reading(task="redness_grade", truth=grade, said=grade_of_flush(flush))


def belt_of(readings: Sequence[GradeReading], task: str) -> Belt:
    """Return the belt of one task; the readings are of one condition."""
    own = [one for one in readings if one.task == task]
    truth, said = np.array([(one.truth, one.said) for one in own]).T
    return within(fit_belt(truth, said, people=[one.person for one in own]), *BOUNDS[task])


def coverage_lines(readings: Sequence[GradeReading]) -> list[str]:
    """Return how often belts of other people hold the truth, by task and condition, and by tone."""
    head = ["| task | condition | painted photos | covered | width, median | " + " | ".join(TONES) + " |",
            "|---|---|---|---|---|" + "---|" * len(TONES)]  # fmt: skip
    lines = []
    for task in BOUNDS:
        for condition in CONDITIONS:
            own = [one for one in readings if one.task == task and one.condition == condition]
            if not own:
                continue
            held, width = _judged_by_others(own, task)
            tones = np.array([one.tone for one in own])
            by_tone = " | ".join(f"{held[tones == tone].mean():.2f}" for tone in TONES)
            lines.append(
                f"| `{task}` | {condition} | {len(own)} | {held.mean():.2f} | {np.median(width):.1f} | {by_tone} |"
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


def main(arguments: list[str]) -> None:
    """Paint, print how often intervals hold; with --write, keep the belts of all people."""
    portraits = folder_of(PORTRAITS_NAME, {}, made=PORTRAITS_NAME)
    readings = list(readings_of(judged_photos(portraits, Path(arguments[0]), Path(arguments[1]))))
    print("\n".join(coverage_lines(readings)))
    if "--write" in arguments:
        for task in BOUNDS:
            for condition in CONDITIONS:
                own = [one for one in readings if one.condition == condition]
                keep_belt(FOLDER, task, condition, belt_of(own, task))


if __name__ == "__main__":
    main(sys.argv[1:])
