"""What a picture file says beside its pixels, found in its bytes: EXIF, XMP, ICC profile, how it is parted.

The image libraries drop what is out of order, or see it at one depth and not at another; here it is read one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dermis.errors import UnreadablePhoto
from dermis.formats.images.container import Container
from dermis.formats.images.exif import Tag, orientation_from_exif, read_exif
from dermis.formats.images.rasters import png_chunks

__all__ = ["check_scans", "check_strips", "exif_of", "icc_of", "orientation_of"]

_XMP_PREFIX = re.compile(rb"""xmlns:([\w.-]+)\s*=\s*["']http://ns\.adobe\.com/tiff/1\.0/["']""")
_XMP_STARTS = (b"<x:xmpmeta", b"<rdf:RDF")
_MOST_SCANS, _MOST_SEGMENTS = 100, 20_000
_SCAN, _FIRST_SCAN_STARTS = 0xDA, (0xC2, 0xC6, 0xCA, 0xCE)
_ICC_MARK, _ICC_SIZE_AT = b"ICC_PROFILE\0", 4
_MOST_TEXT = 1 << 22
_RAW_PROFILES = ("Raw profile type exif", "Raw profile type APP1")
_UNKNOWN_ROWS = 2**32 - 1


def orientation_of(exif: bytes, data: bytes, container: Container, info: dict[Any, Any]) -> int:
    """Return the orientation, 1 to 8: as EXIF says, or where it says none, as XMP does."""
    if Tag.ORIENTATION in read_exif(exif):
        return orientation_from_exif(exif)
    for packet in _xmp_packets(data, container, info):
        plain = packet.replace(b"\0", b"")  # what is written in 16 bits a letter reads alike
        prefixes = {b"tiff", *_XMP_PREFIX.findall(plain)}
        names = b"|".join(map(re.escape, sorted(prefixes)))
        found = re.search(rb"""\b(?:%s):Orientation(?:\s*=\s*["']\s*|\s*>\s*)([1-8])\b""" % names, plain)
        if found is not None:
            return int(found[1])
    return 1


def exif_of(data: bytes, container: Container, info: dict[Any, Any]) -> bytes:
    """Return the EXIF block of a picture, wherever in the file it stands; info: as the image library has it."""
    if container is Container.TIFF:
        return data
    exif: bytes = info.get("exif") or b""
    if container is Container.PNG:
        exif = next((data[at : at + size] for kind, at, size in png_chunks(data) if kind == b"eXIf"), exif)
        for name in _RAW_PROFILES:  # how PNG carried EXIF before it had a chunk for it
            text = info.get(name)
            if not exif and isinstance(text, str):
                exif = bytes.fromhex("".join(text.split("\n")[3:]))
    return exif


def _xmp_packets(data: bytes, container: Container, info: dict[Any, Any]) -> Iterator[bytes]:
    for name in ("xmp", "XML:com.adobe.xmp"):
        held = info.get(name)
        if held:
            yield held.encode() if isinstance(held, str) else bytes(held)
    if container is Container.TIFF or container is Container.PNG:
        for start in _XMP_STARTS:
            at = data.find(start)
            if at >= 0:
                yield data[at : at + _MOST_TEXT]


def icc_of(data: bytes, container: Container, info: dict[Any, Any]) -> bytes:
    """Return the embedded colour profile, b"" without one; one in pieces that do not add up comes as it is.

    A JPEG carries its profile in numbered pieces: of two that are the same one counts, whatever their numbers say. A
    profile that cannot be put together is returned all the same, so that its reader can say that it is damaged.
    """
    held: bytes = info.get("icc_profile") or b""
    if held:
        return held
    if container is Container.JPEG:
        segments = (data[at : at + size] for at, size in _jpeg_segments(data))
        return _joined([one[len(_ICC_MARK) :] for one in segments if one.startswith(_ICC_MARK)])
    if container is Container.PNG:
        return next((data[at : at + size] for kind, at, size in png_chunks(data) if kind == b"iCCP"), b"")
    return b""


def _joined(pieces: list[bytes]) -> bytes:
    """Return the profile that is in pieces of the form: number, count, content."""
    unlike = list(dict.fromkeys(pieces))
    ordered = b"".join(piece[2:] for piece in sorted(unlike, key=lambda piece: piece[:1]))
    contents = list(dict.fromkeys(piece[2:] for piece in unlike))
    whole = next((one for one in (ordered, b"".join(contents), *contents) if _is_whole(one)), b"")
    return whole or ordered


def _is_whole(profile: bytes) -> bool:
    return len(profile) >= 128 and int.from_bytes(profile[:_ICC_SIZE_AT], "big") == len(profile)


def check_scans(data: bytes, name: str) -> None:
    """Refuse a JPEG of very many scans: each is a pass over all its pixels, in a few bytes.

    Raises UnreadablePhoto.
    """
    at, progressive = _first_scan(data)
    if at < 0 or not progressive:
        return
    scans = 0
    for found in re.finditer(rb"\xff[\xc0-\xcf\xd8-\xfe]", data[at:]):
        marker = found[0][1]
        if marker == 0xD9:
            return
        scans += marker == _SCAN
        if scans > _MOST_SCANS:
            raise UnreadablePhoto(
                f"{name} is drawn in more than {_MOST_SCANS} scans, as no camera does.",
                advice="Save it again as an ordinary JPEG.",
            )


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the content of each segment before the first scan begins, and its length.

    Raises ValueError for very many of them, or for a long padding, over which decoders take their time.
    """
    at, steps = 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        steps += 1
        if steps > _MOST_SEGMENTS:
            raise ValueError("more segments than a picture has")
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in (_SCAN, 0xD9):
            return
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2:
            return
        yield at + 4, size - 2
        at += 2 + size


def _first_scan(data: bytes) -> tuple[int, bool]:
    """Return where the first scan of a JPEG begins, -1 for nowhere, and whether the picture is progressive."""
    end, progressive = 2, False
    for at, size in _jpeg_segments(data):
        progressive |= data[at - 3] in _FIRST_SCAN_STARTS
        end = at + size
    return data.find(b"\xff\xda", end), progressive


def check_strips(tags: Any, length: int) -> None:  # noqa: ANN401 -- a mapping of the library
    """Refuse a TIFF whose strips or tiles do not cover its picture: libraries fill the rest with black.

    tags: by number. length: of the file. Raises ValueError.
    """
    width, height = int(tags[256]), int(tags[257])
    planes = int(tags.get(277, 1)) if tags.get(284, 1) == 2 else 1
    if 322 in tags and 323 in tags:
        counts = tags.get(325, ())
        needed = -(-width // int(tags[322])) * -(-height // int(tags[323])) * planes
        rows = 0
    else:
        counts = tags.get(279, ())
        rows = min(int(tags.get(278, _UNKNOWN_ROWS)) or _UNKNOWN_ROWS, height)
        needed = -(-height // rows) * planes
    counts = counts if isinstance(counts, tuple) else (counts,)
    if len(counts) < needed or any(count <= 0 for count in counts[:needed]):
        raise ValueError("a strip is missing")
    if tags.get(259, 1) == 1 and rows:
        bits = tags.get(258, (1,))
        bits = bits if isinstance(bits, tuple) else (bits,)
        row_bytes = -(-width * (sum(bits) if planes == 1 else bits[0]) // 8)
        if sum(counts[:needed]) < row_bytes * height * planes or sum(counts[:needed]) > length:
            raise ValueError("the strips do not cover the picture")
