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

__all__ = ["CubeFile", "CubeHead", "check_grid", "increasing", "quantity_of", "row_blocks", "spans"]

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
    they are what they mean). exposure_s: where the file says it. notes: what was decided while opening, for the user.
    stored: rows (first, end) as (n, w, band) of `dtype`, in the order of the file, a view that is read as it is used.
    """

    path: Path
    head: CubeHead
    layout: str
    dtype: np.dtype[Any]
    stored: Callable[[int, int], Numbers]
    scale: float = 1.0
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


def check_grid(wavelengths: ArrayLike | Sequence[str], bands: int, name: str, unit: str = "") -> Floats:
    """Return wavelengths in nm, whatever their unit; InputError where there are others than `bands` or not plausible.

    unit: as the file spells it; without one, numbers below 100 are taken as micrometres.
    """
    try:
        grid = np.asarray(wavelengths, dtype=np.float64).reshape(-1)
    except ValueError:
        raise InputError(f"{name}: a wavelength is no number.", advice="Correct the list of wavelengths.") from None
    if grid.size != bands:
        raise InputError(
            f"{name} has {bands} bands and {grid.size} wavelengths.", advice="Give one wavelength for each band."
        )
    if not np.isfinite(grid).all() or grid.min() <= 0:
        raise InputError(f"{name}: wavelengths must be positive.", advice="Write them in nm, such as 400, 410, 420.")
    spelled = unit.strip().lower()
    micro = spelled.startswith(("micro", "um", "µm", "μm")) or (not spelled and grid.max() < _MICROMETRES_END)
    return np.round(grid * 1000, 6) if micro else grid
