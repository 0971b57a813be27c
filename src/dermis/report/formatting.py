"""Numbers, units and colours as a report writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear, srgb_to_lab
from dermis.colour.srgb import encode, hex_to_srgb, srgb_to_hex
from dermis.core import Capture, Count, Finding, Map, Measure, Ordinal, Presence, Region, Scale, View

__all__ = [
    "PLAIN_COLOURS",
    "VIEW_WORDS",
    "capture_rows",
    "colour_table",
    "hex_of_lab",
    "map_colours",
    "measure_words",
    "number",
    "percent",
    "plain",
    "range_words",
    "region_title",
    "shown_range",
    "unit_name",
    "value_words",
]

VIEW_WORDS = {
    View.FRONT: "from the front",
    View.LEFT: "from the person's left",
    View.RIGHT: "from the person's right",
    View.CLOSE_UP: "close up",
}
PLAIN_COLOURS = ("#f4f8c6", "#96d4a0", "#33a1a4", "#28659a", "#2f2563")
"""For maps without colours of their own, light to dark: the order stays readable to colour-blind eyes and in print."""
MINUS = "\N{MINUS SIGN}"


def plain(name: str) -> str:
    """Return a name of code as words: "left_cheek" -> "Left cheek"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def region_title(region: Region, view: View | None = None) -> str:
    """Return the region's name; the whole of a close-up is skin, not a face."""
    if region is Region.FACE:
        return "All skin in view" if view is View.CLOSE_UP else "Whole face"
    return plain(region.value).replace("under eye", "under-eye")


def number(value: float, digits: int) -> str:
    """Return a number with so many decimals and a true minus sign; "not known" where it is not finite."""
    if not math.isfinite(value):
        return "not known"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def percent(share: float) -> str:
    """Return a share as a percentage: whole, with one decimal below 10 %, never rounded to nothing."""
    value = 100 * share
    if 0 < value < 0.05:
        return "under 0.1 %"
    return f"{number(value, 0 if value == 0 or value >= 9.95 else 1)} %"


def value_words(value: float, scale: Scale) -> str:
    """Return a value as its scale is read, without the unit's name: "34.2°", "87 %", "2.4", "12"."""
    match scale:
        case Presence():
            return percent(value)
        case Ordinal():
            return number(value, 0 if float(value).is_integer() else 1)
        case Count():
            return number(value, 0 if float(value).is_integer() else 1)
        case Measure() | Map():
            return number(value, _digits(scale.high - scale.low)) + _suffix(scale.unit)


def range_words(interval: tuple[float, float], scale: Scale) -> str:
    """Return an interval in the words of its scale: "28.0° to 40.1°"."""
    return f"{value_words(interval[0], scale)} to {value_words(interval[1], scale)}"


def shown_range(finding: Finding) -> tuple[tuple[float, float] | None, str]:
    """Return the range to show with a value and what it is: the interval, else bounds by a rule, else the spread."""
    if finding.interval is not None:
        return finding.interval, f"{percent(finding.level)} interval"
    bounds = finding.detail.get("bounds")
    if isinstance(bounds, list | tuple) and len(bounds) == 2:
        return (float(bounds[0]), float(bounds[1])), str(finding.detail.get("bounds_are", "bounds"))
    if finding.spread is not None:
        return finding.spread, "middle 90 % of the pixels"
    return None, ""


def unit_name(scale: Scale) -> str:
    """Return what stands behind a value: "ITA" for "ITA deg", whose degree sign the value carries."""
    match scale:
        case Presence():
            return "probability"
        case Ordinal():
            return f"on a scale of {number(scale.lowest, 0)} to {number(scale.highest, 0)}"
        case Measure() | Map() | Count():
            return "" if scale.unit == "%" else scale.unit.removesuffix("deg").strip()


def capture_rows(capture: Capture) -> Mapping[str, str]:
    """Return what is known of how the photo was taken, by name, in a photographer's words."""
    camera = " ".join(part for part in (capture.make, capture.model) if part)
    rows = {
        "Camera": camera,
        "Exposure time": _seconds(capture.exposure_s),
        "Aperture": _known(capture.f_number, "f/{:g}"),
        "Sensitivity": _known(capture.iso, "ISO {:g}"),
        "Brightness": _known(capture.brightness_ev, "{:.1f} EV"),
        "Exposure correction": _known(capture.exposure_bias_ev, "{:+.1f} EV"),
        "Focal length": _known(capture.focal_length_mm, "{:g} mm"),
        "White balance": _either(capture.white_balance_auto, "automatic", "set by hand"),
        "Flash": _either(capture.flash_fired, "fired", "not fired"),
    }
    return {name: words for name, words in rows.items() if words}


def measure_words(name: str, value: float) -> tuple[str, str]:
    """Return a measure of quality as (name, value) in words; the end of its name is its unit."""
    stem, _, unit = name.rpartition("_")
    match unit:
        case "px":
            return plain(stem), f"{number(value, 0)} px"
        case "deg":
            return plain(stem), f"{number(value, 1)}°"
        case "share":
            return plain(stem), percent(value)
        case _:
            return plain(name), number(value, 2)


def _digits(span: float) -> int:
    """Return decimals that show about a thousandth of a scale."""
    return max(0, min(4, 3 - math.floor(math.log10(max(span, 1e-9)) + 0.5)))


def _suffix(unit: str) -> str:
    return "°" if unit.endswith("deg") else " %" if unit == "%" else ""


def _seconds(exposure_s: float | None) -> str:
    if exposure_s is None or exposure_s <= 0:
        return ""
    return f"1/{1 / exposure_s:.0f} s" if exposure_s < 0.3 else f"{exposure_s:g} s"


def _known(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _either(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


def map_colours(anchors: Sequence[str], count: int) -> tuple[str, ...]:
    """Return `count` colours #RRGGBB from the first anchor to the last, equal distances of CIELAB apart."""
    lab = np.stack([np.asarray(srgb_to_lab(hex_to_srgb(colour))) for colour in anchors])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    wanted = np.linspace(0.0, along[-1], count)
    even = np.stack([np.interp(wanted, along, lab[:, axis]) for axis in range(3)], axis=1)
    return tuple(hex_of_lab(colour) for colour in even.tolist())


def colour_table(colours: Iterable[str]) -> NDArray[np.uint8]:
    """Return #RRGGBB colours as (n, 3) uint8."""
    return np.stack([np.round(255 * hex_to_srgb(colour)) for colour in colours]).astype(np.uint8)


def hex_of_lab(lab: Sequence[float]) -> str:
    """Return the sRGB colour of a CIELAB colour (D65), each channel cut to its range."""
    linear = np.asarray(lab_to_linear(np.asarray(lab, dtype=np.float64)))
    return srgb_to_hex(encode(np.clip(linear, 0.0, 1.0)))
