"""Trivial baselines: the answers that a model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode
from dermis.lab.evaluate.predict import Question
from dermis.metrics.arrays import Floats

__all__ = ["BASELINES", "LOOKS", "baseline_answers", "looks_of", "ridge"]

BASELINES: Mapping[str, str] = {
    "constant": "the most common grade of the training part, or the median",
    "mean": "the mean of the training part",
    "ridge": "ridge regression on colour statistics of the picture, learnt on the training part",
    "photographed": "the photographed colour of the skin",
    "mean patch": "Lab of the mean light of the picture's middle half",
}
"""Every trivial baseline by its name, with what it says."""

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MIDDLE = tuple(f"middle_{axis}" for axis in "lab")
LOOKS = (
    *_MIDDLE,
    *(
        f"{what}_{axis}"
        for what in ("mean", "spread", *(f"q{100 * one:02.0f}" for one in _QUANTILES))
        for axis in "lab"
    ),
    "edges",
)
"""What is seen of a picture without a network: L*, a*, b* of its middle's mean light; statistics of all its colours."""
_STRENGTHS = np.logspace(-2, 4, 13)
_FOLDS = 5


def baseline_answers(
    question: Question,
    target: Floats,
    teaching: NDArray[np.bool_],
    groups: NDArray[Any],
    looks: Floats | None = None,
) -> dict[str, Floats]:
    """Return what each baseline says about every sample, (n, k) by its name; nothing where nothing teaches.

    target: (n, k), NaN where not known. teaching: (n,), the training part. groups: (n,) such as subjects, kept together
    where the ridge chooses its strength. looks: (n, len(LOOKS)), see `looks_of`.
    """
    teaching = teaching & np.isfinite(target).all(axis=1)
    if question.kind in ("classes", "spectrum"):
        return {}
    everyone = np.ones((len(target), 1))
    said = {}
    if teaching.any():
        taught = target[teaching]
        said["constant"] = everyone * _constant(question, taught)
        said["mean"] = everyone * taught.mean(axis=0)
        if looks is not None:
            seen = looks[:, len(_MIDDLE) :]
            answer = ridge(seen[teaching], taught, groups[teaching], seen)
            low, high = (0.0, 1.0) if question.kind == "presence" else (taught.min(axis=0), taught.max(axis=0))
            said["ridge"] = np.clip(answer, low, high)
    if question.kind == "colour" and looks is not None:
        said["mean patch"] = looks[:, : len(_MIDDLE)]
    return said


def looks_of(pictures: NDArray[Any]) -> Floats:
    """Return what is seen of each picture, (n, len(LOOKS)).

    pictures: (n, h, w, 3), uint8 of sRGB or floating point of linear light, 1 = white.
    """
    return np.array([_look(_linear(picture)) for picture in pictures]).reshape(-1, len(LOOKS))


def ridge(seen: Floats, target: Floats, groups: NDArray[Any], asked: Floats) -> Floats:
    """Return (m, k) for `asked` (m, f) by ridge regression from `seen` (n, f) to `target` (n, k).

    The strength is the one that errs least on groups left out, in five folds, the strongest where there is one group
    only; columns are brought to one spread first.
    """
    from sklearn.linear_model import Ridge, RidgeCV  # late, as are the next: 0.5 s
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = min(_FOLDS, len(np.unique(groups)))
    line = Ridge(alpha=_STRENGTHS[-1])
    if folds > 1:
        excluded = list(GroupKFold(folds).split(seen, groups=groups))
        line = RidgeCV(_STRENGTHS, cv=excluded, scoring="neg_mean_squared_error")
    spread = target.std(axis=0) + 1e-9  # so that every column of the target weighs alike
    told = make_pipeline(StandardScaler(), line).fit(seen, target / spread).predict(asked)
    return np.asarray(told.reshape(len(asked), -1) * spread, np.float64)


def _constant(question: Question, taught: Floats) -> Floats:
    if question.kind not in ("ordinal", "presence"):
        return np.asarray(np.median(taught, axis=0))
    values, counts = np.unique(taught[:, 0], return_counts=True)
    most: Floats = values[[counts.argmax()]]
    return most


def _look(light: Floats) -> Floats:
    rows, columns = (slice(size // 4, max(size - size // 4, 1)) for size in light.shape[:2])
    middle = np.asarray(linear_to_lab(light[rows, columns].reshape(-1, 3).mean(axis=0)))
    lab = np.asarray(linear_to_lab(light))
    flat = lab.reshape(-1, 3)
    steps = [np.abs(np.diff(lab[..., 0], axis=axis)).mean() if lab.shape[axis] > 1 else 0.0 for axis in (0, 1)]
    quantiles = np.quantile(flat, _QUANTILES, axis=0).ravel()
    return np.concatenate([middle, flat.mean(axis=0), flat.std(axis=0), quantiles, [sum(steps) / 2]])


def _linear(picture: NDArray[Any]) -> Floats:
    if picture.dtype == np.uint8:
        return np.asarray(decode(picture.astype(np.float64) / 255))
    return picture.astype(np.float64)
