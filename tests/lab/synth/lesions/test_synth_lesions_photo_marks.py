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
