"""The average adult head as a mathematical surface, in millimetres.

The surface is where `distance` is zero: ellipsoids, cones and a lofted face, blended smoothly, with soft bumps on
top. Frame: origin between the eyes at pupil height, level with the ears; x to the person's left, y up, z out of
the face. Sizes follow published adult means of facial anthropometry (face width 140, eye spacing 63, nose
50 x 34, mouth 50, all in mm); the shapes between are drawn by hand. Left and right are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["EYE", "Eye", "distance", "gaussian"]

Values = NDArray[np.floating]

_Point = tuple[float, float, float]
_Axes = tuple[Values, Values, Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """One eyeball of the average head, the left: where its centre is and how large it is.

    The radius is a little more than a real eyeball's 12 mm, so that the lids find it out to their corners.
    """

    x_mm: float = 31.5
    y_mm: float = 0.0
    z_mm: float = 71.0
    radius_mm: float = 13.0


EYE = Eye()

# The face as a stack of horizontal superellipses: height, half width, depth in front of the ears, exponent.
_FACE = np.array(
    [
        (-135, 10, 50, 2.0),
        (-122, 22, 70, 2.0),
        (-113, 36, 84, 2.0),
        (-106, 45, 89, 2.0),
        (-98, 51, 90.5, 2.0),
        (-88, 56, 91, 2.05),
        (-75, 59.5, 93.5, 2.0),
        (-60, 62.5, 94.5, 2.0),
        (-45, 65.5, 93, 2.1),
        (-30, 68, 91, 2.2),
        (-15, 69.5, 90, 2.3),
        (0, 69.5, 91, 2.3),
        (20, 70, 98, 2.2),
        (45, 71, 97, 2.05),
        (60, 69.5, 92, 2.0),
        (80, 60, 74, 2.0),
        (110, 30, 30, 2.0),
    ],
    dtype=np.float32,
)


def distance(points: Values) -> Values:
    """Return roughly how far `points` (..., 3) in mm lie outside the head, negative inside; shape (...)."""
    x = np.sqrt(points[..., 0] ** 2 + np.float32(0.25))  # both halves alike, rounded where they meet
    at = (x, points[..., 1], points[..., 2])
    head = _join(_ellipsoid(at, (0, 37, -3), (74, 83, 92)), _lofted_face(at), 16)
    head = _soft_tissue(at, head)
    head = _carve(head, _ellipsoid(at, (31, 1.5, 100), (19, 11.5, 20)), 11)  # eye sockets
    head = _join(head, _ball(at, (EYE.x_mm, EYE.y_mm, EYE.z_mm), EYE.radius_mm + 1.6), 5)
    head = _join(head, _nose(at), 8)
    head = _carve(head, _ellipsoid(at, (6.4, -48, 102.5), (3.0, 4.5, 5)), 2.5)  # nostrils
    head = _mouth(at, head)
    return _join(head, _body(at), 22)


def gaussian(points: Values, centre: _Point, spread: _Point) -> Values:
    """Return a bell of height 1 over `points` (..., 3), the same left and right: without a crease in the middle.

    centre: its place on the left. spread: one standard deviation along x, y, z.
    """
    return _bell((points[..., 0], points[..., 1], points[..., 2]), centre, spread)


def _soft_tissue(at: _Axes, head: Values) -> Values:
    """Raise (positive, mm) and sink (negative) the plain face."""
    bumps: tuple[tuple[float, _Point, _Point], ...] = (
        (1.6, (45, -22, 76), (14, 9, 20)),  # cheekbone
        (3.0, (30, 19, 92), (20, 6, 14)),  # brow ridge
        (2.2, (5, 16, 99), (9, 7, 12)),  # between the brows
        (1.5, (50, 14, 66), (9, 8, 14)),  # outer brow
        (-1.2, (66, 20, 35), (12, 16, 22)),  # temple
        (2.0, (0, -99, 92), (15, 8, 14)),  # chin
        (-3.5, (0, -86, 94), (16, 5, 12)),  # below the lower lip
        (-1.2, (52, -52, 50), (13, 16, 20)),  # below the cheekbone
        (2.0, (28, -42, 84), (10, 12, 16)),  # beside the nose
        (2.6, (0, -66, 97), (26, 15, 16)),  # around the mouth
    )
    for height, centre, spread in bumps:
        head = head - height * _bell(at, centre, spread)
    return head


def _nose(at: _Axes) -> Values:
    nose = _cone(at, (0, 6, 87), (0, -32, 103), 5.5, 8.0)
    nose = _join(nose, _cone(at, (5, -2, 82), (10, -34, 91), 6, 8.5), 9)
    nose = _join(nose, _ball(at, (2.2, -36, 107), 8.6), 7)
    nose = _join(nose, _ellipsoid(at, (11.5, -39.5, 98.5), (6.2, 6.8, 9.5)), 5)
    return _join(nose, _cone(at, (0, -42, 107), (0, -46, 97), 4, 4.5), 4)


def _mouth(at: _Axes, head: Values) -> Values:
    """Lay two rolls along the dental arch; the line between them is the mouth."""
    x, y, z = at
    along = np.clip(x / 25, 0, 1.2)
    arch = x * x / 56
    thin = np.clip(1 - along**2.2, 0, 1)
    upper_y = -63.6 + 1.3 * np.exp(-(((x - 5.5) / 4) ** 2)) - 2.2 * along**2
    lower_y = -72.2 + 4.6 * along**2
    upper = np.hypot(y - upper_y, z - (97.4 - arch)) - (4.1 * thin**0.7 + 0.2)
    lower = np.hypot(y - lower_y, z - (95.8 - arch)) - (4.9 * thin**0.6 + 0.2)
    lips = _join(upper, lower, 0.6) + np.clip(x - 25, 0, None) * 0.8
    head = _join(head, lips, 4.5)
    head = head + 1.1 * _bell(at, (0, -54, 104), (2.6, 5, 8)) - 0.7 * _bell(at, (5.5, -54, 102), (2.2, 6, 8))
    return head + 1.6 * _bell(at, (27, -67.5, 84), (3.5, 3.5, 8))


def _body(at: _Axes) -> Values:
    neck = _cone(at, (0, -30, -22), (0, -200, -30), 47, 56)
    shoulders = _cone(at, (20, -190, -42), (150, -232, -42), 38, 42)
    chest = _ellipsoid(at, (0, -340, -32), (185, 135, 92))
    return _join(neck, _join(shoulders, chest, 50), 40)


def _lofted_face(at: _Axes) -> Values:
    x, y, z = at
    # The jaw's lower edge rises towards the ear: shear the stack there.
    level = y - _smoothstep(-30, -110, y) * 34 * np.clip(80 - z, -10, 85) / 75
    half_width, front, exponent = (_table(column, level) for column in _loft())
    depth = np.where(z > 0, z / front, -z / 66)
    ring = ((x / half_width) ** exponent + depth**exponent) ** (1 / exponent) + 1e-6
    reach = np.hypot(x, z)
    wall = reach - reach / ring
    floor = (-116.5 - level) * 0.8
    return 0.85 * _cut(_cut(wall, floor, 10), y - 85, 20)


@cache
def _loft() -> tuple[Values, Values, Values]:
    """Return half width, depth and exponent every half millimetre from _FACE's lowest to its highest level."""
    margin = 16
    levels = np.arange(_FACE[0, 0] - margin / 2, _FACE[-1, 0] + margin / 2 + 0.25, 0.5)
    window = np.hanning(2 * margin + 3)[1:-1]
    window /= window.sum()
    plain = (np.interp(levels, _FACE[:, 0], _FACE[:, k]) for k in (1, 2, 3))
    width, front, exponent = (np.convolve(column, window, "valid").astype(np.float32) for column in plain)
    return width, front, exponent


