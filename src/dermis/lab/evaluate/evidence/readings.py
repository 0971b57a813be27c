"""What the program says of photos whose truth or whose person is known: made people, real repeats, changed exposure."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear
from dermis.colour.srgb import decode, encode
from dermis.colour.tone import ita_deg
from dermis.core import Analysis, CaptureCondition, Encoding, Finding, Photo, Quality, Region
from dermis.errors import DermisError, InputError
from dermis.formats.images.photo import read_photo
from dermis.lab.synth.make import make_set
from dermis.lab.synth.recipe import read_recipe
from dermis.pipeline.analyse import analyse
from dermis.pipeline.options import AS_IT_COMES, AnalyseOptions
from dermis.tasks import choose
from dermis.tasks.intervals import LIGHTNESS
from dermis.tasks.pigment_index import pigment_indices

__all__ = [
    "BY_CHART",
    "EXPOSURES_EV",
    "MADE",
    "RESERVED",
    "SKIN_TASKS",
    "TASKS_READ",
    "UNUSABLE",
    "USABLE",
    "Reading",
    "folder_readings",
    "made_readings",
    "reading_of",
]

TASKS_READ = ("skin_tone", "melanin", "haemoglobin", "redness", "acne_presence", "acne_lesions", "acne_grade")
EXPOSURES_EV = (-1.0, -0.5, 0.5, 1.0)
MADE = "made people"
SKIN_TASKS = ("skin_tone", "melanin", "haemoglobin", "redness")
"""Tasks whose values are measured on every skin; counts and grades of acne differ the more the more there is."""
USABLE, RESERVED, UNUSABLE = "usable", "with reservation", "unusable"
BY_CHART = ("referenced", "referenced_doubtful")
"""Conditions of photos that a chart corrected, well or not so well."""
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was said of the whole face in one photo, by task.

    source: where the photo is from. person, shot: whose, and which photo; a changed copy has the shot of its original.
    changed_ev: by how much its exposure was changed. values, intervals, truth: by task; a task without is not there.
    lab: CIELAB as told. tone: ITA of the posterior and the usual size of its error, where the light was not known.
    for_tone: whether the photo is `USABLE` for a tone, `RESERVED` or `UNUSABLE`. difference: ΔE00 from the true colour.
    """

    source: str
    person: str
    shot: str
    condition: str = CaptureCondition.UNKNOWN.value
    changed_ev: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    truth: Mapping[str, float] = field(default_factory=dict)
    tone: tuple[float, float] | None = None
    problems: tuple[str, ...] = ()
    usable: bool = False
    for_tone: str = ""
    lab: tuple[float, float, float] | None = None
    difference: float | None = None


def reading_of(
    photo: Photo,
    options: AnalyseOptions = AS_IT_COMES,
    *,
    tasks: Sequence[str] = TASKS_READ,
    ambient: Photo | None = None,
    **known: Any,  # noqa: ANN401
) -> Reading:
    """Analyse one photo; ambient: the frame without flash of a pair. known: the other fields of the reading."""
    analysis = analyse(photo, options, tasks=choose(",".join(tasks)), ambient=ambient)
    return _read(analysis, **known)


def _read(analysis: Analysis, **known: Any) -> Reading:  # noqa: ANN401
    face = [finding for finding in analysis.findings if finding.region is Region.FACE]
    lab, lightness, ends = _lightness(face)
    tone = analysis.skin.tone if analysis.skin is not None else None
    return Reading(
        condition=analysis.measured_as,
        values={finding.task: float(finding.value) for finding in face} | lightness,
        intervals={finding.task: finding.interval for finding in face if finding.interval is not None} | ends,
        tone=None if tone is None else (_ita(tone.lab), tone.ita_scale_deg),
        problems=tuple(problem.code for problem in analysis.quality.problems),
        usable=analysis.quality.usable,
        for_tone=_for_tone(analysis.quality),
        lab=lab,
        **known,
    )


def _lightness(
    face: Sequence[Finding],
) -> tuple[tuple[float, float, float] | None, dict[str, float], dict[str, tuple[float, float]]]:
    """Return the colour of a tone, and its L* and the interval of that as those of a task."""
    for finding in face:
        lab, ends = finding.detail.get("lab"), finding.detail.get("lightness_interval")
        if isinstance(lab, list):
            colour = float(lab[0]), float(lab[1]), float(lab[2])
            return colour, {LIGHTNESS: colour[0]}, {LIGHTNESS: (ends[0], ends[1])} if isinstance(ends, list) else {}
    return None, {}, {}


def _for_tone(quality: Quality) -> str:
    if "skin_tone" in quality.reservations:
        return RESERVED
    return USABLE if "skin_tone" in quality.usable_for else UNUSABLE


