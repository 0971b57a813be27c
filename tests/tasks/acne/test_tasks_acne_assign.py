"""Where lesions are put: a little beside the skin or a region still counts, by the width of the face."""

import numpy as np
import pytest

from dermis.core import Box, CropFrame, Face, Lesions, Region, SegmentationClass, Skin, View
from dermis.tasks.acne.assign import place_lesions

SIDE = 96


def face_and_skin(factor):
    """Skin below row 16, hair above; a cheek on each side of a gap of six pixels."""
    parts = np.full((SIDE, SIDE), SegmentationClass.FACE_SKIN, np.uint8)
    parts[:16] = SegmentationClass.HAIR
    regions = np.zeros((SIDE, SIDE), np.uint8)
    regions[30:80, 8:45] = Region.RIGHT_CHEEK.code
    regions[30:80, 51:88] = Region.LEFT_CHEEK.code
    skin = parts == SegmentationClass.FACE_SKIN
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIDE, height=SIDE, factor=factor), landmarks=None, pose=None,
        box=Box(x_px=0, y_px=0, width_px=SIDE * factor, height_px=SIDE * factor), view=View.FRONT,
        segmentation=parts, regions=regions, skin=skin, face_width_px=80.0 * factor,
    )  # fmt: skip
    seen = Skin(
        linear=np.full((SIDE, SIDE, 3), 0.4, np.float32), visible=skin, measured=skin, regions=regions, excluded={},
        view=View.FRONT, light_known=False,
    )  # fmt: skip
    return face, seen


def placed(x, y, factor, *, own_area=False):
    face, skin = face_and_skin(factor)
    box = factor * np.array([[x - 1.5, y - 1.5, x + 1.5, y + 1.5]], np.float32)
    found = Lesions(
        boxes_px=box, scores=np.float32([0.9]), density=np.zeros((SIDE, SIDE), np.float32), model="made@1",
        density_inclusive=np.zeros((SIDE, SIDE), np.float32),
        area=Box(x_px=0, y_px=0, width_px=SIDE * factor, height_px=SIDE * factor),
    )  # fmt: skip
    return place_lesions(found, face, skin, own_area=own_area).items


@pytest.mark.parametrize("factor", [1, 4])
def test_what_lies_between_regions_goes_to_the_nearest(factor):
    assert [item.region for item in placed(46.5, 50.5, factor)] == [Region.RIGHT_CHEEK]
    assert [item.region for item in placed(49.5, 50.5, factor)] == [Region.LEFT_CHEEK]


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("own_area", [False, True])
def test_a_lesion_that_slipped_off_the_skin_by_a_hair_counts_and_one_farther_off_does_not(factor, own_area):
    assert len(placed(50.5, 15.5, factor, own_area=own_area)) == 1
    assert len(placed(50.5, 4.5, factor, own_area=own_area)) == 0
