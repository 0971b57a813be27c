"""ENVI: a text header beside a file of plain numbers, as line-scan cameras write it.

The header is read by ourselves: the format is a list of names, and a window of a plain file is one `numpy.memmap`.
"""

from __future__ import annotations

import gzip
import mmap
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Quantity
from dermis.errors import InputError
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, Floats, Numbers, check_grid, quantity_of

__all__ = ["DATA_ENDINGS", "find_header", "open_envi", "read_header", "write_envi"]

DATA_ENDINGS = (".raw", ".img", ".dat", ".bil", ".bip", ".bsq", ".bin", ".cube", ".hyp")
"""Endings under which the numbers lie beside NAME.hdr; a file without an ending is found, too."""

_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
_COMPLEX = (6, 9)
_LONGEST_WHOLE = 12
_MOST_UNPACKED = 1 << 31
_MOST_HEADER = 1 << 23
_NARROWEST_NM = 0.1
_AXES = {"bil": (0, 2, 1), "bip": (0, 1, 2), "bsq": (1, 2, 0)}
"""Where rows, columns and bands lie in the file."""


def read_header(path: Path) -> dict[str, str]:
    """Return an ENVI header's entries by lower-case name, lists without their braces.

    Raises InputError where it cannot be read or is none.
    """
    try:
        if path.stat().st_size > _MOST_HEADER:
            raise InputError(f"{path.name} is longer than any ENVI header.", advice="Name the header of the cube.")
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}.", advice="Check the folder and the name.") from None
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip().upper() != "ENVI":
        raise InputError(f"{path.name} is no ENVI header.", advice="Its first line should read ENVI.")
    entries: dict[str, str] = {}
    at = 1
    while at < len(lines):
        name, equals, value = lines[at].partition("=")
        comment = lines[at].lstrip().startswith(";")
        at += 1
        if not equals or comment:
            continue
        value = value.strip()
        if not value and at < len(lines) and lines[at].lstrip().startswith("{"):  # a list opens on the next line
            value, at = lines[at].strip(), at + 1
        while value.startswith("{") and "}" not in value:
            if at >= len(lines):
                raise InputError(f"{path.name}: the list {name.strip()!r} never ends.", advice="Close it with }.")
            value, at = f"{value} {lines[at].strip()}", at + 1
        entries[" ".join(name.lower().split())] = value.strip("{} \t")
    return entries


def find_header(path: Path) -> Path | None:
    """Return the header of the numbers in `path`: NAME.raw.hdr or NAME.hdr; None where there is none."""
    if path.suffix.lower() == ".hdr":
        return path
    beside = (path.with_name(path.name + ".hdr"), path.with_suffix(".hdr"), path.with_suffix(".HDR"))
    return next((one for one in beside if one.is_file()), None)


def open_envi(path: Path, wavelengths_nm: ArrayLike | None = None) -> CubeFile:
    """Open the cube whose header or numbers lie at `path`.

    wavelengths_nm: (band,), instead of the header's. Raises InputError, which says what was expected: no header, no
    numbers, an entry that is missing or unknown, fewer bytes than the header promises, no wavelengths.
    """
    header = find_header(path)
    if header is None:
        raise InputError(
            f"{path.name} has no ENVI header.", advice=f"Put {path.stem}.hdr beside it, as the camera wrote it."
        )
    entries = read_header(header)
    width, height, bands = (_whole(entries, name, header) for name in ("samples", "lines", "bands"))
    interleave, dtype = _interleave(entries, header), _dtype(entries, header)
    offset = _whole(entries, "header offset", header, least=0, usual=0)
    size = height * width * bands * dtype.itemsize
    data = path if path != header else _data_of(header, offset + size)
    if entries.get("file compression", "0") not in ("0", ""):
        stored, notes = _unpacked(data, dtype, offset, interleave, (height, width, bands))
    else:
        notes = _check_length(data, offset, size)
        stored = partial(_rows, data, dtype, offset, interleave, (height, width, bands))
    grid = _wavelengths(entries, bands, header, wavelengths_nm)
    scale, gains, offsets = _meaning(entries, bands, header)
    reflectance = "reflectance scale factor" in entries or "data reflectance gain values" in entries
    told = np.dtype(np.float32) if gains is not None else dtype
    good = _good_bands(entries, bands, header)
    if not good.all():
        stored = partial(_chosen, stored, np.flatnonzero(good))
        notes = (*notes, f"{int((~good).sum())} bands that the header calls bad (bbl) are left out.")
    fwhm = _fwhm(entries, bands, header)
    return CubeFile(
        path=data,
        head=CubeHead(
            shape=(height, width, int(good.sum())),
            wavelengths_nm=grid[good],
            quantity=Quantity.REFLECTANCE if reflectance else quantity_of(entries.get("quantity"), told),
            fwhm_nm=None if fwhm is None else fwhm[good],
        ),
        layout=f"ENVI {interleave.upper()}",
        dtype=dtype,
        stored=stored,
        scale=scale,
        gains=None if gains is None else gains[good],
        offsets=None if offsets is None else offsets[good],
        ignored=_ignored(entries, header),
        exposure_s=_exposure_s(entries, header),
        notes=notes,
    )


