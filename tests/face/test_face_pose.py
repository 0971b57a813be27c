from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dermis.core import Pose, View
from dermis.face.landmarks import CHEEK_EDGES, MIDLINE, PAIRS
from dermis.face.pose import SIDE_VIEW_DEG, head_pose, view_of, width_between_cheeks


def _head(yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0, size: float = 100) -> np.ndarray:
    """Landmarks of a symmetric head, turned by yaw about its own vertical, then nodding, then leaning."""
    rng = np.random.default_rng(5)
    points = np.zeros((478, 3))
    for right, left in zip(*PAIRS, strict=True):
        aside, down, deep = rng.uniform((0.2, -1, -0.3), (1, 1, 0.3))
        points[right], points[left] = (-aside, down, deep), (aside, down, deep)
    top, bottom = MIDLINE
    points[list(top)], points[list(bottom)] = (0, -1, 0), (0, 1, 0)
    yaw, pitch, roll = np.deg2rad((yaw_deg, pitch_deg, roll_deg))
    # x to the right of the picture, y down, z away: looking to the right of the picture is the person's left.
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    lean = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return (size * points @ (lean @ nod @ turn).T + (300, 200, 0)).astype(np.float32)


def test_a_head_that_looks_into_the_camera_is_not_turned():
    pose = head_pose(_head())
    np.testing.assert_allclose((pose.yaw_deg, pose.pitch_deg, pose.roll_deg), 0, atol=1e-3)


@pytest.mark.parametrize("pitch_deg", [-40, -10, 15, 35])
@pytest.mark.parametrize("roll_deg", [-150, -20, 0, 90, 179])
def test_pitch_and_roll_are_recovered_at_any_yaw(pitch_deg, roll_deg):
    for yaw_deg in (-50, 0, 30):
        pose = head_pose(_head(yaw_deg, pitch_deg, roll_deg))
        assert pose.pitch_deg == pytest.approx(pitch_deg, abs=0.01)
        assert pose.roll_deg == pytest.approx(roll_deg, abs=0.01)


def test_yaw_does_not_depend_on_pitch_roll_or_size():
    for yaw_deg in (-40, -10, 20, 55):
        plain = head_pose(_head(yaw_deg)).yaw_deg
        for pitch_deg, roll_deg, size in ((20, 0, 100), (-30, 120, 100), (10, -75, 3)):
            assert head_pose(_head(yaw_deg, pitch_deg, roll_deg, size)).yaw_deg == pytest.approx(plain, abs=0.05)


def test_yaw_grows_to_the_persons_left_and_is_odd():
    yaws = [head_pose(_head(yaw_deg)).yaw_deg for yaw_deg in range(-80, 81, 10)]
    assert all(one < other or one == 90 or other == -90 for one, other in pairwise(yaws))
    np.testing.assert_allclose(yaws, -np.array(yaws[::-1]), atol=1e-3)
    assert yaws[-1] > 0


def test_the_view_is_the_side_that_faces_the_camera():
    assert view_of(Pose(yaw_deg=0, pitch_deg=50, roll_deg=170)) is View.FRONT
    assert view_of(Pose(yaw_deg=SIDE_VIEW_DEG + 1, pitch_deg=0, roll_deg=0)) is View.RIGHT
    assert view_of(Pose(yaw_deg=-SIDE_VIEW_DEG - 1, pitch_deg=0, roll_deg=0)) is View.LEFT


def test_the_width_between_the_cheeks_is_undone_foreshortening():
    widths = [width_between_cheeks(_head(yaw_deg, 10, 25)) for yaw_deg in (0, 30, -60, 85)]
    np.testing.assert_allclose(widths, widths[0], rtol=1e-5)
    right, left = _head()[list(CHEEK_EDGES)]
    assert widths[0] == pytest.approx(np.linalg.norm(left - right), rel=1e-5)
