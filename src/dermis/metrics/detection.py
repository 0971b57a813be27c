"""Detection of boxes and overlap of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.metrics.arrays import Floats

__all__ = ["Boxes", "Found", "average_precision", "boundary_f", "box_iou", "class_overlap", "count_mae", "dice", "iou"]

Boxes = Floats
RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found on one photo: `boxes` (n, 4) with `scores` (n,), higher is surer."""

    boxes: Boxes
    scores: Floats


def box_iou(one: Boxes, other: Boxes) -> Floats:
    """Return intersection over union of every box of `one` with every box of `other`, (n, m); 0 for empty boxes."""
    left_top = np.maximum(one[:, None, :2], other[None, :, :2])
    right_bottom = np.minimum(one[:, None, :2] + one[:, None, 2:], other[None, :, :2] + other[None, :, 2:])
    shared = np.prod(np.clip(right_bottom - left_top, 0, None), axis=2)
    union = np.prod(one[:, 2:], axis=1)[:, None] + np.prod(other[:, 2:], axis=1)[None, :] - shared
    shares: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares


def average_precision(
    truth: Sequence[Boxes], found: Sequence[Found], *, iou: float = 0.5, most_a_photo: int = 100
) -> float:
    """Return the average precision in [0, 1] over photos; NaN where no photo holds anything to find.

    As COCO counts: the surest `most_a_photo` boxes of a photo, in order, each take the box of the truth that is free
    and that they cover best, by at least `iou`; precision, made falling, is averaged at 101 recalls.
    """
    if len(truth) != len(found):
        raise ValueError(f"{len(truth)} photos with truth, {len(found)} with what was found.")
    there = sum(len(boxes) for boxes in truth)
    if not there:
        return float("nan")
    scores, hits = [], []
    for boxes, one in zip(truth, found, strict=True):
        order = np.argsort(-one.scores, kind="stable")[:most_a_photo]
        scores.append(one.scores[order])
        hits.append(_hits(box_iou(one.boxes[order], boxes), iou))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    right = np.cumsum(np.concatenate(hits)[order])
    if not len(right):
        return 0.0
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    place = np.searchsorted(right / there, RECALLS, side="left")
    return float(np.append(precision, 0.0)[place].mean())


def count_mae(truth: Sequence[Boxes], found: Sequence[Found], *, score: float) -> float:
    """Return the mean absolute error of the number of boxes with at least `score`, a photo."""
    counts = [np.count_nonzero(one.scores >= score) - len(boxes) for boxes, one in zip(truth, found, strict=True)]
    return float(np.abs(counts).mean())


def _hits(overlap: Floats, least: float) -> NDArray[np.bool_]:
    """Return which of the found (rows, the surest first) take a box of the truth (columns)."""
    free = np.ones(overlap.shape[1], bool)
    hits = np.zeros(overlap.shape[0], bool)
    for row, shares in enumerate(overlap):
        open_shares = np.where(free, shares, -1.0)
        # The last of equals, as COCO takes it.
        best = len(open_shares) - 1 - int(np.argmax(open_shares[::-1])) if len(open_shares) else -1
        if best >= 0 and open_shares[best] >= min(least, 1 - 1e-10):
            free[best], hits[row] = False, True
    return hits


Mask = NDArray[np.bool_]


def iou(target: Mask, predicted: Mask) -> float:
    """Return intersection over union in [0, 1]; 1 where both are empty."""
    target, predicted = _masks(target, predicted)
    union = np.count_nonzero(target | predicted)
    return np.count_nonzero(target & predicted) / union if union else 1.0


def dice(target: Mask, predicted: Mask) -> float:
    """Return twice the intersection over the sum of areas in [0, 1]; 1 where both are empty."""
    target, predicted = _masks(target, predicted)
    areas = np.count_nonzero(target) + np.count_nonzero(predicted)
    return 2 * np.count_nonzero(target & predicted) / areas if areas else 1.0


def boundary_f(target: Mask, predicted: Mask, *, tolerance_px: float = 2.0) -> float:
    """Return the F-measure of the boundaries in [0, 1]: how much of each lies within a distance of the other.

    A boundary is the pixels of a mask with a neighbour (of four) outside of it; the frame of the picture is none.
    1 where neither mask has a boundary, 0 where one has none. Csurka et al., BMVC 2013.
    """
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    target, predicted = _masks(target, predicted)
    true, said = _boundary(target), _boundary(predicted)
    if not true.any() or not said.any():
        return float(true.any() == said.any())
    precision = float((distance_transform_edt(~true)[said] <= tolerance_px).mean())
    recall = float((distance_transform_edt(~said)[true] <= tolerance_px).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def class_overlap(
    target: NDArray[np.integer], predicted: NDArray[np.integer], classes: int, *, unknown: int | None = None
) -> NDArray[np.float64]:
    """Return the intersection over union of each class of two maps (h, w), or of many (n, h, w) taken together.

    (classes,): NaN where neither holds the class. unknown: the target's value where nobody said; it does not count.
    """
    if target.shape != predicted.shape:
        raise ValueError(f"Maps of {target.shape} and {predicted.shape} do not fit.")
    known = np.ones(target.shape, bool) if unknown is None else target != unknown
    places = target[known].astype(np.int64) * classes + predicted[known]
    counts = np.bincount(places.ravel(), minlength=classes**2).reshape(classes, classes)
    both = np.diag(counts).astype(np.float64)
    union = counts.sum(axis=0) + counts.sum(axis=1) - both
    shares: NDArray[np.float64] = np.divide(both, union, out=np.full(classes, np.nan), where=union > 0)
    return shares


def _masks(target: Mask, predicted: Mask) -> tuple[Mask, Mask]:
    for name, mask in (("target", target), ("predicted", predicted)):
        if mask.dtype != np.bool_ or mask.ndim != 2:
            raise ValueError(f"{name} takes a boolean (h, w), got {mask.dtype} {mask.shape}.")
    if target.shape != predicted.shape:
        raise ValueError(f"Masks of {target.shape} and {predicted.shape} do not fit.")
    return target, predicted


def _boundary(mask: Mask) -> Mask:
    inside = np.pad(mask, 1, mode="edge")
    neighbours = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    boundary: Mask = mask & ~neighbours
    return boundary
