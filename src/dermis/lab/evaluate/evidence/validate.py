"""The evidence for what the program says, from its shipped models: `dermis validate`.

Made people of every ITA class, real repeats and charted people where their folder is given, changed exposures, and
pictures that are no photo of a face. Each figure stands beside its limit; a release that misses one fails.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_class
from dermis.lab.evaluate.evidence.belts import (
    fit_repeatability,
    fitted_repeatabilities,
    repeatability_rows,
    repeatability_table,
    write_intervals,
    write_repeatability,
)
from dermis.lab.evaluate.evidence.made_scenes import charted_readings
from dermis.lab.evaluate.evidence.out_of_scope import out_of_scope
from dermis.lab.evaluate.evidence.photo_tables import NAMED, overlap, tone_of
from dermis.lab.evaluate.evidence.readings import (
    EXPOSURES_EV,
    TASKS_READ,
    Reading,
    folder_readings,
    made_readings,
    reading_of,
)
from dermis.lab.synth.recipe import read_recipe
from dermis.metrics.bootstrap import bootstrap
from dermis.tasks.intervals import FOLDER, LIGHTNESS
from dermis.tasks.repeatability import REPEATABILITY
from dermis.version import __version__

__all__ = [
    "Figure",
    "Validation",
    "figures_of",
    "fit_intervals",
    "validate",
    "validation_json",
    "validation_markdown",
    "validation_page",
    "verdict_readings",
]

FIT_SEED = 4411
"""Whose people teach the intervals; those of the recipe's own seed judge."""
PEOPLE, PEOPLE_SHORT, PEOPLE_FIT = 18, 2, 72
REAL_PHOTOS, CHANGED = 80, 12
VERDICT_PEOPLE, VERDICT_PHOTOS = 24, 25
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: what it is of, its value with the 95 % interval over people, and between which limits it must lie.

    interval: None where too few people make one. limits: None where none is stated. n: photos, people.
    """

    name: str
    of: str
    value: float
    unit: str = ""
    interval: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    photos: int = 0
    people: int = 0

    @property
    def held(self) -> bool:
        """Whether the figure lies within its limits; one without limits always does."""
        return self.limits is None or self.limits[0] <= self.value <= self.limits[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """All figures, and those of pictures out of scope: name, what should happen, what did."""

    figures: tuple[Figure, ...]
    foreign: tuple[tuple[str, str, str, bool], ...]

    @property
    def held(self) -> bool:
        """Whether every figure and every picture came out as stated."""
        return all(one.held for one in self.figures) and all(right for *_, right in self.foreign)


def validate(
    data: Mapping[str, Path], *, short: bool = False, keep: Path | None = None, step: Step = lambda words: None
) -> Validation:
    """Run the evidence. data: real folders by name. short: two made people and no more. keep: where made photos lie."""
    people = PEOPLE_SHORT if short else PEOPLE
    with tempfile.TemporaryDirectory() as aside:
        readings = list(
            made_readings(keep or Path(aside) / "made", people=people, views=("front",) if short else (), step=step)
        )
    if not short:
        seed = int(read_recipe("everyday").seed)
        readings += charted_readings(people=PEOPLE, seed=seed, plain=False, step=step)
    for name, folder in data.items():
        readings += folder_readings(name, folder, most=REAL_PHOTOS, exposures=CHANGED, step=step)
    return Validation(figures=tuple(figures_of(readings, limited=not short)), foreign=tuple(_foreign(short, step)))


def fit_intervals(data: Mapping[str, Path], *, folder: Path = FOLDER, step: Step = lambda words: None) -> list[Path]:
    """Write the intervals and the table of repeatability anew.

    They rest on made people that `validate` never asks, with and without a chart, and on the real repeats given.
    """
    made = list(charted_readings(people=PEOPLE_FIT, seed=FIT_SEED, step=step))
    real = [one for name, path in data.items() for one in folder_readings(name, path, most=REAL_PHOTOS, step=step)]
    table = folder.parent / REPEATABILITY.name
    write_repeatability(table, fitted_repeatabilities([*made, *real]))
    return [*write_intervals(folder, made), table]


def verdict_readings(
    data: Mapping[str, Path], *, people: int = VERDICT_PEOPLE, step: Step = lambda words: None
) -> tuple[list[Reading], dict[str, str]]:
    """Return readings of photos as they are and with changed exposure, and the tone of each shot.

    Made people, one photo each, by their true tone; real photos by that of the person's chart, or else as estimated.
    """
    with tempfile.TemporaryDirectory() as aside:
        made = made_readings(
            Path(aside) / "made",
            people=people,
            views=("front",),
            exposures_ev=EXPOSURES_EV,
            tasks=("skin_tone",),
            step=step,
        )
        readings = list(made)
    charts: dict[str, float] = {}
    for name, folder in data.items():
        real = list(
            folder_readings(
                name, folder, most=VERDICT_PHOTOS, exposures=VERDICT_PHOTOS, tasks=("skin_tone",), step=step
            )
        )
        charts |= {one.person: _charted_ita(real) for one in real if one.condition == "referenced"}
        readings += real
    return readings, tone_of(readings, charts)


def _charted_ita(readings: Sequence[Reading]) -> float:
    """Return the median ITA by the chart, over the brighter shots where there are any."""
    charted = [one for one in readings if one.condition == "referenced" and "skin_tone" in one.values]
    bright = [one for one in charted if not one.shot.startswith("1:")]
    return float(np.median([one.values["skin_tone"] for one in bright or charted]))


def figures_of(readings: Sequence[Reading], *, limited: bool = True) -> Iterator[Figure]:
    """Yield every figure that the readings allow; limited: with the limits of a release."""
    made = [one for one in readings if one.truth and one.condition == "unknown"]
    yield from _tone_figures(made, limited=limited)
    for task in (LIGHTNESS, "melanin", "haemoglobin"):
        yield from _coverage(made, task, f"made people, {task}", (0.80, 1.0) if limited else None)
    yield from _charted_figures([one for one in readings if one.truth and one.condition == "referenced"])
    for source in dict.fromkeys(one.source for one in readings if not one.truth):
        here = [one for one in readings if one.source == source]
        yield from _real_figures(source, here, limited=limited)


def _tone_figures(made: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    known = [one for one in made if "skin_tone" in one.values]
    if not known:
        return
    errors = np.array([abs(one.values["skin_tone"] - one.truth["skin_tone"]) for one in known])
    people = np.array([one.person for one in known])
    yield _figure("mean error of ITA", "made people", errors, people, "deg", (0.0, 18.0) if limited else None)
    for name in (each for each, _ in reversed(ITA_CLASSES)):
        here = np.array([ita_class(one.truth["skin_tone"]) == name for one in known])
        if here.any():
            yield _figure("mean error of ITA", f"made people, {name}", errors[here], people[here], "deg", None)
            some = [one for one, inside in zip(known, here, strict=True) if inside]
            yield from _coverage(some, "skin_tone", f"made people, {name}", (0.75, 1.0) if limited else None)
    yield from _coverage(known, "skin_tone", "made people", (0.85, 1.0) if limited else None)


def _charted_figures(charted: Sequence[Reading]) -> Iterator[Figure]:
    """Yield error and coverage of made people who hold a chart."""
    people = np.array([one.person for one in charted])
    for task in ("skin_tone", LIGHTNESS, "melanin", "haemoglobin"):
        if charted:
            errors = np.array([abs(one.values[task] - one.truth[task]) for one in charted])
            yield _figure(f"mean error of {task}", "made people with a chart", errors, people, "", None)
        yield from _coverage(charted, task, "made people with a chart", (0.80, 1.0))


def _coverage(readings: Sequence[Reading], task: str, of: str, limits: tuple[float, float] | None) -> Iterator[Figure]:
    known = [one for one in readings if task in one.intervals and task in one.truth]
    if not known:
        return
    inside = np.array([one.intervals[task][0] <= one.truth[task] <= one.intervals[task][1] for one in known])
    people = np.array([one.person for one in known])
    yield _figure(f"coverage of the interval of {task}", of, inside.astype(float), people, "share", limits)
    widths = np.array([one.intervals[task][1] - one.intervals[task][0] for one in known])
    yield _figure(f"median width of the interval of {task}", of, widths, people, "", None, median=True)


def _real_figures(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    plain = [one for one in readings if not one.changed_ev]
    unknown = [one for one in plain if one.condition == "unknown"]
    charted = [one for one in plain if one.condition == "referenced" and "skin_tone" in one.values]
    for task in TASKS_READ:
        found = fit_repeatability(unknown, task)
        if found is not None:
            yield Figure(
                name=f"sd of {task} within a person",
                of=source,
                value=found.sd,
                photos=found.photos,
                people=found.people,
            )
    limits = (0.85, 1.0) if limited else None
    if charted:
        truth = _charted_ita(charted)
        yield from _covers(unknown, {one.person: truth for one in unknown}, source, "the charted ITA", limits)
    else:
        yield from _covers(unknown, _medians(unknown), source, "the person's median ITA", limits)
    yield from _exposures(source, readings, limited=limited)


def _medians(readings: Sequence[Reading]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for one in readings:
        if "skin_tone" in one.values:
            values.setdefault(one.person, []).append(one.values["skin_tone"])
    return {person: float(np.median(said)) for person, said in values.items() if len(said) > 1}


def _covers(
    readings: Sequence[Reading], truth: Mapping[str, float], source: str, what: str, limits: tuple[float, float] | None
) -> Iterator[Figure]:
    known = [one for one in readings if "skin_tone" in one.intervals and one.person in truth]
    if not known:
        return
    ends = np.array([one.intervals["skin_tone"] for one in known])
    true = np.array([truth[one.person] for one in known])
    people = np.array([one.person for one in known])
    inside = (ends[:, 0] <= true) & (true <= ends[:, 1])
    yield _figure(f"intervals that cover {what}", source, inside.astype(float), people, "share", limits)
    yield _figure(
        "median width of the interval of skin_tone", source, ends[:, 1] - ends[:, 0], people, "deg", None, median=True
    )


def _exposures(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    """Yield how often the intervals of a photo and of its copy overlap, or the verdict names the copy's exposure."""
    first = {one.shot: one for one in readings if not one.changed_ev and "skin_tone" in one.intervals}
    pairs = [(first[one.shot], one) for one in readings if one.changed_ev and one.shot in first]
    if not pairs:
        return
    right = np.array([overlap(before, after) or bool(NAMED & set(after.problems)) for before, after in pairs])
    people = np.array([after.person for _, after in pairs])
    limits = (0.95, 1.0) if limited else None
    yield _figure(
        "changed exposure: intervals overlap, or it is named", source, right.astype(float), people, "share", limits
    )


