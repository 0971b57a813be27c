"""Which quarters are worth a nearer look, and which pixels an area touches."""

import numpy as np
import pytest

from dermis.core import Box
from dermis.tasks.acne import detect


@pytest.mark.parametrize(
    ("afar", "bare", "worth"), [(0.49, 64, False), (0.5, 64, True), (0.5, 2, True), (9.0, 1, False)]
)
def test_a_quarter_is_worth_a_nearer_look_from_half_a_lesion_and_some_skin(afar, bare, worth):
    found, skin = np.zeros((16, 16), np.float32), np.zeros((16, 16), np.float32)
    found[2, 11] = afar  # the quarter at the upper right, of 64 cells
    skin[:8, 8:].flat[:bare] = 1
    asked = detect._worth_a_look(found, skin)
    assert asked == ([(0, 1)] if worth else [])


def test_every_quarter_that_shows_a_lesion_is_asked_row_by_row():
    asked = detect._worth_a_look(np.full((8, 8), 0.25, np.float32), np.ones((8, 8), np.float32))
    assert asked == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("place", "size", "within"),
    [((-5.0, -9.0), (3, 3), (0, 0, 1, 1)), ((50.0, 90.0), (3, 3), (19, 29, 20, 30)),
     ((2.5, 3.5), (4.0, 4.0), (2, 3, 7, 8)),
     ((4.0, 5.0), (2.0, 3.0), (4, 5, 6, 8)), ((-2.0, 27.5), (90.0, 90.0), (0, 27, 20, 30))],
)  # fmt: skip
def test_an_area_touches_one_pixel_of_the_photo_at_least(place, size, within):
    area = Box(x_px=place[0], y_px=place[1], width_px=size[0], height_px=size[1])
    assert detect._within(area, 20, 30) == within


def test_a_part_is_stretched_between_its_ends():
    assert detect._stretch(2.0, 6.0, 0.5, 20) == (4.0, 12.0)
    assert detect._stretch(-1.0, 90.0, 1.0, 20) == (0.0, 20.0)
    assert detect._stretch(50.0, 60.0, 1.0, 20) == pytest.approx((19.999, 20.0), abs=1e-6)
    assert detect._stretch(5.0, 5.0, 1.0, 20) == pytest.approx((5.0, 5.001), abs=1e-6)
