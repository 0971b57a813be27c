"""How the head is turned, and how wide the face is, from its landmarks."""

from __future__ import annotations

import numpy as np

from dermis.core import Pose, View
from dermis.core.arrays import FloatMap
from dermis.face.landmarks import CHEEK_EDGES, MIDLINE, PAIRS

__all__ = ["SIDE_VIEW_DEG", "head_pose", "view_of", "width_between_cheeks"]

SIDE_VIEW_DEG = 25.0
"""From this yaw on the far cheek is too narrow to be measured beside the near one."""

# The mesh network flattens a turned head. Fitted to the yaw angles of FASSEG multipose (14 people, 13 angles):
# true = yaw * (linear + cubic * yaw^2).
_LINEAR = 1.12
_CUBIC_PER_DEG2 = 1.28e-4
_LARGEST_DEG = 90.0


def head_pose(landmarks: FloatMap) -> Pose:
    """Return yaw, pitch and roll in degrees from (478, 3) landmarks in photo pixels.

    The head turns about its own vertical by yaw, then nods by pitch, then leans by roll.
    """
    points = landmarks.astype(np.float64)
    right, left = (points[list(half)] for half in PAIRS)
    top, bottom = (points[list(half)].mean(axis=0) for half in MIDLINE)
    # The person's left lies to the right in the picture; depth grows away from the camera.
    across = (left - right).sum(axis=0)
    across /= np.linalg.norm(across)
    down = bottom - top
    down -= across * (across @ down)
    down /= np.linalg.norm(down)
    roll = np.arctan2(-down[0], down[1])
    pitch = -np.arcsin(np.clip(down[2], -1, 1))
    unrolled = np.array([np.cos(roll) * across[0] + np.sin(roll) * across[1], 0.0, across[2]])
    unrolled[1] = -np.sin(roll) * across[0] + np.cos(roll) * across[1]
    yaw = np.arctan2(np.cos(pitch) * unrolled[2] + np.sin(pitch) * unrolled[1], unrolled[0])
    return Pose(
        yaw_deg=_unflattened(float(np.rad2deg(yaw))),
        pitch_deg=float(np.rad2deg(pitch)),
        roll_deg=float(np.rad2deg(roll)),
    )


def view_of(pose: Pose) -> View:
    """Return which side the camera sees; a yaw to the person's left shows their right side."""
    if abs(pose.yaw_deg) < SIDE_VIEW_DEG:
        return View.FRONT
    return View.RIGHT if pose.yaw_deg > 0 else View.LEFT


def width_between_cheeks(landmarks: FloatMap) -> float:
    """Return the width of the face between the outer edges of its cheeks, in photo pixels.

    Measured in depth too, so that a turned head is as wide as one that looks at the camera: on FASSEG
    multipose it stays within 5 % of the distance of eyes and mouth from 0 to 90 degrees.
    """
    right, left = (landmarks[index].astype(np.float64) for index in CHEEK_EDGES)
    return float(np.linalg.norm(left - right))


def _unflattened(yaw_deg: float) -> float:
    corrected = yaw_deg * (_LINEAR + _CUBIC_PER_DEG2 * yaw_deg**2)
    return float(np.clip(corrected, -_LARGEST_DEG, _LARGEST_DEG))
