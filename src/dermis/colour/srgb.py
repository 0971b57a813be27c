"""sRGB: its transfer curve, its primaries, and colours written as #RRGGBB.

Source: IEC 61966-2-1. Channels stand on the last axis; encoded and linear values are 0 for black and 1 for
white. Values outside [0, 1] are kept: the curve is carried on above 1 and mirrored below 0, so a colour
outside the gamut survives the way there and back.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from dermis.colour.adaptation import WHITES
from dermis.colour.arrays import Array, array_namespace, constant, in_blocks, namespace
from dermis.errors import UsageError

__all__ = ["decode", "encode", "hex_to_srgb", "linear_to_xyz", "srgb_to_hex", "xyz_to_linear"]

_PRIMARIES_XY = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_ENCODED_KNEE = 0.04045
_LINEAR_KNEE = 0.0031308


def _linear_to_xyz_matrix() -> NDArray[np.float64]:
    # Derived rather than the four digits that the standard prints, so that white is exactly the D65 of
    # WHITES and a grey has a* = b* = 0. The two differ by less than 0.0001.
    x, y = np.asarray(_PRIMARIES_XY).T
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    return primaries * np.linalg.solve(primaries, np.asarray(WHITES["D65"]))


_LINEAR_TO_XYZ = _linear_to_xyz_matrix()
_XYZ_TO_LINEAR = np.linalg.inv(_LINEAR_TO_XYZ)


def decode(encoded: Array) -> Array:
    """Return linear sRGB from sRGB values, both (..., 3)."""
    namespace(encoded)
    return in_blocks(_decode, encoded, to_colours=True) if isinstance(encoded, np.ndarray) else _decode(encoded)


def _decode(encoded: Array) -> Array:
    xp = array_namespace(encoded)
    size = xp.abs(encoded)
    curve = xp.sign(encoded) * ((size + 0.055) / 1.055) ** 2.4
    return xp.where(size <= _ENCODED_KNEE, encoded / 12.92, curve)


def encode(linear: Array) -> Array:
    """Return sRGB values from linear sRGB, both (..., 3)."""
    namespace(linear)
    return in_blocks(_encode, linear, to_colours=True) if isinstance(linear, np.ndarray) else _encode(linear)


def _encode(linear: Array) -> Array:
    xp = array_namespace(linear)
    size = xp.abs(linear)
    low = size <= _LINEAR_KNEE
    # The root's slope is infinite at 0: keep 0 out of it, or the unused branch turns the gradient into NaN.
    curve = xp.sign(linear) * (1.055 * xp.where(low, 1.0, size) ** (1 / 2.4) - 0.055)
    return xp.where(low, linear * 12.92, curve)


def linear_to_xyz(linear: Array) -> Array:
    """Return CIE XYZ (2 degree observer) of linear sRGB, both (..., 3); white has Y = 1 and is D65."""
    namespace(linear)
    return linear @ constant(_LINEAR_TO_XYZ.T, like=linear)


def xyz_to_linear(xyz: Array) -> Array:
    """Return linear sRGB of CIE XYZ under D65, both (..., 3), Y = 1 for white."""
    namespace(xyz)
    return xyz @ constant(_XYZ_TO_LINEAR.T, like=xyz)


def hex_to_srgb(colour_hex: str) -> NDArray[np.float64]:
    """Return the sRGB values (3,) in [0, 1] of a colour written as #RRGGBB.

    Raises UsageError for anything else.
    """
    if not re.fullmatch(r"#?[0-9A-Fa-f]{6}", colour_hex):
        raise UsageError(f"{colour_hex!r} is not a colour.", advice="Write it as #RRGGBB, such as #BFBFBF.")
    return np.frombuffer(bytes.fromhex(colour_hex[-6:]), dtype=np.uint8) / 255


def srgb_to_hex(srgb: Array) -> str:
    """Return #RRGGBB of one colour (3,), each channel rounded and held in [0, 1]."""
    namespace(srgb)
    levels = (round(255 * min(max(float(value), 0.0), 1.0)) for value in srgb)
    return "#" + "".join(f"{level:02X}" for level in levels)
