from __future__ import annotations

import numpy as np
import pytest

from dermis.core import CropFrame, Encoding, Photo
from dermis.face.crop import crop, frame_around, reduce_mask, to_frame


def _photo(height: int, width: int) -> Photo:
    pixels = np.random.default_rng(height * width).random((height, width, 3), dtype=np.float32)
    return Photo(pixels=pixels, encoding=Encoding.SRGB)


def test_a_frame_pixel_is_the_mean_of_the_photo_pixels_under_it():
    photo = _photo(41, 67)
    frame = CropFrame(x_px=5, y_px=3, width=8, height=7, factor=4)
    small = crop(photo, frame)
    assert small.shape == (7, 8, 3)
    assert small.dtype == np.float32
    for row, column in ((0, 0), (6, 7), (3, 2)):
        y, x = 3 + row * 4, 5 + column * 4
        np.testing.assert_allclose(small[row, column], photo.pixels[y : y + 4, x : x + 4].mean((0, 1)), rtol=1e-5)


def test_a_frame_of_factor_one_is_a_copy():
    photo = _photo(9, 7)
    small = crop(photo, CropFrame(x_px=2, y_px=1, width=4, height=5, factor=1))
    np.testing.assert_array_equal(small, photo.pixels[1:6, 2:6])
    small[:] = 0
    assert photo.pixels[1:6, 2:6].any()


@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_a_photo_of_levels_is_reduced_as_its_pixels_are(factor):
    levels = np.random.default_rng(factor).integers(0, 256, (60, 58, 3), np.uint8)
    frame = CropFrame(x_px=3, y_px=2, width=54 // factor, height=53 // factor, factor=factor)
    by_pixels = crop(Photo(pixels=(levels / 255).astype(np.float32), encoding=Encoding.SRGB), frame)
    np.testing.assert_allclose(crop(Photo(levels=levels, encoding=Encoding.SRGB), frame), by_pixels, atol=1e-6)


def test_a_frame_is_cut_to_the_photo_and_small_enough():
    photo = _photo(300, 200)
    frame = frame_around(photo, -50.5, 20.2, 900, 280.7, longest=100)
    assert (frame.x_px, frame.y_px, frame.factor) == (0, 20, 3)
    assert frame.width * frame.factor <= 200
    assert frame.y_px + frame.height * frame.factor <= 300
    assert max(frame.width, frame.height) <= 100


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (500, 1), (3, 1025)])
def test_awkward_photos_have_a_frame(height, width):
    photo = _photo(height, width)
    frame = frame_around(photo, 0, 0, width, height, longest=100)
    assert crop(photo, frame).shape == (frame.height, frame.width, 3)
    assert frame.height >= 1
    assert frame.width >= 1


def test_a_rectangle_outside_the_photo_is_refused():
    with pytest.raises(ValueError, match="outside"):
        frame_around(_photo(10, 10), 20, 0, 30, 10, longest=100)


def test_a_mask_is_reduced_by_majority():
    mask = np.zeros((4, 6), dtype=np.bool_)
    mask[:2, :2] = True
    mask[0, 2] = True
    mask[2:, 4:] = [[True, False], [False, True]]
    small = reduce_mask(mask, CropFrame(x_px=0, y_px=0, width=3, height=2, factor=2))
    np.testing.assert_array_equal(small, [[True, False, False], [False, False, True]])


def test_a_mask_thinner_than_a_frame_pixel_is_not_lost():
    mask = np.zeros((8, 8), dtype=np.bool_)
    mask[:, 5] = True
    small = reduce_mask(mask, CropFrame(x_px=0, y_px=0, width=2, height=2, factor=4))
    np.testing.assert_array_equal(small, [[False, True], [False, True]])


def test_points_go_to_the_frame():
    frame = CropFrame(x_px=10, y_px=20, width=5, height=5, factor=4)
    points = np.array([[10, 20, 3], [30, 40, 3], [12, 22, 3]], dtype=np.float32)
    np.testing.assert_allclose(to_frame(points, frame), [[0, 0], [5, 5], [0.5, 0.5]])


@pytest.mark.parametrize(("longest", "factor", "wholes"), [(30, 2, 0), (20, 3, 1), (13, 6, 0), (100, 1, 1)])
def test_a_photo_known_at_half_its_size_is_decoded_for_odd_frames_alone(longest, factor, wholes):
    whole, asked = _photo(60, 58), []
    half = Photo(pixels=whole.pixels.reshape(30, 2, 29, 2, 3).mean(axis=(1, 3)), encoding=Encoding.SRGB)
    photo = Photo(encoding=Encoding.SRGB, half=half, decode=lambda: asked.append(1) or whole)
    frame = frame_around(photo, 1, 3, 58, 60, longest=longest)
    assert frame.factor == factor
    assert frame.x_px <= 1
    assert frame.y_px <= 3
    np.testing.assert_allclose(crop(photo, frame), crop(whole, frame), atol=1e-6)
    assert len(asked) == wholes
