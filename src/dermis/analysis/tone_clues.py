"""What a photo tells about the light that skin was seen in: its colours beside the skin, and how it was taken.

The colour of skin in a photo is that of the skin, times the light, times what the camera made of it. What colours skin
can have at all, the exposure and the whites of the eyes narrow down the last two; a network that has seen many lights
and cameras weighs them (`dermis.inference.skin_tone`). In photos of people the white of an eye is small and shaded by
its lids, as no made face shows it, so `dermis analyse` does without it for now.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.core import Capture, Region, Skin, region_mask
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["CLUES", "tone_clues"]

_REGIONS = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN)
_EXPOSURE = ("iso_ev", "time_ev", "aperture_ev", "bias_ev", "brightness_ev", "wb_auto", "flash")
_FEWEST = 12
"""Fewer pixels than this say nothing."""
_MOST = 20_000
"""Of more pixels than this every second, third, ... is enough."""

CLUES: tuple[str, ...] = (
    *(f"skin_{c}" for c in "lab"),
    *(f"skin_{level}_{c}" for level in ("dark", "bright") for c in "lab"),
    *(f"{region.value}_{c}" for region in _REGIONS for c in "lab"),
    *(f"eye_white_{c}" for c in "lab"),
    *_EXPOSURE,
)
"""The names of the clues, in order: CIELAB (D65) as photographed, and exposure in stops."""


def tone_clues(skin: Skin, capture: Capture, eyes: BoolMap | None = None) -> NDArray[np.float32]:
    """Return the clues of one photo, (len(CLUES),), NaN where it does not tell one.

    eyes: (h, w) where the openings of the eyes are, None where that is not known well enough: their brightest third
    without highlights is taken for the white. The first three are the median of the face's well-lit
    skin, as `dermis.tasks.skin_tone` measures it.
    """
    lab = np.asarray(linear_to_lab(skin.linear), dtype=np.float32)
    well_lit = _pixels(lab, skin.measured & region_mask(skin.regions, Region.FACE))
    parts = [
        _middle(well_lit, 50, 95),
        _middle(well_lit, 5, 25),
        _middle(well_lit, 90, 100),
        *(_middle(_pixels(lab, skin.measured & region_mask(skin.regions, region)), 50, 95) for region in _REGIONS),
        np.full(3, np.nan, np.float32) if eyes is None else _middle(_pixels(lab, eyes), 65, 97),
        _exposure(capture),
    ]
    return np.concatenate(parts).astype(np.float32)


def _pixels(lab: FloatMap, mask: BoolMap) -> FloatMap:
    found: FloatMap = lab[mask]
    return found[:: max(1, len(found) // _MOST)]


def _middle(pixels: FloatMap, low: float, high: float) -> NDArray[np.float32]:
    """Return the median colour (3,) of those pixels whose lightness lies between two percentiles."""
    if len(pixels) < _FEWEST:
        return np.full(3, np.nan, np.float32)
    least, most = np.percentile(pixels[:, 0], (low, high))
    inside = pixels[(pixels[:, 0] >= least) & (pixels[:, 0] <= most)]
    return np.asarray(np.median(inside, axis=0), np.float32)


def _exposure(capture: Capture) -> NDArray[np.float32]:
    """Return the exposure in stops, so that their sums mean something (APEX); NaN for what the photo does not say."""
    said = (
        None if not capture.iso else log2(capture.iso / 3.125),
        None if not capture.exposure_s else -log2(capture.exposure_s),
        None if not capture.f_number else 2 * log2(capture.f_number),
        capture.exposure_bias_ev,
        capture.brightness_ev,
        None if capture.white_balance_auto is None else float(capture.white_balance_auto),
        None if capture.flash_fired is None else float(capture.flash_fired),
    )
    return np.array([np.nan if value is None else value for value in said], np.float32)
