"""From the maps that the network of lesions answers to boxes: the same while learning and while analysing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box
from dermis.core.arrays import FloatMap

__all__ = ["box_of", "boxes_at_peaks", "expected_grade", "mirrored_back", "presence_features", "shares_of_grades"]

_MOST = 300
_LEAST = 0.02
_OVERLAP = 0.45
_LESION_CELLS = 7


def box_of(corners: NDArray[np.floating]) -> Box:
    """Return the box with these corners: left, top, right, bottom."""
    left, top, right, bottom = corners.tolist()
    return Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top)


def boxes_at_peaks(centres: FloatMap, reaches: FloatMap, stride: float) -> tuple[FloatMap, FloatMap]:
    """Return boxes (n, 4), left, top, right, bottom in pixels of the picture, and scores (n,), the surest first.

    centres: (h, w) in [0, 1]. reaches: (4, h, w), pixels from a cell's middle to the left, top, right and bottom. A box
    stands where a centre is the surest among its neighbours; of two that overlap by more than 0.45 the surer is kept.
    """
    from scipy.ndimage import maximum_filter  # late: 40 ms

    peak = (maximum_filter(centres, 3, mode="constant") == centres) & (centres >= _LEAST)
    rows, columns = np.nonzero(peak)
    order = np.argsort(-centres[rows, columns], kind="stable")[:_MOST]
    rows, columns = rows[order], columns[order]
    scores = centres[rows, columns].astype(np.float32)
    x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
    left, top, right, bottom = reaches[:, rows, columns]
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
    kept = _apart(boxes)
    return boxes[kept], scores[kept]


def presence_features(density: FloatMap, density_all: FloatMap) -> tuple[float, float, float]:
    """Return what says whether there is any lesion at all, of densities (h, w) by both habits.

    log(1 + n) by each, and by the second in the fullest square of 7 cells: one plain lesion is more than many traces.
    """
    from scipy.ndimage import uniform_filter  # late: 40 ms

    fullest = uniform_filter(density_all, _LESION_CELLS, mode="constant").max(initial=0.0) * _LESION_CELLS**2
    return float(np.log1p(density.sum())), float(np.log1p(density_all.sum())), float(np.log1p(fullest))


def mirrored_back(name: str, held: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an answer for a mirror image as that for the picture: (..., h, w) turned, `reaches` left for right."""
    if name == "grade":
        return held
    back = held[..., ::-1]
    return back[[2, 1, 0, 3]] if name == "reaches" else back


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
