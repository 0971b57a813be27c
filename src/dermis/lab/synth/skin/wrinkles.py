"""Lines that age and smiling draw on the skin, finer than the mesh."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, read_only
from dermis.lab.synth.head.base_head import gaussian
from dermis.lab.synth.head.head import Expression, HeadShape
from dermis.lab.synth.head.uv_atlas import places
from dermis.lab.synth.noise import bilinear_wrapped, noise_tile

__all__ = ["wrinkles"]

Values = NDArray[np.floating]

_EYE_CORNER = (46.5, 1.0)


def wrinkles(shape: HeadShape, expression: Expression, texels: tuple[int, int]) -> FloatMap:
    """Return the relief in mm, (h, w) on the skin's square, of the lines of `shape` with `expression`; 0 or below.

    Forehead, between the brows, outside the eyes and on the neck they start at about 30 years and are some tenths of
    a millimetre deep at 70 (chosen); the red of the lips is finely grooved at every age.
    """
    aged, smiled, always = _lines(texels)
    age = np.float32(np.clip((shape.age_years - 28) / 42, 0, 1.2))
    return aged * age + smiled * np.float32(expression.smile * (0.4 + age)) + always


@cache
def _lines(texels: tuple[int, int]) -> tuple[FloatMap, FloatMap, FloatMap]:
    """Return the relief of age, of a smile, and of every face, each (h, w)."""
    rest = places(*texels)
    feet = _crows_feet(rest)
    aged = _forehead(rest) + _frown(rest) + 0.7 * feet + _neck(rest)
    return tuple(read_only(lines.astype(np.float32)) for lines in (aged, 0.6 * feet, _lips(rest)))  # type: ignore[return-value]


def _groove(off_mm: Values, wide_mm: float) -> Values:
    return np.asarray(-np.exp(-0.5 * (off_mm / wide_mm) ** 2))


def _forehead(rest: Values) -> Values:
    side = np.abs(rest[..., 0])
    waves = 1.6 * np.cos(side / 11) - 0.0012 * side**2
    waves = waves + 0.8 * bilinear_wrapped(noise_tile(41, 128, 30.0), rest[..., 1], side)
    here = gaussian(rest, (0, 46, 94), (30, 13, 40))
    lines = sum((_groove(rest[..., 1] - y - waves, 0.75) for y in (33.0, 42.0, 51.0, 59.0)), np.zeros(side.shape))
    return np.asarray(0.28 * lines * here)


def _frown(rest: Values) -> Values:
    side = np.abs(rest[..., 0]) - 5.5 - 0.06 * (rest[..., 1] - 18)
    return np.asarray(0.3 * _groove(side, 0.8) * gaussian(rest, (0, 19, 100), (12, 6, 20)))


def _crows_feet(rest: Values) -> Values:
    x, y = np.abs(rest[..., 0]) - _EYE_CORNER[0], rest[..., 1] - _EYE_CORNER[1]
    # Sideways the face turns away: count the way to the back as well.
    x = x + np.clip(76 - rest[..., 2], 0, 40) * 0.8
    away, angle = np.hypot(x, y), np.degrees(np.arctan2(y, x))
    here = np.clip((away - 2) / 4, 0, 1) * np.clip((24 - away) / 10, 0, 1) * (rest[..., 2] > 25)
    lines = sum((_groove(np.radians(angle - a) * away, 0.6) for a in (-38, -18, 3, 24)), np.zeros(x.shape))
    return np.asarray(0.3 * lines * here)


def _neck(rest: Values) -> Values:
    lines = sum(
        (_groove(rest[..., 1] - y - 0.004 * rest[..., 0] ** 2, 1.2) for y in (-138, -157)), np.zeros(rest.shape[:2])
    )
    return np.asarray(0.5 * lines * np.clip(rest[..., 2] / 25, 0, 1) * (rest[..., 1] < -122))


def _lips(rest: Values) -> Values:
    grooves = bilinear_wrapped(noise_tile(42, 256, 3.0, 9.0), rest[..., 1] * 2.5, np.abs(rest[..., 0]) * 4.0)
    return np.asarray(-0.05 * np.clip(grooves + 0.3, 0, 2) * gaussian(rest, (0, -69, 97), (13, 5, 14)))
