"""How far real numbers are off: `target` and `predicted` are (n,) in the same unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dermis.metrics.arrays import Floats, pair, ratio

__all__ = ["bias", "concordance", "mae", "median_absolute_error", "pearson", "rmse", "spearman", "within"]


def mae(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of the target."""
    target, predicted = pair(target, predicted)
    return float(np.abs(predicted - target).mean())


def median_absolute_error(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the median absolute error, in the unit of the target."""
    target, predicted = pair(target, predicted)
    return float(np.median(np.abs(predicted - target)))


def rmse(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the root of the mean squared error, in the unit of the target."""
    target, predicted = pair(target, predicted)
    return float(np.sqrt(np.square(predicted - target).mean()))


def bias(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean error, predicted - target; 0 is best, so neither more nor less is better."""
    target, predicted = pair(target, predicted)
    return float((predicted - target).mean())


def within(target: ArrayLike, predicted: ArrayLike, *, distance: float) -> float:
    """Return the share of predictions at most `distance` from the target."""
    target, predicted = pair(target, predicted)
    room = 1e-9 * (1 + np.abs(target))  # so that 0.3 - 0.1 is 0.2 away
    return float((np.abs(predicted - target) <= distance + room).mean())


def pearson(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return Pearson's correlation in [-1, 1]; NaN where one side is constant."""
    target, predicted = pair(target, predicted)
    return _correlation(target, predicted)


def spearman(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return Spearman's rank correlation in [-1, 1], ties sharing their rank; NaN where one side is constant."""
    target, predicted = pair(target, predicted)
    return _correlation(ranks(target), ranks(predicted))


def concordance(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return Lin's concordance correlation in [-1, 1]; NaN where both sides are one and the same constant.

    1 - E(a-b)² / E(a-b')², where b' comes from another sample: on grades this is Cohen's kappa with quadratic
    weights. Lin, Biometrics 45 (1989) 255-268, with variances over n.
    """
    target, predicted = pair(target, predicted)
    if np.ptp(target) == 0 and np.ptp(predicted) == 0 and target[0] == predicted[0]:
        return float("nan")
    by_chance = target.var() + predicted.var() + (target.mean() - predicted.mean()) ** 2
    return 1 - ratio(float(np.square(predicted - target).mean()), float(by_chance))


def ranks(values: Floats) -> Floats:
    """Return the rank of each value from 1; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Floats = (last - (counts - 1) / 2)[which]
    return middle


def _correlation(one: Floats, other: Floats) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    one, other = one - one.mean(), other - other.mean()
    return float(np.clip(ratio(float(one @ other), float(np.sqrt((one @ one) * (other @ other)))), -1, 1))
