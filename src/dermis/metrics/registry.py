"""The figures of each kind of question: from what was asked and answered to numbers that say how good it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dermis.metrics import METRICS
from dermis.metrics.arrays import Floats
from dermis.metrics.calibration import brier, calibration_error
from dermis.metrics.ordinal import auroc, f1, to_grades
from dermis.metrics.spectral import SpectralScores

__all__ = ["EVALUATION_METRICS", "LEADING", "Answers", "EvaluationMetric", "MetricKind", "metric_names"]

MetricKind = Literal["measure", "colour", "ordinal", "count", "presence", "classes", "spectrum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was asked about n samples, and what one answerer said; optional arrays are None where there is nothing.

    target, predicted: (n, k); k is 3 for a colour (L*, a*, b*), 1 for the rest but `classes`, where they hold the
    pixels that both, and that any, call each of k classes, and `spectrum`, where they hold the pixels judged (n, 1) and
    the fields of `SpectralScores` (n, 5). errors: (n,), absolute or ΔE00, the share of pixels wrong, the angle.
    grades: (g,) of an ordinal scale. shares: (n, g), the probability of each grade. covered: (n,) 0 or 1, whether the
    interval holds the target; width: (n,) of the interval, for a colour the radius; level: (n,) from which on it would.
    """

    kind: MetricKind
    target: Floats
    predicted: Floats
    errors: Floats
    grades: Floats | None = None
    shares: Floats | None = None
    covered: Floats | None = None
    width: Floats | None = None
    level: Floats | None = None

    def __len__(self) -> int:
        return len(self.errors)

    def at(self, places: NDArray[Any]) -> Answers:
        """Return the answers about some samples."""
        cut = {
            one.name: held[places]
            for one in fields(self)
            if one.name not in ("kind", "grades") and (held := getattr(self, one.name)) is not None
        }
        return replace(self, **cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMetric:
    """A number that says how good answers are; `higher_is_better` and `unit` as in `Metric`. title: in words."""

    title: str
    function: Callable[[Answers], float]
    higher_is_better: bool | None
    unit: str


def metric_names(answers: Answers) -> list[str]:
    """Return the names of the figures that these answers have all they need for."""
    return [name for name in EVALUATION_METRICS[answers.kind] if _has(answers, name)]


def _has(answers: Answers, name: str) -> bool:
    """Return whether the answers say what a figure needs."""
    if name in ("coverage", "width"):
        return answers.covered is not None
    if answers.kind == "ordinal" and name in ("brier", "calibration_error"):
        return answers.shares is not None
    return True


def _metric(name: str, answers: Answers) -> float:
    return METRICS[name].function(answers.target[:, 0], answers.predicted[:, 0])


def _graded(name: str, answers: Answers) -> float:
    assert answers.grades is not None
    return METRICS[name].function(
        to_grades(answers.target[:, 0], answers.grades), to_grades(answers.predicted[:, 0], answers.grades)
    )


def _decided(name: str, answers: Answers) -> float:
    return METRICS[name].function(answers.target[:, 0], (answers.predicted[:, 0] > 0.5).astype(np.float64))


def _place(answers: Answers) -> NDArray[np.int64]:
    """Return the place of each target among the grades."""
    assert answers.grades is not None
    return np.searchsorted(answers.grades, to_grades(answers.target[:, 0], answers.grades))


def _grade_brier(answers: Answers) -> float:
    assert answers.shares is not None
    return brier(answers.shares, _place(answers))


def _grade_calibration(answers: Answers) -> float:
    assert answers.shares is not None
    return calibration_error(
        answers.shares.max(axis=1).clip(0, 1), (answers.shares.argmax(axis=1) == _place(answers)).astype(np.float64)
    )


def _mean_iou(answers: Answers) -> float:
    common, either = answers.target.sum(axis=0), answers.predicted.sum(axis=0)
    return float((common[either > 0] / either[either > 0]).mean()) if either.any() else float("nan")


def _of_score(name: str, title: str, *, higher_is_better: bool, unit: str) -> EvaluationMetric:
    place = [one.name for one in fields(SpectralScores)].index(name)

    def function(answers: Answers) -> float:
        return float(answers.predicted[:, place].mean())

    return EvaluationMetric(title=title, function=function, higher_is_better=higher_is_better, unit=unit)


def _of_metric(name: str, title: str, how: Callable[[str, Answers], float] = _metric) -> EvaluationMetric:
    metric = METRICS[name]
    return EvaluationMetric(
        title=title, function=partial(how, name), higher_is_better=metric.higher_is_better, unit=metric.unit
    )


def _of_errors(title: str, share: float | None = None) -> EvaluationMetric:
    def function(answers: Answers) -> float:
        return float(answers.errors.mean() if share is None else np.quantile(answers.errors, share))

    return EvaluationMetric(title=title, function=function, higher_is_better=False, unit="target")


def _mean_of(column: str, answers: Answers) -> float:
    return float(getattr(answers, column).mean())


_INTERVALS = {
    "coverage": EvaluationMetric(
        title="Targets inside their interval",
        function=partial(_mean_of, "covered"),
        higher_is_better=None,
        unit="share",
    ),
    "width": EvaluationMetric(
        title="Width of intervals", function=partial(_mean_of, "width"), higher_is_better=False, unit="target"
    ),
}
_NUMBERS = {
    "mae": _of_metric("mae", "Mean absolute error"),
    "median_absolute_error": _of_metric("median_absolute_error", "Median absolute error"),
    "rmse": _of_metric("rmse", "Root mean squared error"),
    "bias": _of_metric("bias", "Mean error"),
    "pearson": _of_metric("pearson", "Pearson's correlation"),
    "spearman": _of_metric("spearman", "Spearman's correlation"),
    "concordance": _of_metric("concordance", "Lin's concordance"),
}
EVALUATION_METRICS: Mapping[MetricKind, Mapping[str, EvaluationMetric]] = {
    "measure": _NUMBERS | _INTERVALS,
    "count": _NUMBERS | _INTERVALS,
    "colour": {
        "delta_e_00": _of_errors("Mean ΔE00"),
        "median_delta_e_00": _of_errors("Median ΔE00", 0.5),
        "p90_delta_e_00": _of_errors("90 % of ΔE00 are under", 0.9),
        "p95_delta_e_00": _of_errors("95 % of ΔE00 are under", 0.95),
    }
    | _INTERVALS
    | {"width": replace(_INTERVALS["width"], title="Radius of intervals")},
    "ordinal": {
        "rmse": _of_metric("rmse", "Root mean squared error"),
        "spearman": _of_metric("spearman", "Spearman's correlation"),
        "mae": _of_metric("mae", "Mean absolute error"),
        "bias": _of_metric("bias", "Mean error"),
        "quadratic_kappa": _of_metric("quadratic_kappa", "Quadratic weighted kappa", _graded),
        "accuracy": _of_metric("accuracy", "Accuracy", _graded),
        "balanced_accuracy": _of_metric("balanced_accuracy", "Balanced accuracy (macro sensitivity)", _graded),
        "specificity": _of_metric("specificity", "Macro specificity", _graded),
        "youden": _of_metric("youden", "Youden's index", _graded),
        "off_by_one": _of_metric("off_by_one", "At most one grade off", _graded),
        "brier": EvaluationMetric(title="Brier score", function=_grade_brier, higher_is_better=False, unit=""),
        "calibration_error": EvaluationMetric(
            title="Expected calibration error", function=_grade_calibration, higher_is_better=False, unit="share"
        ),
    }
    | _INTERVALS,
    "presence": {
        "brier": EvaluationMetric(
            title="Brier score",
            function=lambda answers: brier(answers.predicted[:, 0], answers.target[:, 0]),
            higher_is_better=False,
            unit="",
        ),
        "auroc": EvaluationMetric(
            title="Area under the ROC curve",
            function=lambda answers: auroc(answers.target[:, 0], answers.predicted[:, 0]),
            higher_is_better=True,
            unit="",
        ),
        "f1": EvaluationMetric(
            title="F1",
            function=lambda answers: f1(answers.target[:, 0], answers.predicted[:, 0]),
            higher_is_better=True,
            unit="share",
        ),
        "accuracy": _of_metric("accuracy", "Accuracy", _decided),
        "balanced_accuracy": _of_metric("balanced_accuracy", "Balanced accuracy", _decided),
        "calibration_error": EvaluationMetric(
            title="Expected calibration error",
            function=lambda answers: calibration_error(answers.predicted[:, 0].clip(0, 1), answers.target[:, 0]),
            higher_is_better=False,
            unit="share",
        ),
    },
    "classes": {
        "mean_iou": EvaluationMetric(
            title="Mean intersection over union", function=_mean_iou, higher_is_better=True, unit="share"
        )
    },
    "spectrum": {
        "sam_rad": _of_score("sam_rad", "Mean spectral angle", higher_is_better=False, unit="rad"),
        "ssim": _of_score("ssim", "Structural similarity", higher_is_better=True, unit=""),
        "mrae": _of_score("mrae", "Mean relative absolute error", higher_is_better=False, unit="share"),
        "rmse": _of_score("rmse", "Root mean squared error", higher_is_better=False, unit="reflectance"),
        "psnr_db": _of_score("psnr_db", "Peak signal to noise", higher_is_better=True, unit="dB"),
    },
}
"""The figures of each kind of question, the one that counts first."""

LEADING: Mapping[MetricKind, tuple[str, ...]] = {
    "measure": ("mae", "bias", "spearman", "coverage", "width"),
    "count": ("mae", "bias", "spearman", "coverage", "width"),
    "colour": ("delta_e_00", "median_delta_e_00", "p90_delta_e_00", "coverage", "width"),
    "ordinal": ("rmse", "bias", "quadratic_kappa", "balanced_accuracy", "off_by_one", "coverage"),
    "presence": ("brier", "auroc", "balanced_accuracy"),
    "classes": ("mean_iou",),
    "spectrum": ("sam_rad", "ssim", "mrae", "rmse", "psnr_db"),
}
"""The figures told for each kind of sample, the one that counts first."""
