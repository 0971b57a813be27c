"""Two photos of one face laid on each other: by landmarks first, then by the fine structure of the skin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Face, Photo
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError
from dermis.face.regions import face_width_px
from dermis.pipeline.exclusion import LUMINANCE

__all__ = ["LANDMARKS_OFF", "Alignment", "align", "on_mask", "on_skin"]

Points = NDArray[np.float64]
Mover = Callable[[Points], Points]

LANDMARKS_OFF = 0.02
"""How far off landmarks alone are, in face widths (1 sigma), where nothing confirms them."""
_WIDE = 400
"""Width of the face in the pictures that are compared, in their pixels."""
_CORNERS_WIDE = 220
_STEP, _HALF, _REACH = 32, 20, 16
"""Distance of the places compared, half the side of a piece, and how far it is looked for."""
_ALIKE = 0.6
"""From this correlation on a piece of skin is known again."""
_LEAST_OFF = 0.006
_SMOOTHING = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Where places of the first photo lie in the second.

    moved: photo points (n, 2) of the first to points (n, 2) of the second. off_face_widths: how far off a place may
    come out, 1 sigma. textured: share of the compared places that the skin's fine structure confirmed. by: in words.
    """

    moved: Mover
    off_face_widths: float
    textured: float
    by: str


def align(before: Photo, face: Face, after: Photo, other: Face) -> Alignment:
    """Lay two photos of one face, seen from the same side, on each other.

    Raises InputError where the views differ or nothing holds the two together.
    """
    if face.view is not other.view:
        raise InputError(
            f"The first photo shows the face from {face.view.value}, the second from {other.view.value}.",
            advice="Compare photos from the same side.",
        )
    coarse, by, off = _coarse(before, face, after, other)
    places = _places(face)
    shifts = _shifts(before, face, after, other, coarse, places)
    known = np.isfinite(shifts[:, 0]) & _in_agreement(places, shifts, face_width_px(face))
    if np.count_nonzero(known) < 12:
        return Alignment(moved=coarse, off_face_widths=off, textured=0.0, by=by)
    fine, residual = _fitted(places[known], shifts[known], face_width_px(face))
    return Alignment(
        moved=lambda points: coarse(fine(points)),
        off_face_widths=max(residual, _LEAST_OFF),
        textured=float(known.mean()),
        by=f"{by} and the skin's fine structure",
    )


def on_skin(face: Face, points_px: Points) -> BoolMap:
    """Return which photo points (n, 2) lie on open skin of a face."""
    return on_mask(face.frame, face.skin, points_px.reshape(-1, 2))


def on_mask(frame: CropFrame, mask: BoolMap, points_px: Points) -> BoolMap:
    """Return which photo points (..., 2) lie on a mask (h, w) of a frame; none outside of the frame do."""
    x, y = np.moveaxis(np.floor((points_px - (frame.x_px, frame.y_px)) / frame.factor).astype(np.intp), -1, 0)
    inside = (x >= 0) & (x < frame.width) & (y >= 0) & (y < frame.height)
    seen: BoolMap = inside & mask[np.clip(y, 0, frame.height - 1), np.clip(x, 0, frame.width - 1)]
    return seen


def _coarse(before: Photo, face: Face, after: Photo, other: Face) -> tuple[Mover, str, float]:
    if face.landmarks is not None and other.landmarks is not None:
        return _spline(face.landmarks[:, :2], other.landmarks[:, :2], 1.0), "landmarks", LANDMARKS_OFF
    return _by_corners(before, face, after, other), "corners of its structure", LANDMARKS_OFF


def _spline(places: NDArray[np.floating], wanted: NDArray[np.floating], smoothing: float) -> Mover:
    """Return the smooth map (thin plate spline) that takes `places` near `wanted`."""
    from scipy.interpolate import RBFInterpolator  # late: 0.3 s

    middle, scale = places.mean(axis=0, dtype=np.float64), float(np.ptp(places, axis=0).max()) or 1.0
    fitted = RBFInterpolator((places - middle) / scale, wanted.astype(np.float64), smoothing=smoothing / len(places))
    return lambda points: np.asarray(fitted((points - middle) / scale), dtype=np.float64)


def _by_corners(before: Photo, face: Face, after: Photo, other: Face) -> Mover:
    """Return the similarity that most corners (ORB) agree on. Raises InputError where too few do."""
    from skimage.feature import ORB, match_descriptors  # late: 0.3 s
    from skimage.measure import ransac
    from skimage.transform import SimilarityTransform

    found: list[tuple[Points, NDArray[np.bool_]]] = []
    for photo, one in ((before, face), (after, other)):
        grey, origin, scale = _reduced_grey(photo, one)
        corners = ORB(n_keypoints=500, n_scales=4, fast_threshold=0.03)
        try:
            corners.detect_and_extract(grey)
        except RuntimeError:  # a picture without any corner
            raise _nothing_in_common() from None
        found.append((np.asarray(corners.keypoints)[:, ::-1] / scale + origin, np.asarray(corners.descriptors)))
    (some, told), (others, told_there) = found
    pairs = match_descriptors(told, told_there, cross_check=True)
    if len(pairs) < 12:
        raise _nothing_in_common()
    here, there = some[pairs[:, 0]], others[pairs[:, 1]]
    near = 0.02 * face_width_px(other)
    fitted, inliers = ransac((here, there), SimilarityTransform, 2, near, max_trials=500, rng=0)
    if inliers is None or np.count_nonzero(inliers) < 12:
        raise _nothing_in_common()
    return lambda points: np.asarray(fitted(points), dtype=np.float64)


