"""How a photo was taken: EXIF to `Capture` and back."""

from __future__ import annotations

from fractions import Fraction

from dermis.core import Capture
from dermis.formats.exif import Entries, Tag, read_exif, write_exif

__all__ = ["capture_from_exif", "exif_from_capture", "is_adobe_rgb", "orientation_from_exif"]

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
