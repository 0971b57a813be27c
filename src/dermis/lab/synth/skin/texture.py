"""Texture of the skin: uneven noise, pores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap
from dermis.lab.synth.head.uv import Atlas, Grid
from dermis.lab.synth.noise import Waves, wave_field

__all__ = ["atlas_noise", "draw_points", "pore_depth", "scatter"]

Vector = NDArray[np.floating]


def atlas_noise(waves: Waves, atlas: Atlas) -> FloatMap:
    """Return (H, W) noise over `atlas`, at the pixel size of the middle of its skin."""
    mm_u, mm_v = middle_mm_per_px(atlas)
    return wave_field(
        waves,
        (np.arange(atlas.width) + 0.5) * mm_u,
        (np.arange(atlas.height) + 0.5) * mm_v,
        finest_mm=max(mm_u, mm_v),
    )


def middle_mm_per_px(atlas: Atlas) -> tuple[float, float]:
    """Return the median true pixel size along u and v over the skin (everywhere, where there is none)."""
    rows, columns = slice(None, None, 8), slice(None, None, 8)
    skin = atlas.skin[rows, columns]
    inside = skin if skin.any() else np.ones_like(skin)
    return (
        float(np.median(atlas.mm_per_px_u[rows, columns][inside])),
        float(np.median(atlas.mm_per_px_v[rows, columns][inside])),
    )


def pore_depth(
    rng: np.random.Generator,
    atlas: Atlas,
    grid: Grid,
    per_cm2: NDArray[np.float64],
    *,
    radius_mm: tuple[float, float],
) -> FloatMap:
    """Draw pores; return (H, W) how deep in one each pixel lies: about 1 in the middle of one, 0 outside.

    per_cm2: (h, w) pores a cm² on `grid`. radius_mm: smallest and largest radius.
    """
    depth = np.zeros(atlas.regions.shape, dtype=np.float32)
    u, v = scatter(rng, grid, per_cm2 / 100)
    sizes = 3
    for size, chosen in enumerate(np.array_split(np.arange(len(u)), sizes)):
        share = (size + 0.5) / sizes
        radius = radius_mm[0] + (radius_mm[1] - radius_mm[0]) * share**2
        strength = rng.uniform(0.4, 1.0, len(chosen))
        depth += _dots(atlas, u[chosen], v[chosen], strength, radius)
    return depth


def scatter(rng: np.random.Generator, grid: Grid, per_mm2: NDArray[np.float64]) -> tuple[Vector, Vector]:
    """Draw a Poisson scatter of points over the skin of `grid`; return their u and v in [0, 1].

    A cell that is stretched more than threefold gets no more points than that, for they would run together.
    """
    expected = per_mm2 * np.minimum(grid.mm2, 3 * grid.mm_u * grid.mm_v) * grid.skin
    return draw_points(rng, expected, int(rng.poisson(expected.sum())))


def draw_points(rng: np.random.Generator, density: NDArray[np.float64], count: int) -> tuple[Vector, Vector]:
    """Draw `count` points over the unit square as often as `density` (h, w) says; none where it is 0."""
    total = np.cumsum(density, dtype=np.float64)
    if count == 0 or total[-1] <= 0:
        return np.empty(0), np.empty(0)
    cell = np.searchsorted(total, rng.random(count) * total[-1], side="right")
    row, column = np.divmod(np.minimum(cell, density.size - 1), density.shape[1])
    within = rng.random((2, count))
    return (column + within[0]) / density.shape[1], (row + within[1]) / density.shape[0]


def _dots(atlas: Atlas, u: Vector, v: Vector, strength: Vector, radius_mm: float) -> FloatMap:
    """Stamp round soft dots of one radius: points shared among four pixels, then one Gaussian blur."""
    from scipy import ndimage  # late: a third of a second to import

    height, width = atlas.regions.shape
    x, y = u * width - 0.5, v * height - 0.5
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, below = x - column, y - row
    points = np.zeros(height * width)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (right if across else 1 - right) * (below if down else 1 - below)
        at = np.clip(row + down, 0, height - 1) * width + np.clip(column + across, 0, width - 1)
        points += np.bincount(at, weights=share * strength, minlength=height * width)
    mm_u, mm_v = middle_mm_per_px(atlas)
    # A dot smaller than a pixel keeps its volume: it turns shallower, never larger in sum.
    true = np.array([radius_mm / mm_v, radius_mm / mm_u]) / 1.5
    sigma = np.maximum(true, 0.45)
    blurred = ndimage.gaussian_filter(points.reshape(height, width).astype(np.float32), sigma, truncate=3)
    return np.asarray(blurred * np.float32(2 * np.pi * true.prod()), dtype=np.float32)
