"""Yes or no: `outcome` (n,) of 0 and 1, `score` (n,), higher for a surer yes."""

from __future__ import annotations

from numpy.typing import ArrayLike

from dermis.metrics.arrays import columns, ratio
from dermis.metrics.error import ranks

__all__ = ["auroc", "f1"]


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
