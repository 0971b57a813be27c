"""Marks painted on a photo: the colour of outlined real ones, and the skin's own light and texture stay.

How large, dark and blurred they are is held to outlined marks where both are measured alike
(`test_evaluate_mark_looks`).
"""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import CropFrame, Face, Region, SegmentationClass, View
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.photo_marks import draw_photo_marks, paint_marks
from dermis.lab.synth.lesions.upper_lip import upper_lip

SIZE, WIDTH_PX = 280, 280.0
KINDS = (MarkKind.FRECKLE, MarkKind.LENTIGO, MarkKind.PIH, MarkKind.MELASMA)
RED_TO_GREEN, BLUE_TO_GREEN = (0.45, 0.8), (0.95, 1.4)


@pytest.fixture(scope="module")
def face():
    regions = np.full((SIZE, SIZE), Region.LEFT_CHEEK.code, np.uint8)
    regions[:, : SIZE // 2] = Region.RIGHT_CHEEK.code
    regions[:80] = Region.FOREHEAD.code
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIZE, height=SIZE, factor=1), box=None, landmarks=None, pose=None,
        view=View.CLOSE_UP, segmentation=np.full((SIZE, SIZE), SegmentationClass.FACE_SKIN, np.uint8),
        regions=regions, skin=np.ones((SIZE, SIZE), bool), face_width_px=WIDTH_PX,
    )  # fmt: skip


