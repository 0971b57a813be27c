"""Redness painted on a photo of real clear skin: flushed areas and fine vessels, in the photo's own light.

Added blood multiplies the linear light of each channel by 10^(-density x axis / 100), as brown marks do
(`photo_marks`). It lies where rosacea lies: cheeks towards the nose, nose, middle of the chin and forehead, uneven and
without a border. Vessels are crooked lines of 0.2 to 0.5 mm on cheeks and nose.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dermis.core import Face, Region, View
from dermis.core.arrays import FloatMap
from dermis.face.crop import to_frame
from dermis.face.regions import FACE_MM, face_width_px
from dermis.lab.synth.lesions.photo_marks import smooth_noise
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS

__all__ = ["FLUSH_DENSITY", "VESSELS", "flush_map", "paint_redness", "vessel_map"]

FLUSH_DENSITY = (0.0, 8.0, 20.0, 37.0, 60.0)
"""100 x green density that blood adds in the middle of the cheeks at grades 0 to 4.

Chosen by the words: slight redness is just seen, each further grade adds two fifths more than the last one did, and at
fiery redness a quarter of the green light is left.
"""
VESSELS = (0, 0, 4, 10, 20)
"""Fine vessels at grades 0 to 4 (chosen)."""
_PLACES: Mapping[Region, float] = {
    Region.LEFT_CHEEK: 1.0, Region.RIGHT_CHEEK: 1.0, Region.NOSE: 0.65, Region.CHIN: 0.5, Region.FOREHEAD: 0.35,
    Region.LEFT_UNDER_EYE: 0.35, Region.RIGHT_UNDER_EYE: 0.35,
}  # fmt: skip
_FULL_MM, _FALL_MM = 36.0, 14.0
"""So far from the middle of the face redness is full, and over so many millimetres more it falls off."""
_FADE_MM = 5.0
_VESSEL_DENSITY = (8.0, 18.0)
_VESSEL_MM = (0.2, 0.5)
_VESSEL_LONG_MM = (4.0, 12.0)


def paint_redness(linear: FloatMap, face: Face, grade: float, *, seed: int, vessels: int | None = None) -> FloatMap:
    """Return the face (h, w, 3) of linear sRGB on the analysed frame with the redness of `grade`, 0 to 4.

    vessels: how many, as the grade has them by default. Off the skin nothing changes.
    """
    rng = np.random.default_rng(seed)
    density = np.float32(np.interp(grade, range(5), FLUSH_DENSITY)) * flush_map(face, rng)
    count = round(float(np.interp(grade, range(5), VESSELS))) if vessels is None else vessels
    density = (density + vessel_map(face, rng, count)) * face.skin
    painted = linear * 10 ** (-density[..., None] * np.asarray(BLOOD_AXIS, np.float32) / 100)
    return np.asarray(painted, dtype=np.float32)


def flush_map(face: Face, rng: np.random.Generator) -> FloatMap:
    """Return (h, w) how much of the density each place gets, 0 to about 1.3."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    mm_px = face_width_px(face) / face.frame.factor / FACE_MM
    weight = np.zeros(len(Region), np.float32)
    for region, share in _PLACES.items():
        weight[region.code] = share
    map_: FloatMap = weight[face.regions]
    if face.landmarks is not None and face.view is View.FRONT:
        middle = float(np.median(to_frame(face.landmarks, face.frame)[:, 0]))
        away_mm = (np.arange(face.frame.width) - middle) / mm_px
        fall = np.exp(-(np.maximum(np.abs(away_mm) - _FULL_MM, 0) ** 2) / (2 * _FALL_MM**2))
        map_ *= fall.astype(np.float32)[None, :]
    skin = face.skin.astype(np.float32)
    fade = _FADE_MM * mm_px
    soft = gaussian_filter(map_ * skin, fade) / np.maximum(gaussian_filter(skin, fade), 0.05)
    uneven = 1 + 0.18 * smooth_noise(rng, soft.shape, 7 * mm_px) + 0.10 * smooth_noise(rng, soft.shape, 1.5 * mm_px)
    return np.asarray(soft * np.clip(uneven, 0.4, 1.6), dtype=np.float32)


def vessel_map(face: Face, rng: np.random.Generator, count: int) -> FloatMap:
    """Return (h, w) the density of `count` vessels on cheeks and nose; 0 where there is no such skin."""
    map_ = np.zeros(face.skin.shape, np.float32)
    where = face.skin & np.isin(face.regions, [r.code for r in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE)])
    places = np.argwhere(where)
    if not len(places):
        return map_
    mm_px = face_width_px(face) / face.frame.factor / FACE_MM
    for row, column in places[rng.integers(0, len(places), count)]:
        _draw_vessel(map_, rng, float(row), float(column), mm_px)
    return map_


def _draw_vessel(map_: FloatMap, rng: np.random.Generator, row: float, column: float, mm_px: float) -> None:
    """Add one crooked line, as dots along its way."""
    long_mm = rng.uniform(*_VESSEL_LONG_MM)
    spread = max(0.5 * rng.uniform(*_VESSEL_MM) * mm_px, 0.35)
    bends = np.cumsum(rng.normal(0, 0.25, int(2 * long_mm * mm_px) + 2)) / np.sqrt(mm_px)
    turns = bends + rng.uniform(0, 2 * np.pi)
    rows, columns = row + np.cumsum(0.5 * np.sin(turns)), column + np.cumsum(0.5 * np.cos(turns))
    line = np.zeros_like(map_[_window(rows, map_.shape[0], spread), _window(columns, map_.shape[1], spread)])
    if not line.size:
        return
    top, left = (_window(one, size, spread).start for one, size in zip((rows, columns), map_.shape, strict=True))
    y, x = np.indices(line.shape)
    for at, over in zip(rows - top, columns - left, strict=True):
        np.maximum(line, np.exp(-((y - at) ** 2 + (x - over) ** 2) / (2 * spread**2)), out=line, casting="unsafe")
    low, high = _VESSEL_DENSITY
    density = low + (high - low) * rng.random()
    map_[top : top + line.shape[0], left : left + line.shape[1]] += np.float32(density) * line


def _window(places: np.ndarray[tuple[int], np.dtype[np.float64]], size: int, spread: float) -> slice:
    reach = 3 * spread + 1
    start, stop = int(np.floor(places.min() - reach)), int(np.ceil(places.max() + reach)) + 1
    return slice(min(max(start, 0), size), min(max(stop, 0), size))
