"""Spectral cubes in files: one way to open and write them; a raw line scan with its references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Cube
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.arrays import open_npy, open_npz, write_npy, write_npz
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, increasing, row_blocks, spans
from dermis.formats.cubes.envi import DATA_ENDINGS, find_header, open_envi, write_envi
from dermis.formats.cubes.hdf5 import open_hdf5, open_mat, write_hdf5, write_mat_rows

__all__ = [
    "READABLE",
    "WRITABLE",
    "Scan",
    "check_out",
    "find_scan",
    "open_cube",
    "read_cube",
    "rows_of",
    "write_cube",
    "write_rows",
]

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


def read_cube(path: str | Path, *, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> Cube:
    """Read a whole cube, its bands in the order of their wavelengths; of a wavelength named twice, the first.

    Raises InputError as `open_cube`.
    """
    file = open_cube(path, wavelengths_nm=wavelengths_nm, key=key)
    bands = increasing(file.head.wavelengths_nm)
    height, width, _ = file.head.shape
    values = np.empty((height, width, bands.size), np.float32)
    for first, block in row_blocks(file):
        values[first : first + len(block)] = _meant(file, block, bands)
    return Cube(values=values, wavelengths_nm=file.head.wavelengths_nm[bands], quantity=file.head.quantity)


def rows_of(file: CubeFile, first: int, end: int) -> NDArray[np.float32]:
    """Return rows of an opened cube (n, w, band) as they are meant, in the order of the file."""
    return _meant(file, file.stored(first, end), np.arange(file.head.shape[2]))


def _meant(file: CubeFile, block: NDArray[Any], bands: NDArray[np.intp]) -> NDArray[np.float32]:
    in_order = bands.size == block.shape[2] and bool(np.all(np.diff(bands) == 1))
    values: NDArray[np.float32] = (block if in_order else block[:, :, bands]).astype(np.float32)
    return values if file.scale == 1 else values / np.float32(file.scale)


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
    draft = path.with_name(f"{path.stem}.dermis-draft{path.suffix}")
    try:
        _write(draft, head, blocks, {name: np.asarray(array) for name, array in extra.items()})
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


_WHITE, _DARK = ("whiteref", "white_ref", "white"), ("darkref", "dark_ref", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Headers or files of a raw scan and its references."""

    raw: Path
    white: Path
    dark: Path


def find_scan(place: Path, *, white: Path | None = None, dark: Path | None = None) -> Scan:
    """Return the scan at `place`, a file or a folder, and its references: those handed in, or those beside it.

    Raises InputError where there is no scan or no reference, UsageError where a folder holds several scans.
    """
    if not place.exists():
        raise InputError(f"{place} does not exist.", advice="Name the scan's .raw or .hdr file, or its folder.")
    raw = _only_scan(place) if place.is_dir() else place
    return Scan(
        raw=raw,
        white=_reference(raw, _WHITE, "white", "a white panel") if white is None else white,
        dark=_reference(raw, _DARK, "dark", "a closed shutter") if dark is None else dark,
    )


def _headers(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".hdr" and path.is_file())
    except OSError as fault:
        raise InputError(f"{folder} cannot be read: {fault.strerror}.", advice="Check the folder.") from None


def _only_scan(folder: Path) -> Path:
    for place in (folder / "capture", folder):
        scans = [path for path in _headers(place) if not _kind(path)] if place.is_dir() else []
        if len(scans) == 1:
            return scans[0]
        if scans:
            names = ", ".join(path.stem for path in scans[:5])
            raise UsageError(f"{place} holds {len(scans)} scans: {names}.", advice=f"Name one: {scans[0]}.")
    raise InputError(f"{folder} holds no scan.", advice="Expected capture/NAME.raw with NAME.hdr.")


def _kind(path: Path) -> str:
    name = path.stem.lower()
    return "white" if name.startswith(_WHITE) else "dark" if name.startswith(_DARK) else ""


def _reference(raw: Path, prefixes: tuple[str, ...], option: str, what: str) -> Path:
    name = raw.name.split(".")[0].lower()
    beside = [path for path in _headers(raw.parent) if path.stem.lower().startswith(prefixes)]
    own = [path for path in beside if path.stem.lower().endswith(name)]
    found = own or (beside if len(beside) == 1 else [])
    if not found:
        raise InputError(
            f"{raw.name} has no {option} reference beside it.",
            advice=f"Say --{option} FILE, a scan of {what}; {prefixes[0].upper()}_{raw.stem}.raw is found by itself.",
        )
    return found[0]
