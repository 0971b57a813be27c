"""The colours a report paints with: maps from light to dark in steps that look equal, and swatches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear, srgb_to_lab
from dermis.colour.srgb import encode, hex_to_srgb, srgb_to_hex

__all__ = ["MAP_COLOURS", "colour_table", "hex_of_lab", "map_colours"]

MAP_COLOURS: Mapping[str, tuple[str, ...]] = {
    "melanin": ("#fff4da", "#efc377", "#c17f3c", "#80451f", "#3d1c0f"),
    "haemoglobin": ("#fdeee8", "#f5b5a3", "#dd6262", "#a51f45", "#4d0a33"),
    "redness": ("#fff8cf", "#fdc861", "#f08138", "#c33733", "#650f3d"),
    "acne_lesions": ("#fff6e0", "#fbd07c", "#f29455", "#cf4a4c", "#6a1246"),
    "": ("#f4f8c6", "#96d4a0", "#33a1a4", "#28659a", "#2f2563"),
}
"""The colours a task's map runs through, from low to high; "" serves tasks without a row.

Lightness falls all the way, so the order stays readable to colour-blind eyes and in black-and-white print.
"""


def map_colours(task: str, count: int) -> tuple[str, ...]:
    """Return `count` colours #RRGGBB of a task's map, equal distances of CIELAB apart."""
    anchors = MAP_COLOURS.get(task, MAP_COLOURS[""])
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
