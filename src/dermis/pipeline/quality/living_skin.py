"""What tells living skin from stone, plastic, paint, print and screens: how its colour varies.

Blood and melanin lie unevenly, so the colour of living skin varies from place to place at one lightness, and lips and
eyes differ from it. Stone, bronze, wood, a mask or a painted layer have one colour, shaded; a picture without colours
of its own has one all over; a drawing has flat areas, and print and screens have dots and stripes of pure colours. All
of this is relative within the photo, so that neither tone nor light plays a part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, SegmentationClass, Skin, in_classes
from dermis.core.arrays import BoolMap, FloatMap, window_of
from dermis.face.crop import to_frame
from dermis.pipeline.exclusion import LUMINANCE

__all__ = ["living_skin_measures"]

_Floats = NDArray[np.float64]

_BLOCKS = 100
"""Across the width of a face: what is finer is noise and grain."""
_PARTS = (SegmentationClass.LIPS, SegmentationClass.EYES)
_SKIN = (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE)
_FEWEST, _FEWEST_OF_A_PART = 150, 6
_LEAST_LIGHT = 2e-3
_FEWEST_PX = 400
_INSET, _BLACK, _BLACK_SHARE = 0.15, 2.5 / 255, 0.04
"""Of the inner part of a face more than this share is black where eyes, nostrils and mouth are masked out."""


def living_skin_measures(face: Face, skin: Skin, encoded: FloatMap) -> dict[str, float]:
    """Return the signs of living skin that a whole face shows; none of a close-up.

    colour_variation: standard deviation of the skin's colour at one lightness (log10 of red and blue over green).
    lip_contrast, part_contrast: by how much the lips, and lips and eyes together, differ from the skin in that colour.
    lip_red: by how much the lips are redder. skin_red: log10 of red over green of the skin.
    flat_share: share of neighbouring pixels that are equal. fine_colour: mean step of red less green to the neighbour.
    """
    if face.landmarks is None or face.face_width_px is None:
        return {}
    bare = in_classes(face.segmentation, _SKIN) & face.skin
    if np.count_nonzero(bare) < _FEWEST_PX:
        return {}
    parts = () if _blacked_out(face, encoded) else _PARTS
    return {**_colours(face, skin, bare, parts), **_grain(encoded, bare)}


def _blacked_out(face: Face, encoded: FloatMap) -> bool:
    """Return whether eyes and mouth were made black, as `dermis deidentify` does: then no lips are compared."""
    if face.landmarks is None:
        return False
    places = to_frame(face.landmarks, face.frame)
    low, high = places.min(axis=0), places.max(axis=0)
    (left, top), (right, bottom) = low + _INSET * (high - low), high - _INSET * (high - low)
    inner = encoded[max(0, round(top)) : max(0, round(bottom)), max(0, round(left)) : max(0, round(right))]
    return inner.size > 0 and float(np.mean(inner.max(axis=-1) < _BLACK)) > _BLACK_SHARE


def _colours(face: Face, skin: Skin, bare: BoolMap, parts: tuple[SegmentationClass, ...] = _PARTS) -> dict[str, float]:
    step = max(1, round((face.face_width_px or 0.0) / face.frame.factor / _BLOCKS))
    window = window_of(bare)
    light = _blocks(skin.linear[window], step)
    luminance = np.log10(np.maximum(light @ LUMINANCE, _LEAST_LIGHT))
    inside = _blocks(bare[window].astype(np.float32)[..., None], step)[..., 0] > 0.95
    inside &= (light.max(axis=-1) < 0.97) & (light.min(axis=-1) > _LEAST_LIGHT)
    if np.count_nonzero(inside) < _FEWEST:
        return {}
    low, high = np.percentile(luminance[inside], (10, 90))
    inside &= (luminance >= low) & (luminance <= high)
    logs = np.log10(np.maximum(light, _LEAST_LIGHT))
    colour = logs[..., ::2] - logs[..., 1:2]
    # A cast of light and the tone curve may change colour with lightness: that is no variation of the skin.
    usual = np.median(luminance[inside])
    curve = np.vander(luminance[inside] - usual, 3)
    solved = np.linalg.lstsq(curve, colour[inside], rcond=None)[0]
    left = colour[inside] - curve @ solved
    spread = np.diff(np.percentile(left, (16, 84), axis=0), axis=0)[0] / 2
    measures = {
        "colour_variation": float(np.hypot(*spread)),
        "skin_red": float(np.median(colour[inside][:, 0])),
    }
    contrasts = {}
    for part in parts:
        share = _blocks((face.segmentation == part)[window].astype(np.float32)[..., None], step)[..., 0]
        here = (share > 0.6) & (light.max(axis=-1) < 0.97)
        if np.count_nonzero(here) >= _FEWEST_OF_A_PART:
            expected = np.vander(np.clip(luminance[here], low, high) - usual, 3) @ solved
            contrasts[part] = np.median(colour[here] - expected, axis=0)
    if len(contrasts) == len(_PARTS):
        measures["part_contrast"] = float(np.hypot(*(np.hypot(*one) for one in contrasts.values())))
    if SegmentationClass.LIPS in contrasts:
        measures["lip_contrast"] = float(np.hypot(*contrasts[SegmentationClass.LIPS]))
        measures["lip_red"] = float(contrasts[SegmentationClass.LIPS][0])
    return measures


def _blocks(values: FloatMap, step: int) -> _Floats:
    """Return the means (h // step, w // step, k) of squares of a map (h, w, k)."""
    height, width = (size // step for size in values.shape[:2])
    cut = values[: height * step, : width * step]
    # By einsum, which adds along an axis several times faster than mean does.
    rows = np.einsum("afb->ab", cut.reshape(height, step, -1))
    means = np.einsum("abfc->abc", rows.reshape(height, width, step, -1)) / np.float32(step**2)
    return np.asarray(means, np.float64)


def _grain(encoded: FloatMap, bare: BoolMap) -> dict[str, float]:
    rows, columns = window_of(bare)
    every = slice(rows.start + rows.start % 2, rows.stop, 2)  # the even rows
    seen, pixels = bare[every, columns], encoded[every, columns]
    steps = np.diff(pixels, axis=1)[seen[:, 1:] & seen[:, :-1]]
    if len(steps) < _FEWEST_PX:
        return {}
    return {
        "flat_share": float(np.mean(np.abs(steps).max(axis=1) < 0.5 / 255)),
        "fine_colour": float(np.mean(np.abs(steps[:, 0] - steps[:, 1]))),
    }
