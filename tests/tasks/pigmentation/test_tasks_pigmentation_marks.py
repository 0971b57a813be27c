"""Which pixels with a chance of a brown mark are kept, and as what, by their size, shape and depth."""

import numpy as np
import pytest

from dermis.core import CropFrame, Region
from dermis.tasks.pigmentation.marks import _kept, _labelled, contrast_of_density, mark_mask
from dermis.tasks.pigmentation.skin_grid import GRID_MM, SkinGrid

SIDE = 40


def kept_of(*shapes, contrast=4.0):
    """Return the mask of what is kept and its items, of rectangles: top, left, height, width in pixels of the grid."""
    mask = np.zeros((SIDE, SIDE), bool)
    for top, left, height, width in shapes:
        mask[top : top + height, left : left + width] = True
    there = np.zeros((SIDE, SIDE), np.float32)
    window = slice(10, 10 + 2 * SIDE), slice(20, 20 + 2 * SIDE)
    grid = SkinGrid(window=window, linear=np.zeros((SIDE, SIDE, 3), np.float32), judged=mask,
                    glossy=np.zeros_like(mask), to_edge_mm=there, to_parts_mm=there, beside=there,
                    below=there)  # fmt: skip
    regions = np.full((SIDE, SIDE), Region.CHIN.code, np.uint8)
    regions[:10] = Region.NOSE.code
    frame = CropFrame(x_px=100, y_px=200, width=300, height=300, factor=3)
    return _kept(_labelled(mask), (contrast * mask).astype(np.float32), regions, frame, grid)


def kinds(*shapes, contrast=4.0):
    return [one.kind for one in kept_of(*shapes, contrast=contrast)[1]]


def test_a_mark_is_told_by_place_size_and_contrast():
    mask, (item,) = kept_of((4, 6, 3, 5))
    assert np.count_nonzero(mask) == 15
    assert (item.region, item.contrast, item.score) == (Region.NOSE, pytest.approx(4.0), pytest.approx(0.4))
    assert item.size_face_widths == pytest.approx(GRID_MM * np.sqrt(15 * 4 / np.pi) / 140, rel=1e-6)
    box = item.box
    assert (box.x_px, box.y_px, box.width_px, box.height_px) == (
        100 + (20 + 12) * 3, 200 + (10 + 8) * 3, 5 * 2 * 3, 3 * 2 * 3
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "kind"), [((3, 4), "freckle"), ((3, 5), "lentigo"), ((12, 13), "lentigo"), ((13, 13), "patch")]
)
def test_a_kind_is_a_size_in_mm(shape, kind):
    assert kinds((1, 1, *shape)) == [kind]


@pytest.mark.parametrize(
    ("shape", "count"), [((1, 2), 0), ((1, 3), 1), ((1, 4), 1), ((1, 5), 0), ((2, 9), 1), ((2, 10), 0)]
)
def test_a_mark_has_three_pixels_and_is_not_thin(shape, count):
    assert len(kinds((5, 5, *shape))) == count
    assert len(kinds((5, 5, *shape[::-1]))) == count


@pytest.mark.parametrize(("contrast", "side", "count"), [(18.0, 5, 1), (18.1, 5, 0), (18.1, 15, 0), (18.1, 16, 1)])
def test_what_is_small_and_very_dark_is_a_mole(contrast, side, count):
    assert len(kinds((2, 2, side, side), contrast=contrast)) == count


def test_the_weightiest_come_first_and_two_hundred_at_most():
    items = kept_of((1, 1, 3, 3), (10, 10, 4, 4), (20, 20, 2, 2))[1]
    assert [round(one.size_face_widths * 140 / GRID_MM) for one in items] == [5, 3, 2]
    many = [(row, column, 1, 3) for row in range(0, SIDE, 2) for column in range(0, SIDE, 4)][:200]
    assert len(kinds(*many)) == 200


def test_scores_end_at_certainty():
    assert kept_of((1, 1, 4, 4), contrast=12.0)[1][0].score == 1.0
    assert kept_of((1, 1, 4, 4), contrast=10.0)[1][0].score == pytest.approx(1.0)
    assert kept_of((1, 1, 4, 4), contrast=9.0)[1][0].score == pytest.approx(0.9)


def test_a_mark_begins_at_a_lower_chance_about_a_higher_one():
    chance = np.zeros((3, 9))
    chance[1] = [0.16, 0.24, 0.16, 0.14, 0.16, 0.22, 0.0, 0.24, 0.0]
    assert mark_mask(chance)[1].tolist() == [True, True, True, False, False, False, False, True, False]


def test_contrast_is_the_fall_of_lightness_on_skin_of_a_quarter_of_white():
    density = np.array([0.0, 10.0, 30.0])
    lightness = 116 * np.cbrt(0.25 * 10 ** (-density / 100)) - 16
    assert contrast_of_density(density) == pytest.approx(lightness[0] - lightness, abs=1e-4)
