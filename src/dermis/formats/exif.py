"""The few EXIF entries that a measurement needs, from bytes and to bytes.

Not read through the image library, for two reasons. Entries that are not listed here (places, owners, serial
numbers, the maker's notes) are never looked at. And a damaged entry costs that entry alone, where libraries
drop the whole block, warn, or raise.

Source: CIPA DC-008 (Exif 2.32), TIFF 6.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum

__all__ = ["Entries", "Ratio", "Tag", "read_exif", "write_exif"]

Ratio = tuple[float, float]
"""A number as numerator and denominator; the denominator of a whole number is 1."""

Entries = Mapping["Tag", "str | tuple[Ratio, ...]"]


class Tag(IntEnum):
    """The entries that are read; no other is."""

    INTEROPERABILITY_INDEX = 0x0001
    PHOTOMETRIC = 0x0106
    MAKE = 0x010F
    MODEL = 0x0110
    ORIENTATION = 0x0112
    EXPOSURE_TIME = 0x829A
    F_NUMBER = 0x829D
    EXIF_DIRECTORY = 0x8769
    SENSITIVITY = 0x8827
    STANDARD_OUTPUT_SENSITIVITY = 0x8831
    RECOMMENDED_EXPOSURE_INDEX = 0x8832
    ISO_SPEED = 0x8833
    SHUTTER_SPEED = 0x9201
    APERTURE = 0x9202
    BRIGHTNESS = 0x9203
    EXPOSURE_BIAS = 0x9204
    FLASH = 0x9209
    FOCAL_LENGTH = 0x920A
    COLOUR_SPACE = 0xA001
    INTEROPERABILITY_DIRECTORY = 0xA005
    WHITE_BALANCE = 0xA403
    DNG_VERSION = 0xC612


_FIRST_DIRECTORY = frozenset(
    {Tag.PHOTOMETRIC, Tag.MAKE, Tag.MODEL, Tag.ORIENTATION, Tag.EXIF_DIRECTORY, Tag.DNG_VERSION}
)
_EXIF_DIRECTORY = frozenset(
    {
        Tag.EXPOSURE_TIME,
        Tag.F_NUMBER,
        Tag.SENSITIVITY,
        Tag.STANDARD_OUTPUT_SENSITIVITY,
        Tag.RECOMMENDED_EXPOSURE_INDEX,
        Tag.ISO_SPEED,
        Tag.SHUTTER_SPEED,
        Tag.APERTURE,
        Tag.BRIGHTNESS,
        Tag.EXPOSURE_BIAS,
        Tag.FLASH,
        Tag.FOCAL_LENGTH,
        Tag.COLOUR_SPACE,
        Tag.INTEROPERABILITY_DIRECTORY,
        Tag.WHITE_BALANCE,
    }
)
_INTEROPERABILITY_DIRECTORY = frozenset({Tag.INTEROPERABILITY_INDEX})

_ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED_RATIONAL, _UTF8 = 2, 3, 4, 5, 10, 129
_CODES = {1: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "II", 6: "b", 8: "h", 9: "i", _SIGNED_RATIONAL: "ii"}
_CODES |= {11: "f", 12: "d", 13: "I"}  # 7 is bytes of no stated kind: never a number
_TEXTS = frozenset({_ASCII, _UTF8})
_MOST_TEXT = 256
_MOST_NUMBERS = 4
_MOST_ENTRIES = 1000

_PREFIX = b"Exif\0\0"
_WRITTEN_AS = {
    Tag.MAKE: _ASCII,
    Tag.MODEL: _ASCII,
    Tag.EXIF_DIRECTORY: _LONG,
    Tag.EXPOSURE_TIME: _RATIONAL,
    Tag.F_NUMBER: _RATIONAL,
    Tag.SENSITIVITY: _SHORT,
    Tag.ISO_SPEED: _LONG,
    Tag.BRIGHTNESS: _SIGNED_RATIONAL,
    Tag.EXPOSURE_BIAS: _SIGNED_RATIONAL,
    Tag.FLASH: _SHORT,
    Tag.FOCAL_LENGTH: _RATIONAL,
    Tag.WHITE_BALANCE: _SHORT,
}


def read_exif(block: bytes) -> Entries:
    """Return the listed entries of an EXIF block or of a TIFF file.

    Text comes as str, numbers as ratios. What is damaged, missing or not listed is left out; no block raises.
    """
    body = block[len(_PREFIX) :] if block.startswith(_PREFIX) else block
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[:4])
    if order is None or len(body) < 8:
        return {}
    entries = dict(_directory(body, order, struct.unpack_from(order + "I", body, 4)[0], _FIRST_DIRECTORY))
    for pointer, wanted in (
        (Tag.EXIF_DIRECTORY, _EXIF_DIRECTORY),
        (Tag.INTEROPERABILITY_DIRECTORY, _INTEROPERABILITY_DIRECTORY),
    ):
        at = entries.pop(pointer, "")
        if isinstance(at, tuple):
            entries.update(_directory(body, order, int(at[0][0]), wanted))
    return entries


def _directory(
    body: bytes, order: str, at: int, wanted: frozenset[Tag]
) -> Iterator[tuple[Tag, str | tuple[Ratio, ...]]]:
    if not 8 <= at <= len(body) - 2:
        return
    count = min(struct.unpack_from(order + "H", body, at)[0], _MOST_ENTRIES, (len(body) - at - 2) // 12)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        number, kind, length = struct.unpack_from(order + "HHI", body, entry)
        if number in wanted:
            value = _value(body, order, kind, length, entry + 8)
            if value:
                yield Tag(number), value


def _value(body: bytes, order: str, kind: int, length: int, field: int) -> str | tuple[Ratio, ...] | None:
    text = kind in _TEXTS
    code = "B" if text else _CODES.get(kind, "")
    if not code:
        return None
    size = struct.calcsize(order + code)
    at = field if size * length <= 4 else struct.unpack_from(order + "I", body, field)[0]
    length = min(length, _MOST_TEXT if text else _MOST_NUMBERS)
    if at + size * length > len(body):
        return None
    if text:
        return _text(body[at : at + length])
    read = (struct.unpack_from(order + code, body, at + size * i) for i in range(length))
    return tuple((float(value[0]), float(value[1]) if len(value) > 1 else 1.0) for value in read)


def _text(raw: bytes) -> str:
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def write_exif(entries: Mapping[Tag, str | int | tuple[int, int]]) -> bytes:
    """Return an EXIF block, with its `Exif` prefix, of text, whole numbers and ratios.

    Raises ValueError for an entry that is not among those that can be written, or does not fit its kind.
    """
    first = {tag: value for tag, value in entries.items() if tag in _FIRST_DIRECTORY}
    second = {tag: value for tag, value in entries.items() if tag not in _FIRST_DIRECTORY}
    length = len(_written_directory({**first, Tag.EXIF_DIRECTORY: 0}, 8))
    head = _written_directory({**first, Tag.EXIF_DIRECTORY: 8 + length}, 8)
    return _PREFIX + b"II*\0" + struct.pack("<I", 8) + head + _written_directory(second, 8 + length)


def _written_directory(entries: Mapping[Tag, str | int | tuple[int, int]], at: int) -> bytes:
    fields, values = b"", b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        kind, length, raw = _written_value(tag, entries[tag])
        if len(raw) > 4:
            fields += struct.pack("<HHII", tag, kind, length, values_at + len(values))
            values += raw + b"\0" * (len(raw) % 2)
        else:
            fields += struct.pack("<HHI", tag, kind, length) + raw.ljust(4, b"\0")
    return struct.pack("<H", len(entries)) + fields + struct.pack("<I", 0) + values


def _written_value(tag: Tag, value: str | int | tuple[int, int]) -> tuple[int, int, bytes]:
    kind = _WRITTEN_AS.get(tag)
    if kind is None:
        raise ValueError(f"EXIF entry {tag.name} cannot be written.")
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return kind, len(raw), raw
    numbers = value if isinstance(value, tuple) else (value,)
    try:
        return kind, 1, struct.pack("<" + _CODES[kind], *numbers)
    except (struct.error, KeyError) as fault:
        raise ValueError(f"EXIF entry {tag.name} cannot hold {value!r}.") from fault
