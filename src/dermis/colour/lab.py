"""CIE 1976 L*a*b*.

Source: CIE 15:2004, with the exact fractions 6/29 and 4/29. The straight part of the curve is carried on
below zero, so every real XYZ has a Lab and finds its way back.
"""

from __future__ import annotations

import numpy as np

from dermis.colour.adaptation import WHITES, White
from dermis.colour.arrays import Array, constant, in_blocks, namespace
from dermis.colour.srgb import decode, linear_to_xyz, xyz_to_linear

__all__ = ["WHITES", "White", "lab_to_linear", "lab_to_xyz", "linear_to_lab", "srgb_to_lab", "xyz_to_lab"]

_D65 = WHITES["D65"]
_KNEE = 6 / 29


def xyz_to_lab(xyz: Array, white: White = _D65) -> Array:
    """Return L*a*b* of CIE XYZ, both (..., 3); xyz in the scale of `white`, L* 100 for the white itself."""
    xp = namespace(xyz)
    ratio = xyz / constant(white, like=xyz)
    low = ratio <= _KNEE**3
    # The root's slope is infinite at 0: keep 0 out of it, or the unused branch turns the gradient into NaN.
    curve = xp.where(low, 1.0, ratio) ** (1 / 3)
    f = xp.where(low, ratio / (3 * _KNEE**2) + 4 / 29, curve)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    return xp.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def lab_to_xyz(lab: Array, white: White = _D65) -> Array:
    """Return CIE XYZ of L*a*b*, both (..., 3), in the scale of `white`."""
    xp = namespace(lab)
    fy = (lab[..., 0] + 16) / 116
    f = xp.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    ratio = xp.where(f <= _KNEE, 3 * _KNEE**2 * (f - 4 / 29), f**3)
    return ratio * constant(white, like=lab)


def linear_to_lab(linear: Array) -> Array:
    """Return L*a*b* (D65) of linear sRGB, both (..., 3), 1 = white."""
    namespace(linear)
    return (
        in_blocks(_linear_to_lab, linear, to_colours=True) if isinstance(linear, np.ndarray) else _linear_to_lab(linear)
    )


def _linear_to_lab(linear: Array) -> Array:
    return xyz_to_lab(linear_to_xyz(linear))


def srgb_to_lab(encoded: Array) -> Array:
    """Return L*a*b* (D65) of sRGB values, both (..., 3), 1 = white."""
    return linear_to_lab(decode(encoded))


def lab_to_linear(lab: Array) -> Array:
    """Return linear sRGB of L*a*b* (D65), both (..., 3); a colour outside the gamut leaves [0, 1]."""
    return xyz_to_linear(lab_to_xyz(lab))
