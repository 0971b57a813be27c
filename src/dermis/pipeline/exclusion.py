"""What of the visible skin must not be measured, each reason a named mask."""

from __future__ import annotations

import numpy as np

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, window_of

__all__ = ["LUMINANCE", "REASONS", "brightest_channel", "exclude"]

REASONS = {
    "clipped": "pixels at the end of the camera's range",
    "specular": "glare on the skin",
    "shadow": "deep shadow",
    "border": "the uncertain edge of the skin",
    "facial_hair": "beard and moustache, and the skin under them",
    "beside_face": "neck, ears and other skin beside the face",
    "unlit": "skin that the flash did not reach",
}
"""Every reason and its words for the user."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Weights of linear sRGB in the luminance Y (IEC 61966-2-1)."""

CLIPPED_HIGH = 0.985
CLIPPED_LOW = 0.004
SHADOW_BELOW = 0.35
"""Darker than this share of the skin's median luminance is deep shadow: 1.5 stops down."""
GLARE_ABOVE = 1.25
"""Glare is at least this much brighter than the skin's median..."""
GLARE_PALER = 0.80
"""...and its saturation is below this share of what skin of that place has."""
BORDER_SHARE = 0.006
"""Width of the border, as a share of the frame's long side."""
SURE = 0.75
"""Less confidence than this in a pixel being skin widens the border..."""
UNSURE_WIDTHS = 4
"""...to so many times its width; deeper inside, doubt is the parser's, not the skin's."""


def exclude(
    encoded: FloatMap, linear: FloatMap, visible: BoolMap, parts: LabelMap, confidence: FloatMap | None = None
) -> dict[str, BoolMap]:
    """Return, by reason, what is not measured; masks may overlap. What a flash did not reach is not asked here.

    All but facial hair, which hides skin, lie within the visible skin.

    encoded, linear: (h, w, 3) float32 of the same frame, sRGB-encoded as photographed and linear light.
    parts: (h, w) uint8 of `SegmentationClass`. confidence: (h, w) in [0.5, 1] of a pixel being skin or not, where
    known. What is usual for the skin (its median) is taken from the face alone.
    """
    beside = visible & (parts == SegmentationClass.OTHER_SKIN)
    part = window_of(visible, 1)
    light, face = linear[part], (visible & ~beside)[part]
    luminance = light @ LUMINANCE
    width = BORDER_SHARE * max(visible.shape)
    found = {
        "clipped": _clipped(encoded[part]),
        "specular": _specular(light, luminance, face),
        "shadow": _shadow(luminance, face),
        "border": _border(visible[part], width, None if confidence is None else confidence[part]),
    }
    seen = visible[part]
    return {reason: _laid(mask & seen, part, visible) for reason, mask in found.items()} | {
        "facial_hair": parts == SegmentationClass.FACIAL_HAIR,
        "beside_face": beside,
    }


def _laid(mask: BoolMap, part: tuple[slice, slice], whole: BoolMap) -> BoolMap:
    """Return a mask of a part of the frame on all of it."""
    found = np.zeros_like(whole)
    found[part] = mask
    return found


def brightest_channel(pixels: FloatMap) -> FloatMap:
    """Return the largest of the three channels; channel by channel, which is faster than along the last axis."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return np.maximum(np.maximum(red, green), blue)


def _clipped(encoded: FloatMap) -> BoolMap:
    top = brightest_channel(encoded)
    return np.asarray((top >= CLIPPED_HIGH) | (top <= CLIPPED_LOW))


def _shadow(luminance: FloatMap, face: BoolMap) -> BoolMap:
    if not face.any():
        return np.zeros_like(face)
    return np.asarray(luminance < SHADOW_BELOW * np.median(luminance[face]))


def _specular(linear: FloatMap, luminance: FloatMap, face: BoolMap) -> BoolMap:
    """Glare adds the light's own colour: brighter and, at the same time, paler than the skin around."""
    if not face.any():
        return np.zeros_like(face)
    red, green, blue = (linear[..., channel] for channel in range(3))
    darkest = np.minimum(np.minimum(red, green), blue)
    saturation = 1 - darkest / np.maximum(brightest_channel(linear), 1e-4)
    usual = float(np.median(saturation[face]))
    brighter = luminance > GLARE_ABOVE * np.median(luminance[face])
    return np.asarray(brighter & (saturation < GLARE_PALER * usual))


def _border(visible: BoolMap, width: float, confidence: FloatMap | None) -> BoolMap:
    """Return the edge of the skin: always a narrow one, a wider one where it is not sure to be skin."""
    edge = ~_eroded(visible, max(1, round(width)))
    if confidence is not None:
        edge |= (confidence < SURE) & ~_eroded(visible, max(1, round(UNSURE_WIDTHS * width)))
    return edge


def _eroded(visible: BoolMap, radius: int) -> BoolMap:
    from scipy import ndimage  # late: 0.1 s

    near = ndimage.minimum_filter(visible.view(np.uint8), size=2 * radius + 1, mode="constant", cval=1)
    return np.asarray(near, dtype=np.bool_)
