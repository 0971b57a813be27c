"""PNG chunk by chunk, for what the image library leaves out: broken checksums, cICP, and 16-bit colour.

Source: PNG specification, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["coding_points", "is_intact", "write_png16"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB = 2
_UP = 2  # the filter that stores each row as its difference from the one above
_SRGB_PERCEPTUAL = b"\0"


def is_intact(data: bytes) -> bool:
    """Return whether every chunk that holds picture data is whole and has the checksum it should have."""
    kinds = []
    for kind, at, size in _chunks(data):
        kinds.append(kind)
        if kind[0:1].isupper():  # a critical chunk
            (checksum,) = struct.unpack_from(">I", data, at + size)
            if zlib.crc32(memoryview(data)[at - 4 : at + size]) != checksum:
                return False
    return b"IDAT" in kinds and kinds[-1] == b"IEND"


def coding_points(data: bytes) -> tuple[int, int] | None:
    """Return the primaries and the transfer function that a cICP chunk names (ITU-T H.273), None without one."""
    for kind, at, size in _chunks(data):
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


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
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
