"""The fixed map between the skin and a unit square, and the average head's surface laid out on it.

u runs around the head (0.5 in the middle of the face, growing to the person's left), v from the crown (0) down to
the chest (1). A place keeps its (u, v) over people, views, expressions and visits. On the face the square is close
to even: 1/1024 of u or v is about a third of a millimetre; steep places (sides and underside of the nose) are
stretched, the back of the head is squeezed. Row and column of an (h, w) map are v * h and u * w.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap
from dermis.lab.synth.head.base_head import EYE, distance

__all__ = ["EAR_CORNER", "Template", "eye_opening", "places", "template", "trace"]

EAR_CORNER = (0.07, 0.84)
"""The ears lie in the square's two lower corners, |u - 0.5| > 0.5 - 0.07 and v > 0.84; there the back is dressed."""

_AXIS_Z_MM = 12.0
# Rays leave the head's axis at height y and pitch, and find the skin; they fan out so that none crosses another.
_AROUND = np.array([(0.0, -180), (0.08, -100), (0.5, 0), (0.92, 100), (1.0, 180)])  # u, angle in degrees
_DOWN = np.array(  # v, pitch in degrees, height of the origin in mm
    [
        (0.00, 90, 8),
        (0.10, 62, 8),
        (0.20, 36, 8),
        (0.30, 17, 8),
        (0.40, -2, 8),
        (0.50, -20, 8),
        (0.60, -33, -4),
        (0.70, -38, -30),
        (0.80, -40, -75),
        (0.84, -33, -100),
        (0.88, -16, -135),
        (0.92, -4, -185),
        (1.00, 0, -330),
    ]
)
# How far apart the mesh lines lie: up to this u - 0.5 or v, this step.
_COLUMN_STEPS = ((0.165, 0.0020), (0.20, 0.0030), (0.36, 0.0046), (0.5, 0.0055))
_ROW_STEPS = (
    (0.20, 0.0060),
    (0.34, 0.0055),
    (0.46, 0.0018),
    (0.66, 0.0026),
    (0.75, 0.0040),
    (0.83, 0.0035),
    (0.92, 0.0045),
    (1.00, 0.0110),
)


class Template(NamedTuple):
    """The average head's skin as a grid.

    points: (rows, columns, 3) float32 in mm, the same left and right; rays: (rows, columns, 3), the ways of
    length 1 from the head's axis to them; u: (columns,); v: (rows,).
    """

    points: FloatMap
    rays: FloatMap
    u: FloatMap
    v: FloatMap

    @property
    def level_reach(self) -> FloatMap:
        """(rows, columns, 2) the level way (x, z) from the head's axis to each point, in mm."""
        return self.points[..., ::2] - np.array([0, _AXIS_Z_MM], np.float32)


@cache
def template() -> Template:
    """Return the average head, eyes open; found once and kept."""
    right = _lines(_COLUMN_STEPS, 0.5)
    u = np.concatenate([0.5 - right[:0:-1], 0.5 + right])
    v = _lines(_ROW_STEPS, 1.0)
    half = _open_eyes(trace(0.5 + right, v))
    whole = np.concatenate([half[:, :0:-1] * np.array([-1, 1, 1], np.float32), half], axis=1)
    rays = _rays(u, v)[1]
    return Template(points=whole, rays=rays, u=u.astype(np.float32), v=v.astype(np.float32))


def places(rows: int, columns: int) -> FloatMap:
    """Return where on the average head the texels of a (rows, columns) map lie: (rows, columns, 3) in mm."""
    base = template()
    down, across = _blend(base.v, rows), _blend(base.u, columns)
    return np.stack([down @ base.points[..., k] @ across.T for k in range(3)], axis=-1)


def _blend(lines: FloatMap, count: int) -> FloatMap:
    """Return the (count, len(lines)) weights of mesh lines at texel centres."""
    centre = (np.arange(count) + 0.5) / count
    low = np.clip(np.searchsorted(lines, centre) - 1, 0, len(lines) - 2)
    share = (centre - lines[low]) / (lines[low + 1] - lines[low])
    weights = np.zeros((count, len(lines)), np.float32)
    weights[np.arange(count), low] = 1 - share
    weights[np.arange(count), low + 1] = share
    return weights


