"""The detector network: the faces that it sees in one square view of a photo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dermis.face.image_pyramid import ImagePyramid, Square
from dermis.models import registry, runtime

__all__ = ["Candidate", "overlap", "run_detector"]

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
