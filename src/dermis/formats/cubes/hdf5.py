"""HDF5 cubes, and MATLAB's, of which v7.3 is HDF5 with its axes turned round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.errors import InputError
from dermis.formats.cubes.arrays import stamp_mat
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, Numbers, check_grid, check_widths, quantity_of
from dermis.formats.cubes.isolated import ask, rows

__all__ = ["open_hdf5", "open_mat", "write_hdf5", "write_mat_rows"]

_MATLAB_5 = b"MATLAB 5.0"
_CHUNK_VALUES = 1 << 18
_MOST_ROW_BYTES = 1 << 29
_PERCENT = ("percent", "%", "per cent", "pct")


def open_hdf5(path: Path, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> CubeFile:
    """Open the cube (h, w, band) of an HDF5 file: `key`, or `values`, `cube`, or the only array of three axes.

    What the array's attributes say of its numbers counts: scale factor, offset, value for "nothing here", percent.
    Raises InputError where there is none or more than one, or no wavelengths.
    """
    return _open(path, wavelengths_nm, ask("open_hdf5", path, key=key), matlab=False)


def open_mat(path: Path, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> CubeFile:
    """Open the cube that MATLAB calls `key`, or `cube`, or its only array of three axes; v5 and v7.3.

    Without wavelengths in the file, 61 bands are 400-1000 nm by 10, and the 31 bands of a file in a folder VIS or NIR
    400-700 or 700-1000 nm, as Hyper-Skin has them. Raises InputError as `open_hdf5`.
    """
    try:
        with path.open("rb") as file:
            old = file.read(len(_MATLAB_5)) == _MATLAB_5
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}.", advice="Check the folder and the name.") from None
    if old:
        return _open_mat5(path, wavelengths_nm, ask("open_mat5", path, key=key))
    return _open(path, wavelengths_nm, ask("open_hdf5", path, key=key), matlab=True)


def _open(path: Path, wavelengths_nm: ArrayLike | None, told: Mapping[str, Any], *, matlab: bool) -> CubeFile:
    name, shape, dtype = told["name"], tuple(told["shape_stored"]), np.dtype(told["dtype_stored"])
    full = shape if len(shape) == 3 else (1, *shape) if matlab else (*shape, 1)
    height, width, bands = full[::-1] if matlab else full
    _check_row(path, width * bands * dtype.itemsize)

    def stored(first: int, end: int) -> Numbers:
        if matlab:
            piece = rows("rows_hdf5", path, name=name, first=first, end=end, last_axis=True)
            return piece.reshape(bands, width, -1).transpose(2, 1, 0)
        return rows("rows_hdf5", path, name=name, first=first, end=end, last_axis=False).reshape(-1, width, bands)

    scale, gain, offset, ignored = _meaning(told["attributes"])
    return CubeFile(
        path=path,
        head=_head((height, width, bands), dtype, wavelengths_nm, told, path),
        layout=f"{'MATLAB v7.3' if matlab else 'HDF5'}, array {name!r}",
        dtype=dtype,
        stored=stored,
        scale=scale,
        gains=None if (gain, offset) == (1.0, 0.0) else np.full(bands, gain),
        offsets=None if (gain, offset) == (1.0, 0.0) else np.full(bands, offset),
        ignored=ignored,
    )


def _open_mat5(path: Path, wavelengths_nm: ArrayLike | None, told: Mapping[str, Any]) -> CubeFile:
    name, (height, width, bands) = told["name"], told["shape_stored"]
    return CubeFile(
        path=path,
        head=_head((height, width, bands), np.dtype(told["dtype_stored"]), wavelengths_nm, told, path),
        layout=f"MATLAB v5, array {name!r}",
        dtype=np.dtype(told["dtype_stored"]),
        stored=lambda first, end: rows("rows_mat5", path, name=name, first=first, end=end),
        notes=("MATLAB v5 cannot be read in pieces: all of it lies in memory.",),
    )


def _meaning(attributes: Mapping[str, float | str]) -> tuple[float, float, float, tuple[float, ...]]:
    """Return by what stored numbers are divided, multiplied, what is added, and which mean nothing.

    NEON stores reflectance times a Scale_Factor of 10000, netCDF's scale_factor of 0.0001 is what to multiply by.
    """
    factor = attributes.get("scale_factor", 1.0)
    factor = float(factor) if isinstance(factor, int | float) and np.isfinite(factor) and factor > 0 else 1.0
    offset = attributes.get("add_offset", 0.0)
    offset = float(offset) if isinstance(offset, int | float) and np.isfinite(offset) else 0.0
    percent = any(str(attributes.get(name, "")).strip().lower() in _PERCENT for name in ("units", "unit"))
    ignored = tuple(
        float(value)
        for name in ("data_ignore_value", "_fillvalue", "missing_value")
        if isinstance(value := attributes.get(name), int | float)
    )
    scale = (factor if factor > 1 else 1.0) * (100.0 if percent else 1.0)
    return scale, min(factor, 1.0), offset, ignored


def _check_row(path: Path, size: int) -> None:
    if size > _MOST_ROW_BYTES:
        raise InputError(f"{path.name}: one line of it has {size // 1_000_000} MB.", advice="No camera's line has.")


def _grid(path: Path, given: ArrayLike | None, held: ArrayLike | None, bands: int) -> ArrayLike:
    if given is not None:
        return given
    if held is not None:
        return held
    folder = path.absolute().parent.name.upper()
    if bands == 61:
        return np.arange(400.0, 1001.0, 10.0)
    if bands == 31 and folder in ("VIS", "NIR"):
        return np.arange(31) * 10.0 + (400.0 if folder == "VIS" else 700.0)
    raise InputError(
        f"{path.name} names no wavelengths for its {bands} bands.",
        advice="Add an array 'wavelengths_nm', or say --wavelengths 400:700:10 or a CSV.",
    )


def _head(
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    given: ArrayLike | None,
    told: Mapping[str, Any],
    path: Path,
) -> CubeHead:
    attributes = told["attributes"]
    named = attributes.get("quantity")
    scaled = np.dtype(np.float32) if "scale_factor" in attributes else dtype
    unit = str(told["grid_unit"]) if given is None else ""
    grid = _grid(path, given, told["grid"], shape[2])
    return CubeHead(
        shape=shape,
        wavelengths_nm=check_grid(grid, shape[2], path.name, unit, other_axis=shape[0]),
        quantity=quantity_of(named if isinstance(named, str) else None, scaled),
        fwhm_nm=None if told["fwhm"] is None else check_widths(told["fwhm"], shape[2], path.name),
    )


def write_hdf5(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], extra: Mapping[str, Any]) -> None:
    """Write `values` (h, w, band), `wavelengths_nm`, `fwhm_nm` where known, and `extra` arrays by name."""
    import h5py  # late: a tenth of a second

    with h5py.File(path, "w") as file:
        file.attrs["quantity"] = head.quantity.value
        file["wavelengths_nm"] = head.wavelengths_nm
        if head.fwhm_nm is not None:
            file["fwhm_nm"] = head.fwhm_nm
        for name, array in extra.items():
            file[name] = np.asarray(array)
        held = file.create_dataset("values", head.shape, "<f4")
        at = 0
        for block in blocks:
            held[at : at + len(block)] = block
            at += len(block)


def write_mat_rows(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], extra: Mapping[str, Any]) -> None:
    """Write MATLAB v7.3: `cube` (h, w, band) single, `wavelengths_nm` (1, band), and `extra` arrays by name."""
    import h5py  # late: a tenth of a second

    height, width, bands = head.shape
    rows = min(height, max(1, _CHUNK_VALUES // width))
    with h5py.File(path, "w", userblock_size=512, libver="earliest") as file:
        file.attrs["quantity"] = head.quantity.value
        cube = file.create_dataset("cube", (bands, width, height), "<f4", chunks=(1, width, rows))
        cube.attrs["MATLAB_class"] = np.bytes_("single")
        others = {"wavelengths_nm": head.wavelengths_nm[None], **extra}
        if head.fwhm_nm is not None:
            others["fwhm_nm"] = head.fwhm_nm[None]
        for name, array in others.items():
            file[name] = np.asarray(array).T
            file[name].attrs["MATLAB_class"] = np.bytes_(_matlab_class(np.asarray(array).dtype))
        at = 0
        for block in _gathered(blocks, rows):
            cube[:, :, at : at + len(block)] = block.transpose(2, 1, 0)
            at += len(block)
    stamp_mat(path)


def _matlab_class(dtype: np.dtype[Any]) -> str:
    return {"float64": "double", "float32": "single"}.get(dtype.name, dtype.name)


def _gathered(blocks: Iterable[NDArray[np.float32]], rows: int) -> Iterable[NDArray[np.float32]]:
    """Yield the rows of `blocks` so many at a time, as the chunks of the file hold them."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for block in blocks:
        at = 0
        while at < len(block):
            piece = block[at : at + rows - count]
            held.append(piece)
            count, at = count + len(piece), at + len(piece)
            if count == rows:
                yield np.concatenate(held)
                held, count = [], 0
    if held:
        yield np.concatenate(held)
