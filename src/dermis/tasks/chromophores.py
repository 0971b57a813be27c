"""Melanin and haemoglobin from one colour: optical densities and their two pigment axes.

The optical density of skin in linear light is, to first order, a sum: shading (the same in all channels), melanin
times its colour, blood times its colour (Tsumura 1999). Three channels, three unknowns: exposure and shading
cancel; the white balance of the photo does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core.arrays import FloatMap

__all__ = ["Chromophores", "optical_density", "unmix"]

DARKEST = 1e-4
"""Linear light below this says nothing more; it bounds the density at 4."""

MELANIN_AXIS = (1.0, 1.47, 2.36)
"""Density that more melanin adds in (red, green, blue) of linear sRGB under D65, red = 1."""
BLOOD_AXIS = (0.45, 1.0, 0.60)
"""Density that more blood adds there, green = 1.

Both are means over drawn skin of the two-layer model (`optics`), from the lightest to the darkest tone;
benchmarks/pigment_axes.py computes them again, a test holds these to it. Blood absorbs most in the blue, but the
little light that comes back there has hardly been in the dermis: its colour in a photo is green-poor, not blue-poor.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromophores:
    """(h, w) float32 each: melanin in 100 x red density, haemoglobin in 100 x green density, shading likewise."""

    melanin: FloatMap
    haemoglobin: FloatMap
    shading: FloatMap


def optical_density(linear: FloatMap) -> FloatMap:
    """Return log10(1 / linear), bounded to [-0.3, 4]."""
    return -np.log10(np.clip(linear, DARKEST, 2.0), dtype=np.float32)


def unmix(linear: FloatMap) -> Chromophores:
    """Split the optical density of (..., 3) linear light into melanin, haemoglobin and shading."""
    axes = np.array([MELANIN_AXIS, BLOOD_AXIS, (1.0, 1.0, 1.0)])
    parts = 100 * optical_density(linear) @ np.linalg.inv(axes).astype(np.float32)
    return Chromophores(melanin=parts[..., 0], haemoglobin=parts[..., 1], shading=parts[..., 2])
