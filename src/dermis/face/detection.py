"""Where faces are in a photo: the detector at several sizes and turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Photo
from dermis.core.arrays import FloatMap
from dermis.face.crop import frame_around
from dermis.face.image_pyramid import ImagePyramid, Square, build_pyramid
from dermis.face.landmarks import FaceMesh, fit_landmarks, square_around
from dermis.models import registry, runtime

__all__ = ["Candidate", "DetectedFace", "detect_faces", "overlap", "run_detector"]

_SIZE = 128
_FLOOR = 0.35
_DETECTOR_SAME = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A face as the detector saw it, in photo pixels.

    turn_deg: how the view was turned. points: (6, 2): right eye, left eye, nose tip, mouth, right ear, left
    ear (the person's own).
    """

    x_px: float
    y_px: float
    side_px: float
    score: float
    turn_deg: float
    points: NDArray[np.float64]

    @property
    def roll_deg(self) -> float:
        """How far the line of the eyes leans clockwise in the picture; rough for a profile."""
        across = self.points[1] - self.points[0]
        return float(np.rad2deg(np.arctan2(across[1], across[0])))

    @property
    def upright_deg(self) -> float:
        """The roll of eyes over mouth, which also holds in profile; the view's own turn where it is absurd."""
        down = self.points[3] - self.points[:2].mean(axis=0)
        roll = float(np.rad2deg(np.arctan2(-down[0], down[1])))
        lean = (roll - self.turn_deg + 180) % 360 - 180
        return roll if abs(lean) < 60 else self.turn_deg

    @property
    def facing(self) -> float:
        """Where the nose lies between the middle and the edge of the box, upright: -1 left, 1 right."""
        turn = np.deg2rad(self.upright_deg)
        right, down = self.points[2] - (self.x_px, self.y_px)
        along = right * np.cos(turn) + down * np.sin(turn)
        return float(np.clip(2 * along / self.side_px, -1, 1))


def run_detector(picture: ImagePyramid, square: Square) -> list[Candidate]:
    """Return the faces that the detector sees in one square view, the surest of each place."""
    view = picture.view(square, _SIZE)
    out = _network().run((view.astype(np.float32) / 127.5 - 1)[None])
    scores = 1 / (1 + np.exp(-np.clip(out["classificators"][0, :, 0], -60, 60)))
    keep = np.flatnonzero(scores >= _FLOOR)
    # Row 0 is the centre, row 1 the size, the rest the six points; all but the size count from the anchor.
    raw = out["regressors"][0, keep].astype(np.float64).reshape(-1, 8, 2)
    raw += np.where(np.arange(8)[:, None] == 1, 0, _anchors()[keep, None] * _SIZE)
    found = [_candidate(place, float(scores[k]), square) for place, k in zip(raw, keep, strict=True)]
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda one: -one.score):
        if all(overlap(candidate, other) < _DETECTOR_SAME for other in kept):
            kept.append(candidate)
    return kept


def overlap(a: Candidate, b: Candidate) -> float:
    """Return intersection over union of two candidates' upright boxes."""
    half = (a.side_px + b.side_px) / 2
    width = min(half - abs(a.x_px - b.x_px), a.side_px, b.side_px)
    height = min(half - abs(a.y_px - b.y_px), a.side_px, b.side_px)
    common = max(width, 0) * max(height, 0)
    return common / (a.side_px**2 + b.side_px**2 - common)


def _candidate(place: NDArray[np.float64], score: float, square: Square) -> Candidate:
    to_photo = square.matrix(_SIZE)
    centre, *points = place[[0, 2, 3, 4, 5, 6, 7]] @ to_photo[:, :2].T + to_photo[:, 2]
    return Candidate(
        x_px=float(centre[0]),
        y_px=float(centre[1]),
        side_px=max(float(place[1].mean()), 1.0) * square.side_px / _SIZE,
        score=score,
        turn_deg=square.roll_deg,
        points=np.array(points),
    )


@lru_cache(maxsize=1)
def _network() -> runtime.LoadedNetwork:
    return runtime.load(registry.fetch("face_detector"), threads=1)  # too small to share


@lru_cache(maxsize=1)
def _anchors() -> NDArray[np.float64]:
    """(896, 2) centres in [0, 1]: two at each of 16 x 16 places, six at each of 8 x 8."""
    grids = []
    for cells, each in ((16, 2), (8, 6)):
        centres = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(centres, centres)
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), each, axis=0))
    return np.concatenate(grids)


_OVERVIEW = 1024
_DETAIL = 2560
# Sides of the views over the photo's long side. The first reaches beyond the photo, for a face that fills it.
_LARGE = (1.0, 1.6, 0.6)
_MIDDLE = (0.35,)
_SMALL = (0.2, 0.1)
_TURNS_DEG = ((90.0, -90.0, 180.0), (45.0, -45.0, 135.0, -135.0))
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

    Where no face has landmarks that can be trusted, the faces that only the detector saw are returned.
    """
    overview = _overview(photo, _OVERVIEW)
    seen = _sweep(photo, overview, _LARGE)
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
    view = Square(
        x_px=candidate.x_px,
        y_px=candidate.y_px,
        side_px=candidate.side_px * _VIEW,
        roll_deg=candidate.roll_deg,
    )
    held = _hold(picture, view)
    if max(held.scores[:2]) < 0.01 and candidate.score < 0.75:
        return None
    if held.wander > _STEADY_WHEN_RIGHT:
        # On a face that is upside down the network draws one that is not, and is nearly as sure of it.
        upright = square_around(held.mesh.landmarks)
        other = _hold(picture, replace(upright, roll_deg=upright.roll_deg + 180.0))
        held = min(held, other, key=lambda one: one.wander)
    if held.wander > _STEADY_IN_DOUBT + (_STEADY_IF_SURE - _STEADY_IN_DOUBT) * float(np.mean(held.scores[2:])):
        return None
    return DetectedFace(
        square=replace(square_around(held.mesh.landmarks), side_px=held.size_px),
        score=candidate.score,
        landmarks=held.mesh.landmarks,
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
    for right, down, scale, turn in ((0.06, -0.05, 1.12, 8.0), (-0.06, 0.05, 0.94, -8.0)):
        moved = Square(
            x_px=view.x_px + right * view.side_px,
            y_px=view.y_px + down * view.side_px,
            side_px=view.side_px * scale,
            roll_deg=view.roll_deg + turn,
        )
        again = fit_landmarks(picture, moved)
        scores.append(again.score)
        wander = max(wander, float(np.abs(again.landmarks - mesh.landmarks)[:, :2].mean()) / size)
    return _Held(mesh=mesh, size_px=size, wander=wander, scores=tuple(scores))


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
