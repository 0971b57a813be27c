"""A scale as a line to draw on: where a value stands, in percent of the line's width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dermis.core import Count, Finding, Map, Measure, Ordinal, Presence, Scale
from dermis.report.words import value_words

__all__ = ["Axis", "Tick", "axis_of"]

INSET = 2.0
"""Percent left free at both ends, so that a marker at the end is drawn whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis and its words; `anchor` keeps the words of the ends inside the drawing."""

    at: str
    words: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A line from `low` to `high`, with marks."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()

    def share(self, value: float) -> float:
        """Return where a value stands, in percent from the left, cut to the line."""
        along = (value - self.low) / (self.high - self.low)
        return INSET + (100 - 2 * INSET) * min(1.0, max(0.0, along))

    def at(self, value: float) -> str:
        """Return `share` as a coordinate of SVG."""
        return f"{self.share(value):.2f}%"

    def length(self, start: float, end: float) -> str:
        """Return the width between two values as a coordinate of SVG, never quite nothing."""
        return f"{max(0.3, self.share(end) - self.share(start)):.2f}%"


def axis_of(scale: Scale, findings: Sequence[Finding] = ()) -> Axis:
    """Return the axis of a scale; a Count reaches as far as its findings."""
    match scale:
        case Presence():
            return _marked(0.0, 1.0, (0.0, 0.5, 1.0), scale)
        case Ordinal():
            return _marked(scale.lowest, scale.highest, _grades(scale), scale)
        case Count():
            top = max([10.0, *(max((f.value, *(f.interval or ()))) for f in findings)])
            return _marked(0.0, top, _round_numbers(0.0, top), scale)
        case Measure() | Map():
            return _marked(scale.low, scale.high, _round_numbers(scale.low, scale.high), scale)


def _marked(low: float, high: float, values: Sequence[float], scale: Scale) -> Axis:
    bare = Axis(low=low, high=high)
    return Axis(low=low, high=high, ticks=tuple(_tick(bare, value, scale) for value in values))


def _tick(axis: Axis, value: float, scale: Scale) -> Tick:
    words = value_words(value, scale)
    if float(value).is_integer() and not isinstance(scale, Presence):
        words = words.replace(".00", "").replace(".0", "")
    share = axis.share(value)
    anchor = "start" if share < 8 else "end" if share > 92 else "middle"
    return Tick(at=axis.at(value), words=words, anchor=anchor)


def _grades(scale: Ordinal) -> list[float]:
    count = math.floor((scale.highest - scale.lowest) / scale.step + 1e-9)
    every = max(1, math.ceil(count / 10))
    return [scale.lowest + scale.step * index for index in range(0, count + 1, every)]


def _round_numbers(low: float, high: float) -> list[float]:
    """Return three to six numbers of one, two or five times a power of ten from `low` to `high`."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * index for index in range(first, last + 1)]
