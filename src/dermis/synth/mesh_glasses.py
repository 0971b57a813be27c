"""The frame of a pair of glasses as tubes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.synth.mesh import Mesh, Patch, grid_frames, grid_triangles, join

__all__ = ["Glasses", "draw_glasses", "glasses_mesh"]

Values = NDArray[np.floating]

_AROUND = 9  # points around a tube, the first again at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Glasses:
    """A frame: thickness of its tubes, size of a rim, how square it is (2 round, 6 a rectangle), colour."""

    thickness_mm: float = 2.2
    width_mm: float = 50.0
    height_mm: float = 38.0
    squareness: float = 3.0
    colour: tuple[float, float, float] = (0.02, 0.02, 0.02)


def draw_glasses(rng: np.random.Generator) -> Glasses:
    """Draw a frame: thin or thick, round or square, dark or of any colour."""
    dark = rng.random() < 0.6
    red, green, blue = rng.uniform(0.01, 0.05 if dark else 0.5, 3) * (np.ones(3) if dark else rng.uniform(0.3, 1, 3))
    return Glasses(
        thickness_mm=float(rng.uniform(1.0, 3.2)),
        width_mm=float(rng.uniform(44, 54)),
        height_mm=float(rng.uniform(30, 44)),
        squareness=float(rng.uniform(2.0, 5.0)),
        colour=(float(red), float(green), float(blue)),
    )


def glasses_mesh(glasses: Glasses, bridge: Values, ears: Values) -> Mesh:
    """Return the frame of `glasses` on a head.

    bridge: (3,), the place between the eyes that it rests on. ears: (2, 3), where the right and the left temple end.
    """
    radius = glasses.thickness_mm / 2
    front = float(bridge[2]) + 3.0
    tubes = [_tube(_between(glasses, bridge, front), radius)]
    for side, ear in zip((-1, 1), ears, strict=True):
        rim = _rim(glasses, side) + np.array([bridge[0], bridge[1] - 5.0, front])
        tubes.append(_tube(rim, radius, closed=True))
        tubes.append(_tube(_temple(glasses, side, bridge, front, ear), radius))
    return join(*tubes)


def _rim(glasses: Glasses, side: int) -> Values:
    """One rim about (0, 0, 0) between the eyes; it bends back to the side as faces do."""
    turn = np.linspace(0, 2 * np.pi, 65)
    power = 2 / glasses.squareness
    across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * glasses.width_mm / 2
    up = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * glasses.height_mm / 2
    out = across + glasses.width_mm / 2 + 9
    return np.stack([side * out, up, -0.0035 * out**2], axis=1)


def _between(glasses: Glasses, bridge: Values, front: float) -> Values:
    along = np.linspace(-1, 1, 9)
    return np.stack([bridge[0] + 9.5 * along, bridge[1] + 2 - 2 * along**2, front + 1.0 - along**2], axis=1)


def _temple(glasses: Glasses, side: int, bridge: Values, front: float, ear: Values) -> Values:
    out = glasses.width_mm + 9.0
    start = np.array([bridge[0] + side * out, bridge[1] + glasses.height_mm * 0.2 - 5, front - 0.0035 * out**2])
    along = np.linspace(0, 1, 15)[:, None]
    path = start + (np.asarray(ear) - start) * along
    path[:, 0] += side * 6 * np.sin(np.pi * along[:, 0]) ** 0.5 * along[:, 0] ** 0.3
    return np.asarray(path)


def _tube(path: Values, radius: float, *, closed: bool = False) -> Mesh:
    """Sweep a circle along `path` (n, 3)."""
    ahead = np.gradient(path, axis=0)
    if closed:
        ahead[0] = ahead[-1] = path[1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    up = np.cross(ahead, np.where(np.abs(ahead[:, 2:]) > 0.7, [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]))
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    side = np.cross(ahead, up)
    turn = np.linspace(0, 2 * np.pi, _AROUND)[None, :, None]
    points = path[:, None] + radius * (np.cos(turn) * up[:, None] + np.sin(turn) * side[:, None])
    points = points.astype(np.float32)
    uv = np.stack(np.meshgrid(np.linspace(0, 1, _AROUND), np.linspace(0, 1, len(path))), axis=-1)
    normals, along_u, along_v = grid_frames(points, uv.astype(np.float32), closed=True)
    outward = np.sum(normals * (points - path[:, None]), axis=-1).mean() > 0
    count = points.shape[0] * points.shape[1]
    outside, triangles = np.full(count, -20, np.float32), grid_triangles(*points.shape[:2])
    return Mesh(
        points=points.reshape(-1, 3),
        normals=(normals if outward else -normals).reshape(-1, 3),
        rest=points.reshape(-1, 3),
        uv=uv.reshape(-1, 2).astype(np.float32),
        along_u=along_u.reshape(-1, 3),
        along_v=along_v.reshape(-1, 3),
        hair=outside,
        beard=outside,
        nose=outside,
        face=outside,
        open_sky=np.ones(count, np.float32),
        patch=np.full(count, Patch.GLASSES, np.uint8),
        triangles=triangles if outward else triangles[:, ::-1],
    )
