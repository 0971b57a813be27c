"""Pixels of 16-bit PNG and of TIFF, read without loss and bounded in size."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import UnreadablePhoto
from dermis.formats.images.exif import Tag, read_exif

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = [
    "Chromaticities",
    "Inks",
    "Numbers",
    "Raster",
    "coding_points",
    "deep_tiff",
    "is_intact",
    "is_raw",
    "parted",
    "png_chunks",
    "unmultiplied",
    "upright",
    "write_png16",
]

Numbers = NDArray[Any]
Chromaticities = tuple[float, ...]
"""x and y of white, red, green and blue: eight numbers."""


class Inks(StrEnum):
    """What the channels of a file are; the value is the image library's word for it at 8 bits."""

    GREY = "L"
    RGB = "RGB"
    CMYK = "CMYK"
    LAB = "LAB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """The numbers of a file and what it says about them.

    values: (h, w) for grey, else (h, w, channel); uint8, uint16 or float32. white: their full scale.
    bits: a channel, as in the file. alpha: (h, w) like values, None where all is opaque.
    icc: the embedded colour profile. coding: primaries and transfer function by their ITU-T H.273 codes.
    gamma, chromaticities: as a PNG states them. orientation: as EXIF counts, still to be done.
    """

    values: Numbers
    inks: Inks
    white: float
    bits: int
    alpha: Numbers | None = None
    icc: bytes = b""
    coding: tuple[int, int] | None = None
    gamma: float | None = None
    chromaticities: Chromaticities | None = None
    exif: bytes = b""
    orientation: int = 1
    notes: tuple[str, ...] = ()


def parted(values: Numbers, *, white: float, bits: int) -> Raster:
    """Return grey or RGB apart from alpha, told by the number of channels: 1, 2, 3 or 4."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    alpha = values[..., -1] if channels in (2, 4) else None
    if alpha is not None and alpha.min() >= white:
        alpha = None
    if channels > 2:
        return Raster(values=values[..., :3], inks=Inks.RGB, white=white, bits=bits, alpha=alpha)
    grey = values if values.ndim == 2 else values[..., 0]
    return Raster(values=grey, inks=Inks.GREY, white=white, bits=bits, alpha=alpha)


def unmultiplied(values: Numbers, alpha: Numbers, white: float) -> Numbers:
    """Return colours (h, w, ...) that a file stores multiplied by alpha (h, w) as they are without it."""
    cover = np.maximum(alpha, 1 if alpha.dtype.kind == "u" else np.finfo(np.float32).tiny).astype(np.float32)
    if values.ndim == 3:
        cover = cover[..., None]
    colours: Numbers = np.minimum(values * (np.float32(white) / cover), white).astype(values.dtype)
    return colours