def _figure(
    name: str,
    of: str,
    values: NDArray[np.float64],
    people: NDArray[np.str_],
    unit: str,
    limits: tuple[float, float] | None,
    *,
    median: bool = False,
) -> Figure:
    middle = np.median if median else np.mean
    groups = len(np.unique(people))
    found = bootstrap(lambda places: float(middle(values[places])), people, resamples=300) if groups >= 5 else None
    return Figure(
        name=name,
        of=of,
        value=float(middle(values)),
        unit=unit,
        interval=None if found is None else (float(found.low), float(found.high)),
        limits=limits,
        photos=len(values),
        people=groups,
    )


def _foreign(short: bool, step: Step) -> Iterator[tuple[str, str, str, bool]]:
    for name, wanted, photo in out_of_scope():
        if short and name not in ("coins", "cartoon", "black and white"):
            continue
        step(name)
        found = reading_of(photo, source="out of scope", person=name, shot=name)
        said = ", ".join(found.problems) or "nothing said"
        numbers = f"{len(found.values)} numbers" if found.values else "no numbers"
        right = {"none": not found.values, "grey": "skin_tone" not in found.values, "told": True}[wanted]
        yield name, wanted, f"{numbers}; {said}", right


def validation_markdown(found: Validation) -> str:
    """Return the figures as tables in Markdown."""
    lines = ["| figure | of | value | 95 % interval | limits | photos | people |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(one))} |" for one in found.figures]
    lines += ["", "| picture | should give | gave |", "|---|---|---|"]
    lines += [
        f"| {name} | {_WANTED[wanted]} | {said}{'' if right else ' **(missed)**'} |"
        for name, wanted, said, right in found.foreign
    ]
    return "\n".join([*lines, "", repeatability_table(), "", f"dermis {__version__}."])


