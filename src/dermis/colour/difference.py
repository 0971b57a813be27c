"""Colour differences between two L*a*b* colours.

Both functions take arrays (..., 3) that broadcast, and return (...). They are symmetric, 0 for equal colours,
and their gradients are finite everywhere: between equal colours, at greys and at black they are 0 where the
formula has no slope.
"""

from __future__ import annotations

from math import cos, pi, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.arrays import Array, angle, array_namespace, in_blocks, length, namespace, root

__all__ = ["delta_e_00", "delta_e_76"]


def delta_e_76(lab_a: Array, lab_b: Array) -> Array:
    """Return ΔE*ab, the distance in L*a*b* (CIE 1976)."""
    xp = namespace(lab_a, lab_b)
    return root(xp.sum((lab_a - lab_b) ** 2, axis=-1))


def delta_e_00(lab_a: Array, lab_b: Array) -> Array:
    """Return CIEDE2000 with kL = kC = kH = 1.

    Holds for D65, surfaces of more than 4 degrees against a mid grey, and differences up to about 5; above
    that it still orders colours, but the number means less. Source: CIE 142:2001, in the steps of Sharma, Wu
    and Dalal 2005 (doi:10.1002/col.20070), whose equations the comments count.
    """
    namespace(lab_a, lab_b)
    if isinstance(lab_a, np.ndarray) and isinstance(lab_b, np.ndarray):
        return in_blocks(_by_vectors, lab_a, lab_b)
    return _by_angles(lab_a, lab_b)


def _by_angles(lab_a: Array, lab_b: Array) -> Array:
    """CIEDE2000 as published, with finite gradients, for arrays of any library."""
    xp = array_namespace(lab_a, lab_b)
    stretch = _stretch(lab_a, lab_b)
    chroma_a, hue_a = _chroma_hue(lab_a, stretch)
    chroma_b, hue_b = _chroma_hue(lab_b, stretch)
    lightness = (lab_a[..., 0] + lab_b[..., 0]) / 2
    chroma = (chroma_a + chroma_b) / 2
    turn, hue = _turn_and_mean_hue(hue_a, hue_b, chroma_a * chroma_b > 0)

    s_l = 1 + 0.015 * (lightness - 50) ** 2 / xp.sqrt(20 + (lightness - 50) ** 2)  # 18
    s_c = 1 + 0.045 * chroma  # 19
    s_h = 1 + 0.015 * chroma * _hue_weight(hue)  # 20
    delta_l = lab_b[..., 0] - lab_a[..., 0]
    delta_c = chroma_b - chroma_a
    delta_h = 2 * root(chroma_a * chroma_b) * xp.sin(turn / 2)  # 11
    # delta_c^2 + delta_h^2 is the plain distance in a' and b. Written with it, the sum keeps its slope at a
    # grey, where chroma and hue have none.
    squared_ab = (stretch * (lab_b[..., 1] - lab_a[..., 1])) ** 2 + (lab_b[..., 2] - lab_a[..., 2]) ** 2
    squared_ch = squared_ab / s_h**2 + delta_c**2 * (1 / s_c**2 - 1 / s_h**2)
    crossed = _rotation(chroma, hue) * (delta_c / s_c) * (delta_h / s_h)
    return root((delta_l / s_l) ** 2 + squared_ch + crossed)  # 22


def _stretch(lab_a: Array, lab_b: Array) -> Array:
    """1 + G, the factor on a* (equations 2 to 4)."""
    mean_chroma = (length(lab_a[..., 1], lab_a[..., 2]) + length(lab_b[..., 1], lab_b[..., 2])) / 2
    return 1 + 0.5 * (1 - _saturation(mean_chroma))


def _chroma_hue(lab: Array, stretch: Array) -> tuple[Array, Array]:
    """C' and h' in [0, 2 pi) (equations 5 to 7)."""
    xp = namespace(lab)
    a, b = lab[..., 1] * stretch, lab[..., 2]
    hue = angle(b, a)
    return length(a, b), xp.where(hue < 0, hue + 2 * pi, hue)


def _turn_and_mean_hue(hue_a: Array, hue_b: Array, both_coloured: Array) -> tuple[Array, Array]:
    """Δh' in [-pi, pi] and the mean hue between the two (equations 10 and 14)."""
    xp = array_namespace(hue_a)
    turn = hue_b - hue_a
    total = hue_a + hue_b
    across_zero = xp.abs(turn) > pi
    turn = xp.where(across_zero, xp.where(turn > 0, turn - 2 * pi, turn + 2 * pi), turn)
    wrapped = xp.where(total < 2 * pi, total / 2 + pi, total / 2 - pi)
    mean = xp.where(across_zero, wrapped, total / 2)
    # A grey has no hue: the other colour's counts alone.
    return xp.where(both_coloured, turn, 0.0), xp.where(both_coloured, mean, total)


def _hue_weight(hue: Array) -> Array:
    """T (equation 15)."""
    xp = array_namespace(hue)
    return (
        1
        - 0.17 * xp.cos(hue - radians(30))
        + 0.24 * xp.cos(2 * hue)
        + 0.32 * xp.cos(3 * hue + radians(6))
        - 0.20 * xp.cos(4 * hue - radians(63))
    )


