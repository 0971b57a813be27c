"""Resample to other bands: what a sensor with those bands would have measured.

A band of a sensor is a Gaussian of its width (fwhm). A new band of width B is a mean over the sensor's own bands of
width S, weighted by a Gaussian of sqrt(B^2 - S^2), so that both blurs together are B. The weights are tilted so that
their mean wavelength is the new band's: at the ends of the sensor, where a bell is cut in half, a straight spectrum
still comes back as it is. Where the new bands are no wider than the sensor's own, it is read between its bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Cube
from dermis.core.arrays import FloatMap
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import rows_of
from dermis.formats.cubes.cube_file import CubeFile, increasing, row_blocks
from dermis.formats.tables import number_in, read_table

__all__ = ["GRIDS", "band_grid", "read_resampled", "resample", "resampled_rows", "resampling"]

Floats = NDArray[np.float64]

_VIS, _NIR = np.arange(400.0, 701.0, 10.0), np.arange(700.0, 1001.0, 10.0)
GRIDS = {
    "hyper-skin": np.concatenate([_VIS, _NIR]),
    "62": np.concatenate([_VIS, _NIR]),
    "61": np.concatenate([_VIS, _NIR[1:]]),
    "vis": _VIS,
    "nir": _NIR,
}
"""Bands by name, nm. Hyper-Skin has two cubes of 31 bands, so 700 nm is named twice in its 62."""
_MOST_BANDS = 10_000
_SIGMAS = 3.5
_SIGMA_OF_FWHM = 1 / (2 * np.sqrt(2 * np.log(2)))
_COLUMNS = ("wavelength_nm", "wavelength", "nm")


def band_grid(named: str) -> Floats:
    """Return the wavelengths that `named` means: a name of `GRIDS`, FIRST:LAST:STEP, a list A,B,C, or a CSV.

    Raises UsageError where it means none.
    """
    text = named.strip().lower()
    if text in GRIDS:
        return GRIDS[text].copy()
    if text.endswith(".csv"):
        return _listed_in(Path(named.strip()))
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            fits = step > 0 and 0 <= (last - first) / step < _MOST_BANDS
            grid = np.arange(first, last + 0.5 * step, step) if fits else np.empty(0)
        else:
            grid = np.array([float(part) for part in text.split(",") if part.strip()])
    except ValueError:
        grid = np.empty(0)
    if not grid.size or not np.isfinite(grid).all() or grid.size > _MOST_BANDS or np.any(np.diff(grid) <= 0):
        raise UsageError(
            f"{named!r} names no increasing bands.",
            advice=f"Write 400:1000:10, or 450,550,650, a CSV with wavelength_nm, or one of {', '.join(GRIDS)}.",
        )
    return grid


def _listed_in(path: Path) -> Floats:
    rows = read_table(path)
    column = next((name for name in _COLUMNS if rows and name in rows[0]), None)
    values = [number_in(row, column, path.name) for row in rows] if column else []
    if not values or any(value is None for value in values):
        raise InputError(f"{path.name} lists no wavelengths.", advice="Its first line should read wavelength_nm.")
    return np.array(values, dtype=np.float64)


def resampling(
    from_nm: ArrayLike, to_nm: ArrayLike, *, fwhm_nm: ArrayLike | None = None, bandwidth_nm: float | None = None
) -> Floats:
    """Return weights (to, from): `weights @ spectrum` is the spectrum in the bands `to_nm`.

    fwhm_nm: the sensor's, (from,) or a number; the distance of its bands where not given. bandwidth_nm: the new
    bands', the distance between them where not given. Rows sum to 1; no order of either is asked for.
    Raises InputError where a new band lies outside the sensor's range by more than half its width.
    """
    source, wanted = np.asarray(from_nm, dtype=np.float64), np.asarray(to_nm, dtype=np.float64)
    order = increasing(source)
    grid = source[order]
    spacing = np.gradient(grid) if grid.size > 1 else np.full(1, np.inf)
    own = spacing if fwhm_nm is None else np.broadcast_to(np.asarray(fwhm_nm, dtype=np.float64), source.shape)[order]
    width = _distance(wanted) if bandwidth_nm is None else np.full(wanted.size, float(bandwidth_nm))
    _check_range(grid, wanted, width)
    weights = np.zeros((wanted.size, source.size))
    for row, (centre, band) in enumerate(zip(wanted, width, strict=True)):
        sensor, step = (float(np.interp(centre, grid, values)) for values in (own, spacing))
        blur = np.sqrt(max(band * band - sensor * sensor, 0.0))
        weights[row, order] = _bell(grid, spacing, centre, blur) if blur >= step else _between(grid, centre)
    return weights


def resample(
    cube: Cube, to_nm: ArrayLike, *, fwhm_nm: ArrayLike | None = None, bandwidth_nm: float | None = None
) -> Cube:
    """Return `cube` in the bands `to_nm`, increasing; see `resampling`."""
    wanted = np.asarray(to_nm, dtype=np.float64)
    weights = resampling(cube.wavelengths_nm, wanted, fwhm_nm=fwhm_nm, bandwidth_nm=bandwidth_nm)
    return replace(cube, values=cube.values @ weights.T.astype(np.float32), wavelengths_nm=wanted)


def resampled_rows(file: CubeFile, weights: Floats) -> Iterator[FloatMap]:
    """Yield the rows (n, w, to) of an opened cube in other bands, a block at a time; weights as of `resampling`."""
    small = weights.T.astype(np.float32)
    for first, block in row_blocks(file):
        yield rows_of(file, first, first + len(block)) @ small


def read_resampled(file: CubeFile, to_nm: ArrayLike) -> Cube:
    """Read an opened cube in the bands `to_nm`, increasing; its own bands never lie in memory together."""
    wanted = np.asarray(to_nm, dtype=np.float64)
    weights = resampling(file.head.wavelengths_nm, wanted, fwhm_nm=file.head.fwhm_nm)
    values = np.empty((*file.head.shape[:2], wanted.size), np.float32)
    at = 0
    for block in resampled_rows(file, weights):
        values[at : at + len(block)] = block
        at += len(block)
    return Cube(values=values, wavelengths_nm=wanted, quantity=file.head.quantity)


def _distance(wanted: Floats) -> Floats:
    """Return the distance of each band to its neighbours; a wavelength named twice counts once."""
    grid = np.unique(wanted)
    apart = np.gradient(grid) if grid.size > 1 else np.zeros(1)
    return apart[np.searchsorted(grid, wanted)]


def _check_range(grid: Floats, wanted: Floats, width: Floats) -> None:
    reach = 0.5 * width + 1e-6
    outside = wanted[(wanted < grid[0] - reach) | (wanted > grid[-1] + reach)]
    if outside.size:
        first, last = 10 * np.ceil(grid[0] / 10), 10 * np.floor(grid[-1] / 10)
        raise InputError(
            f"The cube covers {grid[0]:g}-{grid[-1]:g} nm, without {outside[0]:g} nm.",
            advice=f"Ask for bands inside, such as --bands {first:g}:{last:g}:10." if last > first else "",
        )


def _bell(grid: Floats, spacing: Floats, centre: float, blur: float) -> Floats:
    sigma = blur * _SIGMA_OF_FWHM
    off = (grid - centre) / sigma
    bell = np.where(np.abs(off) <= _SIGMAS, np.exp(-0.5 * off * off) * spacing, 0.0)
    zeroth, first, second = bell.sum(), (bell * off).sum(), (bell * off * off).sum()
    determinant = zeroth * second - first * first
    if determinant <= 1e-9 * zeroth * zeroth:
        return _between(grid, centre)
    tilted: Floats = bell * (second - first * off) / determinant
    return tilted


def _between(grid: Floats, centre: float) -> Floats:
    weights = np.zeros(grid.size)
    at = np.interp(centre, grid, np.arange(grid.size))
    left = min(int(at), max(grid.size - 2, 0))
    weights[left] = 1 - (at - left)
    if grid.size > 1:
        weights[left + 1] = at - left
    return weights
