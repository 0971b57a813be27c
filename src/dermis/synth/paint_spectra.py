"""Spectra for what is painted in linear sRGB: hair, eyes, cloth and background."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.core import Part
from dermis.core.arrays import FloatMap, LabelMap, read_only
from dermis.optics.observer import xyz_weights
from dermis.optics.spectral import WORKING_NM, interpolation

__all__ = ["paint_basis", "paint_spectra"]

_NIR = {Part.HAIR: 0.62, Part.FACIAL_HAIR: 0.62, Part.BACKGROUND: 0.5, Part.EYES: 0.25}
"""What a part reflects deep in the near infrared: melanin and most dyes are clear there (chosen)."""
_NIR_START_NM, _NIR_RISE_NM = 690.0, 130.0


@cache
def _primaries() -> NDArray[np.float64]:
    """Return (125, 3) on the working grid: the smoothest spectra whose colours under D65 are red, green and blue.

    Smoothest in the sum of squared first differences. As white's is 1 everywhere, the three sum to 1.
    """
    weights = np.asarray(xyz_to_linear(xyz_weights(WORKING_NM, "D65")))
    slope = np.diff(np.eye(len(WORKING_NM)), axis=0)
    stiffness = slope.T @ slope
    system = np.block([[stiffness, weights], [weights.T, np.zeros((3, 3))]])
    target = np.concatenate([np.zeros((len(WORKING_NM), 3)), np.eye(3)])
    found: NDArray[np.float64] = np.linalg.lstsq(system, target, rcond=None)[0][: len(WORKING_NM)]
    return read_only(found)


def paint_basis(wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
    """Return (3, band): `paint @ basis` is a reflectance whose colour under D65 is `paint` (..., 3), linear sRGB.

    Smooth, and constant beyond the visible. Strong colours may leave [0, 1] a little: clip.
    """
    return (interpolation(WORKING_NM, np.atleast_1d(np.asarray(wavelengths_nm, dtype=np.float64))) @ _primaries()).T


def paint_spectra(paint: FloatMap, parts: LabelMap, wavelengths_nm: ArrayLike) -> FloatMap:
    """Return reflectance (n, band) of `paint` (n, 3) linear sRGB on `parts` (n,), which decide the near infrared."""
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    visible = np.clip(paint @ paint_basis(grid).astype(np.float32), 0.003, 0.97)
    table = np.full(max(Part) + 1, 0.5, np.float32)
    for part, value in _NIR.items():
        table[part] = value
    risen = 1 - np.exp(-np.clip(grid - _NIR_START_NM, 0, None) / _NIR_RISE_NM)
    top = np.maximum(table[parts][:, None], visible)
    return np.asarray(visible + (top - visible) * risen.astype(np.float32), np.float32)