@pytest.fixture(scope="module")
def skin():
    return np.full((SIZE, SIZE, 3), (0.45, 0.27, 0.18), np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_the_hue_is_that_of_outlined_marks(kind, face, skin):
    marks = draw_photo_marks(np.random.default_rng(1), face, kind, 12)
    painted = paint_marks(skin, face, marks)
    excess = -100 * np.log10(painted.linear / skin)
    inside = painted.density > 0.4 * painted.density.max()
    red, green, blue = np.median(excess[inside], axis=0)
    assert green > 2
    assert RED_TO_GREEN[0] < red / green < RED_TO_GREEN[1]
    assert BLUE_TO_GREEN[0] < blue / green < BLUE_TO_GREEN[1]


def test_borders_are_blurred_as_by_skin(face, skin):
    (mark, *_) = draw_photo_marks(np.random.default_rng(2), face, MarkKind.LENTIGO, 1)
    mark = replace(mark, x=140.0, y=140.0, radius_mm=5.0, irregularity=0.0, aspect=1.0, edge_mm=1.0)
    profile = np.mean([paint_marks(skin, face, [replace(mark, seed=seed)]).density[140] for seed in range(24)], axis=0)
    right = profile[140:] / profile[135:146].mean()
    falling = right[5:20][::-1]
    edge_mm = 140 / WIDTH_PX * (np.interp(0.7, falling, np.arange(15)) - np.interp(0.2, falling, np.arange(15)))
    assert 0.3 <= edge_mm <= 1.6


def test_nothing_changes_off_the_marks_and_pores_stay(face):
    grain = np.random.default_rng(3).uniform(0.9, 1.1, (SIZE, SIZE, 1))
    skin = (grain * (0.45, 0.27, 0.18)).astype(np.float32)
    marks = draw_photo_marks(np.random.default_rng(4), face, MarkKind.MELASMA, 3)
    painted = paint_marks(skin, face, marks)
    off = painted.density < 1e-4
    assert np.allclose(painted.linear[off], skin[off], rtol=1e-5)
    inside = painted.density > 3
    assert np.std(np.log(painted.linear[inside, 1])) > 0.8 * np.std(np.log(skin[inside, 1]))


def test_the_grade_rises_with_density_and_ends_at_none(face, skin):
    marks = draw_photo_marks(np.random.default_rng(5), face, MarkKind.LENTIGO, 15)
    grades = [
        paint_marks(skin, face, [replace(mark, density=times * mark.density) for mark in marks]).grade
        for times in (0, 0.3, 0.6, 1, 1.5)
    ]
    assert grades[0] == 0
    assert grades == sorted(grades)


def test_the_same_draw_gives_the_same_marks(face):
    first, second = (draw_photo_marks(np.random.default_rng(6), face, MarkKind.PIH, 5) for _ in range(2))
    assert first == second


def mesh_of(roll_deg):
    """A mesh with the points of the midline, the mouth and the nose where a face 280 px wide has them, turned."""
    points = np.full((478, 2), 140.0)
    told = {10: (140, 20), 151: (140, 40), 9: (140, 70), 152: (140, 265), 175: (140, 258), 199: (140, 245)}
    right = {61: (110, 215), 185: (117, 211), 40: (122, 208), 39: (128, 206), 37: (134, 204), 98: (124, 180),
             97: (132, 182), 203: (112, 176), 206: (102, 190), 216: (98, 205)}  # fmt: skip
    left = (291, 409, 270, 269, 267, 327, 326, 423, 426, 436)
    told |= right | {0: (140, 205), 2: (140, 184)}
    told |= {there: (280 - x, y) for there, (x, y) in zip(left, right.values(), strict=True)}
    for place, where in told.items():
        points[place] = where
    turn = np.deg2rad(roll_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = (points - 140) @ rotation.T + 140
    return np.column_stack([turned, np.zeros(478)]).astype(np.float32), rotation


@pytest.mark.parametrize("roll_deg", [0.0, 20.0])
def test_melasma_reaches_the_upper_lip_on_both_sides_of_the_midline(face, skin, roll_deg):
    landmarks, rotation = mesh_of(roll_deg)
    front = replace(face, landmarks=landmarks, view=View.FRONT)
    lip = upper_lip(front)
    many = draw_photo_marks(np.random.default_rng(1), front, MarkKind.MELASMA, 4000)[:2000]
    on_lip = sum(bool(lip[int(mark.y), int(mark.x)]) for mark in many) / np.count_nonzero(lip)
    on_cheeks = np.count_nonzero(~lip & (face.regions != Region.FOREHEAD.code))
    beside = sum(not lip[int(mark.y), int(mark.x)] and mark.y >= 80 for mark in many) / on_cheeks
    assert on_lip > 2 * beside
    sides = []
    for seed in range(12):
        pairs = draw_photo_marks(np.random.default_rng(seed), front, MarkKind.MELASMA, 8)[:8]
        rows, columns = np.nonzero(lip & (paint_marks(skin, front, pairs).density > 3))
        aside = ((np.stack([columns, rows], axis=1) + 0.5 - 140) @ rotation)[:, 0]
        sides.append((np.count_nonzero(aside < 0), np.count_nonzero(aside > 0)))
    assert sum(map(min, sides)) > 0.6 * sum(map(max, sides))


def test_patches_on_the_lip_lie_along_it(face):
    landmarks, _ = mesh_of(20.0)
    front = replace(face, landmarks=landmarks, view=View.FRONT)
    lip = upper_lip(front)
    only_lip = replace(front, regions=np.zeros_like(face.regions))
    drawn = draw_photo_marks(np.random.default_rng(3), only_lip, MarkKind.MELASMA, 40)
    patches = [mark for mark in drawn if mark.radius_mm > 3]
    assert len(patches) >= 40
    assert all(lip[int(mark.y), int(mark.x)] for mark in drawn[:20])
    leans = np.rad2deg([(mark.angle_rad + np.pi / 2) % np.pi - np.pi / 2 for mark in patches])
    assert abs(np.median(leans) - 20) < 4
    assert np.all(np.abs(leans - 20) < 16)
    assert max(mark.radius_mm for mark in patches) < 11


def test_without_landmarks_the_lip_is_what_lies_between_nose_and_lips(face):
    parts = face.segmentation.copy()
    parts[100:170, 115:165] = SegmentationClass.NOSE
    parts[200:225, 95:185] = SegmentationClass.LIPS
    regions = np.zeros_like(face.regions)
    regions[:, :100] = Region.RIGHT_CHEEK.code
    bare = replace(face, segmentation=parts, regions=regions)
    lip = upper_lip(bare)
    rows, columns = np.nonzero(lip)
    assert 160 <= rows.min() < rows.max() <= 202
    assert columns.min() >= 100
    assert columns.max() < 185
    assert lip[172:198, 120:160].all()
    lying = replace(bare, segmentation=np.rot90(parts).copy(), regions=np.rot90(regions).copy())
    assert np.mean(upper_lip(lying) == np.rot90(lip)) > 0.995
    assert not upper_lip(replace(bare, segmentation=face.segmentation)).any()
