"""Where faces are in a photo: at first sight, else by the detector at several sizes and turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from dermis.core import Box, Photo
from dermis.core.arrays import FloatMap
from dermis.face.crop import frame_around
from dermis.face.detector import Candidate, overlap, run_detector
from dermis.face.image_pyramid import ImagePyramid, Square, build_pyramid
from dermis.face.landmarks import FaceMesh, fit_landmarks, square_around

__all__ = ["DetectedFace", "detect_faces"]

_OVERVIEW = 1024
_DETAIL = 2560
# Sides of the views over the photo's long side. The first reaches beyond the photo, for a face that fills it.
_LARGE = (1.0, 1.6, 0.6)
_MIDDLE = (0.35,)
_SMALL = (0.2, 0.1)
_TURNS_DEG = ((90.0, -90.0, 180.0), (45.0, -45.0, 135.0, -135.0))
# A plain face: alone in the view of the whole photo, within these sizes over its long side, and sure for the detector
# and for the landmark network, whose points hold still from one look to the next.
_PLAIN_SIDES = (0.17, 0.9)
_PLAIN_SCORE = 0.75
_PLAIN_MESH = 0.95
_MOVES = ((0.06, -0.05, 1.12, 8.0), (-0.06, 0.05, 0.94, -8.0))  # right, down, scale, turn in degrees
_MOST = 12  # candidates that are looked at more closely in one sweep
_VIEW = 1.5  # the mesh's view over the detector's box

# Measured on faces, half faces and 300 pictures of other things: the landmarks of a face come back within 3 % of
# its size when its view is moved, those of anything else wander farther or are doubted by the network itself.
_STEADY_IN_DOUBT = 0.012
# What is the right way up holds still within 1 % (20 portraits, upright and upside down).
_STEADY_WHEN_RIGHT = 0.01
_STEADY_IF_SURE = 0.03
# Scores of the detector: worth a closer look; worth believing without landmarks, in a box that is `_WIDE` of
# the photo's short side.
_LIKELY = 0.5
_SURE = 0.6
_WIDE = 0.2
_SAME = 0.5
_SAME_PROFILE = 0.3
_PROFILE_ROOM = 1.25  # the detector's box of a profile is 0.7 to 1 of the mesh's for the same head (FASSEG)
_SAME_WAY_UP_DEG = 30.0
_PROFILE_LEAN_DEG = 15.0  # in profile the mouth lies before the eyes, not under them
_SMALLEST_PX = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedFace:
    """One face.

    square: upright around brow to chin, ear to ear, in photo pixels; its side is the size of the face.
    landmarks: (478, 3) in photo pixels, None where only the detector is sure (profiles, half faces).
    facing: where the nose points in the picture as the detector saw it: -1 left, 1 right, 0 at the camera.
    """

    square: Square
    score: float
    landmarks: FloatMap | None
    facing: float

    @property
    def reach_px(self) -> float:
        """Side of the face by which the head around it is cut out, with room where only the detector measured it."""
        return self.square.side_px * (1.0 if self.landmarks is not None else _PROFILE_ROOM)

    @property
    def box(self) -> Box:
        """The face's box along the photo's axes."""
        if self.landmarks is None:
            half = self.square.side_px / 2
            low = np.array([self.square.x_px - half, self.square.y_px - half])
            size = np.array([half, half]) * 2
        else:
            low = self.landmarks[:, :2].min(axis=0)
            size = self.landmarks[:, :2].max(axis=0) - low
        return Box(
            x_px=float(low[0]),
            y_px=float(low[1]),
            width_px=float(size[0]),
            height_px=float(size[1]),
            score=self.score,
        )


def detect_faces(photo: Photo) -> list[DetectedFace]:
    """Return the faces in a photo, largest first.

    A face that is plain at first sight is returned alone: faces under a sixth of the photo's long side are not looked
    for beside it. Elsewhere the photo is swept at several sizes, then turns. Where no face has landmarks that can be
    trusted, the faces that only the detector saw are returned.
    """
    overview = _overview(photo, _OVERVIEW)
    whole = _sweep(photo, overview, _LARGE[:1])
    plain = _plain_face(photo, overview, whole)
    if plain is not None:
        return [plain]
    seen = whole + _sweep(photo, overview, _LARGE[1:])
    found = _confirmed(overview, seen + _likely(_sweep(photo, overview, _MIDDLE)))
    for turns in _TURNS_DEG:
        if found:
            break
        turned = _sweep(photo, overview, _LARGE, turns)
        seen += turned
        found = _confirmed(overview, _likely(turned))
    if not found:
        detail = _overview(photo, _DETAIL)
        found = _confirmed(detail, _likely(_sweep(photo, detail, _SMALL)))
    if not found:
        short_side = min(photo.width_px, photo.height_px)
        sure = [one for one in seen if one.score >= _SURE and one.side_px >= _WIDE * short_side]
        found = [_detected(candidate) for candidate in _agreed(sure)]
    return _apart(found)


def _plain_face(photo: Photo, picture: ImagePyramid, whole: list[Candidate]) -> DetectedFace | None:
    """Return the one face of a usual portrait, None where anything about it is in doubt."""
    if len(whole) != 1 or whole[0].score < _PLAIN_SCORE:
        return None
    candidate = whole[0]
    low, high = (share * max(photo.width_px, photo.height_px) for share in _PLAIN_SIDES)
    if not (low <= candidate.side_px <= high and candidate.side_px >= _SMALLEST_PX):
        return None
    first = fit_landmarks(picture, _view_of(candidate))
    view = square_around(first.landmarks)
    mesh = fit_landmarks(picture, view)
    moved = fit_landmarks(picture, _moved(square_around(mesh.landmarks), _MOVES[0]))
    size = square_around(mesh.landmarks).side_px / _VIEW
    wander = max(_apart_by(first, mesh, size), _apart_by(moved, mesh, size))
    if min(first.score, mesh.score, moved.score) < _PLAIN_MESH or wander > _STEADY_WHEN_RIGHT:
        return None
    return _with_landmarks(candidate, mesh, size)


def _overview(photo: Photo, longest: int) -> ImagePyramid:
    return build_pyramid(photo, frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=longest))


def _sweep(
    photo: Photo, picture: ImagePyramid, sides: Iterable[float], turns_deg: Iterable[float] = (0.0,)
) -> list[Candidate]:
    found: list[Candidate] = []
    long_side = max(photo.width_px, photo.height_px)
    # The detector sees faces from a sixth of its view on: smaller views would only find too small ones.
    for side in (side * long_side for side in sides if side == 1 or side * long_side > 5 * _SMALLEST_PX):
        for square in _views(photo, side):
            for turn in turns_deg:
                found += run_detector(picture, replace(square, roll_deg=turn))
    return found


def _views(photo: Photo, side: float) -> Iterator[Square]:
    """Yield squares of `side` that cover the photo and overlap by half."""
    for y in _centres(photo.height_px, side):
        for x in _centres(photo.width_px, side):
            yield Square(x_px=x, y_px=y, side_px=side)


def _centres(length: int, side: float) -> list[float]:
    if side >= length:
        return [length / 2]
    steps = int(np.ceil((length - side) / (side / 2)))
    return [float(x) for x in np.linspace(side / 2, length - side / 2, steps + 1)]


def _likely(seen: list[Candidate]) -> list[Candidate]:
    return [candidate for candidate in seen if candidate.score >= _LIKELY]


def _confirmed(picture: ImagePyramid, seen: list[Candidate]) -> list[DetectedFace]:
    """Return the faces that hold still under the landmark network."""
    distinct: list[Candidate] = []
    for candidate in sorted(seen, key=lambda one: -one.score):
        new = all(overlap(candidate, other) < _SAME for other in distinct)
        if new and candidate.side_px >= _SMALLEST_PX:
            distinct.append(candidate)
    faces = [_confirm(picture, candidate) for candidate in distinct[:_MOST]]
    return [face for face in faces if face is not None]


def _confirm(picture: ImagePyramid, candidate: Candidate) -> DetectedFace | None:
    """Refine the landmarks twice, then move the view and see whether they come back."""
    held = _hold(picture, _view_of(candidate))
    if max(held.scores[:2]) < 0.01 and candidate.score < 0.75:
        return None
    if held.wander > _STEADY_WHEN_RIGHT:
        # On a face that is upside down the network draws one that is not, and is nearly as sure of it.
        upright = square_around(held.mesh.landmarks)
        other = _hold(picture, replace(upright, roll_deg=upright.roll_deg + 180.0))
        held = min(held, other, key=lambda one: one.wander)
    if held.wander > _STEADY_IN_DOUBT + (_STEADY_IF_SURE - _STEADY_IN_DOUBT) * float(np.mean(held.scores[2:])):
        return None
    return _with_landmarks(candidate, held.mesh, held.size_px)


def _view_of(candidate: Candidate) -> Square:
    """Return the view in which the mesh network is shown a face that the detector saw."""
    return Square(
        x_px=candidate.x_px,
        y_px=candidate.y_px,
        side_px=candidate.side_px * _VIEW,
        roll_deg=candidate.roll_deg,
    )


def _with_landmarks(candidate: Candidate, mesh: FaceMesh, size_px: float) -> DetectedFace:
    return DetectedFace(
        square=replace(square_around(mesh.landmarks), side_px=size_px),
        score=candidate.score,
        landmarks=mesh.landmarks,
        facing=candidate.facing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Landmarks, and how far they wander over the face's size when the view is moved."""

    mesh: FaceMesh
    size_px: float
    wander: float
    scores: tuple[float, ...]


