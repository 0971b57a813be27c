"""From chromophores to colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.tone import ita_deg
from dermis.core.arrays import FloatMap
from dermis.lab.synth.skin.maps import PUS
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.tissue import RANGES, Tissue

__all__ = [
    "COLOUR_NM",
    "MATT_SHARE",
    "SkinTable",
    "ToneCurve",
    "channels",
    "skin_table",
    "spectra",
    "tone_curve",
]

COLOUR_NM = np.arange(380.0, 781.0, 10.0)
"""The bands that colours are made of: 380-780 nm."""
MATT_SHARE = 0.6
"""Share of the surface's own reflection that its roughness scatters all over; the rest is gloss.

Fitted to 3905 measured spectra of bare skin the share that instruments gather is 0.5 for light and 0.8 for dark skin.
"""
_MELANIN_STEPS, _BLOOD_STEPS = 28, 20
_LESS_OXYGEN, _MORE_SCATTERING = 0.35, 1.6
_RANK = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinTable:
    """Log reflectance of one person's skin at `wavelengths_nm` (band,), without its gloss.

    log_melanin (m,), log_blood (b,): the grid. plain, less_oxygen, more_scattering: (m, b, band). oxygen: where
    `plain` has it. pus: (band,) reflectance.
    """

    wavelengths_nm: NDArray[np.float64]
    log_melanin: NDArray[np.float64]
    log_blood: NDArray[np.float64]
    plain: NDArray[np.float64]
    less_oxygen: NDArray[np.float64]
    more_scattering: NDArray[np.float64]
    oxygen: float
    pus: NDArray[np.float64]


def skin_table(tissue: Tissue, maps: Mapping[str, FloatMap], wavelengths_nm: ArrayLike = COLOUR_NM) -> SkinTable:
    """Tabulate the skin of a person whose own parameters are `tissue` (plain numbers) over the values in `maps`.

    maps: melanosome_fraction and blood_fraction, arrays of any shape, not empty.
    """
    melanin, blood = (
        _steps(maps[name], count)
        for name, count in (("melanosome_fraction", _MELANIN_STEPS), ("blood_fraction", _BLOOD_STEPS))
    )
    grid = replace(tissue, melanosome_fraction=np.exp(melanin)[:, None], blood_fraction=np.exp(blood)[None, :])
    oxygen = float(tissue.oxygen_saturation)
    bands = np.asarray(wavelengths_nm, dtype=np.float64)

    def log_reflectance(of: Tissue) -> NDArray[np.float64]:
        return np.log(np.asarray(reflectance(of, bands, specular_share=MATT_SHARE), dtype=np.float64))

    return SkinTable(
        wavelengths_nm=bands,
        log_melanin=melanin,
        log_blood=blood,
        plain=log_reflectance(grid),
        less_oxygen=log_reflectance(replace(grid, oxygen_saturation=max(oxygen - _LESS_OXYGEN, 0.0))),
        more_scattering=log_reflectance(replace(grid, scattering_per_cm=tissue.scattering_per_cm * _MORE_SCATTERING)),
        oxygen=oxygen,
        pus=np.asarray(reflectance(PUS, bands, specular_share=MATT_SHARE), dtype=np.float64),
    )


def _steps(values: FloatMap, count: int) -> NDArray[np.float64]:
    low, high = (float(np.log(bound)) for bound in (np.min(values), np.max(values)))
    return np.linspace(low, max(high, low + 0.01), count)


def channels(table: SkinTable, weights: NDArray[np.float64], maps: Mapping[str, FloatMap]) -> FloatMap:
    """Return `reflectance @ weights` (n, k) for pixels whose `maps` are (n,) each; weights (band, k), none negative.

    maps: melanosome_fraction, blood_fraction, oxygen_saturation, scattering, pus.
    """
    grids = [np.log(np.exp(grid) @ weights + 1e-12) for grid in (table.plain, table.less_oxygen, table.more_scattering)]
    seen = np.exp(_interpolated(table, grids, maps))
    return _with_pus(seen, (table.pus @ weights).astype(np.float32), maps["pus"])


def spectra(table: SkinTable, maps: Mapping[str, FloatMap]) -> FloatMap:
    """Return the reflectance (n, band) of pixels; see `channels`.

    The log spectra of one person span few dimensions: their principal components are interpolated.
    """
    stacked = np.concatenate([table.plain, table.less_oxygen, table.more_scattering]).reshape(-1, table.pus.size)
    mean = stacked.mean(axis=0)
    _, _, axes = np.linalg.svd(stacked - mean, full_matrices=False)
    kept = axes[: min(_RANK, table.pus.size)]
    grids = [(grid - mean) @ kept.T for grid in (table.plain, table.less_oxygen, table.more_scattering)]
    logs = _interpolated(table, grids, maps) @ kept.astype(np.float32)
    logs += mean.astype(np.float32)
    return _with_pus(np.exp(logs, out=logs), table.pus.astype(np.float32), maps["pus"])


def _with_pus(seen: FloatMap, pus: FloatMap, share: FloatMap) -> FloatMap:
    here = np.flatnonzero(share > 0)
    seen[here] += share[here, None] * (pus - seen[here])
    return seen


def _interpolated(table: SkinTable, grids: list[NDArray[np.float64]], maps: Mapping[str, FloatMap]) -> FloatMap:
    """Return (n, k): linear between the nodes of the first grid, moved along the other two."""
    plain, less_oxygen, more_scattering = (grid.reshape(-1, grid.shape[-1]).astype(np.float32) for grid in grids)
    corners, shares = _corners(table, maps)
    found = _gather(plain, corners, shares)
    oxygen = (np.float32(table.oxygen) - maps["oxygen_saturation"]) / np.float32(min(_LESS_OXYGEN, table.oxygen))
    found += oxygen[:, None] * _gather(less_oxygen - plain, corners, shares)
    scattered = np.flatnonzero(np.abs(maps["scattering"] - 1) > 1e-4)
    if len(scattered):
        amount = np.log(maps["scattering"][scattered]) / np.float32(np.log(_MORE_SCATTERING))
        change = _gather(more_scattering - plain, corners[:, scattered], shares[:, scattered])
        found[scattered] += amount[:, None] * change
    return found


def _gather(grid: FloatMap, corners: NDArray[np.intp], shares: FloatMap) -> FloatMap:
    found: FloatMap = grid[corners[0]] * shares[0][:, None]
    for corner, share in zip(corners[1:], shares[1:], strict=True):
        found += grid[corner] * share[:, None]
    return found


def _corners(table: SkinTable, maps: Mapping[str, FloatMap]) -> tuple[NDArray[np.intp], FloatMap]:
    """Return the four nodes around each pixel (4, n), as rows of the flat grid, and their shares (4, n)."""
    row, down = _between(table.log_melanin, maps["melanosome_fraction"])
    column, right = _between(table.log_blood, maps["blood_fraction"])
    width = len(table.log_blood)
    first = row * width + column
    corners = np.stack([first, first + 1, first + width, first + width + 1])
    shares = np.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right])
    return corners, shares


def _between(nodes: NDArray[np.float64], values: FloatMap) -> tuple[NDArray[np.intp], FloatMap]:
    step = np.float32(nodes[1] - nodes[0])
    at = np.clip((np.log(values) - np.float32(nodes[0])) / step, 0, len(nodes) - 1)
    low = np.minimum(at.astype(np.intp), len(nodes) - 2)
    return low, (at - low).astype(np.float32)


_WAVELENGTHS_NM = np.arange(400.0, 701.0, 10.0)
_STEPS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneCurve:
    """Colour along melanin, blood as given: each (n,), melanin rising, lightness and ITA falling.

    Under D65 and without gloss, as behind crossed polarisers: `lightness` is L*.
    """

    melanosome_fraction: NDArray[np.float64]
    lightness: NDArray[np.float64]
    ita_deg: NDArray[np.float64]

    def lightness_at(self, melanosome_fraction: FloatMap) -> FloatMap:
        """Return L* (...) of skin with these melanosome fractions (...)."""
        found = np.interp(np.log(melanosome_fraction), np.log(self.melanosome_fraction), self.lightness)
        return found.astype(np.float32)


def tone_curve(blood_fraction: float, oxygen_saturation: float) -> ToneCurve:
    """Return how lightness and ITA fall with melanin, over all of its range."""
    limits = RANGES["melanosome_fraction"]
    fractions = np.geomspace(limits.low, limits.high, _STEPS)
    tissue = Tissue(
        melanosome_fraction=fractions,
        blood_fraction=np.full(_STEPS, blood_fraction),
        oxygen_saturation=np.full(_STEPS, oxygen_saturation),
    )
    lab = lab_under(reflectance(tissue, _WAVELENGTHS_NM, specular_share=0.0), _WAVELENGTHS_NM)
    return ToneCurve(
        melanosome_fraction=fractions,
        lightness=np.asarray(lab[:, 0], dtype=np.float64),
        ita_deg=np.asarray(ita_deg(lab), dtype=np.float64),
    )
