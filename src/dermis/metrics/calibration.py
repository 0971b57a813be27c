"""Calibration of probabilities, and conformal intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.metrics.arrays import Floats, columns

__all__ = [
    "Reliability",
    "brier",
    "calibration_error",
    "conformal_levels",
    "conformal_quantile",
    "conformal_quantiles",
    "coverage",
    "interval_score",
    "reliability",
    "width",
]


def coverage(target: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the share of targets inside their interval, ends included."""
    target, low, high = columns(target=target, low=low, high=high)
    return float(((low <= target) & (target <= high)).mean())


def width(low: ArrayLike, high: ArrayLike) -> float:
    """Return the mean width of intervals, in the unit of the target."""
    low, high = columns(low=low, high=high)
    return float((high - low).mean())


def interval_score(target: ArrayLike, low: ArrayLike, high: ArrayLike, *, level: float) -> float:
    """Return the mean interval score, in the unit of the target; smaller is better.

    The width, and 2 / (1 - level) times the distance of a target outside: neither wide nor bold intervals win.
    Gneiting and Raftery, J. Am. Stat. Assoc. 102 (2007) 359-378.
    """
    target, low, high = columns(target=target, low=low, high=high)
    outside = np.clip(low - target, 0, None) + np.clip(target - high, 0, None)
    return float((high - low + 2 / (1 - level) * outside).mean())


def brier(shares: ArrayLike, outcome: ArrayLike) -> float:
    """Return the Brier score; smaller is better.

    shares: (n,) probabilities of yes with outcome (n,) of 0 and 1, mean squared difference in [0, 1]; or (n, k)
    probabilities of k classes with outcome (n,) of class places, summed over classes, in [0, 2].
    Brier, Mon. Weather Rev. 78 (1950) 1-3.
    """
    shares, outcome = np.asarray(shares, np.float64), np.asarray(outcome)
    if shares.ndim == 2:
        truth = np.eye(shares.shape[1])[outcome.astype(np.int64)]
        return float(np.square(shares - truth).sum(axis=1).mean())
    probability, happened = columns(shares=shares, outcome=outcome)
    return float(np.square(probability - happened).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Probabilities in bins, empty ones left out: mean probability, share that came true, number of samples."""

    probability: Floats
    share: Floats
    count: NDArray[np.int64]


def reliability(probability: ArrayLike, outcome: ArrayLike, *, bins: int = 10) -> Reliability:
    """Return how often what was said with some probability came true, in bins of equal width over [0, 1].

    outcome: (n,) of 0 and 1. For classes pass the largest share and whether that class was right.
    """
    probability, outcome = columns(probability=probability, outcome=outcome)
    if probability.min() < 0 or probability.max() > 1:
        raise ValueError("A probability lies in [0, 1].")
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    some = count > 0
    sums = [np.bincount(place, weights=values, minlength=bins)[some] for values in (probability, outcome)]
    return Reliability(probability=sums[0] / count[some], share=sums[1] / count[some], count=count[some])


def calibration_error(probability: ArrayLike, outcome: ArrayLike, *, bins: int = 10) -> float:
    """Return the expected calibration error in [0, 1], over bins of equal width.

    It falls with fewer bins and never is 0 by chance: compare equal numbers of samples. Naeini et al., AAAI 2015.
    """
    found = reliability(probability, outcome, bins=bins)
    return float(np.average(np.abs(found.share - found.probability), weights=found.count))


def conformal_quantile(scores: ArrayLike, level: float, *, groups: ArrayLike | None = None) -> float:
    """Return the score that a new sample stays at or under with probability `level` at least; infinite for too few.

    scores: (n,) such as absolute errors, on data that took no part in learning. groups: (n,) such as subjects; the new
    sample then comes from a new group, groups count alike, and a level needs level / (1 - level) of them. Without
    groups each sample is its own. Exact for exchangeable samples (Vovk et al. 2005) or groups (Lee, Barber and
    Willett, arXiv 2306.06342): weight 1 / ((groups + 1) size) each, and 1 / (groups + 1) for the one to come.
    """
    if not 0 < level < 1:
        raise ValueError(f"level lies between 0 and 1, got {level}.")
    ordered, reached = _reached(scores, groups)
    enough = reached >= level - 1e-9
    return float(ordered[np.argmax(enough)]) if enough.any() else float("inf")


def conformal_levels(scores: ArrayLike, asked: ArrayLike, *, groups: ArrayLike | None = None) -> Floats:
    """Return for each of `asked` (m,) the level from which on `conformal_quantile` of `scores` reaches it, (m,).

    Of exchangeable scores these levels are spread evenly over [0, 1]: the share of them under a level is the coverage.
    """
    ordered, reached = _reached(scores, groups)
    (asked,) = columns(asked=asked)
    return np.concatenate([[0.0], reached])[np.searchsorted(ordered, asked, side="left")]


def conformal_quantiles(
    scores: ArrayLike, level: float, *, strata: ArrayLike, groups: ArrayLike | None = None
) -> Mapping[str, float]:
    """Return `conformal_quantile` for each stratum by its name, so that the level holds in each of them."""
    (scores,) = columns(scores=scores)
    strata = np.asarray(strata).astype(str)
    held = None if groups is None else np.asarray(groups)
    return {
        str(name): conformal_quantile(
            scores[strata == name], level, groups=None if held is None else held[strata == name]
        )
        for name in np.unique(strata)
    }


def _reached(scores: ArrayLike, groups: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return scores in order, and the level that each of them reaches."""
    (scores,) = columns(scores=scores)
    which = np.arange(len(scores)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if which.shape != scores.shape:
        raise ValueError(f"groups {which.shape} is not as long as scores {scores.shape}.")
    sizes = np.bincount(which)
    order = np.argsort(scores, kind="stable")
    return scores[order], np.cumsum(1 / sizes[which[order]]) / (len(sizes) + 1)
