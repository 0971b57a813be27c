"""The tissue of the skin: its layers, what absorbs and scatters in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import read_only

__all__ = [
    "LONGEST_NM",
    "PARAMETERS",
    "RANGES",
    "SHORTEST_NM",
    "Absorbers",
    "Array",
    "OpticalProperties",
    "Range",
    "Tissue",
    "absorbers",
    "anisotropy",
    "optical_properties",
]

Floats = NDArray[np.float64]

SHORTEST_NM, LONGEST_NM = 350.0, 1000.0
HAEMOGLOBIN_G_PER_L, HAEMOGLOBIN_G_PER_MOL = 150.0, 64_500.0
# Carotenoids of skin (beta-carotene and lycopene in lipid) absorb further to the red than beta-carotene in
# hexane does; see docs/decisions/optics-tissue-model.md.
CAROTENE_SHIFT_NM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbers:
    """Absorption coefficients (band,): per cm of the pure substance, or per cm and umol/L where so named.

    oxygenated_blood and deoxygenated_blood are whole blood of 150 g/L haemoglobin, all of it in one state.
    """

    eumelanin_per_cm: Floats
    pheomelanin_per_cm: Floats
    baseline_per_cm: Floats
    oxygenated_blood_per_cm: Floats
    deoxygenated_blood_per_cm: Floats
    water_per_cm: Floats
    bilirubin_per_cm_umol_per_l: Floats
    carotene_per_cm_umol_per_l: Floats


def absorbers(wavelengths_nm: ArrayLike) -> Absorbers:
    """Return all absorbers at `wavelengths_nm` (band,), any grid between 350 and 1000 nm.

    Raises ValueError outside that span.
    """
    grid = np.atleast_1d(np.asarray(wavelengths_nm, dtype=np.float64))
    if grid.ndim != 1 or not np.all((grid >= SHORTEST_NM) & (grid <= LONGEST_NM)):
        raise ValueError(f"Wavelengths must lie between {SHORTEST_NM:.0f} and {LONGEST_NM:.0f} nm, one axis.")
    blood = np.log(10.0) * HAEMOGLOBIN_G_PER_L / HAEMOGLOBIN_G_PER_MOL
    per_umol = np.log(10.0) * 1e-6
    bluer = np.maximum(grid - CAROTENE_SHIFT_NM, SHORTEST_NM)
    return Absorbers(
        eumelanin_per_cm=read_only(6.6e11 * grid**-3.33),
        pheomelanin_per_cm=read_only(2.9e15 * grid**-4.75),
        baseline_per_cm=read_only(0.244 + 85.3 * np.exp(-(grid - 154.0) / 66.2)),
        oxygenated_blood_per_cm=read_only(blood * _tabulated("oxyhaemoglobin_per_cm_m", grid)),
        deoxygenated_blood_per_cm=read_only(blood * _tabulated("deoxyhaemoglobin_per_cm_m", grid)),
        water_per_cm=read_only(_tabulated("water_per_cm", grid)),
        bilirubin_per_cm_umol_per_l=read_only(per_umol * _tabulated("bilirubin_per_cm_m", grid)),
        carotene_per_cm_umol_per_l=read_only(per_umol * _tabulated("carotene_per_cm_m", bluer)),
    )


def _tabulated(name: str, wavelengths_nm: Floats) -> Floats:
    columns = _table()
    # Linear between rows: they lie 2 nm apart below 620 nm, where the bands are narrow, and 5 nm above.
    return np.interp(wavelengths_nm, columns["wavelength_nm"], columns[name])


@cache
def _table() -> dict[str, Floats]:
    path = Path(__file__).parent / "data" / "absorbers.csv"
    with path.open(encoding="ascii") as lines:
        names = lines.readline().strip().split(",")
        rows = np.loadtxt(lines, delimiter=",")
    return {name: read_only(column) for name, column in zip(names, rows.T, strict=True)}


Array = Any
"""A number or an array of any library that follows the array API (numpy, torch)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a parameter may be: bounds, the typical value, and its spread between healthy adults.

    logarithmic: the parameter is a quantity whose ratios matter; `spread` is then of its natural logarithm. source: of
    the bounds, and of typical value and spread where measured faces do not tell them.
    """

    low: float
    high: float
    typical: float
    spread: float
    unit: str
    logarithmic: bool
    source: str


def _log(low: float, high: float, typical: float, spread: float, unit: str, source: str) -> Range:
    return Range(low=low, high=high, typical=typical, spread=spread, unit=unit, logarithmic=True, source=source)


def _linear(low: float, high: float, typical: float, spread: float, unit: str, source: str) -> Range:
    return Range(low=low, high=high, typical=typical, spread=spread, unit=unit, logarithmic=False, source=source)


RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "melanosome_fraction": _log(
            0.001, 0.5, 0.0507, 0.72, "1", "Jacques 1998: 0.013-0.063 light, 0.11-0.16 medium, 0.18-0.43 dark skin"
        ),
        "pheomelanin_share": _linear(
            0.0, 1.0, 0.275, 0.22, "1", "Ito and Wakamatsu 2003, Del Bino 2015: about 0.26 of epidermal melanin"
        ),
        "epidermis_um": _log(30.0, 150.0, 70.0, 0.25, "um", "face 50-100 um; hand 220 (Oltulu 2018)"),
        "blood_fraction": _log(
            0.0005, 0.12, 0.0181, 0.77, "1", "Jacques 1998: dermis 0.002 on average, upper plexus up to 0.07"
        ),
        "oxygen_saturation": _linear(0.0, 1.0, 0.68, 0.23, "1", "between venous 0.70 and arterial 0.95"),
        "vessel_radius_um": _log(
            2.0, 60.0, 14.2, 1.0, "um", "capillaries 3-5 um, plexus vessels up to 50 um (van Veen 2002)"
        ),
        "water_fraction": _linear(0.4, 0.85, 0.65, 0.05, "1", "dermis 0.58-0.70 by volume (Jacques 2013)"),
        "baseline_scale": _log(
            0.05, 2.0, 0.66, 0.65, "1", "share of the rat-skin baseline, which still holds blood; from human spectra"
        ),
        "scattering_per_cm": _log(
            15.0, 90.0, 54.0, 0.25, "1/cm", "reduced scattering at 500 nm: 45.3-48.0 in skin (Jacques 2013)"
        ),
        "rayleigh_share": _linear(0.0, 0.8, 0.43, 0.17, "1", "0.22-0.41 in skin (Jacques 2013)"),
        "mie_power": _linear(0.2, 2.5, 1.05, 0.25, "1", "0.69-1.2 in skin (Jacques 2013)"),
        "refractive_index": _linear(1.36, 1.46, 1.41, 0.012, "1", "dermis 1.36-1.41, epidermis 1.42-1.45 (Ding 2006)"),
        "bilirubin_umol_per_l": _log(0.05, 80.0, 1.5, 0.8, "umol/L", "serum 3-20 umol/L; jaundice above 50"),
        "carotene_umol_per_l": _log(0.05, 20.0, 0.985, 0.96, "umol/L", "skin carotenoids 0.2-2 nmol/g (Stahl 1998)"),
    }
)
"""Bounds, typical values and sources of every parameter of `Tissue`.

