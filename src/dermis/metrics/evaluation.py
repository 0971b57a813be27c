"""Figures of predictions with intervals, and paired comparisons of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.metrics.arrays import Floats
from dermis.metrics.bootstrap import Interval, bootstrap, bootstrap_all
from dermis.metrics.registry import EVALUATION_METRICS, LEADING, Answers, MetricKind, metric_names

__all__ = [
    "FEWEST_GROUPS",
    "BootstrapConfig",
    "Comparison",
    "Evaluation",
    "PairedComparison",
    "PairedTest",
    "Slice",
    "SubgroupResult",
    "gain_of",
    "metrics_of",
    "paired_tests_of",
    "slices_of",
]

FEWEST_GROUPS = 5
"""A kind of sample with fewer groups (subjects) is reported, not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapConfig:
    """How intervals are drawn."""

    level: float = 0.95
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The samples that share a trait's value: how many, of how many groups, and their figures.

    judged: False where the groups are fewer than FEWEST_GROUPS; the figures then have no interval.
    """

    value: str
    samples: int
    groups: int
    judged: bool
    figures: Mapping[str, Interval]


def metrics_of(
    answers: Answers, groups: NDArray[Any], draws: BootstrapConfig | None = None, *, names: Sequence[str] = ()
) -> dict[str, Interval]:
    """Return figures of the answers' kind with their intervals over `groups` (n,); those not defined are NaN.

    names: which; nothing named: all there are. Without `draws` there are no intervals. ValueError for no answers.
    """
    figures = EVALUATION_METRICS[answers.kind]
    names = [name for name in metric_names(answers) if not names or name in names]

    def values(places: NDArray[np.int64]) -> list[float]:
        here = answers.at(places)
        return [figures[name].function(here) for name in names]

    if draws is not None:
        found = bootstrap_all(values, groups, level=draws.level, resamples=draws.resamples, seed=draws.seed)
        return dict(zip(names, found, strict=True))
    nan, there = float("nan"), len(np.unique(groups))
    bare = values(np.arange(len(answers)))
    return {
        name: Interval(value=value, low=nan, high=nan, level=nan, groups=there)
        for name, value in zip(names, bare, strict=True)
    }


def slices_of(
    answers: Answers,
    groups: NDArray[Any],
    values: NDArray[Any],
    draws: BootstrapConfig | None = None,
    *,
    order: Sequence[str] = (),
) -> tuple[Slice, ...]:
    """Return the leading figures for the samples of each of `values` (n,), text; in `order` where it is given."""
    there = set(values.tolist())
    found = []
    for value in [one for one in order if one in there] or sorted(there):
        places = np.flatnonzero(values == value)
        count = len(np.unique(groups[places]))
        judged = count >= FEWEST_GROUPS
        figures = metrics_of(answers.at(places), groups[places], draws if judged else None, names=LEADING[answers.kind])
        found.append(Slice(value=value, samples=len(places), groups=count, judged=judged, figures=figures))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupResult:
    """All that is known of how well one question was answered.

    answers and figures by answerer, "model" first, then the trivial baselines, all about the samples `keys`. gains: for
    each baseline how much better the model is by the leading figure, positive where it is, on paired draws. slices by
    trait.
    """

    question: str
    unit: str
    keys: tuple[str, ...]
    groups: NDArray[Any]
    answers: Mapping[str, Answers]
    figures: Mapping[str, Mapping[str, Interval]]
    gains: Mapping[str, Interval]
    slices: Mapping[str, tuple[Slice, ...]]

    @property
    def kind(self) -> MetricKind:
        """What was asked for."""
        return self.answers["model"].kind

    @property
    def leading(self) -> str:
        """The name of the figure that counts first."""
        return LEADING[self.kind][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The judgements on all questions of a run.

    part: which samples were judged. level: of the intervals of single answers; `draws` made those of the figures.
    facts: what was evaluated (run, recipe, seed, data and its fingerprint, versions), by name. baselines: what each
    trivial baseline says, by name. seen: by trait how many values the judged samples have, and how many of these the
    model was taught with. leaks: in words, what the split parted though it belongs together.
    """

    judgements: tuple[SubgroupResult, ...]
    part: str
    level: float
    draws: BootstrapConfig
    facts: Mapping[str, str]
    baselines: Mapping[str, str]
    seen: Mapping[str, tuple[int, int]]
    leaks: tuple[str, ...] = ()


def gain_of(
    better: Answers, worse: Answers, groups: NDArray[Any], draws: BootstrapConfig, *, name: str = ""
) -> Interval:
    """Return how much better one answerer is than another by a figure, positive where it is, on paired draws.

    name: of the figure; "" for the leading one. Both have answered the same samples, of `groups` (n,).
    """
    figure = EVALUATION_METRICS[better.kind][name or LEADING[better.kind][0]]
    if figure.higher_is_better is None:
        raise ValueError(f"{figure.title} has no better and no worse.")
    sign = 1.0 if figure.higher_is_better else -1.0
    return bootstrap(
        lambda places: sign * (figure.function(better.at(places)) - figure.function(worse.at(places))),
        groups,
        level=draws.level,
        resamples=draws.resamples,
        seed=draws.seed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """One figure of both, and how much better the second is, on paired draws; None where no side is better.

    winner: "first", "second", or "" where the interval of the gain holds 0.
    """

    first: Interval
    second: Interval
    gain: Interval | None
    winner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedComparison:
    """Two runs on one question, on the samples `keys` that both judged.

    gains: (n,), how much nearer the second is to what is right, in the unit of the errors. A sample whose gain is at
    most `tolerance` is a tie. bouts by figure. excluded: samples that one run judged and the other was taught with.
    """

    question: str
    kind: MetricKind
    unit: str
    first: str
    second: str
    keys: tuple[str, ...]
    groups: NDArray[Any]
    errors: tuple[Floats, Floats]
    tolerance: float
    bouts: Mapping[str, PairedTest]
    excluded: int = 0

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

    contests: tuple[PairedComparison, ...]
    draws: BootstrapConfig
    facts: Mapping[str, Mapping[str, str]]


def paired_tests_of(
    first: Answers, second: Answers, groups: NDArray[Any], draws: BootstrapConfig
) -> dict[str, PairedTest]:
    """Return by name each figure that both have, with who wins it on paired draws over `groups` (n,)."""
    kind = first.kind
    names = [name for name in metric_names(first) if name in metric_names(second)]
    figures = [EVALUATION_METRICS[kind][name] for name in names]

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
        bouts[name] = PairedTest(
            first=one, second=other, gain=gain if judged else None, winner=winner if judged else ""
        )
    return bouts
