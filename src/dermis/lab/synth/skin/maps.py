"""Maps of unmarked skin: chromophores, relief and gloss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dermis.core import Region
from dermis.core.arrays import FloatMap, hold
from dermis.lab.synth.head.uv import Atlas, Grid, coarse, spread_gain, zoned
from dermis.lab.synth.noise import draw_waves
from dermis.lab.synth.skin.texture import atlas_noise, pore_depth
from dermis.optics.tissue import RANGES, Tissue

__all__ = ["LIMITS", "PUS", "REGIONAL", "SkinMaps", "Tone", "base_skin", "clip_to_limits"]

LIMITS: Mapping[str, tuple[float, float]] = {
    **{
        name: (RANGES[name].low, RANGES[name].high)
        for name in ("melanosome_fraction", "blood_fraction", "oxygen_saturation")
    },
    "scattering": (0.5, 2.0),
    "pus": (0.0, 1.0),
    "height_mm": (-3.0, 5.0),
    "roughness": (0.1, 1.0),
}
"""What each map may hold; the chromophores as in the tissue model."""

PUS = Tissue(
    melanosome_fraction=RANGES["melanosome_fraction"].low,
    epidermis_um=RANGES["epidermis_um"].low,
    blood_fraction=RANGES["blood_fraction"].low,
    bilirubin_umol_per_l=40.0,
    carotene_umol_per_l=4.0,
    scattering_per_cm=80.0,
)
"""Pus as a tissue: bloodless, strongly scattering, yellow (amounts chosen by eye).

