"""Light that a surface takes from itself: how much of the sky it sees, and which lights reach it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["DepthMap", "depth_map", "lit", "open_sky"]

Values = NDArray[np.floating]

_MAP_PX = 128
_DIRECTIONS = 48


def open_sky(points: Values) -> Values:
    """Return the part of an even sky's light that reaches each point of a grid (r, c, 3); (r * c,) in [0, 1].

    Large shapes are looked for along 48 directions, small hollows by how far the surface lies below its own
    smoothed self.
    """
    coarse = points[::2, ::2]
    normals = _normals(coarse)
    places = coarse.reshape(-1, 3), normals.reshape(-1, 3)
    occluder = points.reshape(-1, 3), _normals(points).reshape(-1, 3)
    seen, total = np.zeros((2, *coarse.shape[:2]), np.float32)
    for way in _spread(_DIRECTIONS):
        facing = np.clip(normals @ way, 0, None)
        seen += facing * lit(*places, depth_map(*occluder, way)).reshape(facing.shape)
        total += facing
    share = seen / np.maximum(total, 1e-3)
    share[0] = share[1].mean()  # the crown is one point
    wide = _refine(share, points.shape[:2])
    # Light that the skin sends to itself fills the hollows a little.
    return np.clip(wide**0.8 * _hollows(points), 0.1, 1).astype(np.float32).reshape(-1)


class DepthMap(NamedTuple):
    """How far towards a distant light the nearest surface lies, (r, r) in mm, -inf where there is none.

    frame: (3, 3), rows right, up and towards the light. low: (2,) and per_mm place the map.
    """

    nearest: Values
    frame: Values
    low: Values
    per_mm: float


def depth_map(points: Values, normals: Values, way: Values) -> DepthMap:
    """Return what a distant light at `way` (3,) sees of a surface given by dense `points` (v, 3).

    normals: (v, 3); points that look away are left out.
    """
    frame = _look_along(way)
    facing = points[normals @ frame[2] > 0]
    right, up, near = (facing @ axis for axis in frame)
    low = np.array([right.min(), up.min()], np.float32)
    per_mm = float((_MAP_PX - 1) / max(right.max() - low[0], up.max() - low[1]))
    cell = ((up - low[1]) * per_mm).astype(np.int32) * _MAP_PX + ((right - low[0]) * per_mm).astype(np.int32)
    nearest = np.full(_MAP_PX * _MAP_PX, -np.inf, np.float32)
    np.maximum.at(nearest, cell, near)
    return DepthMap(_fill(nearest.reshape(_MAP_PX, _MAP_PX)), frame, low, per_mm)


def lit(points: Values, normals: Values, seen: DepthMap) -> Values:
    """Return how much of the light of `seen` reaches `points` (n, 3), 0 to 1, softened at the edge.

    normals: (n, 3). A point is shaded by what lies clearly before it: by more than the surface itself rises within
    a pixel of the map.
    """
    facing = np.clip(normals @ seen.frame[2], 0.15, 1)
    bias_mm = 3 + 0.8 / seen.per_mm * np.sqrt(1 - facing**2) / facing
    at = (points + 1.5 * normals) @ seen.frame.T
    column, row = (np.clip((at[:, k] - seen.low[k]) * seen.per_mm - 0.5, 0, _MAP_PX - 1.001) for k in (0, 1))
    r, c = row.astype(np.int32), column.astype(np.int32)
    down, right = (row - r).astype(np.float32), (column - c).astype(np.float32)
    limit = at[:, 2] + bias_mm

    def free(rows: NDArray[np.int32], columns: NDArray[np.int32]) -> Values:
        # A ramp of 4 mm instead of a step keeps slanted surfaces free of stripes.
        return np.asarray(np.clip((limit - seen.nearest[rows, columns]) / 4 + 1, 0, 1))

    upper = free(r, c) * (1 - right) + free(r, c + 1) * right
    lower = free(r + 1, c) * (1 - right) + free(r + 1, c + 1) * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _fill(nearest: Values) -> Values:
    """Close the holes between points that lie farther apart than the map's pixels."""
    from scipy.ndimage import maximum_filter

    for _ in range(2):
        nearest = np.where(np.isfinite(nearest), nearest, maximum_filter(nearest, 3))
    return nearest


def _look_along(way: Values) -> Values:
    """Return the axes (right, up, towards the light) as rows."""
    towards = way / np.linalg.norm(way)
    side = np.cross((0, 1, 0) if abs(towards[1]) < 0.9 else (0, 0, 1), towards)
    side = side / np.linalg.norm(side)
    return np.stack([side, np.cross(towards, side), towards]).astype(np.float32)


def _spread(count: int) -> Values:
    """Spread directions evenly over the sphere (golden spiral), the same left and right."""
    k = np.arange(count // 2) + 0.5
    height = 1 - 2 * k / (count // 2)
    turn = np.pi * (1 + 5**0.5) * k
    level = np.sqrt(1 - height**2)
    half = np.stack([level * np.cos(turn), height, level * np.sin(turn)], axis=1)
    return np.concatenate([half, half * np.array([-1, 1, 1])]).astype(np.float32)


def _normals(points: Values) -> Values:
    normals = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.asarray(normals / np.maximum(length, 1e-9), np.float32)


def _refine(coarse: Values, shape: tuple[int, int]) -> Values:
    from scipy.ndimage import gaussian_filter, map_coordinates

    soft = gaussian_filter(coarse, 0.7, mode="nearest")
    row, column = np.arange(shape[0]) / 2, np.arange(shape[1]) / 2
    grid = np.meshgrid(np.minimum(row, coarse.shape[0] - 1), np.minimum(column, coarse.shape[1] - 1), indexing="ij")
    return np.asarray(map_coordinates(soft, grid, order=1), np.float32)


def _hollows(points: Values) -> Values:
    """Darken what lies below its surroundings, at three widths."""
    from scipy.ndimage import gaussian_filter

    normals = _normals(points)
    open_part = np.ones(points.shape[:2], np.float32)
    # Where the grid is coarse its smoothed self lies far below anyway.
    spacing = sum(np.linalg.norm(np.gradient(points, axis=axis), axis=-1) for axis in (0, 1))
    fine = np.clip(2.4 / np.maximum(spacing, 0.1), 0, 1) ** 2
    for width, strength in ((2, 0.35), (4, 0.14), (8, 0.05)):
        smooth = np.stack([gaussian_filter(points[..., k], width, mode="nearest") for k in range(3)], axis=-1)
        below = ((smooth - points) * normals).sum(axis=-1)
        open_part *= np.clip(1 - strength * below * fine, 0.25, 1.06)
    return open_part
