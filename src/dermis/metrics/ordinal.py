"""Agreement of grades, errors of numbers, and yes or no: figures of true and predicted values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.metrics.arrays import Floats, columns, pair, ratio

__all__ = [
    "accuracy",
    "auroc",
    "balanced_accuracy",
    "bias",
    "concordance",
    "confusion",
    "f1",
    "mae",
    "median_absolute_error",
    "off_by_one",
    "pearson",
    "quadratic_kappa",
    "rmse",
    "spearman",
    "specificity",
    "to_grades",
    "within",
    "youden",
]


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


quadratic_kappa = concordance
"""Cohen's kappa with quadratic weights in [-1, 1]; on grades it is Lin's concordance, term by term."""


def to_grades(values: ArrayLike, grades: ArrayLike) -> Floats:
    """Return the nearest of `grades` (k,), increasing, to each value; the upper one where two are as near."""
    values, grades = np.asarray(values, dtype=np.float64), np.asarray(grades, dtype=np.float64)
    if grades.ndim != 1 or not grades.size or np.any(np.diff(grades) <= 0):
        raise ValueError("grades takes (k,) in increasing order.")
    limits = (grades[1:] + grades[:-1]) / 2
    nearest: Floats = grades[np.searchsorted(limits, values, side="right")]
    return nearest


def confusion(target: ArrayLike, predicted: ArrayLike, grades: ArrayLike) -> NDArray[np.int64]:
    """Return how often each grade (row) was called each grade (column), (k, k); ValueError for one not in `grades`."""
    target, predicted = pair(target, predicted)
    (grades,) = columns(grades=grades)
    order = np.argsort(grades)
    places = []
    for name, values in (("target", target), ("predicted", predicted)):
        found = order[np.searchsorted(grades, values, sorter=order).clip(0, len(grades) - 1)]
        if not np.array_equal(grades[found], values):
            raise ValueError(f"{name} holds {values[grades[found] != values][0]}, which is none of the grades.")
        places.append(found)
    counts = np.zeros((len(grades), len(grades)), np.int64)
    np.add.at(counts, (places[0], places[1]), 1)
    return counts


def accuracy(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of right grades."""
    target, predicted = pair(target, predicted)
    return float((target == predicted).mean())


def off_by_one(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of grades that are right or next to it: at most 1 off on a scale in whole steps."""
    target, predicted = pair(target, predicted)
    return float((np.abs(target - predicted) <= 1 + 1e-9).mean())


def balanced_accuracy(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean over the grades of the target of the share called right (macro sensitivity, macro recall)."""
    target, predicted = pair(target, predicted)
    return float(np.mean([(predicted[target == grade] == grade).mean() for grade in np.unique(target)]))


def specificity(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean over the grades of the target of the share of the others not called so (macro specificity).

    NaN where the target is one grade only: then there are no others.
    """
    target, predicted = pair(target, predicted)
    grades = np.unique(target)
    if len(grades) < 2:
        return float("nan")
    return float(np.mean([(predicted[target != grade] != grade).mean() for grade in grades]))


def youden(target: ArrayLike, predicted: ArrayLike) -> float:
    """Return Youden's index, macro sensitivity + macro specificity - 1, in [-1, 1]; chance is 0."""
    return balanced_accuracy(target, predicted) + specificity(target, predicted) - 1


def auroc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Return the area under the ROC curve in [0, 1]: how often a yes scores above a no, ties counting half.

    NaN where all outcomes are the same. Mann and Whitney's U over the number of pairs.
    """
    outcome, score = columns(outcome=outcome, score=score)
    yes = outcome > 0.5
    hits = int(yes.sum())
    return ratio(float(ranks(score)[yes].sum()) - hits * (hits + 1) / 2, float(hits * (len(yes) - hits)))


def f1(outcome: ArrayLike, score: ArrayLike) -> float:
    """Return the harmonic mean of precision and recall in [0, 1], a score over 0.5 being a yes.

    NaN where there is no yes, neither in `outcome` nor in `score`. van Rijsbergen 1979, with beta = 1.
    """
    outcome, score = columns(outcome=outcome, score=score)
    yes, said = outcome > 0.5, score > 0.5
    return ratio(2.0 * float((yes & said).sum()), float(yes.sum() + said.sum()))
