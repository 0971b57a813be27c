"""What many subjects show together. No figure rests on fewer than twenty of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

import numpy as np

__all__ = ["BY", "MINIMUM_GROUP", "Reading", "distribution", "drift"]

MINIMUM_GROUP = 20
"""Subjects that a figure needs; smaller groups are withheld."""
_ROUND_TO = 5
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one subject at one visit, with what groups are made by. tone: the class of the measured ITA."""

    subject: str
    day: date
    value: float | None
    usable: bool
    region: str
    tone: str | None = None
    birth_year: int | None = None
    device: str | None = None


def _age(reading: Reading) -> str | None:
    if reading.birth_year is None:
        return None
    years = (reading.day.year - reading.birth_year) // 10 * 10
    return f"{years}-{years + 9}" if years >= 0 else None


def _season(reading: Reading) -> str:
    """Return the season of the northern hemisphere, by months."""
    return ("winter", "spring", "summer", "autumn")[reading.day.month % 12 // 3]


BY: dict[str, Callable[[Reading], str | None]] = {
    "tone": lambda reading: reading.tone,
    "age": _age,
    "region": lambda reading: reading.region,
    "season": _season,
    "device": lambda reading: reading.device,
}
"""What groups can be made by."""


def distribution(readings: Iterable[Reading], by: str) -> tuple[list[Object], int]:
    """Return the distribution of a value in each group, and how many groups were withheld.

    A subject counts once, with the median of their values. Where a single group is withheld the next smallest is
    too: it could be told from the whole otherwise. Numbers of subjects are rounded down to fives.
    """
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for reading in readings:
        if reading.value is not None:
            groups[BY[by](reading) or "unknown"][reading.subject].append(reading.value)
    shown, withheld = _withheld({name: len(subjects) for name, subjects in groups.items()})
    return [
        {
            "group": name,
            "subjects": len(groups[name]) // _ROUND_TO * _ROUND_TO,
            **_quantiles([median(values) for values in groups[name].values()], (10, 25, 50, 75, 90)),
        }
        for name in sorted(shown)
    ], withheld


def drift(readings: Iterable[Reading]) -> tuple[list[Object], int]:
    """Return how a value and the share of usable photos went, month by month, and how many months were withheld."""
    months: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        months[f"{reading.day:%Y-%m}"].append(reading)
    shown, withheld = _withheld({name: len({reading.subject for reading in of}) for name, of in months.items()})
    return [_month(name, months[name]) for name in sorted(shown)], withheld


def _month(name: str, readings: Sequence[Reading]) -> Object:
    by_subject: dict[str, list[float]] = defaultdict(list)
    for reading in readings:
        if reading.value is not None:
            by_subject[reading.subject].append(reading.value)
    values = [median(of) for of in by_subject.values()] if len(by_subject) >= MINIMUM_GROUP else []
    return {
        "month": name,
        "subjects": len({reading.subject for reading in readings}) // _ROUND_TO * _ROUND_TO,
        "usable_share": round(sum(reading.usable for reading in readings) / len(readings), 2),
        **_quantiles(values, (25, 50, 75)),
    }


def _withheld(sizes: dict[str, int]) -> tuple[list[str], int]:
    small = [name for name, size in sizes.items() if size < MINIMUM_GROUP]
    large = sorted((name for name in sizes if name not in small), key=lambda name: (sizes[name], name))
    if len(small) == 1:
        large = large[1:]
    return large, len(sizes) - len(large)


def _quantiles(values: Sequence[float], percents: Sequence[int]) -> Object:
    if not values:
        return {("median" if percent == 50 else f"p{percent}"): None for percent in percents}
    found = np.percentile(values, percents)
    return {
        ("median" if percent == 50 else f"p{percent}"): round(float(value), 3)
        for percent, value in zip(percents, found, strict=True)
    }
