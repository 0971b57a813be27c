"""Seamless random textures, the same on every machine."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["bilinear_wrapped", "noise_tile"]

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
