"""MATLAB v7.3 cubes: HDF5 behind a MATLAB header, one array, its axes turned round.

MATLAB counts columns first and HDF5 rows first, so an array that is height x width x band in MATLAB lies in the
file as band x width x height.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Cube, Quantity
from dermis.core.arrays import FloatMap
from dermis.errors import InputError

__all__ = ["read_cube_mat", "read_mat", "stamp_mat", "write_mat"]

_HEADER_BYTES = 512
_VERSION = b"\x00\x02IM"  # 0x0200, little endian
_TEXT = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 1970 HDF5 schema 1.00 ."


def read_mat(path: Path, key: str = "cube") -> FloatMap:
    """Return the array (h, w, band) float32 that MATLAB calls `key`; (h, w) becomes (h, w, 1).

    Raises InputError, which says what was expected: not there, not MATLAB v7.3, no such array, not numbers.
    """
    import h5py  # late: a tenth of a second

    try:
        with h5py.File(path, "r") as file:
            held = file.get(key)
            if not isinstance(held, h5py.Dataset) or held.dtype.kind not in "fiu":
                named = ", ".join(name for name in file if not name.startswith("#")) or "nothing"
                raise InputError(f"{path.name} holds no numbers called {key!r}.", advice=f"It holds: {named}.")
            return _turned(np.asarray(held, dtype=np.float32), path, key)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except OSError as fault:
        raise InputError(
            f"{path.name} is no MATLAB v7.3 file ({fault}).",
            advice="Save it in MATLAB with save(name, 'cube', '-v7.3'), or download it again.",
        ) from None


def _turned(values: FloatMap, path: Path, key: str) -> FloatMap:
    if values.ndim not in (2, 3):
        raise InputError(
            f"{path.name}: {key!r} has {values.ndim} axes.", advice="Expected 3 of them: height, width, band."
        )
    stacked = values if values.ndim == 3 else values[None]
    return np.ascontiguousarray(stacked.transpose(2, 1, 0))


def read_cube_mat(path: Path, wavelengths_nm: ArrayLike, *, key: str = "cube") -> Cube:
    """Return the reflectance cube that MATLAB calls `key`; the file does not say its wavelengths (band,).

    Raises InputError as `read_mat`, and where the number of bands is another.
    """
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    values = read_mat(path, key)
    if values.shape[2] != grid.size:
        raise InputError(
            f"{path.name} has {values.shape[2]} bands.",
            advice=f"Expected {grid.size}, from {grid[0]:g} to {grid[-1]:g} nm.",
        )
    return Cube(values=values, wavelengths_nm=grid, quantity=Quantity.REFLECTANCE)


def write_mat(path: Path, values: NDArray[np.floating], *, key: str = "cube", compression: int = 1) -> None:
    """Write `values` (h, w, band) as MATLAB v7.3 single precision under `key`; the same array, the same bytes.

    compression: 0 none to 9. MATLAB and h5py read it as they read MATLAB's own.
    """
    import h5py  # late: a tenth of a second

    turned = np.ascontiguousarray(values.astype(np.float32, copy=False).transpose(2, 1, 0))
    packed = {"compression": compression, "shuffle": True} if compression else {}
    chunks = (1, *turned.shape[1:]) if compression else None
    with h5py.File(path, "w", userblock_size=_HEADER_BYTES, libver="earliest") as file:
        held = file.create_dataset(key, data=turned, chunks=chunks, **packed)
        held.attrs["MATLAB_class"] = np.bytes_("single")
    stamp_mat(path)


def stamp_mat(path: Path) -> None:
    """Write MATLAB's own header into the first bytes of an HDF5 file, which leaves 512 free there."""
    with path.open("r+b") as raw:
        raw.write(_TEXT.ljust(116) + bytes(8) + _VERSION)