def _rotation(chroma: Array, hue: Array) -> Array:
    """R_T, which tilts the ellipses in the blue (equations 16, 17 and 21)."""
    xp = array_namespace(hue)
    tilt = radians(30) * xp.exp(-(((hue - radians(275)) / radians(25)) ** 2))
    return -2 * _saturation(chroma) * xp.sin(2 * tilt)


def _saturation(chroma: Array) -> Array:
    """sqrt(C^7 / (C^7 + 25^7)), written so that its slope at C = 0 is 0 instead of 0/0."""
    xp = array_namespace(chroma)
    ratio = chroma / 25
    return ratio**3.5 / xp.sqrt(1 + ratio**7)


_OPPOSITE = {"float64": 1e-4, "float32": 1e-2}
"""Hues are opposite where 1 + cos(turn) lies below this: vectors lose digits there."""


def _by_vectors(lab_a: NDArray[Any], lab_b: NDArray[Any]) -> NDArray[Any]:
    """CIEDE2000 of (n, 3) and (n, 3), each hue a unit vector instead of an angle: a third of the time.

    The mean hue is the direction of the two vectors' sum, its multiples are powers of a complex number, and
    2 sqrt(C'a C'b) sin(turn / 2) is their cross product times sqrt(2 / (C'a C'b + dot product)).
    """
    (light_a, a_a, b_a), (light_b, a_b, b_b) = np.ascontiguousarray(lab_a.T), np.ascontiguousarray(lab_b.T)
    stretch = 1.5 - 0.5 * _saturation_of((np.sqrt(a_a * a_a + b_a * b_a) + np.sqrt(a_b * a_b + b_b * b_b)) / 2)
    a_a, a_b = a_a * stretch, a_b * stretch
    chroma_a, chroma_b = np.sqrt(a_a * a_a + b_a * b_a), np.sqrt(a_b * a_b + b_b * b_b)
    both, least = chroma_a * chroma_b, np.finfo(lab_a.dtype).tiny
    facing = both + a_a * a_b + b_a * b_b
    delta_h = (a_a * b_b - a_b * b_a) * np.sqrt(2 / np.maximum(facing, least))
    # A grey has no hue: the other colour's counts alone.
    weight_a, weight_b = np.where(chroma_b > 0, chroma_b, 1), np.where(chroma_a > 0, chroma_a, 1)
    x, y = a_a * weight_a + a_b * weight_b, b_a * weight_a + b_b * weight_b
    # Below this the squares vanish: what is no longer of unit length weighs nothing, as its chroma does.
    size = np.maximum(np.sqrt(x * x + y * y), np.sqrt(least))
    x, y = x / size, y / size

    lightness, chroma = (light_a + light_b) / 2 - 50, (chroma_a + chroma_b) / 2
    lightness *= lightness
    delta_l = (light_b - light_a) / (1 + 0.015 * lightness / np.sqrt(20 + lightness))
    delta_c = (chroma_b - chroma_a) / (1 + 0.045 * chroma)
    delta_h /= 1 + 0.015 * chroma * _weight_of(x, y)
    squared = delta_l * delta_l + delta_c * delta_c + delta_h * delta_h
    squared += _rotation_of(chroma, x, y) * delta_c * delta_h
    found: NDArray[Any] = np.sqrt(np.maximum(squared, 0))
    opposite = facing < _OPPOSITE.get(lab_a.dtype.name, 1e-2) * both
    if opposite.any():
        found[opposite] = _by_angles(lab_a[opposite], lab_b[opposite])
    return found


def _saturation_of(chroma: NDArray[Any]) -> NDArray[Any]:
    ratio = chroma / 25
    square = ratio * ratio
    seventh = square * square * square * ratio
    held: NDArray[Any] = np.sqrt(seventh / (1 + seventh))
    return held


def _weight_of(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """T (equation 15) of the hue whose cosine and sine are x and y."""
    x_2, y_2 = x * x - y * y, 2 * x * y
    x_3, y_3 = x_2 * x - y_2 * y, y_2 * x + x_2 * y
    x_4, y_4 = x_2 * x_2 - y_2 * y_2, 2 * x_2 * y_2
    first = 1 - 0.17 * (cos(radians(30)) * x + sin(radians(30)) * y) + 0.24 * x_2
    third = 0.32 * (cos(radians(6)) * x_3 - sin(radians(6)) * y_3)
    fourth = 0.20 * (cos(radians(63)) * x_4 + sin(radians(63)) * y_4)
    weight: NDArray[Any] = first + third - fourth
    return weight


def _rotation_of(chroma: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """R_T (equations 16, 17 and 21) of the hue whose cosine and sine are x and y."""
    blue_x, blue_y = cos(radians(275)), sin(radians(275))
    away = np.arctan2(y * blue_x - x * blue_y, x * blue_x + y * blue_y) / radians(25)
    tilt = np.exp(-away * away)
    tilt[away > 85 / 25] = 0  # hues end at 360 degrees, where the formula does not go on at 0
    rotation: NDArray[Any] = -2 * _saturation_of(chroma) * np.sin(radians(60) * tilt)
    return rotation
