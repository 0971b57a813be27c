"""The face mesh: 478 landmarks on a 256 x 256 view of one face.

Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dermis.core.arrays import FloatMap
from dermis.face.picture import Picture, Square
from dermis.inference import runtime, zoo

__all__ = ["Mesh", "fit", "square_around"]

_SIZE = 256
_MARGIN = 1.5  # the view's side over the mesh's, as the network was trained
_EYE_CORNERS = (33, 263)  # outer corners, right and left


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """landmarks: (478, 3) in photo pixels, depth in the same unit; score: that this is a face, in [0, 1]."""

    landmarks: FloatMap
    score: float


def fit(picture: Picture, square: Square) -> Mesh:
    """Fit the mesh to the face that fills two thirds of `square`, upright in it."""
    view = picture.view(square, _SIZE)
    out = _network().run((view.astype(np.float32) / 255)[None])
    raw = out["Identity"].reshape(478, 3).astype(np.float64)
    to_photo = square.matrix(_SIZE)
    landmarks = np.empty((478, 3), dtype=np.float32)
    landmarks[:, :2] = raw[:, :2] @ to_photo[:, :2].T + to_photo[:, 2]
    landmarks[:, 2] = raw[:, 2] * square.side_px / _SIZE
    score = 1 / (1 + np.exp(-float(out["Identity_1"].ravel()[0])))
    return Mesh(landmarks=landmarks, score=float(score))


def square_around(landmarks: FloatMap) -> Square:
    """Return the upright square in which the mesh network wants to see these landmarks again."""
    points = landmarks[:, :2].astype(np.float64)
    right, left = points[list(_EYE_CORNERS)]
    turn = np.arctan2(left[1] - right[1], left[0] - right[0])
    cos, sin = np.cos(turn), np.sin(turn)
    upright = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square(
        x_px=float(centre[0]),
        y_px=float(centre[1]),
        side_px=float((high - low).max()) * _MARGIN,
        roll_deg=float(np.rad2deg(turn)),
    )


@lru_cache(maxsize=1)
def _network() -> runtime.Network:
    return runtime.load(zoo.fetch("face_landmarks"), threads=1)  # too small to share
