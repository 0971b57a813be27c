"""How a lesion looks beside the skin around it: redness and relief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Skin
from dermis.core.arrays import BoolMap, FloatMap
from dermis.tasks.chromophores import optical_density, unmix

__all__ = ["Looks", "looks_of"]

_RING = 2.0
"""The skin around a lesion reaches so many times its box."""
_FEWEST_PIXELS = 6
"""Fewer pixels than this, inside or around, say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Redness above that of the skin around, in the erythema index; relief above it, in 100 x optical density.

    Relief is the spread of light and shadow (middle 80 %), freed of melanin and blood: a bump lit from a side has a
    bright and a dark flank. Both None where too few pixels are seen.
    """

    redness: float | None = None
    relief: float | None = None


def looks_of(boxes_px: NDArray[np.float64], face: Face, skin: Skin) -> list[Looks]:
    """Return the looks of each box (n, 4), left, top, right, bottom in photo pixels."""
    frame = face.frame
    boxes = (boxes_px - np.tile([frame.x_px, frame.y_px], 2)) / frame.factor
    # Glare may stay: a lesion is compared with the skin around it, and a bump shines.
    usable = skin.visible & ~skin.left_out.get("clipped", np.zeros_like(skin.visible))
    return [_looks(box, skin.linear, usable) for box in boxes]


def _looks(box: NDArray[np.float64], linear: FloatMap, usable: BoolMap) -> Looks:
    """Inside is the ellipse of half the box's area, around is what lies out of the box and in the ring."""
    left, top, right, bottom = box
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half_x, half_y = max(right - left, 1.0) / 2, max(bottom - top, 1.0) / 2
    rows = _span(middle_y, _RING * half_y, linear.shape[0])
    columns = _span(middle_x, _RING * half_x, linear.shape[1])
    x = np.abs(np.arange(columns.start, columns.stop) + 0.5 - middle_x)[None, :] / half_x
    y = np.abs(np.arange(rows.start, rows.stop) + 0.5 - middle_y)[:, None] / half_y
    seen = usable[rows, columns]
    inside, around = seen & (x**2 + y**2 <= 0.5), seen & (np.maximum(x, y) > 1)
    if min(np.count_nonzero(inside), np.count_nonzero(around)) < _FEWEST_PIXELS:
        return Looks()
    piece = linear[rows, columns]
    density = optical_density(piece)
    erythema = 100 * (density[..., 1] - density[..., 0])
    shading = unmix(piece).shading
    return Looks(
        redness=float(np.median(erythema[inside]) - np.median(erythema[around])),
        relief=_spread(shading[inside]) - _spread(shading[around]),
    )


def _span(middle: float, half: float, limit: int) -> slice:
    start = min(max(int(np.floor(middle - half)), 0), limit)
    return slice(start, min(max(int(np.ceil(middle + half)), start), limit))


def _spread(values: NDArray[np.floating]) -> float:
    low, high = np.percentile(values, (10, 90))
    return float(high - low)
