"""EXIF: the tags of a photo, and how it was taken; nothing that names a person or a place."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum
from fractions import Fraction

from dermis.core import Capture

__all__ = [
    "Entries",
    "Ratio",
    "Tag",
    "capture_from_exif",
    "exif_from_capture",
    "is_adobe_rgb",
    "orientation_from_exif",
    "read_exif",
    "write_exif",
]

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


# What a real camera can have done, with room to spare; a number outside is a fault of the file.
_ISO = (1.0, 10_000_000.0)
_EXPOSURE_S = (1e-6, 100_000.0)
_F_NUMBER = (0.3, 512.0)
_BRIGHTNESS_EV = (-30.0, 30.0)
_BIAS_EV = (-20.0, 20.0)
_FOCAL_LENGTH_MM = (0.1, 10_000.0)
_APEX = (-30.0, 30.0)

_LONGEST_NAME = 64
_MOST_SHORT = 65535
_MOST_LONG = 2**32 - 1
_UNKNOWN_BRIGHTNESS = (-1.0, float(_MOST_LONG))  # FFFFFFFF.H, read as signed or unsigned


def capture_from_exif(exif: bytes) -> Capture:
    """Return what an EXIF block says about the capture, None for what it does not say or says wrongly.

    Where exposure time or f-number are missing, they come from the APEX values: t = 2^-Tv s, N = 2^(Av/2)
    (Exif 2.32, annex C). Brightness is the APEX Bv itself, in EV. No block raises.
    """
    entries = read_exif(exif)
    return Capture(
        make=_name(entries, Tag.MAKE),
        model=_name(entries, Tag.MODEL),
        iso=_iso(entries),
        exposure_s=_exposure_s(entries),
        f_number=_f_number(entries),
        brightness_ev=_brightness_ev(entries),
        exposure_bias_ev=_number(entries, Tag.EXPOSURE_BIAS, _BIAS_EV),
        focal_length_mm=_number(entries, Tag.FOCAL_LENGTH, _FOCAL_LENGTH_MM),
        white_balance_auto=_white_balance_auto(entries),
        flash_fired=_flash_fired(entries),
    )


def orientation_from_exif(exif: bytes) -> int:
    """Return the EXIF orientation, 1 (upright) to 8; 1 where the block does not say or says nonsense."""
    value = _number(read_exif(exif), Tag.ORIENTATION, (1, 8))
    return int(value) if value is not None and value.is_integer() else 1


def is_adobe_rgb(exif: bytes) -> bool:
    """Return whether the camera marked the photo as Adobe RGB (DCF 2.0: interoperability index R03)."""
    entries = read_exif(exif)
    index = entries.get(Tag.INTEROPERABILITY_INDEX, "")
    return index == "R03" or _number(entries, Tag.COLOUR_SPACE, (2, 2)) is not None


def exif_from_capture(capture: Capture) -> bytes:
    """Return an EXIF block that `capture_from_exif` reads as `capture`.

    Numbers are kept to six digits, ISO to whole numbers; what no camera can have done is left out.
    """
    entries: dict[Tag, str | int | tuple[int, int]] = {}
    for tag, name in ((Tag.MAKE, capture.make), (Tag.MODEL, capture.model)):
        if name and _cleaned(name):
            entries[tag] = _cleaned(name)
    for tag, value, limits in (
        (Tag.EXPOSURE_TIME, capture.exposure_s, _EXPOSURE_S),
        (Tag.F_NUMBER, capture.f_number, _F_NUMBER),
        (Tag.BRIGHTNESS, capture.brightness_ev, _BRIGHTNESS_EV),
        (Tag.EXPOSURE_BIAS, capture.exposure_bias_ev, _BIAS_EV),
        (Tag.FOCAL_LENGTH, capture.focal_length_mm, _FOCAL_LENGTH_MM),
    ):
        if value is not None and _within(value, limits) is not None:
            entries[tag] = _ratio(value)
    if capture.iso is not None and _within(capture.iso, _ISO) is not None:
        entries |= _iso_entries(round(capture.iso))
    if capture.white_balance_auto is not None:
        entries[Tag.WHITE_BALANCE] = 0 if capture.white_balance_auto else 1
    if capture.flash_fired is not None:
        entries[Tag.FLASH] = int(capture.flash_fired)
    return write_exif(entries)


def _number(entries: Entries, tag: Tag, limits: tuple[float, float]) -> float | None:
    values = entries.get(tag, ())
    if isinstance(values, str):
        return None
    ratios = (numerator / denominator for numerator, denominator in values if denominator)
    return next((value for value in ratios if _within(value, limits) is not None), None)


def _within(value: float, limits: tuple[float, float]) -> float | None:
    return value if limits[0] <= value <= limits[1] else None


def _name(entries: Entries, tag: Tag) -> str | None:
    value = entries.get(tag, "")
    return _cleaned(value) or None if isinstance(value, str) else None


def _cleaned(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(printable.split())[:_LONGEST_NAME].rstrip()


def _iso(entries: Entries) -> float | None:
    # 65535 in the short field means "this or more": the longer fields know.
    short = _number(entries, Tag.SENSITIVITY, _ISO)
    if short is not None and short != _MOST_SHORT:
        return short
    for tag in (Tag.ISO_SPEED, Tag.RECOMMENDED_EXPOSURE_INDEX, Tag.STANDARD_OUTPUT_SENSITIVITY):
        value = _number(entries, tag, _ISO)
        if value is not None:
            return value
    return short


def _iso_entries(iso: int) -> dict[Tag, str | int | tuple[int, int]]:
    if iso < _MOST_SHORT:
        return {Tag.SENSITIVITY: iso}
    return {Tag.SENSITIVITY: _MOST_SHORT, Tag.ISO_SPEED: iso}


def _exposure_s(entries: Entries) -> float | None:
    seconds = _number(entries, Tag.EXPOSURE_TIME, _EXPOSURE_S)
    if seconds is None:
        apex = _apex(entries, Tag.SHUTTER_SPEED, instead_of=Tag.EXPOSURE_TIME)
        return None if apex is None else _within(2.0**-apex, _EXPOSURE_S)
    return seconds


def _f_number(entries: Entries) -> float | None:
    f_number = _number(entries, Tag.F_NUMBER, _F_NUMBER)
    if f_number is None:
        apex = _apex(entries, Tag.APERTURE, instead_of=Tag.F_NUMBER)
        return None if apex is None else _within(2.0 ** (apex / 2), _F_NUMBER)
    return f_number


def _apex(entries: Entries, tag: Tag, *, instead_of: Tag) -> float | None:
    # A camera that does not know fills both entries with 0: then 0 does not mean 1 s or f/1.
    apex = _number(entries, tag, _APEX)
    return None if apex == 0 and instead_of in entries else apex


def _white_balance_auto(entries: Entries) -> bool | None:
    value = _number(entries, Tag.WHITE_BALANCE, (0, 1))
    return None if value is None else value == 0


def _brightness_ev(entries: Entries) -> float | None:
    values = entries.get(Tag.BRIGHTNESS, ())
    if isinstance(values, tuple) and values and values[0][0] in _UNKNOWN_BRIGHTNESS:
        return None
    return _number(entries, Tag.BRIGHTNESS, _BRIGHTNESS_EV)


def _flash_fired(entries: Entries) -> bool | None:
    value = _number(entries, Tag.FLASH, (0, 255))
    return None if value is None else bool(int(value) & 1)


def _ratio(value: float) -> tuple[int, int]:
    # The numerator must fit 31 bits where the entry is signed.
    ratio = Fraction(value).limit_denominator(int(min(10**9, (2**31 - 1) / max(abs(value), 1.0)) - 1))
    if ratio.numerator == -1:  # would read as "unknown" in the brightness entry
        return -2, 2 * ratio.denominator
    return ratio.numerator, ratio.denominator