def _meaning(entries: dict[str, str], bands: int, header: Path) -> tuple[float, Floats | None, Floats | None]:
    """Return by what the stored numbers are divided, multiplied, and what is added then, as the header says."""
    scale = _number(entries, "reflectance scale factor", header) or 1.0
    for kind in ("data reflectance ", "data "):
        gains = _per_band(entries, f"{kind}gain values", bands, header)
        offsets = _per_band(entries, f"{kind}offset values", bands, header)
        if gains is not None or offsets is not None:
            gains = np.ones(bands) if gains is None else gains
            offsets = np.zeros(bands) if offsets is None else offsets
            if np.all(gains == 1) and np.all(offsets == 0):
                return scale, None, None
            return scale, gains, offsets
    return scale, None, None


def _per_band(entries: dict[str, str], name: str, bands: int, header: Path) -> Floats | None:
    if not entries.get(name):
        return None
    try:
        values = np.array([float(part) for part in _listed(entries[name])])
    except ValueError:
        values = np.empty(0)
    if values.size == 1:
        values = np.full(bands, values[0])
    if values.size != bands or not np.isfinite(values).all():
        raise InputError(f"{header.name}: {name} are not {bands} numbers.", advice="Correct or remove the entry.")
    return values


def _good_bands(entries: dict[str, str], bands: int, header: Path) -> NDArray[np.bool_]:
    listed = _per_band(entries, "bbl", bands, header)
    good = np.ones(bands, bool) if listed is None else listed > 0
    if not good.any():
        raise InputError(f"{header.name} calls all of its bands bad (bbl).", advice="Correct or remove the entry.")
    return good


def _ignored(entries: dict[str, str], header: Path) -> tuple[float, ...]:
    if not entries.get("data ignore value"):
        return ()
    try:
        return (float(entries["data ignore value"]),)
    except ValueError:
        raise InputError(
            f"{header.name}: data ignore value = {entries['data ignore value'][:40]!r} is no number.",
            advice="Correct or remove the entry.",
        ) from None


def _chosen(stored: Callable[[int, int], Numbers], bands: NDArray[np.intp], first: int, end: int) -> Numbers:
    return stored(first, end)[:, :, bands]


def _unpacked(
    data: Path, dtype: np.dtype[Any], offset: int, interleave: str, shape: tuple[int, int, int]
) -> tuple[Callable[[int, int], Numbers], tuple[str, ...]]:
    """Return the rows of numbers that are packed by gzip, as ENVI's `file compression = 1` says; they lie in memory."""
    size = int(np.prod(shape)) * dtype.itemsize
    if size > _MOST_UNPACKED:
        raise InputError(f"{data.name} is packed (file compression = 1).", advice="Unpack it with gunzip first.")
    try:
        with gzip.open(data) as file:
            file.read(offset)
            raw = file.read(size)
    except (OSError, EOFError, zlib.error) as fault:
        raise InputError(f"{data.name} is packed and damaged ({fault}).", advice="Copy it again.") from None
    if len(raw) < size:
        raise InputError(
            f"{data.name} is cut short: {size} bytes expected when unpacked, {len(raw)} found.", advice="Copy it again."
        )
    height, width, bands = shape
    axes = {"bil": (height, bands, width), "bip": (height, width, bands), "bsq": (bands, height, width)}[interleave]
    values = np.frombuffer(raw, dtype).reshape(axes).transpose(_AXES[interleave])
    return lambda first, end: values[first:end], ("Its numbers are packed: all of it lies in memory.",)


