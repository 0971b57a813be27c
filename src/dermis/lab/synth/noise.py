"""Noise without a seam: tiles that repeat, and sums of plane waves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap

__all__ = ["Waves", "bilinear_wrapped", "draw_waves", "noise_tile", "wave_field"]

Values = NDArray[np.floating]


@cache
def noise_tile(seed: int, size: int, coarse_px: float, stretch: float = 1.0) -> Values:
    """Return a (size, size) float32 tile of smooth noise that repeats without a seam, mean 0, deviation 1.

    coarse_px: how wide its spots are along columns' direction; stretch: how much longer along rows.
    """
    rng = np.random.default_rng(seed)
    row = np.fft.fftfreq(size)[:, None] * coarse_px * stretch
    column = np.fft.rfftfreq(size)[None, :] * coarse_px
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * np.exp(-8.0 * (row**2 + column**2))
    tile = np.fft.irfft2(spectrum, s=(size, size))
    tile -= tile.mean()
    return np.asarray(tile / tile.std(), np.float32)


def bilinear_wrapped(tile: Values, row: Values, column: Values) -> Values:
    """Read `tile` (h, w) between its texels at `row` and `column` (...), repeating it."""
    height, width = tile.shape
    top, left = np.floor(row), np.floor(column)
    down, right = (row - top).astype(np.float32), (column - left).astype(np.float32)
    r0, c0 = top.astype(np.int32) % height, left.astype(np.int32) % width
    r1, c1 = (r0 + 1) % height, (c0 + 1) % width
    upper = tile[r0, c0] * (1 - right) + tile[r0, c1] * right
    lower = tile[r1, c0] * (1 - right) + tile[r1, c1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


Vector = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """A sum of plane waves: each (K,), angular frequencies in rad/mm along u and v, amplitude and phase."""

    along_u: Vector
    along_v: Vector
    amplitude: Vector
    phase: Vector


def draw_waves(
    rng: np.random.Generator,
    count: int,
    *,
    shortest_mm: float,
    longest_mm: float,
    slope: float = 0.0,
) -> Waves:
    """Draw `count` waves of random direction with lengths between the two, evenly in the logarithm.

    slope: amplitude goes with length to this power; 0 gives every octave the same strength. The sum of the
    waves has mean 0 and variance 1 over the plane.
    """
    # Lengths one from each of `count` equal steps, directions by golden angles: few waves then already look
    # alike in every direction, where free draws would leave a weave.
    length_mm = shortest_mm * (longest_mm / shortest_mm) ** ((np.arange(count) + rng.random(count)) / count)
    angle = (np.arange(count) * 0.618034 + rng.random()) * 2 * np.pi
    amplitude = length_mm**slope
    amplitude *= np.sqrt(2 / np.sum(amplitude**2))
    frequency = 2 * np.pi / length_mm
    return Waves(
        along_u=frequency * np.cos(angle),
        along_v=frequency * np.sin(angle),
        amplitude=amplitude,
        phase=rng.random(count) * 2 * np.pi,
    )


def wave_field(waves: Waves, u_mm: Vector, v_mm: Vector, *, finest_mm: float = 0.0) -> FloatMap:
    """Return the (len(v_mm), len(u_mm)) sum of `waves` on a grid.

    finest_mm: the grid's pitch; waves shorter than two of it would alias and are left out.
    cos(a + b) = cos a cos b - sin a sin b makes the sum over the grid one matrix product.
    """
    seen = np.hypot(waves.along_u, waves.along_v) * finest_mm <= np.pi
    across = np.outer(waves.along_u[seen], u_mm)
    down = np.outer(v_mm, waves.along_v[seen]) + waves.phase[seen]
    amplitude = waves.amplitude[seen]
    left = np.hstack([np.cos(down) * amplitude, -np.sin(down) * amplitude]).astype(np.float32)
    right = np.vstack([np.cos(across), np.sin(across)]).astype(np.float32)
    return np.asarray(left @ right, dtype=np.float32)