def trace(u: NDArray[np.floating], v: NDArray[np.floating]) -> FloatMap:
    """Return the skin at every pair of `v` (r,) and `u` (c,): (r, c, 3) float32 in mm, lids closed."""
    start, ray = _rays(u, v)
    far = np.full(ray.shape[:2], 25, np.float32)
    gap = distance(start + ray * far[..., None])
    step = -0.8 * np.clip(gap, -15, 15)
    for _ in range(24):
        moved = far + step
        left = distance(start + ray * moved[..., None])
        # Secant rule; the surface is met at a slant, so a millimetre along the ray changes `distance` by less.
        slope = (left - gap) / np.where(np.abs(step) < 1e-4, np.float32(1), step)
        slope = np.where(np.abs(step) < 1e-4, np.float32(1), np.clip(slope, 0.35, 1.4))
        far, gap, step = moved, left, -0.9 * np.clip(left / slope, -15, 15)
    return (start + ray * far[..., None]).astype(np.float32)


def eye_opening(points: FloatMap) -> FloatMap:
    """Return how far inside an open lid slit `points` (..., 3) of the average head lie, in mm (negative: skin)."""
    across = (np.abs(points[..., 0]) - EYE.x_mm) / 14.2
    height = points[..., 1] - EYE.y_mm - 0.09 * 14.2 * across
    upper = 4.9 * np.clip(1 - np.abs((across + 0.08) / 1.08) ** 2.3, 0, None)
    lower = 4.8 * np.clip(1 - np.abs((across - 0.06) / 1.06) ** 2.1, 0, None)
    inside = np.where(height > 0, upper - height, lower + height)
    beyond = np.clip(np.abs(across) - 1, 0, None) * 14.2
    inside = np.where(beyond > 0, -np.hypot(beyond, height), inside)
    return np.where(points[..., 2] > 40, inside, -20).astype(np.float32)


def _lines(steps: tuple[tuple[float, float], ...], stop: float) -> NDArray[np.float64]:
    """Place mesh lines from 0 to `stop` so that their distances follow `steps`."""
    fine = np.linspace(0, stop, 4001)
    size = np.array([step for _, step in steps])[np.searchsorted([end for end, _ in steps], fine)]
    smooth = np.convolve(np.pad(1 / size, 60, "edge"), np.full(121, 1 / 121), "valid")
    count = np.concatenate([[0], np.cumsum((smooth[1:] + smooth[:-1]) / 2) * (fine[1] - fine[0])])
    return np.interp(np.linspace(0, count[-1], int(np.ceil(count[-1])) + 1), count, fine)


def _rays(u: NDArray[np.floating], v: NDArray[np.floating]) -> tuple[FloatMap, FloatMap]:
    from scipy.interpolate import PchipInterpolator

    side = np.radians(PchipInterpolator(_AROUND[:, 0], _AROUND[:, 1])(u))
    pitch = np.radians(PchipInterpolator(_DOWN[:, 0], _DOWN[:, 1])(v))
    height = PchipInterpolator(_DOWN[:, 0], _DOWN[:, 2])(v)
    level = np.cos(pitch)[:, None]
    rise = np.broadcast_to(np.sin(pitch)[:, None], (len(v), len(u)))
    ray = np.stack([np.sin(side) * level, rise, np.cos(side) * level], axis=-1)
    start = np.zeros((len(v), 1, 3))
    start[:, 0, 1] = height
    start[:, 0, 2] = _AXIS_Z_MM
    return start.astype(np.float32), ray.astype(np.float32)


def _open_eyes(points: FloatMap) -> FloatMap:
    """Sink the skin inside the lid slits onto the eyeball."""
    ball = EYE.radius_mm**2 - (np.abs(points[..., 0]) - EYE.x_mm) ** 2 - (points[..., 1] - EYE.y_mm) ** 2
    front = EYE.z_mm + np.sqrt(np.clip(ball, 0, None))
    depth = np.clip(front, points[..., 2] - 3.5, points[..., 2])
    opened = points.copy()
    opened[..., 2] = np.where(eye_opening(points) > 0, depth, points[..., 2])
    return opened