def _hold(picture: ImagePyramid, view: Square) -> _Held:
    first = fit_landmarks(picture, view)
    second = fit_landmarks(picture, square_around(first.landmarks))
    view = square_around(second.landmarks)
    mesh = fit_landmarks(picture, view)
    size = square_around(mesh.landmarks).side_px / _VIEW
    scores, wander = [first.score, second.score, mesh.score], 0.0
    for move in _MOVES:
        again = fit_landmarks(picture, _moved(view, move))
        scores.append(again.score)
        wander = max(wander, _apart_by(again, mesh, size))
    return _Held(mesh=mesh, size_px=size, wander=wander, scores=tuple(scores))


def _moved(view: Square, move: tuple[float, float, float, float]) -> Square:
    right, down, scale, turn = move
    return Square(
        x_px=view.x_px + right * view.side_px,
        y_px=view.y_px + down * view.side_px,
        side_px=view.side_px * scale,
        roll_deg=view.roll_deg + turn,
    )


def _apart_by(a: FaceMesh, b: FaceMesh, size_px: float) -> float:
    """Return the mean distance of two meshes along an axis, over the size of the face."""
    return float(np.abs(a.landmarks - b.landmarks)[:, :2].mean()) / size_px


def _agreed(sure: list[Candidate]) -> list[Candidate]:
    """Return the surest candidate of each place, of those whose way up most views share.

    The detector believes in profiles that lie on their side or upside down, too.
    """
    kept: list[Candidate] = []
    for group in sorted((_sharing(one, sure) for one in sure), key=lambda group: -sum(one.score for one in group)):
        usual_px = float(np.median([one.side_px for one in group]))  # the surest box may hold half of a face
        candidate = max((one for one in group if one.side_px >= usual_px), key=lambda one: one.score)
        if all(overlap(candidate, other) < _SAME_PROFILE for other in kept):
            kept.append(candidate)
    return kept