def _rows(
    path: Path, dtype: np.dtype[Any], offset: int, interleave: str, shape: tuple[int, int, int], first: int, end: int
) -> Numbers:
    height, width, bands = shape
    if interleave == "bsq":
        everything = np.memmap(path, dtype, "r", offset, (bands, height, width))
        return everything[:, first:end].transpose(1, 2, 0)
    inner = (bands, width) if interleave == "bil" else (width, bands)
    count = (end - first) * width * bands
    block = _window(path, dtype, offset + first * width * bands * dtype.itemsize, count)
    return block.reshape(end - first, *inner).transpose(_AXES[interleave])


def _window(path: Path, dtype: np.dtype[Any], start: int, count: int) -> Numbers:
    """Return `count` numbers from byte `start` on, mapped alone, so that what was read leaves the memory with them."""
    page = start - start % mmap.ALLOCATIONGRANULARITY
    with path.open("rb") as file:
        length = start - page + count * dtype.itemsize
        held = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ, offset=page)
    if hasattr(mmap, "MADV_WILLNEED"):
        held.madvise(mmap.MADV_WILLNEED)  # read ahead in one go, not page by page as they are touched
    return np.frombuffer(held, dtype, count, start - page)


def _data_of(header: Path, size: int) -> Path:
    """Return the file of numbers that belongs to a header; of several, the one of the size that the header states."""
    stem = header.with_suffix("")
    named = [stem] + [stem.with_name(stem.name + one) for end in DATA_ENDINGS for one in (end, end.upper())]
    found = [one for one in named if one.is_file()]
    if not found:
        raise InputError(
            f"The numbers of {header.name} are not beside it.",
            advice=f"Expected {stem.name}.raw, .img, .dat, .bil, .bip, .bsq, or {stem.name} without an ending.",
        )
    if len(found) == 1 or found[0] == stem:
        return found[0]
    own = [one for one in found if not one.with_name(one.name + ".hdr").is_file()]
    fitting = [one for one in own if one.stat().st_size == size]
    if len(own) == 1 or len(fitting) == 1:
        return (own if len(own) == 1 else fitting)[0]
    raise InputError(
        f"{header.name} may belong to {' or '.join(one.name for one in found)}.",
        advice="Name the file of numbers itself, or give each its own header such as NAME.raw.hdr.",
    )


def _entry(entries: dict[str, str], name: str, header: Path) -> str:
    if name not in entries:
        raise InputError(f"{header.name} has no entry {name!r}.", advice=f"Add a line '{name} = ...'.")
    return entries[name]


def _whole(entries: dict[str, str], name: str, header: Path, *, least: int = 1, usual: int | None = None) -> int:
    text = str(usual) if usual is not None and name not in entries else _entry(entries, name, header)
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_WHOLE) or int(text) < least:
        raise InputError(
            f"{header.name}: {name} = {text[:40]!r} is no whole number from {least} up.", advice="Correct it."
        )
    return int(text)


def _number(entries: dict[str, str], name: str, header: Path) -> float | None:
    if name not in entries:
        return None
    with suppress(ValueError):
        value = float(entries[name])
        if np.isfinite(value) and value > 0:
            return value
    raise InputError(f"{header.name}: {name} = {entries[name]!r} is no positive number.", advice="Correct it.")


def _interleave(entries: dict[str, str], header: Path) -> str:
    named = _entry(entries, "interleave", header).lower()
    if named not in _AXES:
        raise InputError(f"{header.name}: interleave {named!r} is unknown.", advice="Known: bil, bip, bsq.")
    return named


