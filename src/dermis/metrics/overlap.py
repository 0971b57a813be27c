"""How well masks lie on each other: boolean (h, w)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["boundary_f", "class_overlap", "dice", "iou"]

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
