"""From the maps of the acne networks to boxes, grades and types of lesions, and how each lesion looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import CLOSED_COMEDO, INFLAMED, LESION_TYPES, OPEN_COMEDO, Box, Face, Photo, Skin
from dermis.core.arrays import BoolMap, FloatMap
from dermis.models.preprocess import InputWindow
from dermis.tasks.pigments import optical_density, unmix

__all__ = [
    "HEAD",
    "TYPE_OF",
    "LesionFeatures",
    "about_box",
    "box_of",
    "boxes_at_peaks",
    "expected_grade",
    "grade_probabilities",
    "kind_by_looks",
    "lesion_features",
    "looks_of",
    "mirrored_back",
    "presence_features",
]

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


def presence_features(density: FloatMap, density_inclusive: FloatMap) -> tuple[float, float, float]:
    """Return the features of lesion presence from the densities (h, w) of both annotation protocols.

    log(1 + n) by each, and by the second in the fullest square of 7 cells: one plain lesion is more than many traces.
    """
    from scipy.ndimage import uniform_filter  # late: 40 ms

    fullest = uniform_filter(density_inclusive, _LESION_CELLS, mode="constant").max(initial=0.0) * _LESION_CELLS**2
    return float(np.log1p(density.sum())), float(np.log1p(density_inclusive.sum())), float(np.log1p(fullest))


def mirrored_back(name: str, held: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an answer for a mirror image as that for the picture: (..., h, w) turned, `reaches` left for right."""
    if name == "grade":
        return held
    back = held[..., ::-1]
    return back[[2, 1, 0, 3]] if name == "reaches" else back


def _apart(boxes: FloatMap) -> NDArray[np.intp]:
    """Return the places of the boxes that no surer one, before them, covers."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    shared = np.prod(np.clip(np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - low, 0, None), axis=-1)
    covered = shared > _OVERLAP * (areas[:, None] + areas[None, :] - shared)
    kept = np.ones(len(boxes), dtype=np.bool_)
    for place in range(len(boxes)):
        if kept[place]:
            kept[place + 1 :] &= ~covered[place, place + 1 :]
    return np.flatnonzero(kept)


def grade_probabilities(logits: NDArray[np.floating]) -> FloatMap:
    """Return the probability of each grade, (..., k + 1), from the logits (..., k) of a grade above 0, 1, ...."""
    above = 1 / (1 + np.exp(-np.clip(logits, -40, 40)))
    one, none = np.ones_like(above[..., :1]), np.zeros_like(above[..., :1])
    shares = np.clip(np.concatenate([one, above], axis=-1) - np.concatenate([above, none], axis=-1), 0, None)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True), np.float32)


def expected_grade(shares: NDArray[np.floating]) -> float:
    """Return the mean of grades 0, 1, ... by their probability, (k,)."""
    return float(np.asarray(shares, np.float64) @ np.arange(len(shares)))


HEAD = "lesion_type"
"""What a network of types answers: types by what they weigh in GAGS, from 0, a comedone, to 3, a nodule."""
TYPE_OF: Mapping[str, int] = {
    **{name: place for place, name in enumerate(LESION_TYPES)},
    "open_comedo": 0, "closed_comedo": 0, "blackhead": 0, "whitehead": 0, "cyst": 3,
}  # fmt: skip
"""What a lesion is called, as a place in `LESION_TYPES`; other words name no type."""

_ROOM = 1.4
_LEAST_PX = 16


def about_box(photo: Photo, box: Box, room: float = 1.0) -> Photo:
    """Return the square about a lesion with the skin around it; beyond the photo its edge goes on.

    room: how much larger to make the square than for a box that was found or drawn by hand, about twice the lesion.
    """
    side = max(_LEAST_PX, round(room * _ROOM * max(box.width_px, box.height_px)))
    top = round(box.y_px + box.height_px / 2 - side / 2)
    left = round(box.x_px + box.width_px / 2 - side / 2)
    rows = np.clip(np.arange(top, top + side), 0, photo.height_px - 1)
    columns = np.clip(np.arange(left, left + side), 0, photo.width_px - 1)
    near = InputWindow(
        top=int(rows[0]), left=int(columns[0]), height=int(np.ptp(rows)) + 1, width=int(np.ptp(columns)) + 1
    )
    part = photo.part(slice(near.top, near.top + near.height), slice(near.left, near.left + near.width))
    pixels = part[(rows - rows[0])[:, None], (columns - columns[0])[None, :]]
    return Photo(pixels=np.ascontiguousarray(pixels), encoding=photo.encoding, capture=photo.capture)


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
