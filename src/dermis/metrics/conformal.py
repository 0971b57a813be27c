"""Intervals that keep their word: how large errors were on data that taught nothing, and so will be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from dermis.metrics.arrays import Floats, columns

__all__ = ["conformal_levels", "conformal_quantile", "conformal_quantiles"]


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
