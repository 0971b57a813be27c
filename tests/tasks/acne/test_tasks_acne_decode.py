"""Types of lesions as they are labelled, and the square about each."""

import numpy as np

from dermis.core import LESION_TYPES, Box, Encoding, Photo
from dermis.tasks.acne.decode import TYPE_OF, about_box

PHOTO = Photo(pixels=np.random.default_rng(0).random((60, 50, 3)).astype(np.float32), encoding=Encoding.SRGB)


def test_gags_weighs_types_in_this_order():
    assert [TYPE_OF[name] for name in LESION_TYPES] == [0, 1, 2, 3]
    assert TYPE_OF["open_comedo"] == TYPE_OF["closed_comedo"] == TYPE_OF["comedone"]


def test_the_square_about_a_lesion_is_that_part_of_the_photo():
    shown = about_box(PHOTO, Box(x_px=20, y_px=30, width_px=6, height_px=10))
    assert shown.pixels.shape == (16, 16, 3)
    np.testing.assert_array_equal(shown.pixels, PHOTO.pixels[27:43, 15:31])
    larger = about_box(PHOTO, Box(x_px=20, y_px=30, width_px=6, height_px=10), room=2)
    np.testing.assert_array_equal(larger.pixels, PHOTO.pixels[21:49, 9:37])


def test_a_tiny_lesion_is_seen_with_the_skin_around_it():
    assert about_box(PHOTO, Box(x_px=20, y_px=30, width_px=1, height_px=0)).pixels.shape == (16, 16, 3)
