"""Spectral cubes in files: one way to open and write them."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Cube, Quantity
from dermis.errors import DermisError, InputError, UsageError
from dermis.formats.cubes.arrays import open_npy, open_npz, write_npy, write_npz
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, increasing, row_blocks, spans
from dermis.formats.cubes.envi import DATA_ENDINGS, find_header, open_envi, write_envi
from dermis.formats.cubes.hdf5 import open_hdf5, open_mat, write_hdf5, write_mat_rows
from dermis.formats.files import locked

__all__ = [
    "READABLE",
    "WRITABLE",
    "check_out",
    "check_reflectance",
    "open_cube",
    "read_cube",
    "refuse_no_reflectance",
    "rows_of",
    "write_cube",
    "write_rows",
]

_LOOKED_AT = 16
_MOST_REFLECTANCE, _MOST_PERCENT = 1.5, 150.0
_HDF5 = (".h5", ".hdf5", ".hdf")
_ENVI_OUT = (".hdr", ".img")
WRITABLE = (".npz", ".npy", ".hdr", ".img", ".mat", ".h5", ".hdf5")
"""Endings that a cube can be written under."""
READABLE = (*WRITABLE, ".hdf", *DATA_ENDINGS)
"""Endings that a cube is looked for under."""


def open_cube(path: str | Path, *, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> CubeFile:
    """Open a cube without reading its values.

    wavelengths_nm: (band,), instead of the file's. key: the array's name in HDF5 and MATLAB files.
    Raises InputError, which says what was expected; see the opener of each kind.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path} {'is a folder' if path.is_dir() else 'does not exist'}.", advice="Name the file of a cube."
        )
    with _damage_refused(path):
        file = _opened(path, wavelengths_nm, key)
    return replace(file, stored=partial(_read, file))


def _opened(path: Path, wavelengths_nm: ArrayLike | None, key: str | None) -> CubeFile:
    ending = path.suffix.lower()
    if ending == ".npz":
        return open_npz(path, wavelengths_nm)
    if ending == ".npy":
        return open_npy(path, wavelengths_nm)
    if ending == ".mat":
        return open_mat(path, wavelengths_nm, key)
    if ending in _HDF5:
        return open_hdf5(path, wavelengths_nm, key)
    if ending == ".hdr" or ending in DATA_ENDINGS or find_header(path) is not None:
        return open_envi(path, wavelengths_nm)
    raise InputError(
        f"{path.name} is no cube that is known.",
        advice="Known: ENVI (.hdr with .raw, .img, ...), MATLAB (.mat), HDF5 (.h5), NumPy (.npz, .npy).",
    )


def _read(file: CubeFile, first: int, end: int) -> NDArray[Any]:
    with _damage_refused(file.path):
        return file.stored(first, end)


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises over damaged bytes into a refusal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DermisError:
        raise
    except MemoryError as fault:
        raise InputError(f"{path.name} needs more memory than there is.", advice="Cut it into pieces.") from fault
    except Exception as fault:  # there is hardly a class that damaged bytes do not raise
        raise InputError(
            f"{path.name} is damaged, or of a make that is not read ({type(fault).__name__}).",
            advice="Copy or write it again.",
        ) from fault


