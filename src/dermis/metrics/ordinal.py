"""Grades: `target` and `predicted` are (n,) of grades; real predictions are put on the scale by `to_grades` first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.metrics.arrays import Floats, columns, pair
from dermis.metrics.error import concordance

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "confusion",
    "off_by_one",
    "quadratic_kappa",
    "specificity",
    "to_grades",
    "youden",
]

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
