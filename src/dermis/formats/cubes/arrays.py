"""Cubes in NumPy and MATLAB files."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from dermis.core import Cube, Quantity
from dermis.core.arrays import FloatMap
from dermis.errors import InputError
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, Numbers, check_grid, check_widths, quantity_of
from dermis.formats.cubes.isolated import rows

__all__ = ["open_npy", "open_npz", "read_cube_mat", "read_mat", "stamp_mat", "write_mat", "write_npy", "write_npz"]

_AT_ONCE = 1 << 26
_MOST_SMALL_BYTES = 1 << 20
_MOST_UNPACKED = 1 << 30


def open_npz(path: Path, wavelengths_nm: ArrayLike | None = None) -> CubeFile:
    """Open an .npz; its values stay in the file unless they are packed.

    Raises InputError where it holds no `values` of numbers with three axes, or no wavelengths.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            grid = _small(archive, "wavelengths_nm") if "wavelengths_nm" in names else wavelengths_nm
            named = str(_small(archive, "quantity")) if "quantity" in names else None
            fwhm = _small(archive, "fwhm_nm") if "fwhm_nm" in names else None
        values = _stored_array(path, "values") if "values" in names else None
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as fault:
        raise InputError(f"{path.name} is no .npz of numbers ({fault}).", advice="Write it again.") from None
    if values is None:
        raise InputError(
            f"{path.name} holds no 'values' (height, width, band).",
            advice=f"It holds: {', '.join(names[:20]) or 'nothing'}.",
        )
    return _file(path, values, wavelengths_nm if wavelengths_nm is not None else grid, named, fwhm)


def _small(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return a small array of an .npz. Raises ValueError for one that is not, before it takes memory."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > _MOST_SMALL_BYTES:
        raise ValueError(f"{name} has {entry.file_size} bytes")
    return _array_in(io.BytesIO(archive.read(entry)), entry.file_size)


def _array_in(file: IO[bytes], size: int) -> NDArray[Any]:
    """Return the array in a .npy of so many bytes; its header is believed only as far as there are bytes."""
    shape, _, dtype = _header(file)
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError("it is cut short")
    file.seek(0)
    return npy.read_array(file, allow_pickle=False)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    shape, fortran, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError("it holds objects")
    return shape, fortran, dtype


def open_npy(path: Path, wavelengths_nm: ArrayLike | None = None) -> CubeFile:
    """Open an .npy; its wavelengths are those handed in, or lie in NAME_wavelengths_nm.npy beside it."""
    beside = path.with_name(f"{path.stem}_wavelengths_nm.npy")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        grid = wavelengths_nm
        if wavelengths_nm is None and beside.is_file():
            size = beside.stat().st_size
            grid = _array_in(io.BytesIO(beside.read_bytes() if size <= _MOST_SMALL_BYTES else b""), size)
    except (OSError, ValueError, EOFError) as fault:
        raise InputError(f"{path.name} is no .npy of numbers ({fault}).", advice="Write it again.") from None
    return _file(path, values, grid, None, None)


def _file(
    path: Path, values: Numbers, grid: ArrayLike | None, named: str | None, fwhm: NDArray[np.float64] | None
) -> CubeFile:
    if values.ndim != 3 or values.dtype.kind not in "fiu" or 0 in values.shape:
        raise InputError(
            f"{path.name} holds {values.dtype} of {values.shape}.", advice="Expected numbers (height, width, band)."
        )
    if grid is None:
        raise InputError(
            f"{path.name} names no wavelengths.",
            advice="Add an array 'wavelengths_nm' (band,), or say --wavelengths 400:1000:10 or a CSV.",
        )
    height, width, bands = values.shape
    return CubeFile(
        path=path,
        head=CubeHead(
            shape=(height, width, bands),
            wavelengths_nm=check_grid(grid, bands, path.name),
            quantity=quantity_of(named, values.dtype),
            fwhm_nm=None if fwhm is None else check_widths(fwhm, bands, path.name),
        ),
        layout=f"NumPy {path.suffix.lower()}",
        dtype=values.dtype,
        stored=lambda first, end: values[first:end],
    )


def _stored_array(path: Path, name: str) -> Numbers:
    """Return an array of an .npz where it lies; unpacked ones are mapped, packed ones read."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        entry = archive.getinfo(f"{name}.npy")
        if entry.compress_type != zipfile.ZIP_STORED:
            if entry.file_size > _MOST_UNPACKED:
                raise ValueError(f"{entry.file_size} bytes are packed in it; write it with numpy.savez, not packed")
            with archive.open(entry) as packed:
                return _array_in(io.BytesIO(packed.read()), entry.file_size)
        file.seek(entry.header_offset + 26)
        lengths = np.frombuffer(file.read(4), "<u2")
        file.seek(entry.header_offset + 30 + int(lengths.sum()))
        shape, fortran, dtype = _header(file)
        return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def write_npz(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], extra: Mapping[str, Any]) -> None:
    """Write `values`, `wavelengths_nm`, `quantity`, `fwhm_nm` where known, and `extra` arrays by name, not packed."""
    others = {"wavelengths_nm": head.wavelengths_nm, "quantity": np.array(head.quantity.value), **extra}
    if head.fwhm_nm is not None:
        others["fwhm_nm"] = head.fwhm_nm
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in others.items():
            with archive.open(_entry(name), "w", force_zip64=True) as file:
                npy.write_array(file, np.asarray(array), allow_pickle=False)
        with archive.open(_entry("values"), "w", force_zip64=True) as file:
            _write_values(file, head, blocks)


def write_npy(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]]) -> None:
    """Write the values, and NAME_wavelengths_nm.npy beside them."""
    with path.open("wb") as file:
        _write_values(file, head, blocks)
    np.save(path.with_name(f"{path.stem}_wavelengths_nm.npy"), head.wavelengths_nm)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))  # the same cube, the same bytes


def _write_values(file: Any, head: CubeHead, blocks: Iterable[NDArray[np.float32]]) -> None:  # noqa: ANN401
    npy.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": head.shape})
    for block in blocks:
        flat = np.ascontiguousarray(block, dtype="<f4").reshape(-1).view(np.uint8)
        for at in range(0, flat.size, _AT_ONCE):
            file.write(flat[at : at + _AT_ONCE].data)


_HEADER_BYTES = 512
_VERSION = b"\x00\x02IM"  # 0x0200, little endian
_TEXT = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 1970 HDF5 schema 1.00 ."


def read_mat(path: Path, key: str = "cube") -> FloatMap:
    """Return the array (h, w, band) float32 that MATLAB calls `key`; (h, w) becomes (h, w, 1).

    Raises InputError, which says what was expected: not there, not MATLAB v7.3, no such array, not numbers.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.")
    return _turned(rows("array_hdf5", path, name=key), path, key)


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
