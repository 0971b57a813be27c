"""Fitting `tasks/data/intervals`: confidence belts on photos whose truth is known, repeatability on real repeats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dermis.formats.files import write_text
from dermis.lab.belts import belt_object, fit_belt
from dermis.lab.evaluate.readings import TASKS_READ, Reading
from dermis.tasks.intervals import Belt, Repeatability

__all__ = ["fit_repeatability", "write_intervals"]

FEWEST_PHOTOS, FEWEST_REPEATS = 60, 20


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
                belts[condition] = belt_object(belt)
            agreed = fit_repeatability([one for one in repeats if one.condition == condition], task)
            if agreed is not None:
                repeated[condition] = {"sd": agreed.sd, "people": agreed.people, "photos": agreed.photos}
        if belts or repeated:
            said = {"task": task, "belts": belts, "repeatability": repeated}
            write_text(path, json.dumps(said, indent=1) + "\n")
            written.append(path)
    return written


def _belt_of(readings: Sequence[Reading], task: str) -> Belt | None:
    known = [one for one in readings if task in one.values and task in one.truth]
    scaled = task == "skin_tone" and all(one.tone is not None for one in known)
    if len(known) < FEWEST_PHOTOS:
        return None
    truth = np.array([one.truth[task] for one in known])
    said = np.array([one.tone[0] if scaled and one.tone else one.values[task] for one in known])
    scale = np.array([one.tone[1] for one in known if one.tone]) if scaled else None
    return fit_belt(truth, said, scale, people=[one.person for one in known])
