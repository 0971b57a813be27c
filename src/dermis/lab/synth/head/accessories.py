"""Glasses and clothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.lab.synth.head.mesh import Mesh, MeshPatch, grid_frames, grid_triangles, join
from dermis.lab.synth.noise import bilinear_wrapped, noise_tile

__all__ = [
    "PLAIN",
    "Clothing",
    "Glasses",
    "backdrop",
    "clothes",
    "draw_clothing",
    "draw_glasses",
    "dressed_inside",
    "glasses_mesh",
]

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
        patch=np.full(count, MeshPatch.GLASSES, np.uint8),
        triangles=triangles if outward else triangles[:, ::-1],
    )


_Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothing:
    """Clothes and background; colours are linear sRGB reflectances.

    neckline_mm: height of the collar's front, 0 is the eyes. stripes: how strongly the cloth is patterned.
    behind, behind_low: background above and below. clutter: how strongly blurred things show in it.
    """

    cloth: _Colour = (0.30, 0.32, 0.36)
    neckline_mm: float = -188.0
    stripes: float = 0.0
    behind: _Colour = (0.33, 0.33, 0.33)
    behind_low: _Colour = (0.28, 0.28, 0.28)
    clutter: float = 0.0
    pattern: int = 0


PLAIN = Clothing()
"""Grey cloth before a grey wall."""


def draw_clothing(rng: np.random.Generator) -> Clothing:
    """Draw clothes and a background: plain, graded or cluttered."""
    wall = rng.uniform(0.03, 0.75) * (1 + rng.normal(0, 0.12, 3))
    floor = wall * rng.uniform(0.5, 1.1)
    grey = rng.uniform(0.02, 0.75)
    cloth = grey * np.clip(1 + rng.normal(0, 0.45, 3), 0.15, 2)
    return Clothing(
        cloth=_colour(cloth),
        neckline_mm=float(rng.uniform(-215, -165)),
        stripes=float(rng.uniform(0, 0.5)) if rng.random() < 0.3 else 0.0,
        behind=_colour(wall),
        behind_low=_colour(floor),
        clutter=float(rng.uniform(0.1, 0.7)) if rng.random() < 0.45 else float(rng.uniform(0, 0.08)),
        pattern=int(rng.integers(0, 1 << 16)),
    )


def dressed_inside(rest: Values, dress: Clothing) -> Values:
    """Return how far inside the clothes places (..., 3) of the average head lie, in mm."""
    front = np.clip((rest[..., 2] + 30) / 60, 0, 1)
    collar = dress.neckline_mm * front + (-150.0) * (1 - front)
    collar = collar - 0.10 * np.clip(np.abs(rest[..., 0]) - 60, 0, 100)
    return np.asarray(collar - rest[..., 1], np.float32)


def clothes(rest: Values, dress: Clothing) -> Values:
    """Return the cloth's reflectance (n, 3) at places (n, 3)."""
    row, column = rest[:, 1] * 2.2, rest[:, 0] * 2.2 + rest[:, 2]
    weave = bilinear_wrapped(noise_tile(21, 256, 3.0), row * 4, column * 4)
    folds = bilinear_wrapped(noise_tile(22, 256, 40.0, 2.0), row * 0.6, column * 0.6)
    shade = 1 + 0.05 * weave + 0.10 * folds + dress.stripes * np.sign(np.sin(rest[:, 1] * 0.45))
    return _bounded(np.array(dress.cloth, np.float32) * shade[:, None])


def backdrop(pixel_row: Values, pixel_column: Values, dress: Clothing) -> Values:
    """Return the background's reflectance (n, 3); rows and columns (n,) as shares of the picture's shorter side."""
    down = np.clip(pixel_row, 0, 1)[:, None]
    plain = np.array(dress.behind, np.float32) * (1 - down) + np.array(dress.behind_low, np.float32) * down
    if dress.clutter < 0.01:
        return _bounded(plain)
    layers = []
    for k in range(3):
        tile = noise_tile(31 + (dress.pattern + 7 * k) % 5, 256, 34.0)
        offset = (dress.pattern * (k + 3)) % 251
        layers.append(bilinear_wrapped(tile, pixel_row * 110 + offset, pixel_column * 110 + 2 * offset))
    common = layers[0][:, None]
    tint = np.stack(layers, axis=1)
    return _bounded(plain * np.exp(dress.clutter * (0.9 * common + 0.22 * tint)).astype(np.float32))


def _bounded(colour: Values) -> Values:
    return np.clip(colour, 0.005, 0.9).astype(np.float32)


def _colour(values: Values) -> _Colour:
    red, green, blue = np.clip(values, 0.01, 0.85)
    return float(red), float(green), float(blue)
