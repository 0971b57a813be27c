"""Fitting `tasks/data/intervals`: confidence belts on photos whose truth is known, repeatability on real repeats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.lab.evaluate.readings import TASKS_READ, Reading
from dermis.tasks.intervals import Belt, Repeatability

__all__ = ["fit_belt", "fit_repeatability", "keep_belt", "write_intervals"]

_Floats = NDArray[np.float64]

LEVEL = 0.9
FEWEST_PHOTOS, FEWEST_REPEATS = 60, 20
KNOTS = 9
_REACH = 0.09
"""Width of the window about a true value, as a share of the range of true values (1 sigma)."""


def fit_belt(
    truth: _Floats, said: _Floats, scale: _Floats | None = None, *, people: Sequence[str], level: float = LEVEL
) -> Belt:
    """Return the belt of answers `said` (n,) to true values (n,); scale (n,): of the errors, where the task gives one.

    At each knot the errors of photos with a true value near by, people counting alike, give the two ends; each end is
    moved outwards to the next error, as split-conformal intervals are (Lei et al. 2018).
    """
    errors = (said - truth) / (1.0 if scale is None else scale)
    low, high = float(truth.min()), float(truth.max())
    knots = np.linspace(low, high, KNOTS)
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


def _ends(
    errors: _Floats, truth: _Floats, weight: _Floats, knot: float, reach: float, level: float
) -> tuple[float, float]:
    near = weight * np.exp(-0.5 * ((truth - knot) / reach) ** 2)
    order = np.argsort(errors)
    before = np.cumsum(near[order]) / near.sum()
    first = max(int(np.searchsorted(before, (1 - level) / 2)) - 1, 0)
    last = min(int(np.searchsorted(before, (1 + level) / 2)) + 1, len(order) - 1)
    return float(errors[order[first]]), float(errors[order[last]])


def fit_repeatability(readings: Sequence[Reading], task: str) -> Repeatability | None:
    """Return how photos of one person agree, pooled over people with two or more; None where too few were read."""
    by_person: dict[tuple[str, str], list[float]] = {}
    for one in readings:
        if task in one.values and not one.changed_ev:
            by_person.setdefault((one.source, one.person), []).append(one.values[task])
    repeated = [values for values in by_person.values() if len(values) > 1]
    photos = sum(len(values) for values in repeated)
    if photos < FEWEST_REPEATS:
        return None
    squares = sum(float(np.square(np.subtract(values, np.mean(values))).sum()) for values in repeated)
    return Repeatability(
        sd=round(float(np.sqrt(squares / (photos - len(repeated)))), 3), people=len(repeated), photos=photos
    )


def write_intervals(folder: Path, made: Sequence[Reading], repeats: Sequence[Reading]) -> list[Path]:
    """Write one JSON a task: belts from photos of known truth, repeatability from real repeats, by condition.

    What cannot be fitted is left as it stood.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for task in TASKS_READ:
        path = folder / f"{task}.json"
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        belts = dict(told.get("belts", {}))
        repeated = dict(told.get("repeatability", {}))
        for condition in sorted({one.condition for one in (*made, *repeats)}):
            belt = _belt_of([one for one in made if one.condition == condition], task)
            if belt is not None:
                belts[condition] = _as_json(belt)
            agreed = fit_repeatability([one for one in repeats if one.condition == condition], task)
            if agreed is not None:
                repeated[condition] = {"sd": agreed.sd, "people": agreed.people, "photos": agreed.photos}
        if belts or repeated:
            said = {"task": task, "belts": belts, "repeatability": repeated}
            path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
            written.append(path)
    return written


def keep_belt(folder: Path, task: str, condition: str, belt: Belt) -> None:
    """Write one belt into the task's file, and leave what else it holds."""
    path = folder / f"{task}.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    belts = dict(told.get("belts", {})) | {condition: _as_json(belt)}
    said = {"task": task, "belts": belts, "repeatability": told.get("repeatability", {})}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _belt_of(readings: Sequence[Reading], task: str) -> Belt | None:
    known = [one for one in readings if task in one.values and task in one.truth]
    scaled = task == "skin_tone" and all(one.tone is not None for one in known)
    if len(known) < FEWEST_PHOTOS:
        return None
    truth = np.array([one.truth[task] for one in known])
    said = np.array([one.tone[0] if scaled and one.tone else one.values[task] for one in known])
    scale = np.array([one.tone[1] for one in known if one.tone]) if scaled else None
    return fit_belt(truth, said, scale, people=[one.person for one in known])


def _as_json(belt: Belt) -> dict[str, Any]:
    return {
        "level": belt.level,
        "people": belt.people,
        "photos": belt.photos,
        "scaled": belt.scaled,
        "truth": list(belt.truth),
        "low": list(belt.low),
        "high": list(belt.high),
    }
