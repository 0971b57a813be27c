"""A cube that stays in its file: what its header says, and rows of it when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Quantity
from dermis.core.arrays import hold
from dermis.errors import InputError

__all__ = ["CubeFile", "CubeHead", "check_grid", "check_widths", "increasing", "quantity_of", "row_blocks", "spans"]

Floats = NDArray[np.float64]
Numbers = NDArray[Any]

_BLOCK_VALUES = 1 << 22
_MICROMETRES_END = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeHead:
    """What a cube is apart from its values.

    shape: height, width, bands. wavelengths_nm: (band,), in the order of the file; some cameras count down, and a cube
    joined from two sensors may name a wavelength twice. fwhm_nm: (band,) width of the bands, where known.
    """

    shape: tuple[int, int, int]
    wavelengths_nm: Floats
    quantity: Quantity
    fwhm_nm: Floats | None = None

    def __post_init__(self) -> None:
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(self.shape[2],))
        if self.fwhm_nm is not None:
            hold(self, "fwhm_nm", dtype=np.float64, shape=(self.shape[2],))


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeFile:
    """An opened cube.

    layout: how it lies in the file, in words. dtype: of the stored numbers. scale: what they are divided by (1 where
    they are what they mean). gains, offsets: (band,), what they are multiplied by and what is added then, where the
    file says so. ignored: the stored numbers that mean "no value here". exposure_s: where the file says it. notes: what
    was decided while opening, for the user.
    stored: rows (first, end) as (n, w, band) of `dtype`, in the order of the file, a view that is read as it is used.
    """

    path: Path
    head: CubeHead
    layout: str
    dtype: np.dtype[Any]
    stored: Callable[[int, int], Numbers]
    scale: float = 1.0
    gains: Floats | None = None
    offsets: Floats | None = None
    ignored: tuple[float, ...] = ()
    exposure_s: float | None = None
    notes: tuple[str, ...] = ()


def row_blocks(file: CubeFile, *, values_at_once: int = _BLOCK_VALUES) -> Iterator[tuple[int, Numbers]]:
    """Yield the first row and the stored values (n, w, band) of one block of rows after the other."""
    height, width, bands = file.head.shape
    for first, end in spans(height, max(1, values_at_once // max(1, width * bands))):
        yield first, file.stored(first, end)


def spans(length: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of `length` things, `step` at a time."""
    for first in range(0, length, step):
        yield first, min(length, first + step)


def increasing(wavelengths_nm: Floats) -> NDArray[np.intp]:
    """Return the bands in the order of their wavelengths, the first of each only."""
    return np.unique(wavelengths_nm, return_index=True)[1]


def quantity_of(named: str | None, dtype: np.dtype[Any]) -> Quantity:
    """Return the quantity a file names; counts for whole numbers and reflectance for others where it names none."""
    if named is not None and named.strip().lower() in set(Quantity):
        return Quantity(named.strip().lower())
    return Quantity.COUNTS if dtype.kind in "iu" else Quantity.REFLECTANCE


_NM_OF_UNIT = {"nm": 1.0, "um": 1000.0, "angstrom": 0.1, "mm": 1e6, "m": 1e9}
_SPELLINGS = (
    ("nm", ("nm", "nano")),
    ("um", ("um", "micro", "micron", "\u00b5m", "\u03bcm")),
    ("angstrom", ("angstr", "\u00e5ngstr", "\u00e5", "\u212b", "a")),
    ("mm", ("mm", "milli")),
    ("m", ("m", "meter", "metre")),
)
_UNTOLD = ("", "unknown", "index", "none", "n/a", "band", "bands", "number")
_SHORTEST_NM, _LONGEST_NM = 100.0, 30_000.0


def check_grid(
    wavelengths: ArrayLike | Sequence[str], bands: int, name: str, unit: str = "", *, other_axis: int | None = None
) -> Floats:
    """Return wavelengths in nm, whatever their unit; InputError where there are others than `bands` or not plausible.

    unit: as the file spells it; without one, or with one that cannot be true, numbers below 100 are micrometres.
    other_axis: the length of the cube's first axis, to tell one whose axes lie the other way round.
    """
    try:
        grid = np.asarray(wavelengths, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError):
        raise InputError(f"{name}: a wavelength is no number.", advice="Correct the list of wavelengths.") from None
    if grid.size != bands:
        raise InputError(
            f"{name} has {bands} bands and {grid.size} wavelengths.",
            advice="Its axes lie the other way round: write it as height, width, band."
            if grid.size == other_axis
            else "Give one wavelength for each band.",
        )
    if not np.isfinite(grid).all() or grid.min() <= 0:
        raise InputError(f"{name}: wavelengths must be positive.", advice="Write them in nm, such as 400, 410, 420.")
    return _in_nm(grid, name, unit)


def check_widths(widths: ArrayLike, bands: int, name: str) -> Floats:
    """Return the widths of bands in nm. Raises InputError where there are others than `bands`, or not positive."""
    try:
        found = np.asarray(widths, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError):
        found = np.empty(0)
    if found.size != bands or not np.isfinite(found).all() or found.min() <= 0:
        raise InputError(f"{name}: fwhm_nm is not {bands} widths.", advice="Correct or remove it.")
    return found


def _in_nm(grid: Floats, name: str, unit: str) -> Floats:
    known = _unit_of(unit, name)
    counted = grid.size > 1 and grid[0] in (0, 1) and bool(np.all(np.diff(grid) == 1))
    if not known and counted:
        raise InputError(
            f"{name}: its wavelengths are the numbers of its bands.",
            advice="Say --wavelengths 400:1000:10, or a CSV with wavelength_nm.",
        )
    small = "um" if grid.max() < _MICROMETRES_END else "nm"
    for tried in dict.fromkeys((known or small, small)):
        found: Floats = np.round(grid * _NM_OF_UNIT[tried], 6) if tried != "nm" else grid
        # A file may call micrometres nanometres; none means what no optical sensor sees.
        if (
            found.min() >= _SHORTEST_NM
            and found.max() <= _LONGEST_NM
            and (tried == known or small == "um" or not known)
        ):
            return found
    told = f"{grid.min():g} to {grid.max():g} {unit or 'without a unit'}"
    raise InputError(f"{name}: no optical sensor sees {told}.", advice="Correct its wavelengths or their unit.")


def _unit_of(unit: str, name: str) -> str:
    """Return how a unit is called here, "" where it is not told. Raises InputError for one that is no length."""
    spelled = unit.strip().strip("()[]").casefold()
    if spelled in _UNTOLD:
        return ""
    for known, starts in _SPELLINGS:
        if spelled in starts or any(len(start) > 2 and spelled.startswith(start) for start in starts):
            return known
    raise InputError(
        f"{name}: wavelengths in {unit.strip()[:40]!r} are not read.", advice="Write them in nm, such as 400, 410, 420."
    )
