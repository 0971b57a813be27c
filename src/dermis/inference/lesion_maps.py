"""From the maps that the network of lesions answers to boxes: the same while learning and while analysing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap

__all__ = ["boxes_at_peaks", "expected_grade", "shares_of_grades"]

_MOST = 300
_LEAST = 0.02
_OVERLAP = 0.45


def boxes_at_peaks(centres: FloatMap, sizes: FloatMap, stride: float) -> tuple[FloatMap, FloatMap]:
    """Return boxes (n, 4), left, top, right, bottom in pixels of the picture, and scores (n,), the surest first.

    centres: (h, w) in [0, 1]. sizes: (2, h, w), width and height in pixels. A box stands where a centre is the surest
    among its neighbours, moved by them within its cell; of two that overlap by more than 0.45 the surer one is kept.
    """
    from scipy.ndimage import maximum_filter  # late: 40 ms

    peak = (maximum_filter(centres, 3, mode="constant") == centres) & (centres >= _LEAST)
    rows, columns = np.nonzero(peak)
    order = np.argsort(-centres[rows, columns], kind="stable")[:_MOST]
    rows, columns = rows[order], columns[order]
    scores = centres[rows, columns].astype(np.float32)
    x, y = _between(centres, rows, columns)
    half_width, half_height = sizes[:, rows, columns] / 2
    boxes = np.stack([x * stride - half_width, y * stride - half_height, x * stride + half_width,
                      y * stride + half_height], axis=1).astype(np.float32)  # fmt: skip
    kept = _apart(boxes)
    return boxes[kept], scores[kept]


def _between(centres: FloatMap, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[FloatMap, FloatMap]:
    """Return x and y (n,) in cells: the centre of gravity of each peak and its eight neighbours."""
    wide = np.pad(centres, 1)
    weight = np.stack([wide[rows + down, columns + across] for down in range(3) for across in range(3)]) + 1e-9
    steps = np.array([-1.0, 0.0, 1.0])
    total = weight.sum(axis=0)
    x = columns + 0.5 + (weight * np.tile(steps, 3)[:, None]).sum(axis=0) / total
    y = rows + 0.5 + (weight * np.repeat(steps, 3)[:, None]).sum(axis=0) / total
    return x.astype(np.float32), y.astype(np.float32)


def _apart(boxes: FloatMap) -> NDArray[np.intp]:
    """Return the places of the boxes that no surer one, before them, covers."""
    kept: list[int] = []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    for place, box in enumerate(boxes):
        held = boxes[kept]
        shared = np.prod(np.clip(np.minimum(held[:, 2:], box[2:]) - np.maximum(held[:, :2], box[:2]), 0, None), axis=1)
        if not np.any(shared > _OVERLAP * (areas[kept] + areas[place] - shared)):
            kept.append(place)
    return np.array(kept, dtype=np.intp)


def shares_of_grades(logits: NDArray[np.floating]) -> FloatMap:
    """Return the probability of each grade, (..., k + 1), from the logits (..., k) of a grade above 0, 1, ...."""
    above = 1 / (1 + np.exp(-np.clip(logits, -40, 40)))
    one, none = np.ones_like(above[..., :1]), np.zeros_like(above[..., :1])
    shares = np.clip(np.concatenate([one, above], axis=-1) - np.concatenate([above, none], axis=-1), 0, None)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True), np.float32)


def expected_grade(shares: NDArray[np.floating]) -> float:
    """Return the mean of grades 0, 1, ... by their probability, (k,)."""
    return float(np.asarray(shares, np.float64) @ np.arange(len(shares)))
