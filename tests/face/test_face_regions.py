from __future__ import annotations

import numpy as np
import pytest

from dermis.core import CropFrame, Face, Region, SegmentationClass, View, region_mask
from dermis.face.landmarks import BROWS, CHEEKS, CHIN, EYE_CORNERS, EYES, LIPS, NOSE, OVAL, UNDER_EYES
from dermis.face.regions import map_regions, patch_boxes

_FRAME = CropFrame(x_px=0, y_px=0, width=200, height=240, factor=1)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Landmarks of a face drawn with circle and ellipse, upright, 160 px wide about (100, 120)."""
    points = np.full((478, 3), (100.0, 120.0, 0.0))

    def ring(indices: tuple[int, ...], x: float, y: float, wide: float, high: float, start_deg: float) -> None:
        angles = np.deg2rad(start_deg) + np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        points[list(indices), :2] = np.stack([x + wide * np.cos(angles), y + high * np.sin(angles)], axis=1)

    ring(CHEEKS[0], 55, 145, 22, 30, -90)
    ring(CHEEKS[1], 145, 145, 22, 30, -90)
    ring(CHIN, 100, 205, 25, 12, 180)
    ring(OVAL, 100, 120, 80, 100, -90)
    ring(NOSE, 100, 125, 12, 25, -90)
    ring(LIPS, 100, 175, 22, 8, 180)
    for side, x in ((0, 65), (1, 135)):
        ring(UNDER_EYES[side], x, 108, 15, 5, 0)
        ring(EYES[side], x, 95, 14, 5, 180)
        ring(BROWS[side], x, 75, 17, 4, 0)
        outward = -14 if side == 0 else 14
        points[EYE_CORNERS[side][0], :2] = (x + outward, 95)
        points[EYE_CORNERS[side][1], :2] = (x - outward, 95)
    points[[107, 9, 336], 1] = 72
    points[[151, 9, 175, 199], 0] = 100
    points[151, 1], points[175, 1], points[199, 1] = 45, 215, 210
    return points.astype(np.float32)


def _face(landmarks: np.ndarray | None) -> Face:
    shape = (_FRAME.height, _FRAME.width)
    return Face(
        frame=_FRAME,
        box=None,
        landmarks=landmarks,
        pose=None,
        view=View.FRONT,
        segmentation=np.full(shape, SegmentationClass.FACE_SKIN, dtype=np.uint8),
        regions=np.zeros(shape, dtype=np.uint8),
        skin=np.ones(shape, dtype=np.bool_),
    )


def test_left_and_right_are_the_persons_own(drawn):
    skin = np.ones((240, 200), dtype=np.bool_)
    regions = map_regions(drawn, _FRAME, skin, View.FRONT)
    for right, left in (
        (Region.RIGHT_CHEEK, Region.LEFT_CHEEK),
        (Region.RIGHT_UNDER_EYE, Region.LEFT_UNDER_EYE),
    ):
        assert (
            np.nonzero(region_mask(regions, right))[1].mean() < 100 < np.nonzero(region_mask(regions, left))[1].mean()
        )


def test_every_region_is_there_and_only_on_skin(drawn):
    skin = np.ones((240, 200), dtype=np.bool_)
    skin[:, ::3] = False
    regions = map_regions(drawn, _FRAME, skin, View.FRONT)
    assert set(np.unique(regions)) == {region.code for region in Region} | {0}
    assert not regions[~skin].any()


@pytest.mark.parametrize(
    ("view", "far"),
    [
        (View.LEFT, {Region.RIGHT_CHEEK, Region.RIGHT_UNDER_EYE}),
        (View.RIGHT, {Region.LEFT_CHEEK, Region.LEFT_UNDER_EYE}),
        (View.FRONT, set()),
    ],
)
def test_a_side_view_has_no_far_cheek(drawn, view, far):
    regions = map_regions(drawn, _FRAME, np.ones((240, 200), dtype=np.bool_), view)
    assert {region for region in Region if region.code and not region_mask(regions, region).any()} == far


def test_no_skin_no_region(drawn):
    assert not map_regions(drawn, _FRAME, np.zeros((240, 200), dtype=np.bool_), View.FRONT).any()


def test_the_patches_follow_the_published_rules(drawn):
    boxes = patch_boxes(_face(drawn))
    assert set(boxes) == {Region.FOREHEAD, Region.RIGHT_CHEEK, Region.LEFT_CHEEK, Region.CHIN}
    rim = drawn[list(OVAL), :2]
    width, height = np.ptp(rim, axis=0)
    forehead, cheek, chin = boxes[Region.FOREHEAD], boxes[Region.RIGHT_CHEEK], boxes[Region.CHIN]
    assert forehead.height_px == pytest.approx(0.3 * height, rel=1e-4)
    assert forehead.y_px + forehead.height_px == pytest.approx(71, abs=0.5)
    assert cheek.x_px == pytest.approx(rim[:, 0].min() + 0.1 * width, rel=1e-4)
    assert cheek.y_px + cheek.height_px == pytest.approx(rim[:, 1].max() - 0.1 * height, rel=1e-4)
    assert (chin.x_px, chin.x_px + chin.width_px) == pytest.approx((79, 121))
    assert chin.y_px + chin.height_px == pytest.approx(rim[:, 1].max(), rel=1e-4)


@pytest.mark.parametrize(("ratio", "gone"), [(1.1, set()), (1.2, {Region.LEFT_CHEEK}), (1 / 1.2, {Region.RIGHT_CHEEK})])
def test_patches_drop_the_cheek_of_the_narrower_eye(drawn, ratio, gone):
    turned = drawn.copy()
    outer, inner = EYE_CORNERS[0]
    turned[outer, 0] = turned[inner, 0] - 28 * ratio
    cheeks = {Region.LEFT_CHEEK, Region.RIGHT_CHEEK}
    assert cheeks - set(patch_boxes(_face(turned))) == gone


def test_no_landmarks_no_patches():
    assert patch_boxes(_face(None)) == {}
