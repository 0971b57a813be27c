"""By how much single places of the skin differ between two photos that are laid on each other.

A network that looks at each photo alone overlooks a lesion that the two photos side by side show plainly. So each
place is held against itself: how much darker in green it is than the ring around it, here less there. Light, camera and
tone of the skin change both alike and drop out. No alignment is exact, so in both photos the place that stands out most
nearby is taken: what is in both is found in both. What is left where nothing changed, of other sharpness, noise and
alignment, is told by places all over the same face, and is the unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import Encoding, Face, Photo
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment, on_mask, on_skin

__all__ = ["compared_contrast", "hidden_shares"]

Points = NDArray[np.float64]

_INNER, _RING = (0.0, 0.12, 0.22), (0.65, 0.8, 0.95)
"""Radii of the circles of points in a place and in the ring around it, over the side of its box."""
_TURNS = 16
_BLUR = 1 / 600
"""Smoothing of both photos, in face widths: the coarser pixel of the two should not decide."""
_LEAST_BLUR_PX = 0.3
_SIDES = (0.015, 0.06)
"""Sides of the places that tell what differs where nothing changed, in face widths: those of lesions."""
_PLACES, _SEED = 400, 1
_LEAST_SPREAD = 0.3
"""In 100 x green density: two photos are never told to differ by less."""
_FEWEST = 20
_DARKEST = 0.004
_SIGMAS_OFF = 2.0
"""A place is looked for within so many sigmas of the alignment."""
_WITHIN = ((0.0, 1), (0.5, 6), (1.0, 12))
"""Radii, over that reach, and numbers of the points where it is looked for."""


def compared_contrast(
    here: tuple[Photo, Face], there: tuple[Photo, Face], laid: Alignment, middles: Points, sides_px: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much more each place stands out here than in the other photo, and how much it does there; both (n,).

    laid: of `here` on `there`. middles: (n, 2) in pixels of the photo `here`. sides_px: (n,) of the boxes. Above 0 a
    place is darker or redder: here than there, there than its surroundings. Both in standard deviations of the same
    measure at places all over the face that both photos show; zeros where there are too few.
    """
    if not len(middles):
        return np.zeros(0), np.zeros(0)
    width_px = face_width_px(here[1])
    some, sides = _places_of_face(here[1], there[1], laid, width_px)
    points, lengths = np.concatenate([middles, some]), np.concatenate([sides_px, sides])
    reach = np.full(len(lengths), _SIGMAS_OFF * laid.off_face_widths * width_px)
    scale = face_width_px(there[1]) / width_px
    left = _contrast(there, points, lengths, laid, scale * reach)
    gained = _contrast(here, points, lengths, None, reach) - left
    return _in_deviations(gained, len(middles)), _in_deviations(left, len(middles))


