"""Melanin and haemoglobin: pigment index maps by unmixing of optical density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Finding, Map, Region, Skin, Task
from dermis.core.arrays import FloatMap
from dermis.tasks.region_statistics import map_findings

__all__ = [
    "HAEMOGLOBIN",
    "MELANIN",
    "Chromophores",
    "measure_haemoglobin",
    "measure_melanin",
    "optical_density",
    "unmix",
]

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


def measure_melanin(skin: Skin, chromophores: Chromophores) -> tuple[Finding, ...]:
    """Map the optical density (x 100) that melanin adds in the red channel, freed of shading and of blood."""
    return map_findings(MELANIN, skin, chromophores.melanin, model="unmix@1")


def measure_haemoglobin(skin: Skin, chromophores: Chromophores) -> tuple[Finding, ...]:
    """Map the optical density (x 100) that blood adds in the green channel, freed of shading and melanin."""
    return map_findings(HAEMOGLOBIN, skin, chromophores.haemoglobin, model="unmix@1")


MELANIN = Task(
    name="melanin",
    title="Melanin",
    question="How much melanin is in the skin, and where?",
    scale=Map(unit="melanin index", low=0.0, high=100.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Tsumura et al., J. Opt. Soc. Am. A 16 (1999) 2169-2176; Takiwaki, J. Med. Invest. 44 (1998) 121-126",
    measure=measure_melanin,
    needs=("skin", "chromophores"),
    colours=("#fff4da", "#efc377", "#c17f3c", "#80451f", "#3d1c0f"),
)


HAEMOGLOBIN = Task(
    name="haemoglobin",
    title="Haemoglobin",
    question="How much blood is in the skin, and where?",
    scale=Map(unit="haemoglobin index", low=0.0, high=50.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Tsumura et al., J. Opt. Soc. Am. A 16 (1999) 2169-2176",
    measure=measure_haemoglobin,
    needs=("skin", "chromophores"),
    colours=("#fdeee8", "#f5b5a3", "#dd6262", "#a51f45", "#4d0a33"),
)
