"""Triangle meshes and their rasterisation."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap, FloatMap, LabelMap

__all__ = ["Fragments", "Mesh", "MeshPatch", "grid_frames", "grid_triangles", "interpolate", "join", "rasterise"]


class MeshPatch(IntEnum):
    """Which surface a vertex belongs to."""

    BODY = 0
    EAR = 1
    HAIR = 2
    GLASSES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles with what their vertices know; all float32 with one row a vertex, lengths in mm.

    points, normals: (v, 3) in the head's frame. rest: (v, 3), the same places on the average head: what is drawn
    on the skin is drawn there. uv: (v, 2). along_u, along_v: (v, 3), how far the skin goes for one unit of u or
    v. hair, beard, nose, face: (v,), distance inside their borders, negative outside; the face ends at the jaw and
    before the ears. open_sky: (v,) in [0, 1], the part of the light from everywhere that arrives. patch: (v,)
    uint8 of `MeshPatch`.
    triangles: (t, 3) int32, counter-clockwise from outside.
    """

    points: FloatMap
    normals: FloatMap
    rest: FloatMap
    uv: FloatMap
    along_u: FloatMap
    along_v: FloatMap
    hair: FloatMap
    beard: FloatMap
    nose: FloatMap
    face: FloatMap
    open_sky: FloatMap
    patch: LabelMap
    triangles: NDArray[np.int32]


def join(*meshes: Mesh) -> Mesh:
    """Put meshes beside each other into one."""
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    values = {
        field.name: np.concatenate([getattr(mesh, field.name) for mesh in meshes])
        for field in fields(Mesh)
        if field.name != "triangles"
    }
    moved = [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts, strict=True)]
    return Mesh(**values, triangles=np.concatenate(moved))


def grid_triangles(rows: int, columns: int, *, step: int = 1) -> NDArray[np.int32]:
    """Return two triangles for every cell of a (rows, columns) grid, using every `step`-th line and the last.

    Rows go down and columns to the left of who looks out of the surface.
    """
    row = np.unique(np.r_[0:rows:step, rows - 1])
    column = np.unique(np.r_[0:columns:step, columns - 1])
    index = (row[:, None] * columns + column).astype(np.int32)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    first, second = np.stack([a, d, b], axis=-1), np.stack([b, d, c], axis=-1)
    return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])


def grid_frames(points: FloatMap, uv: FloatMap, *, closed: bool) -> tuple[FloatMap, FloatMap, FloatMap]:
    """Return (normals, along_u, along_v) of a grid.

    points: (r, c, 3). uv: (r, c, 2). closed: first and last column are the same line. Normals are of length 1.
    """
    down, right = _slope(points, 0, closed=False), _slope(points, 1, closed=closed)
    uv_down, uv_right = np.gradient(uv, axis=0), np.gradient(uv, axis=1)
    normals = np.cross(down, right)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    det = uv_right[..., :1] * uv_down[..., 1:] - uv_down[..., :1] * uv_right[..., 1:]
    det = np.where(np.abs(det) < 1e-12, np.float32(1), det)
    along_u = (right * uv_down[..., 1:] - down * uv_right[..., 1:]) / det
    along_v = (down * uv_right[..., :1] - right * uv_down[..., :1]) / det
    return normals.astype(np.float32), along_u.astype(np.float32), along_v.astype(np.float32)


def _slope(points: FloatMap, axis: int, *, closed: bool) -> FloatMap:
    slope = np.gradient(points, axis=axis)
    if closed:
        seam = (points[:, 1] - points[:, -2]) / 2
        slope[:, 0] = slope[:, -1] = seam
    return slope


