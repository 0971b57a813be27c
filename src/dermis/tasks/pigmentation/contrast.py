"""How much darker than the skin around melanin makes each pixel, freed of light, gloss and blood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap

__all__ = [
    "BLOOD_AXIS",
    "MELANIN_AXIS",
    "REACHES",
    "WEIGHTS",
    "blurred",
    "darkness",
    "resized",
    "skin_around",
    "smoothed",
]

MELANIN_AXIS = (0.65, 1.0, 1.15)
"""Density that a brown mark adds to (red, green, blue) of a photo, green = 1."""
BLOOD_AXIS = (0.2, 1.0, 0.72)
"""Density that redness adds there.

Both as photos show them, after a camera's tone curve and JPEG: medians of outlined freckles, lentigines, melasma and
post-inflammatory marks, and of outlined redness, on photos of 34 people.
"""
WEIGHTS = (0.2, 0.45, 0.35)
"""Share of each channel in darkness: red tells least of melanin, blue is the noisiest."""
REACHES = (0.012, 0.03, 0.16)
"""Reach of the skin around in face widths: for freckles, for lentigines up to 10 mm, for patches."""
_CLEAR = 3.0
"""Excess density from which a pixel counts half for the skin around."""

Floats = NDArray[np.float32]


def darkness(density: NDArray[np.floating]) -> Floats:
    """Return the darkness (...) of density (..., 3)."""
    return np.asarray(density @ np.asarray(WEIGHTS, np.float32), dtype=np.float32)


def skin_around(values: Floats, judged: BoolMap, reach_px: float) -> Floats:
    """Return values (h, w, 3) of the clear skin around each pixel: a mean in which darker pixels count less."""
    kept = judged.astype(np.float32)
    weights = kept
    for turn in range(3):
        weight = np.maximum(blurred(weights, reach_px), 1e-6)
        around = np.asarray(blurred(values * weights[..., None], reach_px) / weight[..., None], dtype=np.float32)
        if turn < 2:
            excess = np.maximum(darkness(values - around), 0)
            weights = np.asarray(kept / (1 + (excess / _CLEAR) ** 2), dtype=np.float32)
    return around


def smoothed(values: Floats, judged: BoolMap, reach_px: float) -> Floats:
    """Return values (h, w, c) under a Gaussian that takes judged pixels alone."""
    kept = judged.astype(np.float32)
    smooth = blurred(values * kept[..., None], reach_px)
    return np.asarray(smooth / np.maximum(blurred(kept, reach_px), 1e-6)[..., None], dtype=np.float32)


def blurred(values: Floats, reach_px: float) -> Floats:
    """Return values (h, w) or (h, w, c) under a Gaussian; a wide one on reduced pixels."""
    from scipy import ndimage  # late: 0.1 s

    step = max(1, int(reach_px / 3))
    spread = (reach_px / step, reach_px / step, *(0,) * (values.ndim - 2))
    if step == 1:
        return np.asarray(ndimage.gaussian_filter(values, spread, truncate=3), dtype=np.float32)
    height, width = values.shape[:2]
    rest = ((0, -height % step), (0, -width % step), *((0, 0),) * (values.ndim - 2))
    padded = np.pad(values, rest)
    rows, columns = padded.shape[0] // step, padded.shape[1] // step
    small = padded.reshape(rows, step, columns, step, *values.shape[2:]).mean(axis=(1, 3))
    small = ndimage.gaussian_filter(small, spread, truncate=3)
    big = resized(small, (rows * step, columns * step))
    return np.asarray(big[:height, :width], dtype=np.float32)


def resized(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return values (h, w) or (h, w, c) on another number of rows and columns; means where it gets smaller."""
    from PIL import Image  # late: 20 ms

    if values.ndim == 3:
        return np.stack([resized(values[..., one], shape) for one in range(values.shape[2])], axis=-1)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), np.float32)
