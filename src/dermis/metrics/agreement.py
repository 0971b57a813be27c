"""Do graders agree? `ratings` is (subjects, raters); none of these needs as many raters as there are grades."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from dermis.metrics.arrays import Floats, pair, ratio, table
from dermis.metrics.ordinal import ranks

__all__ = ["cohen_kappa", "fleiss_kappa", "icc", "kendall_w", "krippendorff_alpha"]

Weights = Literal["none", "linear", "quadratic"]
Form = Literal["1", "2,1", "3,1", "1,k", "2,k", "3,k"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]


def cohen_kappa(first: ArrayLike, second: ArrayLike, *, weights: Weights = "none") -> float:
    """Return Cohen's kappa of two graders in [-1, 1]; NaN where both say one and the same grade throughout.

    1 - observed / expected disagreement, which is 1 for different grades ("none"), the distance of the two grades
    ("linear"), or its square ("quadratic"). Distances are those of the values, so grades that nobody gave change
    nothing. Cohen, Educ. Psychol. Meas. 20 (1960) 37-46 and Psychol. Bull. 70 (1968) 213-220.
    """
    first, second = pair(first, second)
    grades, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    apart = _distance(grades, weights)
    here, there = places[: len(first)], places[len(first) :]
    shares = [np.bincount(one, minlength=len(grades)) / len(first) for one in (here, there)]
    return 1 - ratio(float(apart[here, there].mean()), float(shares[0] @ apart @ shares[1]))


def fleiss_kappa(ratings: ArrayLike) -> float:
    """Return Fleiss' kappa for names without order; NaN where only one of them was ever given.

    ratings: equally many a subject, not always by the same raters; NaN where a rater did not see one. ValueError
    where their number differs: then `krippendorff_alpha` answers. Fleiss, Psychol. Bull. 76 (1971) 378-382.
    """
    ratings = table(ratings, complete=False)
    counts = _counts(ratings)
    raters = counts.sum(axis=1)
    if np.ptp(raters) or raters[0] < 2:
        raise ValueError("Fleiss' kappa takes equally many ratings a subject, two or more; krippendorff_alpha any.")
    observed = ((counts**2).sum(axis=1) - raters) / (raters * (raters - 1))
    expected = float(np.square(counts.sum(axis=0) / counts.sum()).sum())
    return ratio(float(observed.mean()) - expected, 1 - expected)


def icc(ratings: ArrayLike, form: Form = "2,1") -> float:
    """Return an intraclass correlation of Shrout and Fleiss, at most 1.

    Negative where raters differ more than subjects. form: "1" other raters for each subject; "2,1" a random draw of
    raters, whose levels count; "3,1" these raters only, whose levels do not count. "1,k", "2,k", "3,k": of the mean of
    all raters instead of one. NaN where nothing varies. Needs complete ratings of two subjects or more.
    Psychol. Bull. 86 (1979) 420-428.
    """
    ratings = table(ratings)
    subjects, raters = ratings.shape
    if subjects < 2:
        raise ValueError("An intraclass correlation takes two subjects or more.")
    between, levels, rest, within = _mean_squares(ratings)
    match form:
        case "1":
            return ratio(between - within, between + (raters - 1) * within)
        case "1,k":
            return ratio(between - within, between)
        case "2,1":
            return ratio(between - rest, between + (raters - 1) * rest + raters * (levels - rest) / subjects)
        case "2,k":
            return ratio(between - rest, between + (levels - rest) / subjects)
        case "3,1":
            return ratio(between - rest, between + (raters - 1) * rest)
        case "3,k":
            return ratio(between - rest, between)


def kendall_w(ratings: ArrayLike) -> float:
    """Return Kendall's coefficient of concordance in [0, 1], corrected for ties; NaN where no rater orders anything.

    Needs complete ratings of two subjects or more. Kendall and Babington Smith, Ann. Math. Stat. 10 (1939) 275-287.
    """
    ratings = table(ratings)
    subjects, raters = ratings.shape
    ranked = np.stack([ranks(column) for column in ratings.T], axis=1)
    spread = float(np.square(ranked.sum(axis=1) - raters * (subjects + 1) / 2).sum())
    ties = sum(float((counts**3 - counts).sum()) for counts in map(_sizes, ratings.T))
    return ratio(12 * spread, float(raters**2 * (subjects**3 - subjects) - raters * ties))


def krippendorff_alpha(ratings: ArrayLike, level: Level = "ordinal") -> float:
    """Return Krippendorff's alpha; 1 agreement, 0 chance; NaN where nothing varies or no subject has two ratings.

    ratings: NaN where a rater did not see a subject. level: what differences mean; "ratio" takes values >= 0.
    Krippendorff, Content Analysis (2004), chapter 11.
    """
    ratings = table(ratings, complete=False)
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = _counts(ratings)
    counts = counts[counts.sum(axis=1) >= 2]
    raters = counts.sum(axis=1, keepdims=True)
    total = counts.sum(axis=0)
    pairs = total.sum()
    if pairs == 0:
        return float("nan")
    together = (counts / (raters - 1)).T @ counts
    together -= np.diag((counts / (raters - 1)).sum(axis=0))
    apart = _difference(values, total, level)
    return 1 - ratio(float((together * apart).sum()) * (pairs - 1), float(total @ apart @ total))


def _distance(grades: Floats, weights: Weights) -> Floats:
    apart = np.abs(grades[:, None] - grades[None, :])
    match weights:
        case "none":
            return (apart > 0).astype(np.float64)
        case "linear":
            return apart
        case "quadratic":
            return apart**2


def _difference(values: Floats, counts: Floats, level: Level) -> Floats:
    """Return Krippendorff's squared differences between values, (k, k)."""
    match level:
        case "nominal":
            return _distance(values, "none")
        case "interval":
            return _distance(values, "quadratic")
        case "ordinal":
            middle = np.cumsum(counts) - counts / 2
            return _distance(middle, "quadratic")
        case "ratio":
            if values[0] < 0:
                raise ValueError("A ratio scale has no negative values.")
            both = values[:, None] + values[None, :]
            shares: Floats = np.divide(values[:, None] - values, both, out=np.zeros_like(both), where=both > 0)
            return shares**2


def _counts(ratings: Floats) -> Floats:
    """Return how many raters gave each subject each value, (subjects, values)."""
    values = np.unique(ratings[~np.isnan(ratings)])
    counts: Floats = (ratings[:, :, None] == values).sum(axis=1).astype(np.float64)
    return counts


def _sizes(column: Floats) -> Floats:
    return np.unique(column, return_counts=True)[1].astype(np.float64)


def _mean_squares(ratings: Floats) -> tuple[float, float, float, float]:
    """Return the mean squares between subjects, between raters, of the rest, and within subjects."""
    subjects, raters = ratings.shape
    grand = ratings.mean()
    by_subject = ratings.mean(axis=1, keepdims=True)
    by_rater = ratings.mean(axis=0, keepdims=True)
    between = raters * np.square(by_subject - grand).sum() / (subjects - 1)
    levels = subjects * np.square(by_rater - grand).sum() / (raters - 1)
    rest = np.square(ratings - by_subject - by_rater + grand).sum() / ((subjects - 1) * (raters - 1))
    within = np.square(ratings - by_subject).sum() / (subjects * (raters - 1))
    return float(between), float(levels), float(rest), float(within)
