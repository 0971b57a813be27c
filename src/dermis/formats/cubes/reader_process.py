"""The process that reads HDF5 and MATLAB files for another: their libraries crash on, or never leave, damaged files.

    python -m dermis.formats.cubes.reader_process

One request a line on stdin, as JSON; one answer a line on stdout, of arrays followed by their bytes. The limits of
memory and time are its own, so that only it ends where they are passed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import InputError

if TYPE_CHECKING:
    import h5py

__all__ = ["CUBE_NAMES", "GRID_NAMES", "choose", "main"]

CUBE_NAMES = ("values", "cube", "reflectance", "data")
GRID_NAMES = ("wavelengths_nm", "wavelength_nm", "wavelengths", "wavelength", "bands")
_ATTRIBUTES = (
    "scale_factor",
    "add_offset",
    "data_ignore_value",
    "_fillvalue",
    "missing_value",
    "units",
    "unit",
    "quantity",
)
_WORDS = ("units", "unit", "quantity")
_MOST_ARRAYS, _MOST_BANDS, _LONGEST_TEXT = 10_000, 100_000, 200
_SPARE_BYTES = 3 << 30
_MEMORY_PER_BYTE = 8

Answer = tuple[dict[str, Any], NDArray[Any] | None]


def main() -> None:
    """Answer requests until stdin ends."""
    held = _Held()
    requests: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
        "open_hdf5": _open_hdf5,
        "rows_hdf5": _rows_hdf5,
        "array_hdf5": _array_hdf5,
        "open_mat5": held.open_mat5,
        "rows_mat5": held.rows_mat5,
    }
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not stand between answers
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        _limit(asked)
        try:
            answer, values = requests[asked["do"]](asked)
        except InputError as refusal:
            answer, values = {"refused": refusal.message, "advice": refusal.advice}, None
        except Exception as fault:  # noqa: BLE001 -- there is hardly a class that damaged bytes do not raise
            answer, values = {"damaged": f"{type(fault).__name__}: {str(fault)[:_LONGEST_TEXT]}"}, None
        _send(out, answer, values)


def _limit(asked: Mapping[str, Any]) -> None:
    """Bound memory and processor time of this request; a machine that is busy takes longer and is not cut off."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + asked["seconds"]) + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))
    size = Path(asked["path"]).stat().st_size
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_SPARE_BYTES + _MEMORY_PER_BYTE * size, most))


def _send(out: IO[bytes], answer: dict[str, Any], values: NDArray[Any] | None) -> None:
    if values is not None:
        values = np.ascontiguousarray(values)
        answer |= {"shape": values.shape, "dtype": values.dtype.str}
    out.write(json.dumps(answer).encode() + b"\n")
    if values is not None:
        out.write(values.reshape(-1).view(np.uint8).data)
    out.flush()


def _open_hdf5(asked: Mapping[str, Any]) -> Answer:
    import h5py

    path = Path(asked["path"])
    with h5py.File(path, "r") as file:
        arrays = _arrays(file)
        name = choose(path, {one: array.shape for one, array in arrays.items()}, asked["key"])
        array = arrays[name]
        grid = _first(arrays, GRID_NAMES)
        attributes = dict(_attributes(file)) | dict(_attributes(array.parent)) | dict(_attributes(array))
        answer = {
            "name": name,
            "shape_stored": [int(side) for side in array.shape],
            "dtype_stored": array.dtype.str,
            "grid": None if grid is None else grid[1],
            "grid_unit": "" if grid is None else str(dict(_attributes(arrays[grid[0]])).get("units", "")),
            "fwhm": (_first(arrays, ("fwhm_nm", "fwhm")) or (None, None))[1],
            "attributes": attributes,
        }
    return answer, None


def _rows_hdf5(asked: Mapping[str, Any]) -> Answer:
    import h5py

    with h5py.File(asked["path"], "r") as file:
        array = file[asked["name"]]
        first, end = asked["first"], asked["end"]
        return {}, np.asarray(array[..., first:end] if asked["last_axis"] else array[first:end])


def _array_hdf5(asked: Mapping[str, Any]) -> Answer:
    import h5py

    path = Path(asked["path"])
    with h5py.File(path, "r") as file:
        held = file.get(asked["name"])
        if not isinstance(held, h5py.Dataset) or held.dtype.kind not in "fiu":
            named = ", ".join(name for name in file if not name.startswith("#")) or "nothing"
            raise InputError(f"{path.name} holds no numbers called {asked['name']!r}.", advice=f"It holds: {named}.")
        return {}, np.asarray(held, dtype=np.float32)