# Triangles are handled together whose bounding squares have about the same side, in pixels.
_SIDES = np.array([1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 24, 32, 48, 64, 128, 256, 512, 1024, 2048, 1 << 14])
_PIXELS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """What each covered pixel sees of a mesh.

    pixel: (n,) int, ascending flat indices into the (h, w) picture. corners: (n, 3) int, vertices of the nearest
    triangle. weights: (n, 3) float32, how much of each corner, perspective undone; they sum to 1.
    depth: (n,) float32, distance along the camera's axis.
    """

    pixel: NDArray[np.intp]
    corners: NDArray[np.int32]
    weights: FloatMap
    depth: FloatMap


def rasterise(
    points: FloatMap,
    depth: FloatMap,
    triangles: NDArray[np.int32],
    shape: tuple[int, int],
    *,
    both_sides: bool = False,
) -> Fragments:
    """Find the nearest triangle at every pixel centre, among those that face the camera or `both_sides`.

    points: (v, 2) float32, vertices in picture pixels, x right, y down; the centre of pixel (row, column) is
    (column + 0.5, row + 0.5). depth: (v,) float32, positive in front of the camera. triangles: (t, 3), seen
    counter-clockwise from outside. shape: (h, w) of the picture.
    """
    inverse_depth = (1.0 / np.maximum(depth, 1e-3)).astype(np.float32)
    faces = _faces(points, depth, triangles, shape, both_sides=both_sides)
    hits = _hits(points, inverse_depth, faces, shape[1])
    nearest = np.zeros(shape[0] * shape[1], np.float32)
    np.maximum.at(nearest, hits.pixel, hits.nearness)
    # Where two triangles share an edge through a pixel centre either will do; the last written stays.
    owner = np.full(len(nearest), -1, np.intp)
    winners = np.flatnonzero(hits.nearness == nearest[hits.pixel])
    owner[hits.pixel[winners]] = winners
    pixel = np.flatnonzero(owner >= 0)
    won = owner[pixel]
    corners = faces.triangles[hits.face[won]]
    near = np.float32(1) / hits.nearness[won]
    flat = np.stack([hits.first[won], hits.second[won], 1 - hits.first[won] - hits.second[won]], axis=1)
    weights = flat * inverse_depth[corners] * near[:, None]
    return Fragments(pixel=pixel, corners=corners, weights=weights.astype(np.float32), depth=near)


def interpolate(fragments: Fragments, values: FloatMap) -> FloatMap:
    """Carry per-vertex `values` (v, ...) to the fragments (n, ...)."""
    spread = (slice(None),) + (None,) * (values.ndim - 1)
    carried = values[fragments.corners[:, 0]] * fragments.weights[:, 0][spread]
    carried += values[fragments.corners[:, 1]] * fragments.weights[:, 1][spread]
    carried += values[fragments.corners[:, 2]] * fragments.weights[:, 2][spread]
    return carried


class _Faces(NamedTuple):
    """Triangles that can be seen, (t, 3), with the pixels of their bounding boxes, (t,) each."""

    triangles: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    top: NDArray[np.int32]
    bottom: NDArray[np.int32]


class _Hits(NamedTuple):
    """Pairs of a pixel and a face over it: 1/depth there, and the flat weights of the first two corners."""

    pixel: NDArray[np.intp]
    face: NDArray[np.intp]
    nearness: FloatMap
    first: FloatMap
    second: FloatMap


def _faces(
    points: FloatMap,
    depth: FloatMap,
    triangles: NDArray[np.int32],
    shape: tuple[int, int],
    *,
    both_sides: bool,
) -> _Faces:
    """Drop triangles that look away, lie behind the camera or cover no pixel centre."""
    x, y = (np.ascontiguousarray(points[:, k])[triangles.T] for k in (0, 1))
    double_area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])
    # y points down in a picture, so counter-clockwise in space is a negative area here.
    seen = np.abs(double_area) > 1e-9 if both_sides else double_area < -1e-9
    if len(depth) and depth.min() <= 1:
        seen &= (depth[triangles.T] > 1).all(axis=0)
    left, right = _covered(x, shape[1])
    top, bottom = _covered(y, shape[0])
    kept = np.flatnonzero(seen & (left <= right) & (top <= bottom))
    return _Faces(triangles[kept], left[kept], right[kept], top[kept], bottom[kept])


