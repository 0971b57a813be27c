"""Two answerers on the same samples: who wins, by how much, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.metrics.arrays import Floats
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.evaluation import Draws
from dermis.metrics.figures import FIGURES, Answers, Kind, figure_names

__all__ = ["Bout", "Comparison", "Contest", "bouts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """One figure of both, and how much better the second is, on paired draws; None where no side is better.

    winner: "first", "second", or "" where the interval of the gain holds 0.
    """

    first: Interval
    second: Interval
    gain: Interval | None
    winner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Two runs on one question, on the samples `keys` that both judged.

    gains: (n,), how much nearer the second is to what is right, in the unit of the errors. A sample whose gain is at
    most `tolerance` is a tie. bouts by figure. left_out: samples that one run judged and the other was taught with.
    """

    question: str
    kind: Kind
    unit: str
    first: str
    second: str
    keys: tuple[str, ...]
    groups: NDArray[Any]
    errors: tuple[Floats, Floats]
    tolerance: float
    bouts: Mapping[str, Bout]
    left_out: int = 0

    @property
    def gains(self) -> Floats:
        """How much nearer the second is, (n,)."""
        return self.errors[0] - self.errors[1]

    @property
    def wins(self) -> tuple[int, int, int]:
        """On how many samples the first is nearer, none is, the second is."""
        gains = self.gains
        first, second = int((gains < -self.tolerance).sum()), int((gains > self.tolerance).sum())
        return first, len(gains) - first - second, second

    def biggest(self, count: int = 6) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the places of the largest gains and of the largest losses, at most so many each, ties left out."""
        gains = self.gains
        order = np.argsort(-gains, kind="stable").tolist()
        up = tuple(place for place in order[:count] if gains[place] > self.tolerance)
        down = tuple(place for place in order[::-1][:count] if gains[place] < -self.tolerance)
        return up, down


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The contests of the first run with each of the others. facts: what is known of each run, by its name."""

    contests: tuple[Contest, ...]
    draws: Draws
    facts: Mapping[str, Mapping[str, str]]


def bouts_of(first: Answers, second: Answers, groups: NDArray[Any], draws: Draws) -> dict[str, Bout]:
    """Return by name each figure that both have, with who wins it on paired draws over `groups` (n,)."""
    kind = first.kind
    names = [name for name in figure_names(first) if name in figure_names(second)]
    figures = [FIGURES[kind][name] for name in names]

    def values(places: NDArray[np.int64]) -> list[float]:
        one, other = first.at(places), second.at(places)
        pairs = [(figure.function(one), figure.function(other)) for figure in figures]
        gains = [
            (b - a) * (1.0 if figure.higher_is_better else -1.0) for figure, (a, b) in zip(figures, pairs, strict=True)
        ]
        return [value for (a, b), gain in zip(pairs, gains, strict=True) for value in (a, b, gain)]

    found = bootstrap_all(values, groups, level=draws.level, resamples=draws.resamples, seed=draws.seed)
    bouts = {}
    for place, (name, figure) in enumerate(zip(names, figures, strict=True)):
        one, other, gain = found[3 * place : 3 * place + 3]
        judged = figure.higher_is_better is not None
        winner = "second" if gain.low > 0 else "first" if gain.high < 0 else ""
        bouts[name] = Bout(first=one, second=other, gain=gain if judged else None, winner=winner if judged else "")
    return bouts