def _nothing_in_common() -> InputError:
    return InputError(
        "The two photos could not be laid on each other.",
        advice="Photograph the same side of the face, from the same distance, with the whole face in view.",
    )


def _reduced_grey(photo: Photo, face: Face) -> tuple[FloatMap, Points, float]:
    """Return the grey frame of a face, the face `_CORNERS_WIDE` pixels wide, its corner, and pixels a photo pixel."""
    frame = face.frame
    scale = _CORNERS_WIDE / face_width_px(face)
    xs = np.arange(frame.x_px, frame.x_px + frame.width * frame.factor, 1 / scale)
    ys = np.arange(frame.y_px, frame.y_px + frame.height * frame.factor, 1 / scale)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    return _sampled(_blurred(photo, scale), grid), np.array([frame.x_px, frame.y_px], dtype=np.float64), scale


def _blurred(photo: Photo, scale: float) -> FloatMap:
    """Return the grey photo, smoothed where it will be reduced by `scale`."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    grey = photo.pixels @ LUMINANCE
    return np.asarray(gaussian_filter(grey, 0.4 / scale) if scale < 1 else grey, dtype=np.float32)


def _sampled(grey: FloatMap, points: NDArray[np.floating]) -> FloatMap:
    """Return the values at points (..., 2), x and y, bilinear; at the edge its nearest value."""
    from scipy.ndimage import map_coordinates  # late: 0.1 s

    values = map_coordinates(grey, np.moveaxis(points, -1, 0)[::-1], order=1, mode="nearest")
    return np.asarray(values, dtype=np.float32)


def _places(face: Face) -> Points:
    """Return the places on open skin where the two are compared, (n, 2), in photo pixels."""
    frame, step = face.frame, _STEP * face_width_px(face) / _WIDE
    xs = np.arange(frame.x_px + step / 2, frame.x_px + frame.width * frame.factor, step)
    ys = np.arange(frame.y_px + step / 2, frame.y_px + frame.height * frame.factor, step)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    return grid[on_skin(face, grid)]


def _shifts(before: Photo, face: Face, after: Photo, other: Face, coarse: Mover, places: Points) -> Points:
    """Return by how much each place is off, (n, 2) in pixels of the first photo; NaN where it was not known again."""
    from skimage.feature import match_template  # late: 0.2 s

    unit = face_width_px(face) / _WIDE  # photo pixels a pixel of the compared pictures
    first, second = _blurred(before, 1 / unit), _blurred(after, _WIDE / face_width_px(other))
    seen_after = on_skin(other, coarse(places)) if len(places) else np.zeros(0, dtype=np.bool_)
    small, large = _square(_HALF) * unit, _square(_HALF + _REACH) * unit
    shifts = np.full((len(places), 2), np.nan)
    for number in np.flatnonzero(seen_after):
        piece = _fine(_sampled(first, places[number] + small))
        around = places[number] + large
        corners = _moved_square(coarse, around)
        likeness = match_template(_fine(_sampled(second, corners)), piece)
        row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        edge = min(row, column, likeness.shape[0] - 1 - row, likeness.shape[1] - 1 - column)
        if likeness[row, column] >= _ALIKE and edge > 0:
            shifts[number] = (_between(likeness[row], column) - _REACH, _between(likeness[:, column], row) - _REACH)
    return shifts * unit


def _square(half: int) -> Points:
    along = np.arange(-half, half + 1, dtype=np.float64)
    return np.stack(np.meshgrid(along, along), axis=-1)


def _moved_square(coarse: Mover, square: Points) -> Points:
    """Return where a small square of points goes, by the affine map that its corners and middle follow."""
    side = square.shape[0] - 1
    some = square[[0, 0, side, side, side // 2], [0, side, 0, side, side // 2]]
    known = np.concatenate([some, np.ones((5, 1))], axis=1)
    plane = np.linalg.lstsq(known, coarse(some), rcond=None)[0]
    return np.asarray(square @ plane[:2] + plane[2], dtype=np.float64)


def _fine(grey: FloatMap) -> FloatMap:
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    return np.asarray(gaussian_filter(grey, 1.0) - gaussian_filter(grey, 6.0), dtype=np.float32)


def _between(values: NDArray[np.floating], top: np.intp) -> float:
    """Return the place of a peak by the parabola through it and its neighbours."""
    left, middle, right = (float(value) for value in values[top - 1 : top + 2])
    bend = left - 2 * middle + right
    return float(top) + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def _in_agreement(places: Points, shifts: Points, width_px: float) -> BoolMap:
    """Return which shifts are near the median of their known neighbours."""
    from scipy.spatial import cKDTree  # late: 0.1 s

    known = np.flatnonzero(np.isfinite(shifts[:, 0]))
    agree = np.zeros(len(places), dtype=np.bool_)
    if len(known) < 6:
        return agree
    _, near = cKDTree(places[known]).query(places[known], k=6)
    usual = np.median(shifts[known][near], axis=1)
    agree[known] = np.hypot(*(shifts[known] - usual).T) < 0.015 * width_px
    return agree


def _fitted(places: Points, shifts: Points, width_px: float) -> tuple[Mover, float]:
    """Return the smooth map that adds the shifts, and how far it is off at places that it was not fitted to."""
    held_out = np.arange(len(places)) % 4 == 0
    trial = _spline(places[~held_out], (places + shifts)[~held_out], _SMOOTHING)
    missed = np.hypot(*(trial(places[held_out]) - (places + shifts)[held_out]).T) / width_px
    return _spline(places, places + shifts, _SMOOTHING), float(np.sqrt(np.mean(missed**2) / 2))
