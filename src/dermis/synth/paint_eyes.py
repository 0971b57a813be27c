"""Eyeballs, lids' rims and lashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.core import Part
from dermis.synth.mesh_atlas import eye_opening
from dermis.synth.mesh_sculpture import EYE
from dermis.synth.noise import bilinear_wrapped, noise_tile
from dermis.synth.paint_surface import Seen, Surface, cover_over, some
from dermis.synth.raster import Fragments, interpolate

if TYPE_CHECKING:
    from dermis.synth.head import Head

__all__ = ["paint_eyes"]

Values = NDArray[np.floating]

_IRIS_MM, _PUPIL_MM = 6.0, 2.1
_WHITE, _CARUNCLE, _RIM, _PUPIL = (0.56, 0.50, 0.46), (0.42, 0.20, 0.17), (0.40, 0.21, 0.18), 0.004


def paint_eyes(surface: Surface, seen: Seen, head: Head, fragments: Fragments, turn: Values) -> None:
    """Paint what lies in the lid slits, and the lashes along them."""
    rest = seen.rest
    near = np.flatnonzero(seen.body & (np.abs(rest[:, 1]) < 13) & (np.abs(np.abs(rest[:, 0]) - EYE.x_mm) < 19))
    slit = eye_opening(rest[near])
    _paint_lashes(surface, near, slit, rest[near], np.array(head.shape.hair.colour) * 0.6)
    ball, slit = near[slit > 0], slit[slit > 0]
    rest = rest[ball]
    outward = interpolate(some(fragments, ball), head.skin.points) - head.eyes[(rest[:, 0] > 0).astype(np.intp)]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    gaze = _gaze(head)
    # Distance from the pupil's centre on the ball, in mm.
    away = np.arccos(np.clip(outward @ gaze, -1, 1)) * EYE.radius_mm
    in_iris = _within(away, _IRIS_MM, 0.7)
    iris = _iris(outward - gaze, away, head.shape.iris)
    white = _white(slit, rest)
    paint = white + (iris - white) * in_iris
    surface.paint[ball] = paint + (_PUPIL - paint) * _within(away, _PUPIL_MM, 0.4)
    surface.parts[ball] = Part.EYES
    surface.cover[ball] = 1
    surface.gloss[ball] = 0.08
    # The cornea is more curved than the ball: its normals turn away from the gaze.
    cornea = (outward + 0.55 * in_iris * (outward - gaze)) @ turn.T
    surface.normals[ball] = cornea / np.maximum(np.linalg.norm(cornea, axis=1, keepdims=True), 1e-6)
    under_lid = np.clip((4.6 - rest[:, 1]) / 4.5, 0, 1)
    surface.open_sky[ball] = (0.35 + 0.5 * under_lid) * np.clip(slit / 1.2 + 0.45, 0, 1)


def _gaze(head: Head) -> Values:
    side, up = np.radians(head.expression.gaze_deg)
    return np.array([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)], np.float32)


def _within(away: Values, radius_mm: float, soft_mm: float) -> Values:
    return np.asarray(np.clip((radius_mm - away) / soft_mm + 0.5, 0, 1))[:, None]


def _iris(off: Values, away: Values, colour: tuple[float, float, float]) -> Values:
    """Return the colour with fibres out from the pupil and a darker rim."""
    spoke = np.arctan2(off[:, 1], np.abs(off[:, 0]))
    fibres = bilinear_wrapped(noise_tile(20, 256, 4.0), spoke * 40.7, away * 3)
    shade = np.clip(1 + 0.3 * fibres - 0.5 * np.clip(away - 4.6, 0, 2), 0.2, 1.8)
    return np.asarray(np.array(colour) * shade[:, None])


def _white(slit: Values, rest: Values) -> Values:
    """Return the white, pink in the inner corner and where it meets the lids."""
    corner = np.clip((19.5 - np.abs(rest[:, 0])) / 3.5, 0, 1)[:, None]
    rim = 0.6 * np.clip(1 - slit / 0.7, 0, 1)[:, None]
    white = np.array(_WHITE) * (1 - corner) + np.array(_CARUNCLE) * corner
    return np.asarray(white * (1 - rim) + np.array(_RIM) * rim)


def _paint_lashes(surface: Surface, near: NDArray[np.intp], slit: Values, rest: Values, colour: Values) -> None:
    side, up = np.abs(rest[:, 0]), rest[:, 1]
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), up * 3, side * 6)
    outer = np.clip((side - 20) / 10, 0.2, 1)
    long = np.clip((slit + 2.0) / 1.6, 0, 1) * (slit < 0) * np.clip(0.25 + 0.35 * hairs, 0, 1) * outer
    upper = np.maximum(0.85 * np.exp(-0.5 * ((slit + 0.35) / 0.55) ** 2), long)
    lower = np.exp(-0.5 * ((slit + 0.5) / 0.5) ** 2) * np.clip(0.22 + 0.2 * hairs, 0, 1)
    cover_over(surface, near, np.where(up > -0.3, upper, lower), colour)
