"""Files made by code for the tests of this room: colour profiles, deep PNGs, pictures."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image


def icc_profile(tags: dict[bytes, bytes], *, space: bytes = b"RGB ", pcs: bytes = b"XYZ ", kind: bytes = b"mntr"):
    """Return an ICC v4 profile with these tags (4-byte kind and content each)."""
    tags = {b"desc": _text("Made"), b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", tag, start + len(body), len(content))
        body += content
    header = bytearray(128)
    struct.pack_into(">I", header, 0, start + len(body))
    struct.pack_into(">4s4s4s", header, 12, kind, space, pcs)
    header[8:10] = b"\x04\x30"
    header[36:40] = b"acsp"
    struct.pack_into(">3i", header, 68, 63190, 65536, 54061)  # D50
    return bytes(header) + struct.pack(">I", len(tags)) + table + body


def matrix_profile(primaries, curve: bytes, name: str = "Made") -> bytes:
    """Return an RGB profile of three colorants (XYZ under D50) and one curve."""
    tags = {kind: xyz(*values) for kind, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return icc_profile({b"desc": _text(name), **tags})


def grey_profile(gamma: float) -> bytes:
    return icc_profile({b"kTRC": gamma_curve(gamma)}, space=b"GRAY")


def cmyk_profile() -> bytes:
    """Return a profile whose table has two points an ink: paper is white, each full ink takes its share of L."""
    inputs = bytes(range(256)) * 4
    nodes = bytearray()
    for index in range(16):
        inks = [index >> shift & 1 for shift in (3, 2, 1, 0)]  # the first ink varies slowest
        cyan, magenta, yellow, black = inks
        lightness = max(0.0, 100 - 30 * cyan - 40 * magenta - 10 * yellow - 90 * black)
        nodes += bytes((round(lightness * 2.55), 128 - 30 * cyan + 60 * magenta, 128 - 40 * cyan + 80 * yellow))
    outputs = bytes(range(256)) * 3
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + inputs + bytes(nodes) + outputs
    return icc_profile({b"A2B0": table, b"A2B1": table}, space=b"CMYK", pcs=b"Lab ", kind=b"prtr")


def gamma_curve(gamma: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, round(gamma * 65536))


def srgb_curve() -> bytes:
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *(round(number * 65536) for number in numbers))


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def _text(text: str) -> bytes:
    raw = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, len(raw), 28) + raw


# Colorants as they stand in the profiles that phones and cameras embed (XYZ, adapted to D50).
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def display_p3() -> bytes:
    return matrix_profile(DISPLAY_P3, srgb_curve(), "Display P3")


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(values: np.ndarray, *, interlaced: bool = False, chunks: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """Return a PNG of (h, w, 1 to 4) uint8 or uint16, without filters, with more chunks before the pixels."""
    height, width, channels = values.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    big = values.astype(values.dtype.newbyteorder(">"))
    passes = [big]
    if interlaced:
        starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
        passes = [big[y::dy, x::dx] for y, x, dy, dx in starts]
    rows = b"".join(b"\0" + row.tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, 8 * values.itemsize, colour_type, 0, 0, int(interlaced))
    body = b"".join(png_chunk(*chunk) for chunk in chunks)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + body
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def portrait(width: int = 96, height: int = 72, seed: int = 0) -> np.ndarray:
    """Return a smooth (height, width, 3) uint8 picture in which no two corners are alike."""
    random = np.random.default_rng(seed).integers(30, 220, (5, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(random).resize((width, height), Image.Resampling.BICUBIC))


def encoded(picture: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    """Return the file that the image library makes of a picture."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def heic(picture: np.ndarray, **options) -> bytes:
    import pillow_heif

    mode = "RGB" if picture.dtype == np.uint8 else "RGB;16"
    file = pillow_heif.from_bytes(mode, picture.shape[1::-1], np.ascontiguousarray(picture).tobytes())
    file.info.update(options.pop("info", {}))
    buffer = BytesIO()
    file.save(buffer, **{"quality": 95, "chroma": 444, **options})
    return buffer.getvalue()


def lzw_tiff16(values: np.ndarray) -> bytes:
    """Return a little-endian TIFF of (h, w, 3) uint16 packed by LZW, as photo editors write it by default."""
    height, width = values.shape[:2]
    octets = values.astype("<u2").view(np.uint8).reshape(height, width * 6)
    donor = encoded(octets, "TIFF", compression="tiff_lzw", strip_size=1 << 30)
    with Image.open(BytesIO(donor)) as image:
        (start,), (size,) = image.tag_v2[273], image.tag_v2[279]
    strip = donor[start : start + size]
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, 8),  # three times 16, at byte 8
        (259, 3, 1, 5),
        (262, 3, 1, 2),
        (273, 4, 1, 14),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, size),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<4sI3H", b"II*\0", 14 + size, 16, 16, 16)
    return head + strip + directory + struct.pack("<I", 0)


def exif_block(first: dict, exif: dict | None = None, interoperability: dict | None = None) -> bytes:
    """Return a big-endian EXIF block of directories, each tag -> (type, count, raw content)."""
    directories = [dict(first)]
    if exif is not None:
        directories.append(dict(exif))
    if interoperability is not None:
        directories.append(dict(interoperability))
    pointers = (0x8769, 0xA005)
    for index in range(1, len(directories)):
        directories[index - 1][pointers[index - 1]] = (4, 1, b"\0\0\0\0")
    starts, at = [], 8
    for directory in directories:
        starts.append(at)
        at += len(_directory(directory, 0))
    for index in range(1, len(directories)):
        directories[index - 1][pointers[index - 1]] = (4, 1, struct.pack(">I", starts[index]))
    body = b"".join(_directory(directory, start) for directory, start in zip(directories, starts, strict=True))
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + body


def _directory(entries: dict, start: int) -> bytes:
    fields, values = b"", b""
    values_at = start + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        kind, count, raw = entries[tag]
        if len(raw) > 4:
            fields += struct.pack(">HHII", tag, kind, count, values_at + len(values))
            values += raw
        else:
            fields += struct.pack(">HHI", tag, kind, count) + raw.ljust(4, b"\0")
    return struct.pack(">H", len(entries)) + fields + b"\0\0\0\0" + values
