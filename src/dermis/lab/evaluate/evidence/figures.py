"""The figures of the evidence, each beside the limits of a release and beside what is aimed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_class
from dermis.lab.evaluate.evidence.belts import fit_repeatability
from dermis.lab.evaluate.evidence.photo_tables import NAMED, SUMMARY, overlap
from dermis.lab.evaluate.evidence.readings import BY_CHART, TASKS_READ, Reading
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.ordinal import auroc
from dermis.tasks.intervals import LIGHTNESS

__all__ = [
    "BOUNDS",
    "CLEAR_FACES",
    "FEWEST_TESTED",
    "NO_SKIN",
    "Bounds",
    "Figure",
    "charted_ita",
    "disguise_figures",
    "figure_of",
    "figures_of",
]

Ends = tuple[float, float]
_Floats = NDArray[np.float64]
_CHARTED = "made people with a chart"
NO_SKIN = "not_living_skin"
_THIN = ("painted black",)
"""Disguises through which enough of the skin shows that they are not always told."""
CLEAR_FACES = ("caltech_faces_light",)
"""Sets of adults who are taken to have no acne."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """limits: between which a figure must lie, or the release fails. aims: what is worked for.

    chance: the limit of a share is missed only where so few would be explained by chance with at most this
    probability (exact binomial test, a person being one trial); 0 holds the figure itself to the limit.
    """

    limits: Ends | None = None
    aims: Ends | None = None
    chance: float = 0.0


BOUNDS: Mapping[str, Bounds] = {
    "error": Bounds(limits=(0, 13), aims=(0, 11)),
    "error, dark": Bounds(limits=(0, 16), aims=(0, 15)),
    "coverage": Bounds(limits=(0.85, 1), aims=(0.85, 0.95), chance=0.05),
    "coverage by tone": Bounds(limits=(0.85, 1), aims=(0.85, 0.95), chance=0.02),
    "coverage of others": Bounds(limits=(0.85, 1), aims=(0.85, 0.95), chance=0.05),
    "real coverage": Bounds(limits=(0.85, 1), aims=(0.85, 1)),
    "width": Bounds(limits=(0, 80), aims=(0, 60)),
    "changed exposure": Bounds(limits=(0.95, 1), aims=(0.95, 1)),
    "charted error": Bounds(limits=(0, 12), aims=(0, 4)),
    "charted difference": Bounds(limits=(0, 6), aims=(0, 2.5)),
    "charted sd of ITA": Bounds(limits=(0, 6), aims=(0, 6)),
    "charted sd of L*": Bounds(limits=(0, 1.5), aims=(0, 1.5)),
    "charted sd against affine": Bounds(limits=(-99, 0.5), aims=(-99, 0)),
    "charts found": Bounds(limits=(13 / 15, 1), aims=(13 / 15, 1)),
    "presence": Bounds(limits=(0, 0.10), aims=(0, 0.10)),
    "redness": Bounds(limits=(0.90, 1), aims=(0.90, 1)),
    "false alarms": Bounds(limits=(0, 0.02), aims=(0, 0.01)),
    "disguises": Bounds(limits=(0.8, 1), aims=(1, 1)),
    "thin paint": Bounds(limits=(0, 1), aims=(1, 1)),
}
"""By kind of figure. Aims stand in the project's plan; a limit is looser where the aim is missed, and is set so that no
release gets worse unseen. The limit of a coverage is the lower end of its aim, and one that misses it must be more than
bad luck: six tones are tested at once."""
FEWEST_TESTED = 8
"""People below which a share is not tested. Of 8 the test fails with 3 covered, of 12 with 6, of 72 (5 %) with 55."""
_NONE = Bounds()
"""The bounds of figures that have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: what it is of, its value with the 95 % interval over people, the limits of a release, and the aims.

    interval: None where too few people make one. limits, aims: None where none is stated. n: photos, people. chance: as
    in `Bounds`.
    """

    name: str
    of: str
    value: float
    unit: str = ""
    interval: Ends | None = None
    limits: Ends | None = None
    aims: Ends | None = None
    photos: int = 0
    people: int = 0
    chance: float = 0.0

    @property
    def held(self) -> bool:
        """Whether the figure lies within its limits, or short of them by chance; one without limits always does."""
        if self.limits is None or self.limits[0] <= self.value <= self.limits[1]:
            return True
        return self.chance > 0 and _by_chance(self.value, self.people, self.limits[0]) > self.chance

    @property
    def reached(self) -> bool | None:
        """Whether what was aimed at is met; None where nothing was."""
        return None if self.aims is None else self.aims[0] <= self.value <= self.aims[1]


def _by_chance(share: float, people: int, true: float) -> float:
    """Return the probability of at most this share of so many people where each has the probability `true`."""
    from scipy.special import betainc  # late: it takes a tenth of a second

    hits = share * people
    return float(betainc(people - hits, hits + 1, 1 - true)) if hits < people else 1.0


def figures_of(readings: Sequence[Reading], *, limited: bool = True) -> Iterator[Figure]:
    """Yield every figure that the readings allow; limited: with the limits of a release and the aims."""
    made = [one for one in readings if one.truth and one.condition == "unknown"]
    yield from _tone_figures(made, limited=limited)
    for task in (LIGHTNESS, "melanin", "haemoglobin"):
        yield from _coverage(made, task, f"made people, {task}", "coverage of others" if limited else "")
    yield from _charted_figures([one for one in readings if one.truth and one.condition in BY_CHART], limited)
    for source in dict.fromkeys(one.source for one in readings):
        here = [one for one in readings if one.source == source and one.condition == "unknown" and not one.changed_ev]
        yield from _false_alarms(source, here, limited=limited)
    for source in dict.fromkeys(one.source for one in readings if not one.truth):
        yield from _real_figures(source, [one for one in readings if one.source == source], limited=limited)


def _tone_figures(made: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    known = [one for one in made if "skin_tone" in one.values]
    if not known:
        return
    errors = np.array([abs(one.values["skin_tone"] - one.truth["skin_tone"]) for one in known])
    people = [one.person for one in known]
    yield figure_of("mean error of ITA", "made people", errors, people, "deg", "error" if limited else "")
    for name in (each for each, _ in reversed(ITA_CLASSES)):
        some = [place for place, one in enumerate(known) if ita_class(one.truth["skin_tone"]) == name]
        if not some:
            continue
        of, kind = f"made people, {name}", "error, dark" if limited and name == "dark" else ""
        yield figure_of("mean error of ITA", of, errors[some], [people[place] for place in some], "deg", kind)
        yield from _coverage([known[place] for place in some], "skin_tone", of, "coverage by tone" if limited else "")
    yield from _coverage(known, "skin_tone", "made people", "coverage" if limited else "", "width" if limited else "")


def disguise_figures(readings: Sequence[Reading]) -> Iterator[Figure]:
    """Yield on which share of faces in each disguise no number is given."""
    for name in dict.fromkeys(one.shot for one in readings):
        some = [one for one in readings if one.shot == name]
        none = np.array([float(not one.values) for one in some])
        kind = "thin paint" if name in _THIN else "disguises"
        yield figure_of("no numbers are given", name, none, [one.person for one in some], "share", kind)


def _charted_figures(charted: Sequence[Reading], limited: bool) -> Iterator[Figure]:
    """Yield error and coverage of made people who hold a chart."""
    people = [one.person for one in charted]
    for task in ("skin_tone", LIGHTNESS, "melanin", "haemoglobin"):
        if charted:
            errors = np.array([abs(one.values[task] - one.truth[task]) for one in charted])
            yield figure_of(f"mean error of {task}", _CHARTED, errors, people)
            if task == "skin_tone":
                kind = "charted error" if limited else ""
                yield figure_of("nine of ten errors of ITA lie within", _CHARTED, errors, people, "deg", kind, share=90)
        yield from _coverage(charted, task, _CHARTED, "coverage of others" if limited else "")
    differences = np.array([one.difference for one in charted if one.difference is not None], np.float64)
    if len(differences) and len(differences) == len(charted):
        kind = "charted difference" if limited else ""
        yield figure_of("mean difference of colour, ΔE00", _CHARTED, differences, people, "", kind)


def _coverage(readings: Sequence[Reading], task: str, of: str, kind: str, width_kind: str = "") -> Iterator[Figure]:
    known = [one for one in readings if task in one.intervals and task in one.truth]
    if not known:
        return
    inside = np.array([one.intervals[task][0] <= one.truth[task] <= one.intervals[task][1] for one in known])
    people = [one.person for one in known]
    yield figure_of(f"coverage of the interval of {task}", of, inside.astype(float), people, "share", kind)
    widths = np.array([one.intervals[task][1] - one.intervals[task][0] for one in known])
    yield figure_of(f"median width of the interval of {task}", of, widths, people, "", width_kind, share=50)


def _false_alarms(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    if readings:
        called = np.array([float(NO_SKIN in one.problems) for one in readings])
        people = [one.person for one in readings]
        yield figure_of("taken for no living skin", source, called, people, "share", "false alarms" if limited else "")


def _real_figures(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    plain = [one for one in readings if not one.changed_ev]
    unknown = [one for one in plain if one.condition == "unknown"]
    charted = [one for one in plain if one.condition in BY_CHART and "skin_tone" in one.values]
    for task in TASKS_READ:
        found = fit_repeatability(unknown, task)
        if found is not None:
            name = f"sd of {task} within a person"
            yield Figure(name=name, of=source, value=found.sd, photos=found.photos, people=found.people)
    kind = "real coverage" if limited else ""
    if charted:
        truth = dict.fromkeys((one.person for one in unknown), charted_ita(charted))
        yield from _covers(unknown, truth, source, "the charted ITA", kind)
    else:
        yield from _covers(unknown, _medians(unknown), source, "the person's median ITA", kind)
    if source in CLEAR_FACES:
        yield from _presence(source, unknown, limited=limited)
    yield from _exposures(source, readings, limited=limited)


def charted_ita(readings: Sequence[Reading]) -> float:
    """Return the median ITA by the chart, over the brighter shots where there are any."""
    charted = [one for one in readings if one.condition in BY_CHART and "skin_tone" in one.values]
    bright = [one for one in charted if not one.shot.startswith("1:")]
    return float(np.median([one.values["skin_tone"] for one in bright or charted]))


def _medians(readings: Sequence[Reading]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for one in readings:
        if "skin_tone" in one.values:
            values.setdefault(one.person, []).append(one.values["skin_tone"])
    return {person: float(np.median(said)) for person, said in values.items() if len(said) > 1}


def _covers(
    readings: Sequence[Reading], truth: Mapping[str, float], source: str, what: str, kind: str
) -> Iterator[Figure]:
    known = [one for one in readings if "skin_tone" in one.intervals and one.person in truth]
    if not known:
        return
    ends = np.array([one.intervals["skin_tone"] for one in known])
    true = np.array([truth[one.person] for one in known])
    people = [one.person for one in known]
    inside = (ends[:, 0] <= true) & (true <= ends[:, 1])
    yield figure_of(f"intervals that cover {what}", source, inside.astype(float), people, "share", kind)
    widths, wide = ends[:, 1] - ends[:, 0], "width" if kind else ""
    yield figure_of("median width of the interval of skin_tone", source, widths, people, "deg", wide, share=50)


def _presence(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    told = [one for one in readings if "acne_presence" in one.values]
    if told:
        yes = np.array([float(one.values["acne_presence"] >= 0.5) for one in told])
        name, people = "acne presence from one half on", [one.person for one in told]
        yield figure_of(name, source, yes, people, "share", "presence" if limited else "")


def rosacea_figures(
    source: str, red: NDArray[np.bool_], measures: Mapping[str, _Floats], groups: Sequence[str]
) -> Iterator[Figure]:
    """Yield how well the summary of the redness map tells rosacea from other faces (area under the curve)."""
    held = bootstrap(lambda at: auroc(red[at], measures[SUMMARY][at]), np.array(groups), resamples=300)
    bounds = BOUNDS["redness"]
    yield Figure(
        name="AUC of the redness map, rosacea from others",
        of=source,
        value=float(held.value),
        interval=(float(held.low), float(held.high)),
        limits=bounds.limits,
        aims=bounds.aims,
        photos=len(red),
        people=len(set(groups)),
    )


def _exposures(source: str, readings: Sequence[Reading], *, limited: bool) -> Iterator[Figure]:
    """Yield how often the intervals of a photo and of its copy overlap, or the verdict names the copy's exposure."""
    first = {one.shot: one for one in readings if not one.changed_ev and "skin_tone" in one.intervals}
    pairs = [(first[one.shot], one) for one in readings if one.changed_ev and one.shot in first]
    if not pairs:
        return
    right = np.array([float(overlap(before, after) or bool(NAMED & set(after.problems))) for before, after in pairs])
    name, people = "changed exposure: intervals overlap, or it is named", [after.person for _, after in pairs]
    yield figure_of(name, source, right, people, "share", "changed exposure" if limited else "")


def figure_of(
    name: str, of: str, values: _Floats, people: Sequence[str], unit: str = "", kind: str = "", *, share: float = 0
) -> Figure:
    """Return a figure: the mean, or the percentile `share`, of a value (n,) a photo, with bounds of its kind."""

    def middle(some: _Floats) -> float:
        return float(np.percentile(some, share) if share else np.mean(some))

    groups, bounds = len(set(people)), BOUNDS[kind] if kind else _NONE
    if bounds.chance and groups < FEWEST_TESTED:
        bounds = replace(bounds, limits=None)
    found = bootstrap(lambda at: middle(values[at]), np.array(people), resamples=300) if groups >= 5 else None
    return Figure(
        name=name,
        of=of,
        value=middle(values),
        unit=unit,
        interval=None if found is None else (float(found.low), float(found.high)),
        limits=bounds.limits,
        aims=bounds.aims,
        photos=len(values),
        people=groups,
        chance=bounds.chance,
    )
