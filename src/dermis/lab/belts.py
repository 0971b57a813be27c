"""Confidence belts: fitted to answers whose truth is known, and kept as `dermis.tasks.intervals` reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.formats.files import write_text
from dermis.tasks.intervals import Belt

__all__ = ["fit_belt", "keep_belt", "within"]

_Floats = NDArray[np.float64]

LEVEL, KNOTS = 0.9, 9
_REACH, _BEYOND = 0.15, 0.05
"""Width of the window about a true value (1 sigma), and how far the belt reaches beyond the outermost true values, both
as a share of their range. Chosen by folds over the people that belts are fitted to."""


def fit_belt(
    truth: _Floats, said: _Floats, scale: _Floats | None = None, *, people: Sequence[str], level: float = LEVEL
) -> Belt:
    """Return the belt of answers `said` (n,) to true values (n,); scale (n,): of the errors, where the task gives one.

    At each knot the errors of photos with a true value near by, people counting alike, give the two ends; each end is
    moved outwards to the next error, as split-conformal intervals are (Lei et al. 2018).
    """
    errors = (said - truth) / (1.0 if scale is None else scale)
    low, high = float(truth.min()), float(truth.max())
    beyond = _BEYOND * (high - low)
    knots = np.linspace(low - beyond, high + beyond, KNOTS)
    names, place, counts = np.unique(np.asarray(people), return_inverse=True, return_counts=True)
    ends = np.array([_ends(errors, truth, 1.0 / counts[place], knot, _REACH * (high - low), level) for knot in knots])
    return Belt(
        truth=tuple(np.round(knots, 2).tolist()),
        low=tuple(np.round(ends[:, 0], 3).tolist()),
        high=tuple(np.round(ends[:, 1], 3).tolist()),
        level=level,
        people=len(names),
        photos=len(truth),
        scaled=scale is not None,
    )


def within(belt: Belt, lowest: float, highest: float) -> Belt:
    """Return a belt for true values inside a scale that ends at `lowest` and `highest`."""
    truth = np.linspace(max(belt.truth[0], lowest), min(belt.truth[-1], highest), KNOTS)
    low, high = (np.interp(truth, belt.truth, ends) for ends in (belt.low, belt.high))
    return replace(
        belt,
        truth=tuple(np.round(truth, 2).tolist()),
        low=tuple(np.round(low, 3).tolist()),
        high=tuple(np.round(high, 3).tolist()),
    )


def _ends(
    errors: _Floats, truth: _Floats, weight: _Floats, knot: float, reach: float, level: float
) -> tuple[float, float]:
    near = weight * np.exp(-0.5 * ((truth - knot) / reach) ** 2)
    order = np.argsort(errors)
    before = np.cumsum(near[order]) / near.sum()
    first = max(int(np.searchsorted(before, (1 - level) / 2)) - 1, 0)
    last = min(int(np.searchsorted(before, (1 + level) / 2)) + 1, len(order) - 1)
    return float(errors[order[first]]), float(errors[order[last]])


def keep_belt(folder: Path, task: str, condition: str, belt: Belt) -> None:
    """Write one belt into the task's file, and leave what else it holds."""
    path = folder / f"{task}.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    belts = dict(told.get("belts", {})) | {condition: _belt_object(belt)}
    said = {"task": task, "belts": belts}
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(said, indent=1) + "\n")


def _belt_object(belt: Belt) -> dict[str, Any]:
    """Return a belt as its file holds it."""
    return {
        "level": belt.level,
        "people": belt.people,
        "photos": belt.photos,
        "scaled": belt.scaled,
        "truth": list(belt.truth),
        "low": list(belt.low),
        "high": list(belt.high),
    }