def _in_deviations(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the first `count` of values in standard deviations, robust ones, of the others from their median."""
    usual = values[count:]
    if len(usual) < _FEWEST:
        return np.zeros(count)
    middle = float(np.median(usual))
    spread = 1.4826 * float(np.median(np.abs(usual - middle)))
    return np.asarray((values[:count] - middle) / max(spread, _LEAST_SPREAD))


def hidden_shares(
    seen: tuple[Photo, Face],
    glare: BoolMap,
    middles: Points,
    sides_px: NDArray[np.float64],
    laid: Alignment | None = None,
) -> NDArray[np.float64]:
    """Return the share (n, 2) of each place, and of its ring, that glares or lies outside of a photo.

    glare: (h, w) of the frame of the face. middles, sides_px: as in `compared_contrast`. laid: what leads from their
    photo to this one; none where it is the same.
    """
    photo, face = seen
    points = _points(middles, sides_px, laid)
    high = (photo.pixels.shape[1], photo.pixels.shape[0])
    outside = ((points < 0) | (points >= high)).any(axis=-1)
    hidden, inner = outside | on_mask(face.frame, glare, points), len(_INNER) * _TURNS
    return np.stack([hidden[:, :inner].mean(axis=1), hidden[:, inner:].mean(axis=1)], axis=1)


def _places_of_face(face: Face, other: Face, laid: Alignment, width_px: float) -> tuple[Points, NDArray[np.float64]]:
    """Return middles (m, 2) and sides (m,) in pixels of places of open skin that both photos show."""
    rng = np.random.default_rng(_SEED)
    rows, columns = np.nonzero(face.skin)
    chosen = rng.choice(len(rows), min(_PLACES, len(rows)), replace=False)
    pixels = np.stack([columns[chosen], rows[chosen]], axis=1) + 0.5
    corner = np.array([face.frame.x_px, face.frame.y_px], np.float64)
    middles = pixels * float(face.frame.factor) + corner
    low, high = _SIDES
    sides = width_px * low * (high / low) ** rng.random(len(middles))
    both = on_skin(other, laid.moved(middles)) if len(middles) else np.zeros(0, np.bool_)
    return middles[both], sides[both]


def _contrast(
    seen: tuple[Photo, Face],
    middles: Points,
    sides_px: NDArray[np.float64],
    laid: Alignment | None,
    reach_px: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return 100 x green density of each place less that of its ring, in the photo that `laid` leads to.

    That of the darkest place up to reach_px (n,) from it.
    """
    from scipy.ndimage import map_coordinates  # late: 0.1 s

    photo, face = seen
    points = _points(middles, sides_px, laid)
    density, corner = _density(photo, face)
    inner = len(_INNER) * _TURNS
    found = []
    for step in _steps():
        at = np.moveaxis(points + (reach_px[:, None] * step)[:, None] - corner - 0.5, -1, 0)[::-1]
        values = map_coordinates(density, at, order=1, mode="nearest")
        found.append(values[:, :inner].mean(axis=1) - np.median(values[:, inner:], axis=1))
    return np.asarray(np.max(found, axis=0), np.float64)


def _points(middles: Points, sides_px: NDArray[np.float64], laid: Alignment | None) -> Points:
    """Return the points (n, k, 2) of each place, those of the ring last; moved by the plane map at its middle."""
    turns = 2 * np.pi * np.arange(_TURNS) / _TURNS
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    around = np.concatenate([radius * circle for radius in (*_INNER, *_RING)])
    right, down = sides_px[:, None] * np.array([1.0, 0.0]), sides_px[:, None] * np.array([0.0, 1.0])
    if laid is not None:
        ends = [(laid.moved(middles + step) - laid.moved(middles - step)) / 2 for step in (right, down)]
        middles, (right, down) = laid.moved(middles), ends
    points: Points = middles[:, None] + around[:, :1] * right[:, None] + around[:, 1:] * down[:, None]
    return points


def _steps() -> Points:
    """Return the steps (n, 2) to the points where a place is looked for, over its reach."""
    turns = [(radius, 2 * np.pi * np.arange(number) / number) for radius, number in _WITHIN]
    return np.concatenate([radius * np.stack([np.cos(turn), np.sin(turn)], axis=1) for radius, turn in turns])


def _density(photo: Photo, face: Face) -> tuple[FloatMap, Points]:
    """Return 100 x green density of the part of the photo with the face, smoothed, and its corner in photo pixels."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    frame = face.frame
    left, top = max(frame.x_px, 0), max(frame.y_px, 0)
    part = photo.pixels[top : frame.y_px + frame.height * frame.factor, left : frame.x_px + frame.width * frame.factor]
    light = decode(part) if photo.encoding is Encoding.SRGB else part
    green = np.asarray(light[..., 1], np.float32)
    smooth = gaussian_filter(green, max(_BLUR * face_width_px(face), _LEAST_BLUR_PX))
    return -100 * np.log10(np.maximum(smooth, _DARKEST)), np.array([left, top], np.float64)
