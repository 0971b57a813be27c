"""Gloss laid over a photo: what the skin's surface reflects without a polariser before camera or lamp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode
from dermis.core import Face, Photo
from dermis.face.regions import face_width_px

__all__ = ["with_gloss"]

_STRENGTH = (0.2, 0.9)
"""Light of the surface where it is usual, over the median light of the frame of the face in green."""
_STEP, _PATCHES = 0.02, (2.0, 6.0)
"""Grid of the field in face widths, and the smoothing of its patches in steps of the grid."""
_GRAIN, _UNEVEN = 1 / 500, 0.35
"""Size of what pores and ridges reflect, in face widths, and its standard deviation over the gloss."""


def with_gloss(photo: Photo, face: Face, seed: int) -> Photo:
    """Return a photo, sRGB, with neutral light added in smooth patches of random strength, uneven as pores make it.

    Gloss adds the same light to a lesion as to the skin around, so the lesion stands out less.
    """
    from scipy.ndimage import gaussian_filter  # late: 0.1 s
    from skimage.transform import resize  # late: 0.3 s

    rng = np.random.default_rng(seed)
    linear = np.asarray(decode(photo.pixels), np.float32)
    shape, width_px = linear.shape[:2], face_width_px(face)
    step = max(1, int(_STEP * width_px))
    coarse = (shape[0] // step + 2, shape[1] // step + 2)
    patches = resize(_even(gaussian_filter(rng.normal(0, 1, coarse), rng.uniform(*_PATCHES))), shape, order=1)
    grain = _even(gaussian_filter(rng.normal(0, 1, shape), max(_GRAIN * width_px, 0.5)))
    gloss = np.clip(0.5 + 0.5 * patches, 0, 2) * np.maximum(1 + _UNEVEN * grain, 0)
    added = rng.uniform(*_STRENGTH) * _usual_green(linear, face) * gloss
    pixels = encode(np.clip(linear + added[..., None], 0, 1))
    return replace(photo, pixels=np.clip(pixels, 0, 1).astype(np.float32))


def _even(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with a mean of 0 and a standard deviation of 1."""
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9), np.float64)


def _usual_green(linear: NDArray[np.float32], face: Face) -> float:
    frame = face.frame
    rows = slice(max(frame.y_px, 0), frame.y_px + frame.height * frame.factor)
    columns = slice(max(frame.x_px, 0), frame.x_px + frame.width * frame.factor)
    return float(np.median(linear[rows, columns, 1]))
