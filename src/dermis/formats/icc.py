"""Embedded ICC profiles: what they are called, and those that are one matrix and a curve a channel.

Source: ICC.1:2022 (profile version 4.4), with the text and curve types of version 2.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.formats.raster import Inks

__all__ = ["SAMPLES", "IccProfile", "read_icc"]

SAMPLES = 65536
"""How finely a curve is sampled: once for each value of 16 bits."""

_INKS = {b"GRAY": Inks.GREY, b"RGB ": Inks.RGB, b"CMYK": Inks.CMYK, b"Lab ": Inks.LAB}
_HEADER = 128
_MOST_TAGS = 200
_LONGEST_NAME = 64
_PARAMETERS = (1, 3, 4, 5, 7)  # of the parametric curve types 0 to 4


@dataclass(frozen=True, slots=True, kw_only=True)
class IccProfile:
    """What a profile says.

    curves: one for grey, three for RGB, each (SAMPLES,) float32, from the encoded value to light.
    to_xyz: (3, 3), from the light of the channels to XYZ under ICC's D50. Both None where the profile works
    by tables (printers, some scanners).
    """

    name: str
    inks: Inks
    curves: tuple[NDArray[np.float32], ...] | None = None
    to_xyz: NDArray[np.float64] | None = None


def read_icc(icc: bytes) -> IccProfile:
    """Return what a profile says.

    Raises ValueError where it is damaged, or for channels that no photo has.
    """
    try:
        with np.errstate(all="ignore"):  # absurd numbers show in the result
            return _read(icc)
    except (struct.error, IndexError, KeyError, OverflowError) as fault:
        raise ValueError("The colour profile is damaged.") from fault


def _read(icc: bytes) -> IccProfile:
    if icc[36:40] != b"acsp":
        raise ValueError("The colour profile lacks its signature.")
    tags = _tags(icc)
    inks = _INKS[icc[16:20]]
    name = _name(tags.get(b"desc", b"")) or "without a name"
    tables = b"A2B0" in tags or b"A2B1" in tags or icc[20:24] != b"XYZ "
    if inks is Inks.GREY and not tables:
        return IccProfile(name=name, inks=inks, curves=(_curve(tags[b"kTRC"]),))
    if inks is Inks.RGB and not tables:
        curves = tuple(_curve(tags[kind]) for kind in (b"rTRC", b"gTRC", b"bTRC"))
        to_xyz = np.stack([_xyz(tags[kind]) for kind in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        if abs(np.linalg.det(to_xyz)) < 1e-3:
            raise ValueError("The colour profile's primaries span no colours.")
        return IccProfile(name=name, inks=inks, curves=curves, to_xyz=to_xyz)
    return IccProfile(name=name, inks=inks)


def _tags(icc: bytes) -> Mapping[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, _HEADER)
    tags = {}
    for at in range(_HEADER + 4, _HEADER + 4 + 12 * min(count, _MOST_TAGS), 12):
        kind, start, size = struct.unpack_from(">4sII", icc, at)
        tags[kind] = icc[start : start + size]
    return tags


def _name(tag: bytes) -> str:
    text = ""
    if tag.startswith(b"desc"):
        (length,) = struct.unpack_from(">I", tag, 8)
        text = tag[12 : 12 + length].split(b"\0")[0].decode("latin-1")
    if tag.startswith(b"mluc"):
        length, at = struct.unpack_from(">II", tag, 20)
        text = tag[at : at + length].decode("utf-16-be", "replace")
    if tag.startswith(b"text"):
        text = tag[8:].split(b"\0")[0].decode("latin-1")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_LONGEST_NAME]


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> NDArray[np.float32]:
    encoded = np.linspace(0, 1, SAMPLES)
    if tag.startswith(b"curv"):
        light = _sampled(tag, encoded)
    elif tag.startswith(b"para"):
        light = _parametric(tag, encoded)
    else:
        raise ValueError("The colour profile has a curve of an unknown kind.")
    if not np.all(np.isfinite(light)) or light[-1] - light[0] < 0.1:
        raise ValueError("The colour profile has a curve that is none.")
    return np.clip(light, 0, 1).astype(np.float32)


def _sampled(tag: bytes, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return encoded
    points = np.array(struct.unpack_from(f">{min(count, SAMPLES)}H", tag, 12))
    if count == 1:
        return np.asarray(encoded ** (points[0] / 256))
    return np.asarray(np.interp(encoded, np.linspace(0, 1, count), points / 65535))


def _parametric(tag: bytes, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    # All five types are (a x + b)^g + e from x = d on, c x + f below it.
    (kind,) = struct.unpack_from(">H", tag, 8)
    given = [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - len(given))
    if kind == 0:
        a, d = 1.0, 0.0
    if kind in (1, 2):
        e = f = c  # type 2 adds its third number on both sides; type 1 has none
        c, d = 0.0, -b / a if a else 0.0
    base = np.maximum(a * encoded + b, 0)
    return np.asarray(np.where(encoded >= d, base**g + e, c * encoded + f))
