"""Change over the visits of a trial: paired change, arms against each other, responders, each person's curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core.subjects import natural_order
from dermis.errors import InputError
from dermis.study.measurements import Measurement

__all__ = [
    "ArmDifference",
    "Curve",
    "PairedChange",
    "PersonChange",
    "ResponderRate",
    "Trial",
    "arm_differences",
    "control_of",
    "curves",
    "paired_changes",
    "person_changes",
    "responder_rates",
    "trial_of",
    "wilson",
]

_CONTROLS = ("vehicle", "placebo", "control", "untreated", "sham")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One person's values by week; of several measurements at a visit, such as both sides, the mean."""

    subject: str
    arm: str
    values: Mapping[float, float]

    def change(self, baseline: float, week: float) -> float | None:
        """Return the value at `week` less that at `baseline`, None where one of them is missing."""
        if baseline not in self.values or week not in self.values:
            return None
        return self.values[week] - self.values[baseline]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedChange:
    """Mean change of the people of an arm from the first visit, with its interval (Student's t, paired).

    n: people seen at both visits. srm: standardised response mean, mean over standard deviation of the changes.
    """

    arm: str
    week: float
    n: int
    mean: float
    low: float
    high: float
    sd: float
    srm: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDifference:
    """Mean change of an arm less that of the control arm, with its interval (Welch's t)."""

    arm: str
    control: str
    week: float
    n: int
    n_control: int
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderRate:
    """Share of an arm's people whose value improved by at least the threshold, with Wilson's interval."""

    arm: str
    week: float
    responders: int
    n: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """One person from the first to their last visit. slope: per week, by least squares over all visits."""

    subject: str
    arm: str
    visits: int
    first: float
    last_week: float
    last: float
    change: float
    slope: float
    responded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a trial says of one task. responds: in words, what counts as a response."""

    task: str
    level: float
    baseline: float
    curves: tuple[Curve, ...]
    changes: tuple[PairedChange, ...]
    differences: tuple[ArmDifference, ...]
    responders: tuple[ResponderRate, ...]
    people: tuple[PersonChange, ...]
    responds: str


def trial_of(
    measurements: Sequence[Measurement],
    *,
    task: str,
    control: str = "",
    improved_by: float,
    relative: bool = False,
    higher_is_better: bool = False,
    level: float = 0.95,
) -> Trial:
    """Return all tables of a trial.

    improved_by: what a responder's value improves by at least; relative: as a share of the first value.
    Raises InputError where there is no second visit.
    """
    held = curves(measurements)
    weeks = sorted({week for curve in held for week in curve.values})
    if len(weeks) < 2:
        raise InputError("All values are of one visit.", advice="A change needs two; check the column visit.")
    baseline = weeks[0]
    reference = control_of({curve.arm for curve in held}, control)
    sign = "+" if higher_is_better else "-"
    amount = f"{100 * improved_by:g} %" if relative else f"{improved_by:g}"
    return Trial(
        task=task,
        level=level,
        baseline=baseline,
        curves=tuple(held),
        changes=tuple(paired_changes(held, baseline, weeks[1:], level)),
        differences=tuple(arm_differences(held, baseline, weeks[1:], reference, level)),
        responders=tuple(responder_rates(held, baseline, weeks[1:], improved_by, relative, higher_is_better, level)),
        people=tuple(person_changes(held, baseline, improved_by, relative, higher_is_better)),
        responds=f"a change of {sign}{amount} or more",
    )


def curves(measurements: Iterable[Measurement]) -> list[Curve]:
    """Return each person's curve, by arm and subject in natural order: P2 before P10."""
    values: dict[tuple[str, str], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in measurements:
        values[one.arm, one.subject][one.week].append(one.value)
    return [
        Curve(subject=subject, arm=arm, values={week: float(np.mean(held[week])) for week in sorted(held)})
        for (arm, subject), held in sorted(values.items(), key=lambda one: (one[0][0], natural_order(one[0][1])))
    ]


def control_of(arms: set[str], said: str = "") -> str:
    """Return the arm that others are compared with: the one said, vehicle or placebo, else the first by name.

    Raises InputError for one that is not there.
    """
    if said and said not in arms:
        raise InputError(f"There is no arm {said!r}.", advice=f"There are: {', '.join(sorted(arms))}.")
    usual = [arm for arm in sorted(arms) if arm.casefold() in _CONTROLS]
    return said or (usual or sorted(arms))[0]


def _changes(held: Iterable[Curve], arm: str, baseline: float, week: float) -> Floats:
    found = (curve.change(baseline, week) for curve in held if curve.arm == arm)
    return np.array([change for change in found if change is not None], np.float64)


def _arms(held: Iterable[Curve]) -> list[str]:
    return sorted({curve.arm for curve in held})


def paired_changes(held: Sequence[Curve], baseline: float, weeks: Sequence[float], level: float) -> list[PairedChange]:
    """Return the mean change of each arm at each week; interval and p are NaN for fewer than two people."""
    from scipy import stats  # late: a third of a second

    found = []
    for arm in _arms(held):
        for week in weeks:
            change = _changes(held, arm, baseline, week)
            if not change.size:
                continue
            mean, n = float(change.mean()), len(change)
            sd = float(change.std(ddof=1)) if n > 1 else float("nan")
            error = sd / np.sqrt(n)
            half = float(stats.t.ppf((1 + level) / 2, n - 1) * error) if n > 1 else float("nan")
            p = float(2 * stats.t.sf(abs(mean) / error, n - 1)) if n > 1 and error > 0 else float("nan")
            found.append(
                PairedChange(
                    arm=arm, week=week, n=n, mean=mean, low=mean - half, high=mean + half,
                    sd=sd, srm=mean / sd if sd > 0 else float("nan"), p=p,
                )
            )  # fmt: skip
    return found


def arm_differences(
    held: Sequence[Curve], baseline: float, weeks: Sequence[float], control: str, level: float
) -> list[ArmDifference]:
    """Return each arm's mean change less the control's at each week where both have two people or more."""
    from scipy import stats

    found = []
    for arm in _arms(held):
        for week in weeks if arm != control else ():
            one, other = _changes(held, arm, baseline, week), _changes(held, control, baseline, week)
            if min(len(one), len(other)) < 2 or one.var() + other.var() == 0:
                continue
            test = stats.ttest_ind(one, other, equal_var=False)
            ends = test.confidence_interval(level)
            found.append(
                ArmDifference(
                    arm=arm, control=control, week=week, n=len(one), n_control=len(other),
                    difference=float(one.mean() - other.mean()), low=float(ends.low), high=float(ends.high),
                    p=float(test.pvalue),
                )
            )  # fmt: skip
    return found


def responder_rates(
    held: Sequence[Curve],
    baseline: float,
    weeks: Sequence[float],
    improved_by: float,
    relative: bool,
    higher_is_better: bool,
    level: float,
) -> list[ResponderRate]:
    """Return how many of each arm responded at each week, of those seen then and at the first visit."""
    found = []
    for arm in _arms(held):
        for week in weeks:
            mine = [one for one in held if one.arm == arm and one.change(baseline, week) is not None]
            hits = [_responds(one, baseline, week, improved_by, relative, higher_is_better) for one in mine]
            if hits:
                low, high = wilson(sum(hits), len(hits), level)
                rate = sum(hits) / len(hits)
                found.append(
                    ResponderRate(arm=arm, week=week, responders=sum(hits), n=len(hits), rate=rate, low=low, high=high)
                )
    return found


def _responds(
    curve: Curve, baseline: float, week: float, improved_by: float, relative: bool, higher_is_better: bool
) -> bool:
    gained = (curve.change(baseline, week) or 0.0) * (1.0 if higher_is_better else -1.0)
    needed = improved_by * (abs(curve.values[baseline]) if relative else 1.0)
    return gained >= needed - 1e-9 and gained > 0


def person_changes(
    held: Sequence[Curve], baseline: float, improved_by: float, relative: bool, higher_is_better: bool
) -> list[PersonChange]:
    """Return each person who was seen at the first visit and later, by arm and subject."""
    found = []
    for curve in held:
        last = max(curve.values)
        change = curve.change(baseline, last)
        if change is None or last == baseline:
            continue
        weeks, values = np.array(list(curve.values.items())).T
        found.append(
            PersonChange(
                subject=curve.subject, arm=curve.arm, visits=len(weeks), first=curve.values[baseline], last_week=last,
                last=curve.values[last], change=change, slope=float(np.polyfit(weeks, values, 1)[0]),
                responded=_responds(curve, baseline, last, improved_by, relative, higher_is_better),
            )
        )  # fmt: skip
    return found


def wilson(hits: int, n: int, level: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share (J. Am. Stat. Assoc. 22 (1927) 209-212)."""
    from scipy import stats

    z2 = float(stats.norm.ppf((1 + level) / 2)) ** 2
    share = hits / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = float(np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)
