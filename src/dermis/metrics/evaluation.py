"""From answers to judgements: the figures of a question with their intervals, overall and for each kind of sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.metrics.bootstrap import Interval, bootstrap, bootstrap_all
from dermis.metrics.figures import FIGURES, LEADING, Answers, Kind, figure_names

__all__ = [
    "FEWEST_GROUPS",
    "Draws",
    "Evaluation",
    "Judgement",
    "Slice",
    "figures_of",
    "gain_of",
    "slices_of",
]

FEWEST_GROUPS = 5
"""A kind of sample with fewer groups (subjects) is reported, not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
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


def figures_of(
    answers: Answers, groups: NDArray[Any], draws: Draws | None = None, *, names: Sequence[str] = ()
) -> dict[str, Interval]:
    """Return figures of the answers' kind with their intervals over `groups` (n,); those not defined are NaN.

    names: which; nothing named: all there are. Without `draws` there are no intervals. ValueError for no answers.
    """
    figures = FIGURES[answers.kind]
    names = [name for name in figure_names(answers) if not names or name in names]

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
    draws: Draws | None = None,
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
        figures = figures_of(answers.at(places), groups[places], draws if judged else None, names=LEADING[answers.kind])
        found.append(Slice(value=value, samples=len(places), groups=count, judged=judged, figures=figures))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
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
    def kind(self) -> Kind:
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

    judgements: tuple[Judgement, ...]
    part: str
    level: float
    draws: Draws
    facts: Mapping[str, str]
    baselines: Mapping[str, str]
    seen: Mapping[str, tuple[int, int]]
    leaks: tuple[str, ...] = ()


def gain_of(better: Answers, worse: Answers, groups: NDArray[Any], draws: Draws, *, name: str = "") -> Interval:
    """Return how much better one answerer is than another by a figure, positive where it is, on paired draws.

    name: of the figure; "" for the leading one. Both have answered the same samples, of `groups` (n,).
    """
    figure = FIGURES[better.kind][name or LEADING[better.kind][0]]
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
