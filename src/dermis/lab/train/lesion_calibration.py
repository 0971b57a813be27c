"""What the network of lesions says of pictures, and what people who taught nothing say of that: factors and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.lesion_views import Example, boxes_in_view, plain_view
from dermis.metrics.calibration import conformal_quantile
from dermis.tasks.acne.decode import (
    boxes_at_peaks,
    expected_grade,
    grade_probabilities,
    mirrored_back,
    presence_features,
)

__all__ = ["Answers", "LesionAnswer", "answers_for", "calibration_of", "score_curve", "tell_by", "tell_lesions"]

Answers = Callable[[Sequence[Example], bool], Sequence[Mapping[str, NDArray[np.float32]]]]
"""Answers the maps and the logits of the grade for each example as it is, or mirrored; of the centres the logits."""

LEVEL = 0.9
PLAIN = [0.5, 1.5, 2.5]
"""Limits between grades; fitted ones, on an inner part of 94 images, were worse on the test part."""

_HIT = 0.6
"""A box is a marked one where their middles lie no farther apart than this share of its side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionAnswer:
    """What is told of one picture: counts by two protocols, three numbers for presence, the grade, boxes, scores."""

    count: float
    count_all: float
    presence: tuple[float, ...]
    grade: float
    grade_probabilities: NDArray[np.float64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]


@torch.inference_mode()
def answers_for(
    network: nn.Module, examples: Sequence[Example], size_px: int, *, painted: bool = False, flip: bool = False
) -> list[dict[str, NDArray[np.float32]]]:
    """Return the maps and the logits of the grade for each example."""
    network.eval()
    device = next(network.parameters()).device
    found = []
    for example in examples:
        view = plain_view(example, size_px, painted=painted, flip=flip)
        picture = torch.from_numpy(view.picture.copy()).permute(2, 0, 1)[None].to(device).float() / 255
        skin = torch.from_numpy(view.skin)[None, None].to(device)
        with torch.autocast(device.type, torch.bfloat16):
            answers = network(picture, skin)
        found.append({name: held[0].float().cpu().numpy() for name, held in answers.items()})
    return found


def tell_lesions(network: nn.Module, examples: Sequence[Example], size_px: int) -> list[LesionAnswer]:
    """Return what is told of each, the mean of the picture and its mirror image."""

    def answers(shown: Sequence[Example], flip: bool) -> Sequence[Mapping[str, NDArray[np.float32]]]:
        return answers_for(network, shown, size_px, flip=flip)

    return tell_by(answers, examples)


def tell_by(answers: Answers, examples: Sequence[Example]) -> list[LesionAnswer]:
    """Return what is told of each by what answers for the picture and for its mirror image."""
    rows = []
    for plain, mirrored in zip(answers(examples, False), answers(examples, True), strict=True):
        mean = {name: (plain[name] + mirrored_back(name, mirrored[name])) / np.float32(2) for name in plain}
        boxes, scores = boxes_at_peaks(1 / (1 + np.exp(-mean["centres"])), mean["reaches"], STRIDE)
        shares = grade_probabilities(mean["grade"])
        rows.append(
            LesionAnswer(
                count=float(mean["density"].sum()),
                count_all=float(mean["density_all"].sum()),
                presence=presence_features(mean["density"], mean["density_all"]),
                grade=float(expected_grade(shares)),
                grade_probabilities=np.asarray(shares, np.float64),
                boxes=boxes,
                scores=scores,
            )
        )
    return rows


def calibration_of(network: nn.Module, pools: Mapping[str, Sequence[Example]], size_px: int) -> dict[str, Any]:
    """Return factors of the counts, errors of count and grade, the score of a box and the formula of presence.

    pools: of people who taught nothing; the first one is graded, the others say who has a lesion at all.
    """
    names = list(pools)
    graded = list(pools[names[0]]) if names else []
    rows = tell_lesions(network, graded, size_px)
    groups = [one.person for one in graded]
    grade = np.array([one.grade for one in graded])
    marked = np.array([float(0 if one.boxes is None else len(one.boxes)) for one in graded])
    both = np.array([one.count_all for one in graded])
    known = np.isfinite(both)
    counts, everything = (np.array([getattr(row, name) for row in rows]) for name in ("count", "count_all"))
    factor = float(np.exp(np.mean(np.log1p(marked) - np.log1p(counts))))
    every = np.log1p(both[known]) - np.log1p(everything[known])
    off = np.abs(np.log1p(marked) - np.log1p(counts * factor))
    scores = np.sort(np.concatenate([row.scores for row in rows]))[::-1]
    real = np.array([row.grade for row in rows])
    others = [one for name in names[1:] for one in pools[name] if one.person not in groups]
    return {
        "count_factor": round(factor, 4),
        "count_all_factor": round(float(np.exp(every.mean())) if known.any() else 1.0, 4),
        "grade_limits": PLAIN,
        "grade_error": round(conformal_quantile(np.abs(real - grade), LEVEL, groups=groups), 4),
        "count_error_log": round(conformal_quantile(off, LEVEL, groups=groups), 4),
        "score_from": round(float(scores[min(int(marked.sum()), len(scores) - 1)]) if len(scores) else 0.5, 4),
        "score_curve": score_curve(rows, [boxes_in_view(one, size_px) for one in graded]),
        "level": LEVEL,
        "images": len(graded),
        "people": len(set(groups)),
        "presence": _presence(tell_lesions(network, others or graded, size_px), others or graded),
    }


def score_curve(rows: Sequence[LesionAnswer], marked: Sequence[NDArray[np.floating]]) -> list[float]:
    """Return start and slope of the log odds that a box is a marked one, in the logit of its score.

    A box is one where the middle of a marked one (n, 4) lies within 0.6 of its side.
    """
    from sklearn.linear_model import LogisticRegression  # late: 0.5 s

    true = np.concatenate(
        [_hits(row.boxes, boxes) for row, boxes in zip(rows, marked, strict=True)] or [np.zeros(0, np.bool_)]
    )
    if true.all() or not true.any():
        return [0.0, 1.0]
    scores = np.clip(np.concatenate([row.scores for row in rows]).astype(np.float64), 1e-6, 1 - 1e-6)
    found = LogisticRegression(C=np.inf).fit(np.log(scores / (1 - scores))[:, None], true)
    return [round(float(found.intercept_[0]), 4), round(float(found.coef_[0, 0]), 4)]


def _hits(boxes: NDArray[np.floating], marked: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for each of boxes (n, 4) whether the middle of a marked one (m, 4) lies within `_HIT` of its side."""
    apart = (boxes[:, None, :2] + boxes[:, None, 2:] - marked[None, :, :2] - marked[None, :, 2:]) / 2
    sides = np.sqrt(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1))
    hit: NDArray[np.bool_] = np.any(np.hypot(apart[..., 0], apart[..., 1]) < _HIT * sides[:, None], axis=1)
    return hit


def _presence(rows: Sequence[LesionAnswer], examples: Sequence[Example]) -> list[float]:
    """Return intercept and weights of a logistic regression of whether there is any lesion, yes and no alike."""
    from sklearn.linear_model import LogisticRegression  # late: 0.5 s

    yes = np.array([one.count_all > 0 or (one.boxes is not None and len(one.boxes) > 0) for one in examples])
    seen = np.array([row.presence for row in rows])
    if yes.all() or not yes.any():
        return [float(np.where(yes.all(), 1.0, -1.0)), *([0.0] * seen.shape[1])]
    found = LogisticRegression(class_weight="balanced").fit(seen, yes)
    return [round(float(value), 4) for value in (*found.intercept_, *found.coef_[0])]