_HELD = {True: "yes", False: "MISSED"}
_WANTED = {"none": "no numbers", "grey": "no tone", "told": "whatever is said of it"}


def _cells(one: Figure) -> tuple[str, ...]:
    ends = "" if one.interval is None else f"{one.interval[0]:.2f} to {one.interval[1]:.2f}"
    limits = "" if one.limits is None else f"{one.limits[0]:g} to {one.limits[1]:g}"
    value = f"{one.value:.2f} {one.unit}".strip() + ("" if one.held else " **(missed)**")
    return one.name, one.of, value, ends, limits, str(one.photos), str(one.people)


def validation_page(found: Validation) -> str:
    """Return the figures as a page."""
    from dermis.report.page import rendered  # late: a tenth of a second

    rows = [(*(cell.replace(" **(missed)**", "") for cell in _cells(one)), _HELD[one.held]) for one in found.figures]
    content = {
        "held": found.held,
        "version": __version__,
        "figures": rows,
        "foreign_rows": [(name, _WANTED[wanted], said, _HELD[right]) for name, wanted, said, right in found.foreign],
        "repeat_rows": repeatability_rows(),
    }
    return rendered("validation.html", content)


def validation_json(found: Validation) -> str:
    """Return the figures as JSON."""
    told = {
        "schema": "dermis.validation/1",
        "dermis": __version__,
        "held": found.held,
        "figures": [{**asdict(one), "held": one.held} for one in found.figures],
        "out_of_scope": [
            {"picture": name, "wanted": wanted, "said": said, "right": right}
            for name, wanted, said, right in found.foreign
        ],
    }
    return json.dumps(told, indent=1)
