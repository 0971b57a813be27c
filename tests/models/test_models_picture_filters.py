"""Pictures made simpler as published graders do."""

import numpy as np
import pytest

from dermis.core import Photo
from dermis.core.photo import Encoding
from dermis.models.capture_features import capture_features, number_names
from dermis.models.preprocess import THRESHOLD, brightness_threshold, filtered, pigment_alone

SKIN, BROWN, RED = (0.85, 0.68, 0.58), (0.62, 0.45, 0.33), (0.85, 0.45, 0.42)


def face(**marks):
    """A square of skin with black around it and squares of other colours in it."""
    picture = np.zeros((100, 100, 3), np.float32)
    picture[10:90, 10:90] = SKIN
    picture[10:90, 10:90] += np.random.default_rng(1).normal(0, 0.01, (80, 80, 3))
    for place, (colour, side) in enumerate(marks.values()):
        at = 20 + 25 * place
        picture[at : at + side, at : at + side] = colour
    return np.clip(picture, 0, 1)


def test_the_threshold_keeps_the_brightness_of_what_is_strongly_coloured():
    shown = brightness_threshold(face(red=(RED, 10)))
    red = np.array(RED)
    assert red.max() - red @ (0.299, 0.587, 0.114) > THRESHOLD
    np.testing.assert_allclose(shown[22:28, 22:28], red.max(), atol=1e-6)
    assert shown[:10].max() == 0
    grey = brightness_threshold(np.full((4, 4, 3), 0.8, np.float32))
    assert grey.max() == 0


def test_redness_is_painted_over_and_pigment_stays():
    picture = face(red=(RED, 6), brown=(BROWN, 6))
    shown = pigment_alone(picture)
    median = np.median(picture[picture.max(axis=2) > 0.02], axis=0)
    np.testing.assert_allclose(shown[21:25, 21:25], np.broadcast_to(median, (4, 4, 3)), atol=1e-5)
    np.testing.assert_allclose(shown[46:50, 46:50], np.broadcast_to(BROWN, (4, 4, 3)), atol=1e-5)
    assert shown[:10].max() == 0
    np.testing.assert_array_equal(filtered(picture, ""), picture)
    np.testing.assert_array_equal(filtered(picture * 0, "pigment"), picture * 0)


def test_image_parameters_grow_with_marks_and_ignore_what_is_black():
    names = [name.split(".")[1] for name in number_names(("image_parameters",))]

    def read(picture):
        photo = Photo(pixels=picture.astype(np.float32), encoding=Encoding.SRGB)
        return dict(zip(names, capture_features(photo, ("image_parameters",)), strict=True))

    clear, marked = read(face()), read(face(one=(BROWN, 14), two=(BROWN, 14)))
    assert marked["share_12"] == pytest.approx(2 * 14**2 / 80**2, rel=0.1)
    assert clear["share_12"] < 0.01
    assert marked["sd_l"] > 2 * clear["sd_l"]
    assert marked["coarse_l"] > clear["coarse_l"]
    assert all(np.isnan(list(read(face() * 0).values())))
