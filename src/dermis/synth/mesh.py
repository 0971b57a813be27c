"""Surfaces as triangles: the record that is rendered, and how grids become part of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, LabelMap

__all__ = ["Mesh", "Patch", "grid_frames", "grid_triangles", "join"]


class Patch(IntEnum):
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
    uint8 of `Patch`.
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
