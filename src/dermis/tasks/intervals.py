"""Where the true value lies, given how the photo was taken: fitted tables.

`tasks/data/intervals/<task>.json`, written by `dermis validate --fit`, holds for each capture condition a confidence
belt (Neyman 1937): for true values along the scale, between which errors nine of ten answers of the program lie, on
photos of other people. Inverted, it says which true values go with an answer. So the interval covers at every tone
alike, where the error of a mean would fail at both ends of the scale. A condition that nobody has measured has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Finding, Region

__all__ = [
    "FITTED",
    "FOLDER",
    "LIGHTNESS",
    "Belt",
    "interval",
    "interval_belts",
    "with_intervals",
]

_Floats = NDArray[np.float64]

FOLDER = Path(__file__).parent / "data" / "intervals"
FITTED = (Region.FACE, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
"""Regions that the belts hold for."""
_FACE_ALONE = ("redness", "redness_grade")
"""Tasks whose belts were fitted to the face and hold for no cheek."""
LIGHTNESS = "skin_lightness"
"""The L* of a skin tone: its belts have a table of their own beside that of the ITA."""
_STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Belt:
    """For true values `truth` (k,), rising: between which errors (k,) a share of `level` of the answers lies.

    Errors are answer less truth: `scaled` in units of the answer's own scale, else in the unit of the task. people,
    photos: what it rests on.
    """

    truth: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    level: float
    people: int
    photos: int
    scaled: bool = False

    def interval(self, value: float, scale: float = 1.0) -> tuple[float, float]:
        """Return the least and the greatest true value that goes with an answer; the answer lies inside.

        True values outside of the table's are not claimed.
        """
        truths = np.linspace(self.truth[0], self.truth[-1], _STEPS)
        errors = (value - truths) / scale
        fits = (errors >= np.interp(truths, self.truth, self.low)) & (
            errors <= np.interp(truths, self.truth, self.high)
        )
        found = truths[fits] if fits.any() else np.array([np.clip(value, truths[0], truths[-1])])
        return min(float(found[0]), value), max(float(found[-1]), value)


@cache
def interval_belts(task: str) -> dict[str, Belt]:
    """Return the belts of a task by capture condition; none where nobody has measured."""
    return {
        name: Belt(
            truth=tuple(told["truth"]),
            low=tuple(told["low"]),
            high=tuple(told["high"]),
            level=float(told["level"]),
            people=int(told["people"]),
            photos=int(told["photos"]),
            scaled=bool(told.get("scaled", False)),
        )
        for name, told in _told(task).items()
    }


@cache
def _told(task: str) -> dict[str, dict[str, Any]]:
    path = FOLDER / f"{task}.json"
    if not path.is_file():
        return {}
    belts: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["belts"]
    return belts


def interval(task: str, measured_as: str, value: float, scale: float | None = None) -> tuple[float, float] | None:
    """Return where the true value lies, None where nobody has measured that.

    task: or "skin_lightness", the L* of a tone. measured_as: the capture condition, or "referenced_patch".

    scale: the usual size of the answer's error, where the task's belts are in units of it.
    """
    belt = interval_belts(task).get(measured_as)
    if belt is None or belt.scaled is (scale is None):
        return None
    return belt.interval(value, 1.0 if scale is None else scale)


def with_intervals(findings: Iterable[Finding], measured_as: str) -> tuple[Finding, ...]:
    """Return the findings with the intervals of their task; one that has its own keeps it.

    Belts are fitted on cheeks: other regions, which differ in what covers and shades them, have no interval.
    """
    return tuple(
        finding
        if finding.interval is not None or finding.region not in _fitted(finding.task)
        else replace(finding, interval=interval(finding.task, measured_as, finding.value))
        for finding in findings
    )


def _fitted(task: str) -> tuple[Region, ...]:
    return (Region.FACE,) if task in _FACE_ALONE else FITTED
