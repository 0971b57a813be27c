"""The colour spaces that photos come in, each as curves and a matrix to linear sRGB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dermis.colour.adaptation import WHITES, White, adapt
from dermis.colour.srgb import decode, xyz_to_linear
from dermis.formats.capture import is_adobe_rgb
from dermis.formats.icc import SAMPLES, IccProfile
from dermis.formats.raster import Chromaticities, Raster

__all__ = ["ColourSpace", "declared_space", "space_of_profile"]

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
