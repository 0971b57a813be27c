"""What a face and its surroundings tell of light and processing: backlight, flash, shine, tint, filter, compression.

The whites of the eyes and the background are of about one lightness in all people, so that a face is called dark by
them and not by its skin.
"""

from __future__ import annotations

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.core import Capture, Face, Region, SegmentationClass, Skin, in_classes, region_mask
from dermis.core.arrays import BoolMap, FloatMap, window_of
from dermis.pipeline.exclusion import LUMINANCE

__all__ = ["EYE_WHITE_LAB", "light_measures"]

EYE_WHITE_LAB = (12.0, 9.0)
"""a* and b* of the whites of the eyes, lids and lashes around them included, in 105 press photos of people."""

_FEWEST_EYE_PX = 12
_FEWEST_PX = 500
_MANY_PX = 50_000
"""Of more pixels a quantile of luminance is taken on every second or third row and column."""
_SHINY = 0.12
"""A region with more glare than this share shines."""
_PLACES = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN)
_BLOCK_PX = 8
"""Side of the blocks of JPEG."""


def light_measures(face: Face, skin: Skin, encoded: FloatMap, capture: Capture | None = None) -> dict[str, float]:
    """Return the measures that apply: encoded (h, w, 3) are the sRGB-encoded pixels of the analysed frame."""
    measures = {**_surroundings(face, skin), **_shine(skin), **_texture(face, encoded), **_blocks(face, encoded)}
    if capture is not None:
        if capture.brightness_ev is not None:
            measures["brightness_ev"] = capture.brightness_ev
        if capture.flash_fired is not None:
            measures["flash_fired"] = float(capture.flash_fired)
    return measures


def _surroundings(face: Face, skin: Skin) -> dict[str, float]:
    """Return luminance of the eyes' whites, the background and the skin, and how far the whites are from white."""
    parts = face.segmentation
    eyes, behind = parts == SegmentationClass.EYES, parts == SegmentationClass.BACKGROUND
    measures = {}
    if np.count_nonzero(eyes) >= _FEWEST_EYE_PX:
        pixels = skin.linear[eyes]
        luminance = pixels @ LUMINANCE
        low, high, white = np.percentile(luminance, (65, 97, 90))
        lab = np.median(np.asarray(linear_to_lab(pixels[(luminance >= low) & (luminance <= high)])), axis=0)
        measures["eye_white"] = float(white)
        measures["eye_tint"] = float(np.hypot(lab[1] - EYE_WHITE_LAB[0], lab[2] - EYE_WHITE_LAB[1]))
    if np.count_nonzero(behind) >= _FEWEST_PX:
        measures["background"] = float(np.percentile(_luminance(skin, behind), 75))
        if "eye_white" in measures:
            measures["background_ratio"] = measures["background"] / max(measures["eye_white"], 1e-3)
    if skin.visible.any():
        measures["face_luminance"] = float(np.median(_luminance(skin, skin.visible)))
    return measures


def _luminance(skin: Skin, mask: BoolMap) -> FloatMap:
    """Return the luminance of the masked pixels, of a grid of them where they are many: it is quantiles that count."""
    step = 1 + int(np.count_nonzero(mask) > _MANY_PX) + int(np.count_nonzero(mask) > 4 * _MANY_PX)
    found = skin.linear[::step, ::step][mask[::step, ::step]] @ LUMINANCE
    return found if len(found) else skin.linear[mask] @ LUMINANCE


def _shine(skin: Skin) -> dict[str, float]:
    glare = skin.excluded.get("specular")
    if glare is None:
        return {}
    shiny = 0
    for region in _PLACES:
        here = skin.visible & region_mask(skin.regions, region)
        shiny += bool(here.any()) and float(np.mean(glare[here])) > _SHINY
    return {"shiny_regions": float(shiny)}


def _texture(face: Face, encoded: FloatMap) -> dict[str, float]:
    """Return the skin's finest structure over that of eyes, lips and hair: a filter smooths the one, blur both."""
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    skin = in_classes(face.segmentation, (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE)) & (face.regions > 0)
    sharp = in_classes(face.segmentation, (SegmentationClass.EYES, SegmentationClass.LIPS, SegmentationClass.HAIR))
    if min(np.count_nonzero(skin), np.count_nonzero(sharp)) < _FEWEST_PX:
        return {}
    window = window_of(skin | sharp)
    grey = encoded[window] @ LUMINANCE
    fine = np.abs(grey - gaussian_filter(grey, 1.0))
    edges = float(np.percentile(fine[sharp[window]], 90))
    inner = _inside(skin[window])
    return {"texture": float(np.median(fine[inner])) / edges} if edges > 0 and inner.any() else {}


def _inside(mask: BoolMap) -> BoolMap:
    from scipy.ndimage import minimum_filter  # late: 40 ms

    return np.asarray(minimum_filter(mask.view(np.uint8), size=7, mode="constant"), dtype=np.bool_)


def _blocks(face: Face, encoded: FloatMap) -> dict[str, float]:
    """Return how much larger steps are between the blocks of JPEG than inside them; 1 where nothing is compressed.

    Only in the photo's own pixels; in a photo that was made smaller, later, the blocks are gone.
    """
    frame = face.frame
    if frame.factor != 1 or min(encoded.shape[:2]) < 8 * _BLOCK_PX:
        return {}
    grey = 255 * (encoded @ LUMINANCE)
    ratios = []
    for axis, start in ((1, frame.x_px), (0, frame.y_px)):
        # Edges of things are no blocks: a step counts no more than 12 of 255.
        steps = np.minimum(np.abs(np.diff(grey, axis=axis)), 12.0).mean(axis=1 - axis)
        places = (np.arange(len(steps)) + int(start) + 1) % _BLOCK_PX
        means = [float(steps[places == place].mean()) for place in range(_BLOCK_PX)]
        ratios.append(means[0] / max(float(np.median(means[1:])), 1e-3))
    return {"blockiness": float(np.mean(ratios))}
