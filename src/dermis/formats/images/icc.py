"""ICC profiles: what they say, and the colour space they mean."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dermis.colour.adaptation import WHITES, White, adapt
from dermis.colour.srgb import decode, xyz_to_linear
from dermis.formats.images.exif import is_adobe_rgb
from dermis.formats.images.rasters import Chromaticities, Inks, Raster

__all__ = ["SAMPLES", "ColourSpace", "IccProfile", "declared_space", "read_icc", "space_of_profile"]

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


Curve = NDArray[np.float32]
Points = tuple[tuple[float, float], ...]

_ICC_D50: White = (0.9642, 1.0, 0.8249)
_GAMMA_OF_SRGB_WITHIN = 0.005  # a PNG that states 1/2.2 means sRGB, which has no exact gamma
_LEAST_GAMMA, _MOST_GAMMA = 0.2, 2.0
_LEAST_Y, _LEAST_AREA, _WHITE_WITHIN = 0.01, 0.02, 0.15  # of a stated screen; sRGB's triangle has 0.11
_HDR = "An HDR picture: light above the white of paper was cut off."

# White, red, green and blue, x and y.
_D65 = (0.3127, 0.3290)
_SRGB: Points = (_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))  # IEC 61966-2-1
_ADOBE_RGB: Points = (_D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))  # Adobe RGB (1998), section 4.3
_BT2020: Points = (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))  # ITU-R BT.2020
_DISPLAY_P3: Points = (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))  # SMPTE EG 432-1
_DCI_P3: Points = ((0.314, 0.351), *_DISPLAY_P3[1:])  # SMPTE RP 431-2


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourSpace:
    """How encoded values become linear sRGB.

    curves: one for grey, three for RGB, each (SAMPLES,) float32 from the encoded value to light in [0, 1].
    to_srgb: (3, 3), from the light of the channels to linear sRGB; values outside [0, 1] are other gamuts.
    """

    name: str
    curves: tuple[Curve, ...]
    to_srgb: NDArray[np.float64]
    notes: tuple[str, ...] = ()


def space_of_profile(profile: IccProfile) -> ColourSpace | None:
    """Return the space of an ICC profile, None where it works by tables."""
    if profile.curves is None:
        return None
    if profile.to_xyz is None:
        return ColourSpace(name=profile.name, curves=profile.curves, to_srgb=np.eye(3))
    to_srgb = _to_srgb(profile.to_xyz, _ICC_D50)
    return ColourSpace(name=profile.name, curves=profile.curves, to_srgb=to_srgb)


def declared_space(raster: Raster) -> ColourSpace | None:
    """Return the space that a file states otherwise than by a profile, None where it states none.

    The coding points (PNG, HEIC, AVIF) come first, then the camera's mark for Adobe RGB, then a PNG's gamma.
    """
    if raster.coding is not None:
        return _coded_space(*raster.coding)
    if is_adobe_rgb(raster.exif):
        return _space("Adobe RGB (1998)", _gamma_curve(563 / 256), _ADOBE_RGB)
    if raster.gamma is None or not _LEAST_GAMMA <= raster.gamma <= _MOST_GAMMA:
        return None
    points = _stated_points(raster.chromaticities)
    if abs(raster.gamma - 1 / 2.2) < _GAMMA_OF_SRGB_WITHIN:
        return _space("sRGB", _srgb_curve(), points)
    return _space(f"gamma {raster.gamma:.4g}", _gamma_curve(1 / raster.gamma), points)


def _stated_points(stated: Chromaticities | None) -> Points:
    """Return the white and primaries that a PNG states, those of sRGB where they can be no screen's."""
    if stated is None or len(stated) != 8 or min(stated) < 0 or min(stated[1::2]) < _LEAST_Y:
        return _SRGB
    points = tuple(zip(stated[0::2], stated[1::2], strict=True))
    white, red, green, blue = np.asarray(points)
    area = np.linalg.det(np.stack([red - blue, green - blue])) / 2
    near_white = np.abs(white - _D65).max() < _WHITE_WITHIN
    return points if abs(area) > _LEAST_AREA and near_white else _SRGB


def _coded_space(primaries: int, transfer: int) -> ColourSpace:
    name, points = _PRIMARIES.get(primaries, ("sRGB", _SRGB))
    curve = _TRANSFERS.get(transfer, _srgb_curve)()
    return _space(name, curve, points, notes=(_HDR,) if transfer in (_PQ, _HLG) else ())


def _space(name: str, curve: Curve, points: Points, notes: tuple[str, ...] = ()) -> ColourSpace:
    # The primaries' XYZ, scaled so that together they make the white.
    x, y = np.asarray(points, dtype=np.float64).T
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    to_xyz = xyz[:, 1:] * np.linalg.solve(xyz[:, 1:], xyz[:, 0])
    to_srgb = _to_srgb(to_xyz, (float(xyz[0, 0]), 1.0, float(xyz[2, 0])))
    return ColourSpace(name=name, curves=(curve,) * 3, to_srgb=to_srgb, notes=notes)


def _to_srgb(to_xyz: NDArray[np.float64], white: White) -> NDArray[np.float64]:
    matrix: NDArray[np.float64] = xyz_to_linear(adapt(to_xyz.T, white, WHITES["D65"])).T
    return matrix


def _encoded() -> NDArray[np.float64]:
    return np.linspace(0, 1, SAMPLES)


def _gamma_curve(gamma: float) -> Curve:
    return np.asarray(_encoded() ** gamma).astype(np.float32)


def _srgb_curve() -> Curve:
    encoded = _encoded()
    return np.asarray(decode(np.stack([encoded] * 3, axis=-1))[:, 0], dtype=np.float32)


def _pq_curve() -> Curve:
    # SMPTE ST 2084; ITU-R BT.2408 puts the white of paper at 203 cd/m2.
    m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    power = _encoded() ** (1 / m2)
    nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return np.asarray(np.minimum(nits / 203, 1), dtype=np.float32)


def _hlg_curve() -> Curve:
    # ARIB STD-B67, with the system gamma of a 1000 cd/m2 screen; the white of paper is at 75 % (BT.2408).
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    encoded = _encoded()
    scene = np.where(encoded <= 0.5, encoded**2 / 3, (np.exp((encoded - c) / a) + b) / 12)
    paper = (np.exp((0.75 - c) / a) + b) / 12
    return np.asarray(np.minimum((scene / paper) ** 1.2, 1), dtype=np.float32)


# By ITU-T H.273 code. The codes of old video are left out: on a photo they are a slip of its encoder, and sRGB
# is what it shows on every screen.
_PRIMARIES: Mapping[int, tuple[str, Points]] = MappingProxyType(
    {9: ("BT.2020", _BT2020), 11: ("DCI-P3", _DCI_P3), 12: ("Display P3", _DISPLAY_P3)}
)
_PQ, _HLG = 16, 18
_TRANSFERS: Mapping[int, Callable[[], Curve]] = MappingProxyType(
    {
        4: lambda: _gamma_curve(2.2),
        5: lambda: _gamma_curve(2.8),
        8: lambda: _gamma_curve(1),
        _PQ: _pq_curve,
        _HLG: _hlg_curve,
    }
)