def _ita(lab: NDArray[np.float64]) -> float:
    return float(ita_deg(np.asarray(lab)))


def made_readings(
    folder: Path,
    *,
    people: int,
    seed: int | None = None,
    views: Sequence[str] = (),
    exposures_ev: Sequence[float] = (),
    tasks: Sequence[str] = TASKS_READ,
    step: Step = lambda words: None,
) -> Iterator[Reading]:
    """Make the first people of the recipe `everyday` in `folder` (or another seed's), and analyse each photo.

    exposures_ev: by how much the exposure of further copies is changed.
    The truth: ITA of the skin as made, and the pigment indices of that colour.
    """
    changes = [f"subjects={people}", *([f"seed={seed}"] if seed is not None else [])]
    changes += [f"views={','.join(views)}"] if views else []
    recipe = read_recipe("everyday", changes)
    step("making people")
    for record in make_set(recipe, folder, workers=0):
        colour = record.detail["colours"].get("face")
        if colour is None:
            continue
        photo = read_photo(folder / record.photo)
        step(record.name)
        truth = truth_of(np.asarray(colour["lab"], dtype=np.float64))
        known: dict[str, Any] = {"source": MADE, "person": record.key.subject, "shot": record.name, "truth": truth}
        yield reading_of(photo, tasks=tasks, **known)
        for stops in exposures_ev:
            yield reading_of(reexposed(photo, stops), tasks=tasks, changed_ev=stops, **known)


def truth_of(lab: NDArray[np.float64]) -> dict[str, float]:
    """Return what the tasks should say of skin of a known colour (3,)."""
    melanin, haemoglobin = pigment_indices(np.asarray(lab_to_linear(lab))[None])
    return {
        "skin_tone": _ita(lab),
        LIGHTNESS: float(lab[0]),
        "melanin": float(melanin[0]),
        "haemoglobin": float(haemoglobin[0]),
    }


def folder_readings(
    name: str,
    folder: Path,
    *,
    most: int | None = None,
    exposures: int = 0,
    tasks: Sequence[str] = TASKS_READ,
    step: Step = lambda words: None,
) -> Iterator[Reading]:
    """Analyse a folder of real photos, `labels.csv` with the columns `file` and `person` or `group`.

    Rows that name a `light_block` show a chart: these are read twice, with `--reference chart` and without; crops
    (`_face`, `_chart`) are left out. most: so many photos at most, evenly from all. exposures: of so many of them
    copies with changed exposure are read, too. Raises InputError where there is no such table.
    """
    rows = _rows(folder)
    if most is not None and len(rows) > most:
        rows = [rows[place] for place in np.linspace(0, len(rows) - 1, most).astype(int)]
    changed = set(np.linspace(0, len(rows) - 1, exposures).astype(int).tolist()) if exposures else set()
    for place, row in enumerate(rows):
        step(row["file"])
        try:
            photo = read_photo(folder / row["file"])
        except DermisError:
            continue
        person = row.get("person") or row.get("group") or row["file"]
        known: dict[str, Any] = {"source": name, "person": person, "shot": row["file"]}
        yield reading_of(photo, tasks=tasks, **known)
        if row.get("light_block"):
            yield from _charted(photo, row, {"tasks": tasks, **known})
        for stops in EXPOSURES_EV if place in changed else ():
            yield reading_of(reexposed(photo, stops), tasks=tasks, changed_ev=stops, **known)


def _rows(folder: Path) -> list[dict[str, str]]:
    table = folder / "labels.csv"
    if not table.is_file():
        raise InputError(f"{folder} has no labels.csv.", advice="It needs the columns file and person.")
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("file")]
    return [row for row in rows if not any(part in row["file"] for part in ("_face", "_chart"))]


def _charted(photo: Photo, row: Mapping[str, str], known: Mapping[str, Any]) -> Iterator[Reading]:
    try:
        found = reading_of(photo, replace(AS_IT_COMES, reference="chart"), **known)
    except InputError:
        return
    yield replace(found, shot=f"{row.get('shot_in_block', '')}:{found.shot}")


def reexposed(photo: Photo, stops: float) -> Photo:
    """Return the photo with so many stops more light, clipped and in 8 bits, as an editor makes it."""
    if photo.encoding is not Encoding.SRGB:
        raise ValueError("Only sRGB photos are exposed anew.")
    linear = np.clip(np.asarray(decode(photo.pixels)) * 2**stops, 0, 1)
    return replace(photo, pixels=(np.rint(np.asarray(encode(linear)) * 255) / 255).astype(np.float32))
