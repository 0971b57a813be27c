"""How heads differ and how they smile: displacement fields over the average head.

A head is the average plus a sum of fields, each times a number of its own (`head.HeadShape.traits`): a linear model, so
that every place of the skin keeps its (u, v). A field takes places on the average head, (..., 3) in mm, and
returns how far they move, (..., 3) in mm, for a number of 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.lab.synth.head.base_head import gaussian

__all__ = ["ONE_SIDED", "SMILE", "TRAITS", "Field", "Trait"]

Values = NDArray[np.floating]

Field = Callable[[Values], Values]


class Trait(NamedTuple):
    """One way in which heads differ: how far adults spread about the average (one standard deviation), and what
    moves.
    """

    spread: float
    moves: Field


_P = tuple[float, float, float]


def _both(points: Values) -> Values:
    """Return the same places on the left half."""
    return np.stack([np.abs(points[..., 0]), points[..., 1], points[..., 2]], axis=-1)


def _side(points: Values) -> Values:
    """Return -1 on the right half, 1 on the left, without a jump in the middle."""
    return np.asarray(np.tanh(points[..., 0] / 6.0))


def _move(points: Values, amount: Values, way: _P, *, mirrored: bool = True) -> Values:
    """Move by `amount` (...) along `way`; `mirrored`: the right half moves as in a mirror."""
    moved = amount[..., None] * np.array(way, np.float32)
    if mirrored:
        moved[..., 0] *= _side(points)
    return moved


def _push(centre: _P, spread: _P, way: _P) -> Field:
    """Push the place `centre` (given on the left) and its surroundings along `way`, on both sides."""
    return lambda points: _move(points, gaussian(_both(points), centre, spread), way)


def _widen(centre: _P, spread: _P, half_width: float) -> Field:
    """Stretch to both sides about the midline so that x = `half_width` moves by half a millimetre."""

    def field(points: Values) -> Values:
        pull = gaussian(_both(points), centre, spread) * np.abs(points[..., 0]) / half_width / 2
        return _move(points, pull, (1, 0, 0))

    return field


def _ramp(points: Values, axis: int, start: float, stop: float) -> Values:
    t = np.clip((points[..., axis] - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _face_width(points: Values) -> Values:
    above_shoulders = 1 - _ramp(points, 1, -130, -190)
    return _move(points, np.abs(points[..., 0]) / 140 * above_shoulders, (1, 0, 0))


def _face_length(points: Values) -> Values:
    return _move(points, np.clip(-points[..., 1] / 115, 0, 1), (0, -1, 0))


def _head_height(points: Values) -> Values:
    return _move(points, np.clip((points[..., 1] - 25) / 95, 0, None), (0, 1, 0))


def _head_depth(points: Values) -> Values:
    behind = np.clip(-points[..., 2] / 92, 0, None) * (1 - _ramp(points, 1, -40, -110))
    return _move(points, behind, (0, 0, -1))


def _jaw_width(points: Values) -> Values:
    p = _both(points)
    return _move(points, gaussian(p, (52, -82, 18), (22, 22, 40)) * _ramp(p, 0, 8, 40) / 2, (1, 0, 0))


def _chin_length(points: Values) -> Values:
    return _move(points, _ramp(points, 1, -74, -104) * _ramp(points, 2, 20, 60), (0, -1, 0))


def _forehead_slope(points: Values) -> Values:
    return _move(points, np.clip((points[..., 1] - 22) / 50, 0, 1.6) * _ramp(points, 2, 0, 70), (0, 0, -1))


def _eye_width(points: Values) -> Values:
    p = _both(points)
    pull = gaussian(p, (31.5, 0, 80), (14, 8, 14)) * (p[..., 0] - 31.5) / 28
    return _move(points, pull, (1, 0, 0))


def _eye_tilt(points: Values) -> Values:
    p = _both(points)
    return _move(points, gaussian(p, (31.5, 1, 80), (15, 8, 14)) * (p[..., 0] - 31.5) / 14, (0, 1, 0))


def _nose_length(points: Values) -> Values:
    grows = _ramp(points, 1, 4, -38) * (1 - _ramp(points, 1, -50, -66))
    return _move(points, grows * np.exp(-0.5 * (points[..., 0] / 17) ** 2) * _ramp(points, 2, 40, 80), (0, -1, 0))


def _lip_fullness(points: Values) -> Values:
    p = _both(points)
    upper, lower = gaussian(p, (0, -61, 98), (17, 3.0, 12)), gaussian(p, (0, -77.5, 96), (15, 3.6, 12))
    swell = gaussian(p, (0, -69, 98), (17, 7.5, 10))
    moved = _move(points, upper - lower, (0, 1, 0))
    return moved + _move(points, swell, (0, 0, 0.8))


def _neck_width(points: Values) -> Values:
    around = points - np.array([0, 0, -25], np.float32)
    around = around * np.array([1, 0, 1], np.float32)
    band = _ramp(points, 1, -85, -125) * (1 - _ramp(points, 1, -165, -215))
    inner = 1 - _ramp(points, 2, 45, 75)
    return around / 110 * (band * inner)[..., None]


def _fold(points: Values) -> Values:
    """Fold the skin from the nose's wing to outside the mouth's corner: a groove and the fat above it."""
    p = _both(points)
    t = np.clip((p[..., 1] + 40) / -32, 0, 1.2)
    line_x = 19.5 + 16 * t - 2.5 * np.sin(np.pi * np.clip(t, 0, 1))
    here = _ramp(p, 1, -33, -42) * (1 - _ramp(p, 1, -70, -82)) * _ramp(p, 2, 40, 70)
    off = (p[..., 0] - line_x) * 0.85
    groove = -np.exp(-0.5 * (off / 2.2) ** 2) + 0.8 * np.exp(-0.5 * ((off - 6) / 4.5) ** 2)
    return _move(points, groove * here, (0.5, 0.1, 0.85))


def _eye_bags(points: Values) -> Values:
    p = _both(points)
    bag = gaussian(p, (31, -12.5, 84), (10, 3.2, 12)) - 0.7 * gaussian(p, (29, -19, 84), (11, 2.6, 14))
    return _move(points, bag, (0, 0, 1))


def _lid_fold(points: Values) -> Values:
    return _move(points, gaussian(_both(points), (32, 9.2, 84), (14, 2.8, 10)), (0, -0.8, 0.75))


def _lid_crease(points: Values) -> Values:
    p = _both(points)
    line = 8.6 - 5.0 * ((p[..., 0] - 30.5) / 14) ** 2
    here = np.exp(-(((p[..., 0] - 31.5) / 13) ** 4)) * _ramp(p, 2, 55, 68)
    return _move(points, np.exp(-0.5 * ((p[..., 1] - line) / 1.0) ** 2) * here, (0, 0, -1))


def _lean(centre: _P, spread: _P, arm: float) -> Field:
    """Raise the left side and lower the right about the midline: `arm` mm out it is 1 mm."""

    def field(points: Values) -> Values:
        lift = gaussian(_both(points), centre, spread) * points[..., 0] / arm
        return _move(points, lift, (0, 1, 0), mirrored=False)

    return field


def _sideways(centre: _P, spread: _P) -> Field:
    return lambda points: _move(points, gaussian(_both(points), centre, spread), (1, 0, 0), mirrored=False)


def _smile(points: Values) -> Values:
    """Smile with closed lips: mouth corners up, out and back, cheeks raised, lower lids up, lips thinner."""
    p = _both(points)
    moved = _move(points, gaussian(p, (26, -67, 84), (11, 8, 16)), (5.5, 6.0, -4.0))
    moved += _move(points, gaussian(p, (12, -67, 94), (9, 8, 12)), (2.0, 1.0, -2.0))
    moved += _move(points, gaussian(p, (0, -66, 97), (9, 9, 12)), (0, 0.6, -2.2))
    moved += _move(points, gaussian(p, (41, -33, 74), (14, 10, 20)), (1.6, 3.2, 3.2))
    moved += _move(points, gaussian(p, (31.5, -6.5, 84), (12, 3.2, 9)), (0, 1.5, 0.5))
    moved += _move(points, gaussian(p, (14, -41, 98), (6, 6, 10)), (1.1, 0.4, -0.4))
    moved += _move(points, gaussian(p, (45, -66, 66), (8, 10, 14)), (1.5, 1.0, 0.5))
    return moved + 1.5 * _fold(points)


# One line a trait; adding one takes no more. Numbers are in mm at the place that moves most.
TRAITS: dict[str, Trait] = {
    "face_width": Trait(5.5, _face_width),
    "face_length": Trait(5, _face_length),
    "head_height": Trait(4, _head_height),
    "head_depth": Trait(4, _head_depth),
    "jaw_width": Trait(5, _jaw_width),
    "chin_length": Trait(2.2, _chin_length),
    "chin_forward": Trait(2.4, _push((0, -101, 92), (20, 13, 26), (0, 0, 1))),
    "chin_width": Trait(3.5, _widen((10, -104, 85), (20, 11, 26), 15)),
    "cheekbones": Trait(1.5, _push((52, -17, 62), (15, 11, 22), (0.75, 0, 0.66))),
    "cheek_fullness": Trait(2.6, _push((43, -50, 64), (17, 17, 26), (0.75, 0, 0.66))),
    "brow_ridge": Trait(1.2, _push((22, 18, 94), (26, 6.5, 18), (0, 0, 1))),
    "brow_height": Trait(1.3, _push((32, 19, 88), (22, 6, 16), (0, 1, 0))),
    "brow_tilt": Trait(1.2, _push((46, 19, 76), (10, 6, 16), (0, 1, 0))),
    "temples": Trait(1.5, _push((66, 32, 34), (14, 22, 26), (1, 0, 0))),
    "forehead_slope": Trait(3, _forehead_slope),
    "eye_spacing": Trait(2.6, _push((31.5, 0, 80), (14, 13, 24), (0.5, 0, 0))),
    "eye_width": Trait(1.4, _eye_width),
    "eye_opening": Trait(0.7, _push((31, 5.5, 84), (13, 3.2, 7), (0, 1, 0.2))),
    "eye_tilt": Trait(0.9, _eye_tilt),
    "eye_depth": Trait(1.4, _push((31.5, 1, 80), (16, 10, 22), (0, 0, -1))),
    "lid_fold": Trait(0.9, _lid_fold),
    "lid_crease": Trait(0.5, _lid_crease),
    "nose_length": Trait(2.4, _nose_length),
    "nose_width": Trait(3.4, _widen((14, -40, 98), (11, 9, 18), 17)),
    "bridge_width": Trait(1.8, _widen((7, -8, 92), (8, 14, 14), 9)),
    "bridge_height": Trait(2.0, _push((0, -2, 96), (7, 12, 16), (0, 0, 1))),
    "nose_tip": Trait(2.0, _push((0, -37, 110), (11, 11, 16), (0, 0, 1))),
    "nose_tip_up": Trait(1.6, _push((0, -38, 112), (9, 8, 12), (0, 1, 0))),
    "nose_hump": Trait(0.9, _push((0, -13, 103), (6, 7, 12), (0, 0, 1))),
    "mouth_width": Trait(3.4, _widen((22, -68, 88), (15, 9, 20), 25)),
    "mouth_height": Trait(1.3, _push((0, -68, 95), (32, 10, 30), (0, 1, 0))),
    "mouth_forward": Trait(1.8, _push((0, -68, 97), (24, 14, 20), (0, 0, 1))),
    "mouth_corners": Trait(0.9, _push((25, -67, 86), (8, 6, 14), (0, 1, 0))),
    "lip_fullness": Trait(0.9, _lip_fullness),
    "neck_width": Trait(7, _neck_width),
    "cheek_folds": Trait(0.4, _fold),
    "eye_bags": Trait(0.45, _eye_bags),
    "jowls": Trait(0.8, _push((40, -95, 58), (9, 8, 14), (0.5, -0.7, 0.3))),
    "brows_lean": Trait(0.5, _lean((32, 19, 88), (24, 7, 16), 32)),
    "eyes_lean": Trait(0.35, _lean((31.5, 0, 80), (16, 10, 22), 31.5)),
    "mouth_leans": Trait(0.5, _lean((20, -68, 90), (18, 9, 20), 25)),
    "nose_aside": Trait(0.8, _sideways((0, -34, 106), (13, 15, 18))),
    "chin_aside": Trait(0.9, _sideways((0, -100, 88), (26, 16, 30))),
}

ONE_SIDED = frozenset({"brows_lean", "eyes_lean", "mouth_leans", "nose_aside", "chin_aside"})
"""The traits that turn their sign in a mirror."""

SMILE: Field = _smile