def _table(column: Values, level: Values) -> Values:
    place = np.clip((level - _FACE[0, 0]) * 2, 0, len(column) - 1.001)
    low = place.astype(np.int32)
    return np.asarray(column[low] + (column[low + 1] - column[low]) * (place - low).astype(np.float32))


def _smoothstep(start: float, stop: float, x: Values) -> Values:
    t = np.clip((x - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _join(a: Values, b: Values, blend: float) -> Values:
    """Unite two bodies with a fillet of about `blend` mm (polynomial smooth minimum)."""
    h = np.maximum(blend - np.abs(a - b), 0)
    return np.minimum(a, b) - h * h * np.float32(0.25 / blend)


def _cut(a: Values, b: Values, blend: float) -> Values:
    return -_join(-a, -b, blend)


def _carve(a: Values, hollow: Values, blend: float) -> Values:
    return _cut(a, -hollow, blend)


def _scaled(at: _Axes, centre: _Point, size: _Point) -> _Axes:
    """Return the way from `centre`, each axis in units of `size`."""
    x, y, z = at
    (cx, cy, cz), (sx, sy, sz) = np.array(centre, np.float32), np.array(size, np.float32)
    return (x - cx) / sx, (y - cy) / sy, (z - cz) / sz


def _length(x: Values, y: Values, z: Values) -> Values:
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def _ball(at: _Axes, centre: _Point, radius: float) -> Values:
    return _length(*_scaled(at, centre, (1, 1, 1))) - np.float32(radius)


def _ellipsoid(at: _Axes, centre: _Point, radii: _Point) -> Values:
    """Return about the distance to an ellipsoid (exact on it, right in slope)."""
    inner = _scaled(at, centre, radii)
    reach = _length(*inner) + np.float32(1e-6)
    slope = _length(*_scaled(inner, (0, 0, 0), radii)) + np.float32(1e-9)
    return np.asarray(reach * (reach - 1) / slope)


def _cone(at: _Axes, start: _Point, stop: _Point, start_radius: float, stop_radius: float) -> Values:
    """Return the distance to a round cone between two points."""
    dx, dy, dz = np.subtract(stop, start).astype(np.float32)
    x, y, z = _scaled(at, start, (1, 1, 1))
    t = np.clip((x * dx + y * dy + z * dz) / (dx * dx + dy * dy + dz * dz), 0, 1)
    reach = _length(x - t * dx, y - t * dy, z - t * dz)
    return np.asarray(reach - (np.float32(start_radius) + np.float32(stop_radius - start_radius) * t))


def _bell(at: _Axes, centre: _Point, spread: _Point) -> Values:
    """Return a bell of height 1 at `centre` and, where that is not in the middle, another at its mirror image."""
    x, y, z = _scaled(at, (0, centre[1], centre[2]), spread)
    offset = np.float32(centre[0] / spread[0])
    across = np.exp(np.float32(-0.5) * (x - offset) ** 2)
    if centre[0]:
        across = across + np.exp(np.float32(-0.5) * (x + offset) ** 2)
    return np.asarray(across * np.exp(np.float32(-0.5) * (y * y + z * z)))
