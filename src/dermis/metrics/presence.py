"""Yes or no: `outcome` (n,) of 0 and 1, `score` (n,), higher for a surer yes."""

from __future__ import annotations

from numpy.typing import ArrayLike

from dermis.metrics.arrays import columns, ratio
from dermis.metrics.error import ranks

__all__ = ["auroc"]


def auroc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Return the area under the ROC curve in [0, 1]: how often a yes scores above a no, ties counting half.

    NaN where all outcomes are the same. Mann and Whitney's U over the number of pairs.
    """
    outcome, score = columns(outcome=outcome, score=score)
    yes = outcome > 0.5
    hits = int(yes.sum())
    return ratio(float(ranks(score)[yes].sum()) - hits * (hits + 1) / 2, float(hits * (len(yes) - hits)))
