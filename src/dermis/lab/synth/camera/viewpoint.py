"""Where the camera stands: pose of the head, distance, and what the picture is centred on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Pose
from dermis.core.arrays import FloatMap

__all__ = ["FRAMINGS", "Framing", "Viewpoint", "draw_viewpoint", "project", "rotation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What a picture shows: its middle on the head, in mm, and how much its shorter side covers there."""

    middle_mm: tuple[float, float, float]
    span_mm: float


FRAMINGS: dict[str, Framing] = {
    "head": Framing(middle_mm=(0, -2, 20), span_mm=330),
    "face": Framing(middle_mm=(0, -25, 50), span_mm=225),
    "left_half": Framing(middle_mm=(34, -30, 60), span_mm=165),
    "right_half": Framing(middle_mm=(-34, -30, 60), span_mm=165),
    "left_cheek": Framing(middle_mm=(46, -40, 64), span_mm=70),
    "right_cheek": Framing(middle_mm=(-46, -40, 64), span_mm=70),
    "forehead": Framing(middle_mm=(0, 45, 97), span_mm=90),
    "chin": Framing(middle_mm=(0, -98, 90), span_mm=70),
}


FRONTAL = Pose(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """A camera before a head.

    pose: how the head is turned. distance_mm: from the lens to the framing's middle; phones stand at 300-600.
    """

    pose: Pose = FRONTAL
    distance_mm: float = 450.0
    framing: Framing = FRAMINGS["head"]


def draw_viewpoint(
    rng: np.random.Generator, framing: str = "face", *, yaw_deg: float = 0.0, spread_deg: float = 6.0
) -> Viewpoint:
    """Draw a viewpoint about `yaw_deg`, as a hand-held camera would have it.

    framing: a name of `FRAMINGS`. spread_deg: how exactly yaw is met (one standard deviation); pitch and roll
    spread half as much. Distance 300-600 mm; span and middle vary a little.
    """
    turn = np.clip(rng.normal(0, 1, 3), -2, 2) * spread_deg * np.array([1, 0.5, 0.5])
    named = FRAMINGS[framing]
    shift = np.clip(rng.normal(0, 1, 3), -2, 2) * named.span_mm * np.array([0.02, 0.02, 0])
    x, y, z = np.add(named.middle_mm, shift)
    return Viewpoint(
        pose=Pose(
            yaw_deg=float(np.clip(yaw_deg + turn[0], -90, 90)),
            pitch_deg=float(np.clip(turn[1], -25, 25)),
            roll_deg=float(turn[2]),
        ),
        distance_mm=float(rng.uniform(300, 600)),
        framing=Framing(
            middle_mm=(float(x), float(y), float(z)), span_mm=float(named.span_mm * rng.uniform(0.93, 1.1))
        ),
    )


def rotation(pose: Pose) -> FloatMap:
    """Return the (3, 3) float32 matrix that turns the head's axes into the picture's.

    Picture axes: x right, y up, z towards the camera. First pitch, then yaw, then roll.
    """
    yaw, pitch, roll = np.radians([pose.yaw_deg, -pose.pitch_deg, -pose.roll_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float32)


def project(points: FloatMap, viewpoint: Viewpoint, shape: tuple[int, int]) -> tuple[FloatMap, FloatMap]:
    """Return picture pixels (n, 2) and depth (n,) in mm of `points` (n, 3) in the head's frame."""
    middle = np.array(viewpoint.framing.middle_mm, np.float32)
    seen = (points - middle) @ rotation(viewpoint.pose).T
    depth = np.float32(viewpoint.distance_mm) - seen[:, 2]
    focal = focal_px(viewpoint, shape) / np.maximum(depth, 1.0)
    column = shape[1] / 2 + seen[:, 0] * focal
    row = shape[0] / 2 - seen[:, 1] * focal
    return np.stack([column, row], axis=1).astype(np.float32), depth.astype(np.float32)


def focal_px(viewpoint: Viewpoint, shape: tuple[int, int]) -> float:
    """Return the focal length in pixels."""
    return min(shape) * viewpoint.distance_mm / viewpoint.framing.span_mm
