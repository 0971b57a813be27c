"""Figures as pure functions on arrays; this table is all there is to register for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numpy.typing import ArrayLike

from dermis.metrics import ordinal

__all__ = ["METRICS", "Metric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of what is true and what was said, (n,) each.

    higher_is_better: None where neither is. unit: "target" for the unit of the target, "share" for a part of 1, "" for
    a bare number.
    """

    function: Callable[[ArrayLike, ArrayLike], float]
    higher_is_better: bool | None
    unit: str


METRICS: Mapping[str, Metric] = {
    "mae": Metric(function=ordinal.mae, higher_is_better=False, unit="target"),
    "median_absolute_error": Metric(function=ordinal.median_absolute_error, higher_is_better=False, unit="target"),
    "rmse": Metric(function=ordinal.rmse, higher_is_better=False, unit="target"),
    "bias": Metric(function=ordinal.bias, higher_is_better=None, unit="target"),
    "pearson": Metric(function=ordinal.pearson, higher_is_better=True, unit=""),
    "spearman": Metric(function=ordinal.spearman, higher_is_better=True, unit=""),
    "concordance": Metric(function=ordinal.concordance, higher_is_better=True, unit=""),
    "quadratic_kappa": Metric(function=ordinal.quadratic_kappa, higher_is_better=True, unit=""),
    "accuracy": Metric(function=ordinal.accuracy, higher_is_better=True, unit="share"),
    "balanced_accuracy": Metric(function=ordinal.balanced_accuracy, higher_is_better=True, unit="share"),
    "off_by_one": Metric(function=ordinal.off_by_one, higher_is_better=True, unit="share"),
    "specificity": Metric(function=ordinal.specificity, higher_is_better=True, unit="share"),
    "youden": Metric(function=ordinal.youden, higher_is_better=True, unit=""),
}
"""Every figure by its name. What takes more than two arrays (overlap, detection, agreement, calibration) stands in its
own file; the colour difference in `dermis.colour`."""