A renderer mixes: (1 - pus) times the skin's reflectance plus pus times that of `PUS`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinMaps:
    """Skin over an atlas, every map (H, W) float32 within `LIMITS`.

    melanosome_fraction, blood_fraction, oxygen_saturation: as in `dermis.optics.tissue.Tissue`.
    scattering: times the tissue's own. pus: how much of the light comes back from pus (`PUS`) under the horny
    layer, before it meets any melanin. height_mm: relief on top of the head's own shape. roughness: of the
    glossy surface, 0 mirror, 1 matt.
    """

    melanosome_fraction: FloatMap
    blood_fraction: FloatMap
    oxygen_saturation: FloatMap
    scattering: FloatMap
    pus: FloatMap
    height_mm: FloatMap
    roughness: FloatMap

    def __post_init__(self) -> None:
        shape = self.melanosome_fraction.shape
        for field in fields(self):
            hold(self, field.name, dtype=np.float32, shape=(shape[0], shape[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A person's own colour: the chromophores of their unmarked cheek."""

    melanosome_fraction: float
    blood_fraction: float
    oxygen_saturation: float


_EYES = (Region.LEFT_UNDER_EYE, Region.RIGHT_UNDER_EYE)
REGIONAL: Mapping[str, Mapping[Region, float]] = {
    "melanosome_fraction": dict.fromkeys(_EYES, 1.2),
    "blood_fraction": dict.fromkeys(_EYES, 0.86),
    "oxygen_saturation": dict.fromkeys(_EYES, 0.9),
}
"""By map, how many times the cheek's it is under the eyes, which nobody measured (everyday knowledge, amounts chosen).

Forehead, nose and chin are a person's own: `dermis.lab.synth.skin.own_skin`.
"""

_OIL = {Region.FOREHEAD: 0.85, Region.NOSE: 0.72, Region.CHIN: 0.88}
# Visible (dilated) pores a cm²: more on nose and forehead than cheek (Korean J Dermatol 2014;52:851); numbers
# chosen within the tens a cm² that a 0.25 mm threshold leaves (Flament et al., CCID 2015;8:85).
_PORES_PER_CM2 = {
    Region.NOSE: 85.0,
    Region.LEFT_CHEEK: 32.0,
    Region.RIGHT_CHEEK: 32.0,
    Region.FOREHEAD: 38.0,
    Region.CHIN: 34.0,
    Region.LEFT_UNDER_EYE: 3.0,
    Region.RIGHT_UNDER_EYE: 3.0,
}
_BLUR_MM = 7.0


def base_skin(
    rng: np.random.Generator,
    tone: Tone,
    atlas: Atlas,
    *,
    age_years: float = 30.0,
    gains: Mapping[str, Mapping[Region, float]] = REGIONAL,
) -> SkinMaps:
    """Draw unmarked skin of `tone` over `atlas`.

    gains: by map and region, how many times the cheek's it is. Pigment and blood drift and mottle over mm to cm, pores
    and creases give relief. Older skin mottles more and has larger pores and deeper creases (amounts chosen).
    """
    streams = rng.spawn(4)
    grid = coarse(atlas)
    age = float(np.clip((age_years - 20) / 50, 0, 1))
    depth = _pores(streams[2], atlas, grid, age)
    melanin = _drift(streams[0], atlas, slow=0.06, mottle=0.085 + 0.05 * age)
    blood = _drift(streams[1], atlas, slow=0.09, mottle=0.19)
    relief, shine = _surface(streams[3], atlas, age)

    def regional(name: str) -> FloatMap:
        return spread_gain(atlas, grid, gains.get(name, {}), blur_mm=_BLUR_MM)

    melanin *= regional("melanosome_fraction") * np.float32(tone.melanosome_fraction)
    blood *= regional("blood_fraction") * np.float32(tone.blood_fraction)
    maps = {
        "melanosome_fraction": melanin * (1 + 0.22 * depth),
        "blood_fraction": blood * (1 + 0.25 * depth),
        "oxygen_saturation": regional("oxygen_saturation") * np.float32(tone.oxygen_saturation),
        "scattering": regional("scattering"),
        "pus": np.zeros_like(depth),
        "height_mm": relief - np.float32(0.07 + 0.05 * age) * depth,
        "roughness": shine * spread_gain(atlas, grid, _OIL, blur_mm=_BLUR_MM) + 0.15 * depth,
    }
    return SkinMaps(**clip_to_limits(maps))


def clip_to_limits(maps: Mapping[str, NDArray[np.floating]]) -> dict[str, FloatMap]:
    """Return each map as float32 held within its `LIMITS`."""
    return {name: np.clip(values, *LIMITS[name]).astype(np.float32, copy=False) for name, values in maps.items()}


def _drift(rng: np.random.Generator, atlas: Atlas, *, slow: float, mottle: float) -> FloatMap:
    """Return a (H, W) gain about 1: spreads `slow` over 2-9 cm and `mottle` over 1-16 mm, as logarithms."""
    broad = atlas_noise(draw_waves(rng, 24, shortest_mm=20, longest_mm=90, slope=0.5), atlas)
    fine = atlas_noise(draw_waves(rng, 96, shortest_mm=1.0, longest_mm=16, slope=0.55), atlas)
    return np.exp(np.float32(slow) * broad + np.float32(mottle) * fine)


def _pores(rng: np.random.Generator, atlas: Atlas, grid: Grid, age: float) -> FloatMap:
    per_cm2 = zoned(grid, _PORES_PER_CM2, otherwise=10.0) * rng.lognormal(0.0, 0.25)
    return pore_depth(rng, atlas, grid, per_cm2, radius_mm=(0.12, 0.26 + 0.1 * age))


def _surface(rng: np.random.Generator, atlas: Atlas, age: float) -> tuple[FloatMap, FloatMap]:
    """Return relief in mm and roughness of the surface between the pores.

    Creases are where a band of noise crosses zero: a net of fine valleys 0.5-1.5 mm apart.
    """
    net = np.abs(atlas_noise(draw_waves(rng, 128, shortest_mm=0.7, longest_mm=2.2), atlas))
    uneven = atlas_noise(draw_waves(rng, 48, shortest_mm=3, longest_mm=30), atlas)
    creases = np.minimum(net, np.float32(1.0))
    relief = np.float32(0.022 + 0.012 * age) * creases + np.float32(0.02) * uneven
    roughness = np.float32(0.46) + np.float32(0.04) * uneven + np.float32(0.05) * (1 - creases)
    return relief, roughness.astype(np.float32, copy=False)
