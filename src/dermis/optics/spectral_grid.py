"""The grid that spectra of light and sensors are integrated on, and the tables read onto it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import read_only
from dermis.errors import InputError

__all__ = [
    "STEP_NM",
    "VISIBLE",
    "WORKING_NM",
    "Spectrum",
    "band_weights",
    "check_wavelengths",
    "daylight_components",
    "interpolation",
    "numbers",
    "observer",
    "onto_working_grid",
    "read_numbers",
    "read_rows",
]

Spectrum = NDArray[np.float64]

STEP_NM = 5.0
WORKING_NM: Spectrum = read_only(np.arange(380.0, 1000.1, STEP_NM))
"""Where light is held and integrals are taken: 380-1000 nm in steps of 5 nm."""
VISIBLE = slice(0, 81)
"""The part of the working grid that eyes and cameras see, 380-780 nm."""


def check_wavelengths(wavelengths_nm: ArrayLike) -> Spectrum:
    """Return the wavelengths as (band,) float64; ValueError unless they are nanometres and increase."""
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    if grid.ndim != 1 or grid.size == 0 or np.any(np.diff(grid) <= 0):
        raise ValueError("wavelengths_nm must be one increasing row.")
    if grid[0] < 100:
        raise ValueError(f"wavelengths_nm starts at {grid[0]:g}; are these micrometres?")
    return grid


def interpolation(from_nm: Spectrum, to_nm: Spectrum) -> Spectrum:
    """Return the (to, from) matrix of linear interpolation that holds the end values outside `from_nm`."""
    last = len(from_nm) - 1
    if last == 0:
        return np.ones((len(to_nm), 1))
    position = np.interp(to_nm, from_nm, np.arange(last + 1.0))
    left = np.minimum(position.astype(np.intp), last - 1)
    matrix = np.zeros((len(to_nm), last + 1))
    row = np.arange(len(to_nm))
    matrix[row, left + 1] = position - left
    matrix[row, left] += 1 - (position - left)
    return matrix


def band_weights(wavelengths_nm: ArrayLike, integrand: Spectrum) -> Spectrum:
    """Return (band, k) weights w such that `spectra @ w` is the integral of spectrum times `integrand`.

    integrand: (81, k) on the visible part of the working grid. The spectra stand at `wavelengths_nm` (band,),
    run straight between their bands and keep their end values beyond them, as CIE 15 advises; so the answer
    hardly depends on the grid, and lines in a lamp are not missed by a coarse one.
    """
    grid = check_wavelengths(wavelengths_nm)
    return interpolation(grid, WORKING_NM[VISIBLE]).T @ integrand * STEP_NM


def onto_working_grid(wavelengths_nm: Spectrum, values: Spectrum) -> Spectrum:
    """Return `values` (band, ...) on the working grid; the ends are held.

    A grid finer than the working one is averaged over 5 nm, so that the energy of narrow lines is kept.
    """
    if len(wavelengths_nm) < 2 or np.median(np.diff(wavelengths_nm)) >= STEP_NM:
        return interpolation(wavelengths_nm, WORKING_NM) @ values
    fine = np.arange(WORKING_NM[0] - 4, WORKING_NM[-1] + 4.1)
    share = np.maximum(0.0, 1 - np.abs(WORKING_NM[:, None] - fine) / STEP_NM)
    share /= share.sum(axis=1, keepdims=True)
    return share @ (interpolation(wavelengths_nm, fine) @ values)


@cache
def observer() -> Spectrum:
    """Return the CIE 1931 2-degree colour-matching functions, (81, 3) for 380-780 nm by 5 (CIE 15:2018)."""
    return read_only(_bundled("light_cie_1931_observer.csv", ("x", "y", "z"))[:, 1:])


def _bundled(file: str, columns: Sequence[str]) -> Spectrum:
    return read_numbers(Path(__file__).parent / "data" / file, columns)


@cache
def daylight_components() -> Spectrum:
    """Return the CIE daylight components S0, S1, S2 with their wavelengths, (46, 4) for 380-830 nm by 10."""
    return read_only(_bundled("light_cie_daylight.csv", ("mean", "first", "second")))


def read_numbers(path: Path, columns: Sequence[str]) -> Spectrum:
    """Return (row, 1 + columns) of a CSV with `wavelength_nm` and `columns`; InputError says what fails."""
    return numbers(read_rows(path, columns), columns, path)


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV whose header has `wavelength_nm` and `columns`, as text."""
    wanted = ["wavelength_nm", *columns]
    advice = f"Its first line should read {','.join(wanted)}."
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            rows = list(reader)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the name, or write a known one.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise InputError(f"{path} cannot be read as a CSV table ({fault}).", advice=advice) from None
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InputError(f"{path.name} has no column {', '.join(missing)}.", advice=advice)
    return rows


def numbers(rows: Sequence[dict[str, str]], columns: Sequence[str], path: Path) -> Spectrum:
    """Return the numbers of `rows`, checked: finite, at least two, wavelengths in nm that increase."""
    try:
        table = np.array([[float(row[name]) for name in ("wavelength_nm", *columns)] for row in rows])
    except (TypeError, ValueError):
        raise InputError(
            f"{path.name} holds a cell that is not a number.",
            advice="Write plain numbers with a decimal point, one row a wavelength.",
        ) from None
    if len(table) < 2 or not np.isfinite(table).all():
        raise InputError(
            f"{path.name} needs at least two rows of finite numbers.", advice="Fill or remove the empty rows."
        )
    if np.any(np.diff(table[:, 0]) <= 0) or table[0, 0] < 100:
        raise InputError(
            f"{path.name}: wavelength_nm must increase and be in nanometres.",
            advice="Sort the rows, remove doubles, and convert micrometres to nanometres.",
        )
    return table