def read_cube(path: str | Path, *, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> Cube:
    """Read a whole cube, its bands in the order of their wavelengths; of a wavelength named twice, the first.

    Raises InputError as `open_cube`.
    """
    file = open_cube(path, wavelengths_nm=wavelengths_nm, key=key)
    bands = increasing(file.head.wavelengths_nm)
    height, width, _ = file.head.shape
    with _damage_refused(file.path):
        values = np.empty((height, width, bands.size), np.float32)
    for first, block in row_blocks(file):
        values[first : first + len(block)] = _meant(file, block, bands)
    return Cube(values=values, wavelengths_nm=file.head.wavelengths_nm[bands], quantity=file.head.quantity)


def rows_of(file: CubeFile, first: int, end: int) -> NDArray[np.float32]:
    """Return rows of an opened cube (n, w, band) as they are meant, in the order of the file.

    NaN where the file says that there is no value.
    """
    return _meant(file, file.stored(first, end), np.arange(file.head.shape[2]))


def check_reflectance(file: CubeFile) -> str:
    """Return what is wrong with the values of a cube that calls itself reflectance, "" where they may be reflectance.

    Half of the values of a reflectance lie below 1.5; more is percent, or counts.
    """
    if file.head.quantity is not Quantity.REFLECTANCE:
        return ""
    lines = np.unique(np.linspace(0, file.head.shape[0] - 1, _LOOKED_AT).astype(int))
    seen = np.concatenate([rows_of(file, int(line), int(line) + 1).reshape(-1) for line in lines])
    seen = seen[np.isfinite(seen)]
    middle = float(np.median(seen)) if seen.size else 0.0
    if middle <= _MOST_REFLECTANCE:
        return ""
    what = "percent" if middle <= _MOST_PERCENT else "counts, or reflectance times a factor"
    return f"{file.path.name} calls itself reflectance and half of its values are over {middle:.4g}: it holds {what}."


def refuse_no_reflectance(file: CubeFile) -> None:
    """Raise InputError where `check_reflectance` finds a fault."""
    fault = check_reflectance(file)
    if fault:
        raise InputError(
            fault, advice="Divide it by its factor (ENVI: reflectance scale factor = 100), or calibrate it."
        )


def _meant(file: CubeFile, block: NDArray[Any], bands: NDArray[np.intp]) -> NDArray[np.float32]:
    in_order = bands.size == block.shape[2] and bool(np.all(np.diff(bands) == 1))
    stored = block if in_order else block[:, :, bands]
    values: NDArray[np.float32] = stored.astype(np.float32)
    if file.scale != 1:
        values = values / np.float32(file.scale)
    if file.gains is not None and file.offsets is not None:
        values = values * file.gains[bands].astype(np.float32) + file.offsets[bands].astype(np.float32)
    for number in file.ignored:
        values[_equal(stored, number)] = np.nan
    return values


def _equal(stored: NDArray[Any], number: float) -> NDArray[np.bool_]:
    if stored.dtype.kind == "f":  # a header writes -3.4e38 for a number of its own precision
        return np.asarray(np.isclose(stored, number, rtol=1e-6, atol=0), dtype=bool)
    return np.asarray(stored == number, dtype=bool)


def write_cube(path: str | Path, cube: Cube, *, fwhm_nm: ArrayLike | None = None, **extra: ArrayLike) -> Path:
    """Write a cube in the format of the path's ending (`WRITABLE`), and return the path.

    extra: further arrays by name, such as intervals; in .npz, .h5 and .mat they lie in the file, otherwise in
    STEM_NAME.npy beside it. Raises UsageError for another ending, and where nothing can be written.
    """
    head = CubeHead(
        shape=cube.values.shape,
        wavelengths_nm=cube.wavelengths_nm,
        quantity=cube.quantity,
        fwhm_nm=None if fwhm_nm is None else np.asarray(fwhm_nm, dtype=np.float64),
    )
    rows = max(1, (1 << 22) // max(1, head.shape[1] * head.shape[2]))
    blocks = (cube.values[first:end] for first, end in spans(head.shape[0], rows))
    return write_rows(path, head, blocks, **extra)


def write_rows(path: str | Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], **extra: ArrayLike) -> Path:
    """Write a cube from blocks of its rows (n, w, band), so that it never lies in memory; see `write_cube`.

    Under its name it appears whole or not at all, and may replace the file that the rows come from.
    """
    path = check_out(path)
    draft = path.with_name(f"{path.stem}.dermis-draft-{secrets.token_hex(4)}{path.suffix}")
    try:
        _write(draft, head, blocks, {name: np.asarray(array) for name, array in extra.items()})
        with locked(path.absolute().parent):  # two files of one cube are not mixed with another's
            for written in _drafted(draft):
                written.replace(written.with_name(path.stem + written.name.removeprefix(draft.stem)))
    except OSError as fault:
        raise UsageError(
            f"{path.name} cannot be written: {fault.strerror or fault}.", advice="Choose another folder."
        ) from fault
    finally:
        for left in _drafted(draft):
            left.unlink()
    return path


def _write(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], extra: dict[str, NDArray[Any]]) -> None:
    ending = path.suffix.lower()
    if ending == ".npz":
        write_npz(path, head, blocks, extra)
    elif ending == ".mat":
        write_mat_rows(path, head, blocks, extra)
    elif ending in _HDF5:
        write_hdf5(path, head, blocks, extra)
    else:
        (write_envi if ending in _ENVI_OUT else write_npy)(path, head, blocks)
        for name, array in extra.items():
            np.save(path.with_name(f"{path.stem}_{name}.npy"), array)


def _drafted(draft: Path) -> list[Path]:
    """Return what was written for `draft`: itself and what goes beside it."""
    return sorted(path for path in draft.absolute().parent.iterdir() if path.name.startswith(draft.stem))


def check_out(path: str | Path) -> Path:
    """Return where a cube goes.

    Raises UsageError for an ending that is not written, a folder that is not there, and a header of other numbers.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise UsageError(
            f"{path.name}: cubes are not written as {path.suffix or 'a file without ending'}.",
            advice=f"Known endings: {', '.join(WRITABLE)}.",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(f"The folder {path.parent} does not exist.", advice="Make it, or choose another.")
    if path.suffix.lower() in _ENVI_OUT and (other := _numbers_of(path)) is not None:
        raise UsageError(f"{path.stem}.hdr is the header of {other.name}.", advice="Choose another name.")
    return path


def _numbers_of(path: Path) -> Path | None:
    """Return a raw file whose header an ENVI cube of that name would replace."""
    stem = path.with_suffix("")
    endings = [one for end in DATA_ENDINGS if end != ".img" for one in (end, end.upper())]
    return next((one for one in (stem, *map(path.with_suffix, endings)) if one.is_file()), None)
