"""What absorbs light in skin, 350 to 1000 nm.

Melanins: power laws of Jacques (1998). Baseline of bloodless, melanin-free skin: Huang and Jacques (rat), as
carried by OMLC. Haemoglobin: molar extinction compiled by Prahl from Gratzer and Kollias (OMLC). Water: Pope and
Fry (1997) below 670 nm, their value at 380 nm held below that; Kou, Labrie and Chylek (1993) above 670 nm. Bilirubin
in chloroform and beta-carotene in hexane: PhotochemCAD (Du et al. 1998). The tabulated ones lie in
`data/absorbers.csv`, resampled to a grid of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import read_only

__all__ = ["LONGEST_NM", "SHORTEST_NM", "Absorbers", "absorbers"]

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
