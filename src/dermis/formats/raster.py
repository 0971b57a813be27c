"""The numbers of a picture file as they stand there, before any colour is converted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chromaticities", "Inks", "Numbers", "Raster", "parted", "unmultiplied", "upright"]

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
