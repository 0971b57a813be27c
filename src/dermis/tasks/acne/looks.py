"""How each lesion looks: how red, how raised, how dark in the middle; and what it is called for that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import CLOSED_COMEDO, INFLAMED, OPEN_COMEDO, Face, Skin
from dermis.core.arrays import BoolMap, FloatMap
from dermis.tasks.pigments import optical_density, unmix

__all__ = ["LesionFeatures", "kind_by_looks", "lesion_features", "looks_of"]

_RING = 2.0
"""The skin around a lesion reaches so many times its box."""
_FEWEST_PIXELS = 6
"""Fewer pixels than this, inside or around, say nothing."""
_REDDEST = 85
"""The percentile of redness inside that counts: an inflamed lesion has a red part, a comedo has none."""
_INFLAMED = 5.0
"""From this redness above the skin around on, in the erythema index, a lesion is inflamed."""
_OPEN = 1.0
"""From this darkness of the middle on, in 100 x optical density, a comedo is open."""
_MIDDLE, _INSIDE = 0.12, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionFeatures:
    """Redness above that of the skin around, in the erythema index; relief above it, in 100 x optical density.

    Relief is the spread of light and shadow (middle 80 %), freed of melanin and blood: a bump lit from a side has a
    bright and a dark flank. reddest: as redness, of the reddest sixth. darkness: of the middle, above the skin around,
    in 100 x optical density. All None where too few pixels are seen.
    """

    redness: float | None = None
    relief: float | None = None
    reddest: float | None = None
    darkness: float | None = None


def kind_by_looks(looks: LesionFeatures) -> str:
    """Return what a lesion is by blood and plug: inflamed, an open or a closed comedo; "lesion" where too little shows.

    An inflamed lesion holds blood that a comedo does not; the plug of an open comedo is darker than skin.
    """
    if looks.reddest is None or looks.darkness is None:
        return "lesion"
    if looks.reddest >= _INFLAMED:
        return INFLAMED
    return OPEN_COMEDO if looks.darkness >= _OPEN else CLOSED_COMEDO


def lesion_features(boxes_px: NDArray[np.float64], face: Face, skin: Skin) -> list[LesionFeatures]:
    """Return the looks of each box (n, 4), left, top, right, bottom in photo pixels."""
    frame = face.frame
    boxes = (boxes_px - np.tile([frame.x_px, frame.y_px], 2)) / frame.factor
    # Glare may stay: a lesion is compared with the skin around it, and a bump shines.
    usable = skin.visible & ~skin.excluded.get("clipped", np.zeros_like(skin.visible))
    return [looks_of(box, skin.linear, usable) for box in boxes]


def looks_of(box: NDArray[np.float64], linear: FloatMap, usable: BoolMap) -> LesionFeatures:
    """Return the looks of a box, left, top, right, bottom in pixels of `linear` (h, w, 3); usable: (h, w).

    Inside is the ellipse of half the box's area, around is what lies out of the box and in the ring.
    """
    left, top, right, bottom = box
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half_x, half_y = max(right - left, 1.0) / 2, max(bottom - top, 1.0) / 2
    rows = _span(middle_y, _RING * half_y, linear.shape[0])
    columns = _span(middle_x, _RING * half_x, linear.shape[1])
    x = np.abs(np.arange(columns.start, columns.stop) + 0.5 - middle_x)[None, :] / half_x
    y = np.abs(np.arange(rows.start, rows.stop) + 0.5 - middle_y)[:, None] / half_y
    seen, away = usable[rows, columns], x**2 + y**2
    inside, around = seen & (away <= _INSIDE), seen & (np.maximum(x, y) > 1)
    if min(np.count_nonzero(inside), np.count_nonzero(around)) < _FEWEST_PIXELS:
        return LesionFeatures()
    piece = linear[rows, columns]
    density = optical_density(piece)
    erythema, whole = 100 * (density[..., 1] - density[..., 0]), 100 * density.mean(axis=-1)
    shading = unmix(piece).shading
    calm = np.median(erythema[around])
    middle = inside & (away <= _MIDDLE)
    return LesionFeatures(
        redness=float(np.median(erythema[inside]) - calm),
        relief=_spread(shading[inside]) - _spread(shading[around]),
        reddest=float(np.percentile(erythema[inside], _REDDEST) - calm),
        darkness=float(np.median(whole[middle if middle.any() else inside]) - np.median(whole[around])),
    )


def _span(middle: float, half: float, limit: int) -> slice:
    start = min(max(int(np.floor(middle - half)), 0), limit)
    return slice(start, min(max(int(np.ceil(middle + half)), start), limit))


def _spread(values: NDArray[np.floating]) -> float:
    low, high = np.percentile(values, (10, 90))
    return float(high - low)
