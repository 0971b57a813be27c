"""Melanin and haemoglobin: their index maps by region; the indices of the literature beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Finding, Map, PhotoNeed, Region, Skin, Task
from dermis.core.arrays import FloatMap
from dermis.tasks.pigment_index import PigmentMaps
from dermis.tasks.region_statistics import map_findings

__all__ = [
    "HAEMOGLOBIN",
    "MELANIN",
    "Chromophores",
    "literature_indices",
    "measure_haemoglobin",
    "measure_melanin",
    "optical_density",
    "unmix",
]

MODEL = "pigment-index@4"
REFERENCE = (
    "Kollias, Stamatas, J. Investig. Dermatol. Symp. Proc. 7 (2002) 64-75 (density); "
    "Lu et al., Scientific Data 2025 (the measured people)"
)
DARKEST = 1e-4
"""Linear light below this says nothing more; it bounds the density at 4."""

MELANIN_AXIS = (1.0, 1.47, 2.36)
"""Density that more melanin adds in (red, green, blue) of linear sRGB under D65, red = 1."""
BLOOD_AXIS = (0.45, 1.0, 0.60)
"""Density that more blood adds there, green = 1.

Both are means over drawn skin of the two-layer model (`optics`), from the lightest to the darkest tone, as it was
before skin was drawn from measured faces: redness was fitted with them, and they moved by less than 0.06 since.
A test computes them again and holds these to it. Blood absorbs most in the blue, but the
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


def measure_melanin(skin: Skin, pigments: PigmentMaps) -> tuple[Finding, ...]:
    """Map the melanin index, 100 x optical density at 650-700 nm as the colour tells it, freed of shading."""
    return map_findings(MELANIN, skin, pigments.melanin, model=MODEL)


def measure_haemoglobin(skin: Skin, pigments: PigmentMaps) -> tuple[Finding, ...]:
    """Map the haemoglobin index, 100 x optical density at 540-580 nm above its base line, freed of shading."""
    return map_findings(HAEMOGLOBIN, skin, pigments.haemoglobin, model=MODEL)


def literature_indices(linear: FloatMap) -> dict[str, FloatMap]:
    """Return the indices (...) of the literature for linear sRGB (..., 3), for comparison; none is free of the light.

    takiwaki_melanin: 100 x red density (Takiwaki 1998). diffey_erythema: 100 x green less red density (Diffey 1984).
    dawson_erythema: 100 x (green density - 0.5 x (red + blue density)), Dawson's band over its base line
    (Phys. Med. Biol. 25 (1980) 695-709) with the three channels that a photo has. tsumura_melanin, tsumura_haemoglobin:
    the two-pigment unmixing (Tsumura 1999).
    """
    density, parts = 100 * optical_density(linear), unmix(linear)
    return {
        "takiwaki_melanin": density[..., 0],
        "diffey_erythema": density[..., 1] - density[..., 0],
        "dawson_erythema": density[..., 1] - 0.5 * (density[..., 0] + density[..., 2]),
        "tsumura_melanin": parts.melanin,
        "tsumura_haemoglobin": parts.haemoglobin,
    }


MELANIN = Task(
    name="melanin",
    title="Melanin",
    question="How much melanin is in the skin, and where?",
    scale=Map(unit="melanin index", low=10.0, high=110.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference=REFERENCE,
    measure=measure_melanin,
    photo_needs=(PhotoNeed.COLOUR, PhotoNeed.LEVEL, PhotoNeed.EVEN_LIGHT, PhotoNeed.SIGNAL),
    needs=("skin", "pigments"),
    colours=("#fff4da", "#efc377", "#c17f3c", "#80451f", "#3d1c0f"),
)


HAEMOGLOBIN = Task(
    name="haemoglobin",
    title="Haemoglobin",
    question="How much blood is in the skin, and where?",
    scale=Map(unit="haemoglobin index", low=0.0, high=30.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference=REFERENCE,
    measure=measure_haemoglobin,
    photo_needs=(PhotoNeed.COLOUR, PhotoNeed.LEVEL, PhotoNeed.SIGNAL),
    needs=("skin", "pigments"),
    colours=("#fdeee8", "#f5b5a3", "#dd6262", "#a51f45", "#4d0a33"),
)