Typical values and spreads of what a spectrum tells are those of measured faces, eight groups alike
(`dermis.optics.face_population`; a test holds them to its table). The level of scattering stays as published: a
spectrum leaves it and the absorbers free together.
"""

PARAMETERS: tuple[str, ...] = tuple(RANGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """The state of a patch of skin, or of many: fields are numbers or arrays that broadcast to one shape (...).

    melanosome_fraction: volume share of melanosomes in the epidermis. pheomelanin_share: how much of their
    absorption is pheomelanin's, the rest eumelanin's. epidermis_um: thickness. blood_fraction: volume share of
    blood in the dermis; oxygen_saturation of its haemoglobin; vessel_radius_um: mean radius of the vessels it
    lies in, which hides its core from strongly absorbed light. water_fraction: by volume. baseline_scale: all
    other absorption, in units of the published baseline. scattering_per_cm: reduced scattering at 500 nm of both
    layers; rayleigh_share and mie_power: its fall with wavelength. bilirubin and carotene lie in the dermis.
    Bounds, units and sources: `RANGES`.
    """

    melanosome_fraction: Array = RANGES["melanosome_fraction"].typical
    pheomelanin_share: Array = RANGES["pheomelanin_share"].typical
    epidermis_um: Array = RANGES["epidermis_um"].typical
    blood_fraction: Array = RANGES["blood_fraction"].typical
    oxygen_saturation: Array = RANGES["oxygen_saturation"].typical
    vessel_radius_um: Array = RANGES["vessel_radius_um"].typical
    water_fraction: Array = RANGES["water_fraction"].typical
    baseline_scale: Array = RANGES["baseline_scale"].typical
    scattering_per_cm: Array = RANGES["scattering_per_cm"].typical
    rayleigh_share: Array = RANGES["rayleigh_share"].typical
    mie_power: Array = RANGES["mie_power"].typical
    refractive_index: Array = RANGES["refractive_index"].typical
    bilirubin_umol_per_l: Array = RANGES["bilirubin_umol_per_l"].typical
    carotene_umol_per_l: Array = RANGES["carotene_umol_per_l"].typical


@dataclass(frozen=True, slots=True, kw_only=True)
class OpticalProperties:
    """What light meets: arrays that broadcast to (..., band).

    The reduced scattering and the anisotropy are those of both layers.
    """

    epidermis_mu_a_per_cm: Array
    dermis_mu_a_per_cm: Array
    reduced_scattering_per_cm: Array
    anisotropy: Array
    epidermis_cm: Array
    refractive_index: Array


def optical_properties(tissue: Tissue, wavelengths_nm: ArrayLike) -> OpticalProperties:
    """Return the coefficients of both layers of `tissue` (...) at `wavelengths_nm` (band,).

    Reduced scattering: a (f (w/500)^-4 + (1-f) (w/500)^-b), Jacques 2013. Blood lies in vessels whose core strongly
    absorbed light does not reach: it absorbs as if thinned by (1 - exp(-2 mu r)) / (2 mu r), van Veen 2002. Arrays
    are made by the library of the tissue's own (numpy, torch), in their precision; wavelengths are numbers.
    Raises ValueError outside 350-1000 nm.
    """
    part, constants = _spread(tissue, wavelengths_nm)
    melanosomes, oxygen = part["melanosome_fraction"], part["oxygen_saturation"]
    pheo, baseline = part["pheomelanin_share"], part["baseline_scale"] * constants["baseline_per_cm"]
    melanin = (1.0 - pheo) * constants["eumelanin_per_cm"] + pheo * constants["pheomelanin_per_cm"]
    pure_blood = oxygen * constants["oxygenated_blood_per_cm"] + (1.0 - oxygen) * constants["deoxygenated_blood_per_cm"]
    across = 2e-4 * part["vessel_radius_um"] * pure_blood
    xp = array_namespace(across)
    seen_blood = -part["blood_fraction"] * pure_blood * xp.expm1(-across) / across
    others = (
        part["water_fraction"] * constants["water_per_cm"]
        + part["bilirubin_umol_per_l"] * constants["bilirubin_per_cm_umol_per_l"]
        + part["carotene_umol_per_l"] * constants["carotene_per_cm_umol_per_l"]
    )
    rayleigh, relative = part["rayleigh_share"], constants["relative_wavelength"]
    mie = xp.exp(-part["mie_power"] * xp.log(relative))
    return OpticalProperties(
        epidermis_mu_a_per_cm=melanosomes * melanin + (1.0 - melanosomes) * baseline,
        dermis_mu_a_per_cm=seen_blood + (1.0 - part["blood_fraction"]) * baseline + others,
        reduced_scattering_per_cm=part["scattering_per_cm"] * (rayleigh * relative**-4 + (1.0 - rayleigh) * mie),
        anisotropy=constants["anisotropy"],
        epidermis_cm=1e-4 * part["epidermis_um"],
        refractive_index=part["refractive_index"],
    )


def anisotropy(wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
    """Return the mean cosine of scattering in skin, 0.62 + 0.29e-3 w (van Gemert 1989)."""
    return 0.62 + 0.29e-3 * np.asarray(wavelengths_nm, dtype=np.float64)


def _spread(tissue: Tissue, wavelengths_nm: ArrayLike) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return fields with a band axis at their end, and the constants (band,) in the same library and precision."""
    raw = {name: getattr(tissue, name) for name in PARAMETERS}
    arrays = [value for value in raw.values() if is_array_api_obj(value)]
    like = arrays[0] if arrays else np.zeros((), dtype=np.float64)
    xp = array_namespace(*arrays, like)

    def cast(values: NDArray[np.float64]) -> Array:
        return xp.asarray(np.array(values), dtype=like.dtype, device=device(like))

    grid = np.atleast_1d(np.asarray(wavelengths_nm, dtype=np.float64))
    found = absorbers(grid)
    constants = {name.name: cast(getattr(found, name.name)) for name in fields(found)}
    constants |= {"relative_wavelength": cast(grid / 500.0), "anisotropy": cast(anisotropy(grid))}
    return {name: value[..., None] if is_array_api_obj(value) else value for name, value in raw.items()}, constants