def _covered(corners: FloatMap, length: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return first and last pixel whose centre lies between the `corners` (3, t) along one axis."""
    low = np.minimum(np.minimum(corners[0], corners[1]), corners[2])
    high = np.maximum(np.maximum(corners[0], corners[1]), corners[2])
    first = np.ceil(np.clip(low - 0.5, 0, length)).astype(np.int32)
    last = np.floor(np.clip(high - 0.5, -1, length - 1)).astype(np.int32)
    return first, last


def _hits(points: FloatMap, inverse_depth: FloatMap, faces: _Faces, width: int) -> _Hits:
    side = np.maximum(faces.right - faces.left, faces.bottom - faces.top) + 1
    bucket = np.searchsorted(_SIDES, side)
    order = np.argsort(bucket, kind="stable")
    ends = np.cumsum(np.bincount(bucket, minlength=len(_SIDES)))
    found = [_no_hits()]
    for extent, stop, start in zip(_SIDES, ends, np.r_[0, ends[:-1]], strict=True):
        step = max(1, _PIXELS_AT_ONCE // int(extent) ** 2)
        for begin in range(start, stop, step):
            some = order[begin : min(begin + step, stop)]
            found.append(_cover(points, inverse_depth, faces, some, int(extent), width))
    return _Hits(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _no_hits() -> _Hits:
    none, empty = np.empty(0, np.intp), np.empty(0, np.float32)
    return _Hits(none, none, empty, empty, empty)


def _cover(
    points: FloatMap, inverse_depth: FloatMap, faces: _Faces, some: NDArray[np.intp], extent: int, width: int
) -> _Hits:
    """Test the pixels of `extent` x `extent` squares against the faces `some`."""
    corners = faces.triangles[some]
    near = inverse_depth[corners]
    offset = np.arange(extent, dtype=np.int32)
    column = faces.left[some][:, None] + offset
    row = faces.top[some][:, None] + offset
    first, second = _flat_weights(points[corners], column, row)
    inside = _inside(first, second)
    inside &= (column <= faces.right[some][:, None])[:, None, :]
    inside &= (row <= faces.bottom[some][:, None])[:, :, None]
    which, r, c = np.nonzero(inside)
    first, second = first[inside], second[inside]
    third = near[which, 2]
    nearness = third + first * (near[which, 0] - third) + second * (near[which, 1] - third)
    pixel = row[which, r].astype(np.intp) * width + column[which, c]
    return _Hits(pixel, some[which], nearness, first, second)


def _flat_weights(corners: FloatMap, column: NDArray[np.int32], row: NDArray[np.int32]) -> tuple[FloatMap, FloatMap]:
    """Return the weights (k, rows, columns) of the first two `corners` (k, 3, 2) at the pixels' centres."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    scale = np.float32(1) / ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    # Measured from the last corner, so that float32 keeps its digits far from the picture's origin.
    x = (column.astype(np.float32) + np.float32(0.5) - c[:, :1])[:, None, :]
    y = (row.astype(np.float32) + np.float32(0.5) - c[:, 1:])[:, :, None]
    first = _raster_slope(b[:, 1] - c[:, 1], scale) * x - _raster_slope(b[:, 0] - c[:, 0], scale) * y
    second = _raster_slope(a[:, 0] - c[:, 0], scale) * y - _raster_slope(a[:, 1] - c[:, 1], scale) * x
    return first, second


def _raster_slope(step: FloatMap, scale: NDArray[np.floating]) -> FloatMap:
    return np.asarray((step * scale)[:, None, None], np.float32)


def _inside(first: FloatMap, second: FloatMap) -> BoolMap:
    """Whether all three weights are at least 0; a little less is let through, so that edges leave no gap."""
    slack = np.float32(1e-4)
    return (first >= -slack) & (second >= -slack) & (first + second <= 1 + slack)