def upright(values: Numbers, orientation: int) -> Numbers:
    """Return `values` (h, w, ...) turned and mirrored as an EXIF orientation asks, in memory order."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB = 2
_UP = 2  # the filter that stores each row as its difference from the one above
_SRGB_PERCEPTUAL = b"\0"


def is_intact(data: bytes) -> bool:
    """Return whether every chunk that holds picture data is whole and has the checksum it should have."""
    kinds = []
    for kind, at, size in png_chunks(data):
        kinds.append(kind)
        if kind[0:1].isupper():  # a critical chunk
            (checksum,) = struct.unpack_from(">I", data, at + size)
            if zlib.crc32(memoryview(data)[at - 4 : at + size]) != checksum:
                return False
    return b"IDAT" in kinds and kinds[-1] == b"IEND"


def coding_points(data: bytes) -> tuple[int, int] | None:
    """Return the primaries and the transfer function that a cICP chunk names (ITU-T H.273), None without one."""
    for kind, at, size in png_chunks(data):
        if kind == b"cICP" and size == 4:
            return data[at], data[at + 1]
        if kind == b"IDAT":
            break
    return None


def write_png16(rgb: NDArray[np.uint16], exif: bytes = b"", *, srgb: bool = True) -> bytes:
    """Return a PNG of (h, w, 3) uint16 with 16 bits a channel.

    exif: without the `Exif` prefix. srgb: declare the values to be sRGB.
    """
    height, width = rgb.shape[:2]
    rows = rgb.astype(">u2").view(np.uint8).reshape(height, width * 6)
    filtered = np.empty((height, width * 6 + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _RGB, 0, 0, 0)),
            _chunk(b"sRGB", _SRGB_PERCEPTUAL) if srgb else b"",
            _chunk(b"eXIf", exif) if exif else b"",
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 4)),
            _chunk(b"IEND", b""),
        )
    )


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk over whole chunks: kind, where its content begins, how long that is."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            return
        yield kind, at + 8, size
        if kind == b"IEND":
            return
        at += 12 + size


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


_WHITE_IS_ZERO, _BLACK_IS_ZERO, _TIFF_RGB = 0, 1, 2
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_ICC = 34675
_MOST_OTHERS = 5
_MULTIPLIED_ALPHA, _ALPHA = 1, 2
_SEVERAL = "The file holds several pictures; the first was read."


def is_raw(data: bytes) -> bool:
    """Return whether a TIFF holds the undeveloped numbers of a camera (DNG and its kin)."""
    entries = read_exif(data)
    photometric = entries.get(Tag.PHOTOMETRIC, ())
    kind = photometric[0][0] if isinstance(photometric, tuple) and photometric else None
    return Tag.DNG_VERSION in entries or kind in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW)


def deep_tiff(data: bytes, name: str, check: Callable[..., None]) -> Raster:
    """Return the first page of a grey or RGB TIFF of any depth, its channels together or apart.

    Floats are taken as they are, 0 for black and 1 for white; what lies outside is cut off and noted.
    check: called with width and height in px and the bytes of a pixel before the pixels are decoded.
    Raises UnreadablePhoto for other kinds of numbers.
    """
    import tifffile  # late: few photos need it

    with tifffile.TiffFile(BytesIO(data)) as file:
        page = file.pages.first
        check(page.imagewidth, page.imagelength, page.samplesperpixel * -(-page.bitspersample // 8))
        channels = _channels(page)
        if not channels:
            raise _unusual(name)
        if not _all_there(page):
            raise ValueError("A strip is missing.")  # the library would fill it with black
        values = page.asarray(maxworkers=1)
        profile = page.tags.get(_ICC)
        several = len(file.pages) > 1
    if page.axes == "SYX":
        values = values.transpose(1, 2, 0)
    raster = _scaled(values[..., :channels] if values.ndim == 3 else values, name)
    if page.photometric == _WHITE_IS_ZERO:
        raster = replace(raster, values=raster.values.dtype.type(raster.white) - raster.values)
    if raster.alpha is not None and page.extrasamples[0] == _MULTIPLIED_ALPHA:
        raster = replace(raster, values=unmultiplied(raster.values, raster.alpha, raster.white))
    notes = (*raster.notes, _SEVERAL) if several else raster.notes
    return replace(raster, icc=bytes(profile.value) if profile else b"", exif=data, notes=notes)


def _channels(page: TiffPage) -> int:
    """Return how many channels to read: grey or RGB, and alpha if there is one; 0 for other pictures."""
    colours = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _TIFF_RGB: 3}.get(page.photometric or 0, 0)
    others = page.samplesperpixel - colours
    if not colours or page.axes not in ("YX", "YXS", "SYX") or not 0 <= others <= _MOST_OTHERS:
        return 0
    if colours == 1 and others > 1:  # a cube of bands
        return 0
    has_alpha = bool(page.extrasamples) and page.extrasamples[0] in (_MULTIPLIED_ALPHA, _ALPHA)
    return colours + has_alpha


def _all_there(page: TiffPage) -> bool:
    parts = np.asarray([page.dataoffsets, page.databytecounts])
    return parts.shape[1] >= math.prod(page.chunked) and bool(np.all(parts > 0))


def _scaled(values: Numbers, name: str) -> Raster:
    kind, bits = values.dtype.kind, 8 * values.dtype.itemsize
    if kind == "u" and bits <= 16:
        return parted(values, white=2**bits - 1, bits=bits)
    if kind == "u":
        return parted((values / (2.0**bits - 1)).astype(np.float32), white=1, bits=bits)
    if kind == "f":
        return _floats(values, name)
    raise _unusual(name)


def _floats(values: Numbers, name: str) -> Raster:
    seen = values[np.isfinite(values)]
    if not seen.size or np.median(seen) > 1:
        raise UnreadablePhoto(
            f"{name} holds floating-point numbers that do not run from 0 to 1.",
            advice="Divide them by the value of white, or save the photo with 16 bits.",
        )
    raster = parted(np.clip(np.nan_to_num(values), 0, 1).astype(np.float32), white=1, bits=8 * values.itemsize)
    if seen.size == values.size and seen.min() >= 0 and seen.max() <= 1:
        return raster
    return replace(raster, notes=("Numbers below 0 and above 1 were cut off.",))


def _unusual(name: str) -> UnreadablePhoto:
    return UnreadablePhoto(
        f"{name} is a TIFF whose numbers are neither grey nor RGB of a known kind.",
        advice="Save it as RGB with 8 or 16 bits.",
    )
