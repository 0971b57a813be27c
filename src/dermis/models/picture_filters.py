"""Pictures made simpler before a network sees them, as published graders of pigmentation do."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["THRESHOLD", "brightness_threshold", "filtered", "pigment_alone"]

THRESHOLD = 0.165
"""Of V - grey, chosen by the makers of the published model for the best visual result."""
_GREY = (0.299, 0.587, 0.114)
_BLACK = 0.02
_REDDER, _DARKER = 1.5, 2.0
"""So many robust deviations redder, or darker over a wide area, than the face's median is left out (chosen)."""
_WIDE, _LEAST = 0.25, 2.0


def filtered(picture: FloatMap, name: Literal["", "brightness_threshold", "pigment"]) -> FloatMap:
    """Return sRGB (h, w, 3) in [0, 1] through the filter of that name."""
    if name == "brightness_threshold":
        return brightness_threshold(picture)
    return pigment_alone(picture) if name == "pigment" else picture


def brightness_threshold(picture: FloatMap) -> FloatMap:
    """Return V where V - grey exceeds 0.165, else 0, in all three channels.

    V is the largest channel, grey 0.299 R + 0.587 G + 0.114 B: what is left is strongly coloured, so redness and shade
    of warm light as well as pigment (the published model's fault).
    """
    value = picture.max(axis=2)
    grey = picture @ np.array(_GREY, np.float32)
    shown = np.where(value - grey > THRESHOLD, value, 0.0).astype(np.float32)
    return np.repeat(shown[..., None], 3, axis=2)


def pigment_alone(picture: FloatMap) -> FloatMap:
    """Return the picture with what is red or in shadow painted in the face's median colour; black stays black.

    Red: a* far above the median of what is not black, with a hue turned away from brown. In shadow: L* averaged over a
    quarter of the side, so that no mark counts, far below it.
    """
    from scipy.ndimage import uniform_filter  # late: a tenth of a second

    skin = picture.max(axis=2) > _BLACK
    if not skin.any():
        return picture
    lab = np.asarray(linear_to_lab(np.asarray(decode(picture))))
    size = max(3, round(_WIDE * picture.shape[0]))
    share = uniform_filter(skin.astype(np.float32), size)
    wide = uniform_filter(np.where(skin, lab[..., 0], 0.0), size) / np.maximum(share, 1e-3)
    hue_deg = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    red = _beyond(lab[..., 1], skin, _REDDER) & _beyond(-hue_deg, skin, _REDDER)
    gone = skin & (red | _beyond(-wide, skin, _DARKER))
    return np.where(gone[..., None], np.median(picture[skin], axis=0), picture).astype(np.float32)


def _beyond(values: NDArray[np.floating], skin: BoolMap, far: float) -> BoolMap:
    held = values[skin]
    middle = np.median(held)
    spread = 1.4826 * np.median(np.abs(held - middle))
    return np.asarray(values > middle + far * max(float(spread), _LEAST))
