"""HDF5 cubes, and MATLAB's, of which v7.3 is HDF5 with its axes turned round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.errors import InputError
from dermis.formats.cubes.arrays import stamp_mat
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, Numbers, check_grid, quantity_of

if TYPE_CHECKING:
    import h5py

__all__ = ["open_hdf5", "open_mat", "write_hdf5", "write_mat_rows"]

_CUBE_NAMES = ("values", "cube", "reflectance", "data")
_GRID_NAMES = ("wavelengths_nm", "wavelength_nm", "wavelengths", "wavelength", "bands")
_MATLAB_5 = b"MATLAB 5.0"
_CHUNK_VALUES = 1 << 18


def open_hdf5(path: Path, wavelengths_nm: ArrayLike | None = None, key: str | None = None) -> CubeFile:
    """Open the cube (h, w, band) of an HDF5 file: `key`, or `values`, `cube`, or the only array of three axes.

    Raises InputError where there is none or more than one, or no wavelengths.
    """
    return _open(path, wavelengths_nm, key, matlab=False)


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
    return _open_mat5(path, wavelengths_nm, key) if old else _open(path, wavelengths_nm, key, matlab=True)


def _open(path: Path, wavelengths_nm: ArrayLike | None, key: str | None, *, matlab: bool) -> CubeFile:
    import h5py  # late: a tenth of a second

    try:
        with h5py.File(path, "r") as file:
            arrays = _arrays(file)
            name = _choose(path, {one: array.shape for one, array in arrays.items()}, key)
            shape, dtype = arrays[name].shape, arrays[name].dtype
            grid, fwhm = _first(arrays, _GRID_NAMES), _first(arrays, ("fwhm_nm", "fwhm"))
            named = file.attrs.get("quantity")
    except OSError as fault:
        kind = "MATLAB" if matlab else "HDF5"
        raise InputError(f"{path.name} is no {kind} file ({fault}).", advice="Write or download it again.") from None
    full = tuple(shape) if len(shape) == 3 else (1, *shape) if matlab else (*shape, 1)
    height, width, bands = full[::-1] if matlab else full

    def stored(first: int, end: int) -> Numbers:
        with h5py.File(path, "r") as file:
            if matlab:
                piece = file[name][..., first:end]
                return np.asarray(piece.reshape(bands, width, -1).transpose(2, 1, 0))
            return np.asarray(file[name][first:end]).reshape(-1, width, bands)

    return CubeFile(
        path=path,
        head=_head((height, width, bands), dtype, _grid(path, wavelengths_nm, grid, bands), fwhm, named, path),
        layout=f"{'MATLAB v7.3' if matlab else 'HDF5'}, array {name!r}",
        dtype=np.dtype(dtype),
        stored=stored,
    )


def _open_mat5(path: Path, wavelengths_nm: ArrayLike | None, key: str | None) -> CubeFile:
    from scipy.io import loadmat, whosmat  # late: only old files need it
    from scipy.io.matlab import MatReadError

    try:
        shapes = {name: shape for name, shape, _ in whosmat(str(path))}
        name = _choose(path, shapes, key)
        wanted = [name, *(other for other in shapes if other in (*_GRID_NAMES, "fwhm_nm"))]
        held = loadmat(str(path), variable_names=wanted)
    except (OSError, ValueError, TypeError, MatReadError, NotImplementedError) as fault:
        raise InputError(f"{path.name} is no MATLAB file ({fault}).", advice="Write or download it again.") from None
    values = np.atleast_3d(held[name])
    if values.dtype.kind not in "fiu":
        raise InputError(f"{path.name}: {name!r} holds no real numbers.", advice="Save it as double, single or uint16.")
    height, width, bands = values.shape
    grid, fwhm = _first(held, _GRID_NAMES), _first(held, ("fwhm_nm",))
    return CubeFile(
        path=path,
        head=_head((height, width, bands), values.dtype, _grid(path, wavelengths_nm, grid, bands), fwhm, None, path),
        layout=f"MATLAB v5, array {name!r}",
        dtype=values.dtype,
        stored=lambda first, end: values[first:end],
        notes=("MATLAB v5 cannot be read in pieces: all of it lies in memory.",),
    )


def _arrays(file: h5py.File) -> dict[str, h5py.Dataset]:
    import h5py

    found: dict[str, h5py.Dataset] = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and not name.startswith("#"):
            found[name] = item

    file.visititems(note)
    return found


def _choose(path: Path, shapes: Mapping[str, tuple[int, ...]], key: str | None) -> str:
    cubes = [name for name, shape in shapes.items() if len(shape) == 3 and 0 not in shape]
    if key is not None and key in shapes and len(shapes[key]) in (2, 3):
        return key
    named = [name for wanted in _CUBE_NAMES for name in cubes if name.rsplit("/", 1)[-1].lower() == wanted]
    if key is None and (named or len(cubes) == 1):
        return (named or cubes)[0]
    what = f"no array {key!r}" if key is not None else f"{len(cubes)} arrays of three axes"
    raise InputError(
        f"{path.name} holds {what}.", advice=f"Say --key NAME; it holds: {', '.join(shapes) or 'nothing'}."
    )


def _first(arrays: Mapping[str, Any], names: Iterable[str]) -> NDArray[np.float64] | None:
    for wanted in names:
        for name, array in arrays.items():
            if name.rsplit("/", 1)[-1].lower() == wanted:
                return np.asarray(array, dtype=np.float64).reshape(-1)
    return None


def _grid(path: Path, given: ArrayLike | None, held: NDArray[np.float64] | None, bands: int) -> ArrayLike:
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
    grid: ArrayLike,
    fwhm: NDArray[np.float64] | None,
    named: object,
    path: Path,
) -> CubeHead:
    text = named.decode() if isinstance(named, bytes) else named if isinstance(named, str) else None
    return CubeHead(
        shape=shape,
        wavelengths_nm=check_grid(grid, shape[2], path.name),
        quantity=quantity_of(text, np.dtype(dtype)),
        fwhm_nm=None if fwhm is None else check_grid(fwhm, shape[2], path.name, "nm"),
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
