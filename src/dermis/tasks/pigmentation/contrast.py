"""How much darker than the skin around melanin makes each pixel, freed of light, gloss and blood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["BLOOD_AXIS", "MELANIN_AXIS", "Contrast", "darkness", "local_contrast", "skin_around"]

MELANIN_AXIS = (0.65, 1.0, 1.15)
"""Density that a brown mark adds to (red, green, blue) of a photo, green = 1."""
BLOOD_AXIS = (0.2, 1.0, 0.72)
"""Density that redness adds there.

Both as photos show them, after a camera's tone curve and JPEG: medians of outlined freckles, lentigines, melasma and
post-inflammatory marks, and of outlined redness, on photos of 34 people.
"""
WEIGHTS = (0.2, 0.45, 0.35)
"""Share of each channel in darkness: red tells least of melanin, blue is the noisiest."""
SHARP, BLUNT = 0.007, 0.012
"""Smoothing in face widths: of darkness, and of colour, which JPEG stores at half the resolution."""
REACHES = (0.012, 0.03, 0.16)
"""Reach of the skin around in face widths: for freckles, for lentigines up to 10 mm, for patches."""
DARKER = 2.5
"""Score from which a pixel counts as darker than the skin around."""
MOTTLING_REACH, HUE_REACH = 0.04, 0.06
"""In face widths: over what area mottling and hue are looked at."""
_BLOOD_WEIGHT = 4.0
_CLEAR = 3.0
"""Excess density from which a pixel counts half for the skin around."""
_DARKEST = 0.004
_UNMIX_PAIR = np.linalg.pinv(np.array([MELANIN_AXIS, BLOOD_AXIS])).astype(np.float32)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """(h, w) float32 each, 0 off the judged skin.

    score: darkness above the skin around, in 100 x optical density, at the reach of freckles; what marks are told by.
    spot: that at the reach of lentigines. blood: what redness adds at the reach of patches. brown: 0 to 1, how far what
    is dark here is brown, not grey as stubble, pores and noise are. mottling: 0 to 1, the share of pixels about that
    are darker than the skin around. drop: by how much L* is lower than that of the skin around.
    melanin_share: of the whole face, how much of what is darker than its surroundings is melanin, not blood.
    """

    score: FloatMap
    spot: FloatMap
    blood: FloatMap
    brown: FloatMap
    mottling: FloatMap
    drop: FloatMap
    melanin_share: float


def darkness(density: NDArray[np.floating]) -> Floats:
    """Return the darkness (...) of density (..., 3)."""
    return np.asarray(density @ np.asarray(WEIGHTS, np.float32), dtype=np.float32)


def local_contrast(linear: FloatMap, judged: BoolMap, width_px: float) -> Contrast:
    """Return the contrast of each pixel of linear (h, w, 3) sRGB on judged skin; width_px: of the face."""
    density = -100 * np.log10(np.maximum(linear, _DARKEST), dtype=np.float32)
    sharp = _smoothed(density, judged, max(0.7, SHARP * width_px))
    blunt = _smoothed(sharp, judged, max(1.0, BLUNT * width_px))
    near, middle, far = (skin_around(density, judged, reach * width_px) for reach in REACHES)
    kept = judged.astype(np.float32)
    score = darkness(sharp - near) * kept
    pair = np.maximum((blunt - far) @ _UNMIX_PAIR, 0) * kept[..., None]
    melanin, blood = (float(pair[..., part].mean(dtype=np.float64)) for part in range(2))
    dark = (score > DARKER).astype(np.float32)
    return Contrast(
        score=score,
        spot=darkness(sharp - middle) * kept,
        blood=pair[..., 1],
        brown=_brown(blunt - middle, judged, HUE_REACH * width_px) * kept,
        mottling=_smoothed(dark[..., None], judged, MOTTLING_REACH * width_px)[..., 0] * kept,
        drop=(_lightness(middle) - _lightness(sharp)) * kept,
        melanin_share=melanin / max(melanin + _BLOOD_WEIGHT * blood, 1e-6),
    )


def _brown(excess: Floats, judged: BoolMap, reach_px: float) -> Floats:
    """Return 0 to 1 by how blue density rises with green density about each pixel: 0 below 0.95, 1 from 1.10 on."""
    kept = judged.astype(np.float32)
    products = np.stack([excess[..., 1] * excess[..., 1], excess[..., 2] * excess[..., 1]], axis=-1)
    sums = _smoothed(products * kept[..., None], judged, reach_px)
    slope = sums[..., 1] / np.maximum(sums[..., 0], 0.2)
    return np.clip((slope - 0.95) / 0.15, 0, 1)


def skin_around(values: Floats, judged: BoolMap, reach_px: float) -> Floats:
    """Return values (h, w, 3) of the clear skin around each pixel: a mean in which darker pixels count less."""
    kept = judged.astype(np.float32)
    weights = kept
    for turn in range(3):
        weight = np.maximum(_blurred(weights, reach_px), 1e-6)
        around = np.asarray(_blurred(values * weights[..., None], reach_px) / weight[..., None], dtype=np.float32)
        if turn < 2:
            excess = np.maximum(darkness(values - around), 0)
            weights = np.asarray(kept / (1 + (excess / _CLEAR) ** 2), dtype=np.float32)
    return around


def _lightness(density: Floats) -> Floats:
    luminance = 10 ** (-density / 100) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(116 * np.cbrt(luminance) - 16, dtype=np.float32)


def _smoothed(values: Floats, judged: BoolMap, reach_px: float) -> Floats:
    kept = judged.astype(np.float32)
    smooth = _blurred(values * kept[..., None], reach_px)
    return np.asarray(smooth / np.maximum(_blurred(kept, reach_px), 1e-6)[..., None], dtype=np.float32)


def _blurred(values: Floats, reach_px: float) -> Floats:
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
    factors = (step, step, *(1,) * (values.ndim - 2))
    big = ndimage.zoom(small, factors, order=1, grid_mode=True, mode="nearest")
    return np.asarray(big[:height, :width], dtype=np.float32)
