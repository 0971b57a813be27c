"""What a photo tells about the light that skin was seen in: its colours beside the skin, and how it was taken.

The colour of skin in a photo is that of the skin, times the light, times what the camera made of it. Eye whites, lips,
hair, what stands behind, the brightest and the mean colour, and the exposure narrow down the last two. A network that
has seen many lights and cameras weighs them (`dermis.inference.skin_tone`).
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.core import Capture, Face, Part, Region, Skin, region_mask
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["CLUES", "measured_lab", "tone_clues"]

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
    *(f"{place}_{c}" for place in ("eye_white", "lips", "hair", "beyond", "brightest", "mean") for c in "lab"),
    "beyond_spread",
    "mean_spread",
    *_EXPOSURE,
)
"""The names of the clues, in order: CIELAB (D65) as photographed, and exposure in stops."""


def tone_clues(linear: FloatMap, face: Face, skin: Skin, capture: Capture) -> NDArray[np.float32]:
    """Return the clues of one photo, (len(CLUES),), NaN where it does not tell one.

    linear: (h, w, 3) linear sRGB of the analysed frame. The first three are `measured_lab` of the whole face.
    """
    lab = np.asarray(linear_to_lab(linear), dtype=np.float32)
    well_lit = _pixels(lab, skin.measured & region_mask(skin.regions, Region.FACE))
    beyond = _pixels(lab, (face.parts == Part.BACKGROUND) & ~face.skin)
    everything = lab.reshape(-1, 3)[:: max(1, lab.shape[0] * lab.shape[1] // _MOST)]
    parts = [
        _middle(well_lit, 50, 95),
        _middle(well_lit, 5, 25),
        _middle(well_lit, 90, 100),
        *(_middle(_pixels(lab, skin.measured & region_mask(skin.regions, region)), 50, 95) for region in _REGIONS),
        _eye_white(_pixels(lab, face.parts == Part.EYES)),
        _middle(_pixels(lab, face.parts == Part.LIPS), 25, 75),
        _middle(_pixels(lab, face.parts == Part.HAIR), 0, 100),
        _middle(beyond, 0, 100),
        _middle(everything, 99, 100),
        everything.mean(axis=0),
        _spread(beyond),
        _spread(everything),
        _exposure(capture),
    ]
    return np.concatenate([np.atleast_1d(part) for part in parts]).astype(np.float32)


def measured_lab(pixels_lab: FloatMap) -> NDArray[np.float32]:
    """Return the median colour of the well-lit ones of some skin pixels (n, 3), as `dermis.tasks.skin_tone` has it."""
    return _middle(pixels_lab, 50, 95)


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


def _eye_white(pixels: FloatMap) -> NDArray[np.float32]:
    """Return the colour of the brightest third of the eyes without their highlights."""
    return _middle(pixels, 65, 97)


def _spread(pixels: FloatMap) -> float:
    return float("nan") if len(pixels) < _FEWEST else float(pixels[:, 0].std())


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