def _arrays(file: h5py.File) -> dict[str, h5py.Dataset]:
    import h5py

    found: dict[str, h5py.Dataset] = {}

    def note(name: str, item: object) -> object:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and not name.startswith("#"):
            found[name] = item
        return True if len(found) > _MOST_ARRAYS else None

    file.visititems(note)
    return found


def _attributes(item: Any) -> Iterator[tuple[str, float | str]]:  # noqa: ANN401 -- untyped library
    """Yield the attributes of an array or a group that say what its numbers mean, by lower-case name."""
    for name in item.attrs:
        if str(name).lower() not in _ATTRIBUTES:
            continue
        value = np.asarray(item.attrs[name])
        if value.size == 1 and value.dtype.kind in "fiu":
            yield str(name).lower(), float(value.reshape(-1)[0])
        elif value.size == 1:
            text = value.reshape(-1)[0]
            named = str(name).lower()
            yield named, _text(text) if named in _WORDS else _number_or_text(_text(text))


def _text(said: object) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:80]


def _number_or_text(text: str) -> float | str:
    """Return the number that an attribute holds; some programs write it as text."""
    try:
        return float(text)
    except ValueError:
        return text


def _first(arrays: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, list[float]] | None:
    for wanted in names:
        for name, array in arrays.items():
            if name.rsplit("/", 1)[-1].lower() == wanted:
                if np.prod(array.shape, dtype=float) > _MOST_BANDS:
                    raise InputError(f"{name} has {array.shape} wavelengths.", advice="Give one for each band.")
                return name, np.asarray(array, dtype=np.float64).reshape(-1).tolist()
    return None


def choose(path: Path, shapes: Mapping[str, tuple[int, ...]], key: str | None) -> str:
    """Return the name of the array that is the cube. Raises InputError where none is, or several may be."""
    cubes = [name for name, shape in shapes.items() if len(shape) == 3 and 0 not in shape]
    if key is not None and key in shapes and len(shapes[key]) in (2, 3):
        return key
    named = [name for wanted in CUBE_NAMES for name in cubes if name.rsplit("/", 1)[-1].lower() == wanted]
    if key is None and (named or len(cubes) == 1):
        return (named or cubes)[0]
    what = f"no array {key!r}" if key is not None else f"{len(cubes)} arrays of three axes"
    listed = ", ".join(list(shapes)[:20]) or "nothing"
    raise InputError(f"{path.name} holds {what}.", advice=f"Say --key NAME; it holds: {listed}.")


class _Held:
    """The arrays of the MATLAB v5 file that was read last: such a file cannot be read in pieces."""

    def __init__(self) -> None:
        self._of: tuple[str, int, str] = ("", 0, "")
        self._values: NDArray[Any] = np.empty((0, 0, 0))

    def open_mat5(self, asked: Mapping[str, Any]) -> Answer:
        from scipy.io import loadmat, whosmat

        path = Path(asked["path"])
        shapes = {name: shape for name, shape, _ in whosmat(str(path))}
        name = choose(path, shapes, asked["key"])
        wanted = [name, *(other for other in shapes if other in (*GRID_NAMES, "fwhm_nm"))]
        found = loadmat(str(path), variable_names=wanted)
        values = np.atleast_3d(found[name])
        if values.dtype.kind not in "fiu":
            raise InputError(
                f"{path.name}: {name!r} holds no real numbers.", advice="Save it as double, single or uint16."
            )
        self._of, self._values = (str(path), path.stat().st_mtime_ns, name), values
        grid, fwhm = _first(found, GRID_NAMES), _first(found, ("fwhm_nm",))
        return {
            "name": name,
            "shape_stored": list(values.shape),
            "dtype_stored": values.dtype.str,
            "grid": None if grid is None else grid[1],
            "grid_unit": "",
            "fwhm": None if fwhm is None else fwhm[1],
            "attributes": {},
        }, None

    def rows_mat5(self, asked: Mapping[str, Any]) -> Answer:
        path = Path(asked["path"])
        if self._of != (str(path), path.stat().st_mtime_ns, asked["name"]):
            self.open_mat5({**asked, "key": asked["name"]})
        return {}, self._values[asked["first"] : asked["end"]]


if __name__ == "__main__":
    main()