def _dtype(entries: dict[str, str], header: Path) -> np.dtype[Any]:
    code = _whole(entries, "data type", header)
    if code in _COMPLEX:
        raise InputError(
            f"{header.name}: data type {code} is complex numbers.",
            advice="A cube of light has real ones: export it so.",
        )
    if code not in _TYPES:
        known = ", ".join(f"{number} ({np.dtype(kind).name})" for number, kind in _TYPES.items())
        raise InputError(f"{header.name}: data type {code} is unknown.", advice=f"Known: {known}.")
    order = _whole(entries, "byte order", header, least=0, usual=0)
    if order > 1:
        raise InputError(f"{header.name}: byte order {order} is unknown.", advice="0 is little, 1 is big endian.")
    return np.dtype(_TYPES[code]).newbyteorder("<" if order == 0 else ">")


def _check_length(data: Path, offset: int, size: int) -> tuple[str, ...]:
    try:
        found = data.stat().st_size
    except OSError as fault:
        raise InputError(f"{data} cannot be read: {fault.strerror}.", advice="Check the folder and the name.") from None
    if found < offset + size:
        raise InputError(
            f"{data.name} is cut short: {offset + size} bytes expected, {found} found.",
            advice="Copy it again; or correct lines, samples, bands, data type or header offset in its header.",
        )
    return (f"{found - offset - size} bytes after the cube are left out.",) if found > offset + size else ()


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _wavelengths(entries: dict[str, str], bands: int, header: Path, given: ArrayLike | None) -> Floats:
    if given is not None:
        return check_grid(given, bands, header.name)
    listed = _listed(entries.get("wavelength", entries.get("wavelengths", "")))
    if not listed:
        raise InputError(
            f"{header.name} names no wavelengths.",
            advice="Add 'wavelength = {400, 401.3, ...}' to it, or say --wavelengths 400:1000:10 or a CSV.",
        )
    return check_grid(listed, bands, header.name, entries.get("wavelength units", ""))


def _fwhm(entries: dict[str, str], bands: int, header: Path) -> Floats | None:
    """Return the widths of the bands in nm: their unit is that of the wavelengths, whatever it is truly."""
    widths = _per_band(entries, "fwhm", bands, header)
    own = _per_band(entries, "wavelength", bands, header)
    if widths is None or widths.min() <= 0:
        return None
    if own is None:
        return widths if widths.min() >= _NARROWEST_NM else widths * 1000
    in_nm = check_grid(own, bands, header.name, entries.get("wavelength units", ""))
    return np.asarray(np.round(widths * (in_nm.max() / own.max()), 6), dtype=np.float64)


def _exposure_s(entries: dict[str, str], header: Path) -> float | None:
    """Return the exposure: `tint` and `integration time` are in milliseconds."""
    for name in ("tint", "integration time", "exposure time"):
        with suppress(InputError):
            if (value := _number(entries, name, header)) is not None:
                return value / 1000
    return None


def write_envi(path: Path, head: CubeHead, blocks: Iterable[NDArray[np.float32]], interleave: str = "bil") -> None:
    """Write NAME.hdr and NAME.img from `blocks` (n, w, band) of rows; interleave: bil, bip or bsq."""
    with path.with_suffix(".img").open("wb") as file:
        if interleave == "bsq":
            _write_planes(file, head, blocks)
        else:
            for block in blocks:
                lines = block.transpose(0, 2, 1) if interleave == "bil" else block
                file.write(np.ascontiguousarray(lines, dtype="<f4").data)
    height, width, bands = head.shape
    rows = [
        "ENVI",
        "description = {dermis}",
        f"samples = {width}",
        f"lines = {height}",
        f"bands = {bands}",
        "header offset = 0",
        "file type = ENVI Standard",
        "data type = 4",
        f"interleave = {interleave}",
        "byte order = 0",
        "wavelength units = Nanometers",
        f"wavelength = {{{_joined(head.wavelengths_nm)}}}",
        *([f"fwhm = {{{_joined(head.fwhm_nm)}}}"] if head.fwhm_nm is not None else []),
        f"quantity = {head.quantity.value}",
    ]
    path.with_suffix(".hdr").write_text("\n".join(rows) + "\n", encoding="ascii")


def _write_planes(file: IO[bytes], head: CubeHead, blocks: Iterable[NDArray[np.float32]]) -> None:
    height, width, bands = head.shape
    at = 0
    for block in blocks:
        for band in range(bands):
            file.seek(4 * width * (height * band + at))
            file.write(np.ascontiguousarray(block[:, :, band], dtype="<f4").data)
        at += len(block)


def _joined(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.10g}" for value in values)
