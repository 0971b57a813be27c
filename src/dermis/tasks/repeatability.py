"""How photos of one person agree that were taken apart, and from there on what between two photos is a change.

`tasks/data/repeatability.csv`, written by `dermis validate --fit`: a row for each task, capture condition and set of
people, over the whole face. A condition that nobody has measured has no row.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dermis.core import Region, ValueChange

__all__ = [
    "REPEATABILITY",
    "Measured",
    "Repeatability",
    "read_repeatability",
    "repeatabilities",
    "repeatability_sd",
    "smallest_detectable_change",
    "value_change",
]

REPEATABILITY = Path(__file__).parent / "data" / "repeatability.csv"
LEVEL = 0.9
_Z_90, _Z_95 = 1.645, 1.96
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """Within-person standard deviation of a task in its own unit; of: whose photos. commit: of the code that read them.

    Source of the formulas: Bland, Altman, BMJ 313 (1996) 744 (within-subject sd, repeatability).
    """

    task: str
    condition: str
    sd: float
    people: int
    photos: int
    of: str
    commit: str

    @property
    def mdc95(self) -> float:
        """The smallest difference of two photos that is more than chance in 95 of 100: 1.96 x sqrt(2) x sd."""
        return _Z_95 * math.sqrt(2.0) * self.sd


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured at one visit: the value of a finding, its interval and level, and the capture condition."""

    value: float
    condition: str
    interval: Ends | None = None
    level: float | None = None


@cache
def repeatabilities() -> tuple[Repeatability, ...]:
    """Return the table that ships."""
    return read_repeatability(REPEATABILITY)


def read_repeatability(path: Path) -> tuple[Repeatability, ...]:
    """Return a table of this form."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Repeatability(
                task=row["task"],
                condition=row["condition"],
                sd=float(row["repeatability_sd"]),
                people=int(row["people"]),
                photos=int(row["photos"]),
                of=row["of"],
                commit=row["commit"],
            )
            for row in csv.DictReader(file)
        )


def repeatability_sd(task: str, condition: str) -> float | None:
    """Return the within-person sd of a task in a condition, the largest of those measured; None where there is none."""
    return max((one.sd for one in repeatabilities() if (one.task, one.condition) == (task, condition)), default=None)


def smallest_detectable_change(task: str, *conditions: str, region: Region = Region.FACE) -> float | None:
    """Return the MDC95 between two photos of these conditions (one is that of both), None where nobody measured it.

    It was measured over whole faces: smaller regions have none.
    """
    sds = [repeatability_sd(task, condition) for condition in conditions]
    known = [sd for sd in sds if sd is not None]
    if region is not Region.FACE or not known or len(known) < len(sds):
        return None
    first, last = known[0], known[-1]
    return _Z_95 * math.hypot(first, last)


def value_change(
    task: str,
    region: Region,
    unit: str | None,
    before: Measured,
    after: Measured,
    *,
    same_photo: bool = False,
    taken_alike: bool = True,
    smallest: Callable[[float, float], float] | None = None,
) -> ValueChange:
    """Return how a value changed, and whether that is more than measuring again would give.

    Where the repeatability was measured in the conditions of both photos, the interval is that of the pair. Else both
    errors count as independent, and their squares add up. A photo differs from itself by nothing. smallest: the
    `smallest_change` of the task; where it has one it stands for the MDC95 of the table. Photos that were not taken
    alike have no interval and no verdict: how they differ was measured on photos that were.
    """
    if not taken_alike:
        return ValueChange(
            task=task, region=region, unit=unit, before=before.value, after=after.value, interval=None, level=None,
            mdc=None, changed=None,
        )  # fmt: skip
    difference = after.value - before.value
    mdc = smallest_detectable_change(task, before.condition, after.condition, region=region)
    within: Ends | None = None
    level = LEVEL
    if same_photo:
        within = 0.0, 0.0
    elif mdc is not None:
        half = mdc * _Z_90 / _Z_95
        within = difference - half, difference + half
    elif before.interval and after.interval and before.level == after.level:
        level = after.level or LEVEL
        within = _independent(before, after, before.interval, after.interval)
    changed = None if within is None else not within[0] <= 0 <= within[1]
    if smallest is not None and region is Region.FACE:
        mdc = smallest(before.value, after.value)
    return ValueChange(
        task=task,
        region=region,
        unit=unit,
        before=before.value,
        after=after.value,
        interval=within,
        level=None if within is None else level,
        mdc=mdc,
        changed=changed if mdc is None else abs(difference) > mdc,
    )


def _independent(before: Measured, after: Measured, earlier: Sequence[float], later: Sequence[float]) -> Ends:
    difference = after.value - before.value
    down = math.hypot(after.value - later[0], earlier[1] - before.value)
    up = math.hypot(later[1] - after.value, before.value - earlier[0])
    return difference - down, difference + up