def _sharing(candidate: Candidate, seen: list[Candidate]) -> list[Candidate]:
    """Return those that see a face there, leaning alike."""
    leans = [(one.upright_deg - candidate.upright_deg + 180) % 360 - 180 for one in seen]
    return [
        one
        for one, lean in zip(seen, leans, strict=True)
        if abs(lean) < _SAME_WAY_UP_DEG and overlap(candidate, one) >= _SAME_PROFILE
    ]


def _detected(candidate: Candidate) -> DetectedFace:
    return DetectedFace(
        square=Square(
            x_px=candidate.x_px,
            y_px=candidate.y_px,
            side_px=candidate.side_px,
            roll_deg=candidate.upright_deg + _PROFILE_LEAN_DEG * candidate.facing,
        ),
        score=candidate.score,
        landmarks=None,
        facing=candidate.facing,
    )


def _apart(faces: list[DetectedFace]) -> list[DetectedFace]:
    """Order faces by size and keep one of those that lie on the same place."""
    kept: list[DetectedFace] = []
    for face in sorted(faces, key=lambda one: -one.square.side_px):
        if all(_distance(face, other) > 0.5 * other.square.side_px for other in kept):
            kept.append(face)
    return kept


def _distance(a: DetectedFace, b: DetectedFace) -> float:
    return float(np.hypot(a.square.x_px - b.square.x_px, a.square.y_px - b.square.y_px))
