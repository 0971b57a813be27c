from __future__ import annotations

import numpy as np
import pytest

from dermis.colour.srgb import decode
from dermis.core import Encoding, Photo
from dermis.face.crop import frame_around
from dermis.face.image_pyramid import ImagePyramid, Square, build_pyramid, fill_holes, resized, resized_part


def _quarters(side: int = 64) -> Photo:
    """Red top left, green top right, blue bottom left, white bottom right."""
    pixels = np.zeros((side, side, 3), dtype=np.float32)
    half = side // 2
    pixels[:half, :half, 0] = 1
    pixels[:half, half:, 1] = 1
    pixels[half:, :half, 2] = 1
    pixels[half:, half:] = 1
    return Photo(pixels=pixels, encoding=Encoding.SRGB)


def _look(photo: Photo, longest: int = 1024) -> ImagePyramid:
    return build_pyramid(photo, frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=longest))


def _corners(view: np.ndarray) -> list[str]:
    names = {
        (255, 0, 0): "red",
        (0, 255, 0): "green",
        (0, 0, 255): "blue",
        (255, 255, 255): "white",
        (0, 0, 0): "black",
    }
    return [names[tuple(int(value) for value in view[y, x])] for y, x in ((8, 8), (8, -8), (-8, 8), (-8, -8))]


@pytest.mark.parametrize(
    ("roll_deg", "seen"),
    [
        (0, ["red", "green", "blue", "white"]),
        (90, ["green", "white", "red", "blue"]),
        (180, ["white", "blue", "green", "red"]),
        (-90, ["blue", "red", "white", "green"]),
    ],
)
def test_a_head_that_leans_clockwise_is_seen_upright(roll_deg, seen):
    """A square rolled by 90 degrees has its top at the right of the picture."""
    view = _look(_quarters()).view(Square(x_px=32, y_px=32, side_px=64, roll_deg=roll_deg), 64)
    assert _corners(view) == seen


def test_beyond_the_picture_it_is_black():
    view = _look(_quarters()).view(Square(x_px=0, y_px=0, side_px=64), 64)
    assert _corners(view) == ["black", "black", "black", "red"]


def test_the_matrix_maps_corners_to_the_photo():
    square = Square(x_px=100, y_px=50, side_px=40)
    np.testing.assert_allclose(square.matrix(10) @ (0, 0, 1), (80, 30))
    np.testing.assert_allclose(square.matrix(10) @ (10, 10, 1), (120, 70))
    np.testing.assert_allclose(Square(x_px=100, y_px=50, side_px=40, roll_deg=33).matrix(10) @ (5, 5, 1), (100, 50))


def test_a_strong_reduction_shows_the_mean():
    rng = np.random.default_rng(1)
    pixels = rng.random((1024, 1024, 3), dtype=np.float32)
    view = _look(Photo(pixels=pixels, encoding=Encoding.SRGB)).view(Square(x_px=512, y_px=512, side_px=1024), 8)
    assert np.abs(view.astype(float) - 127.5).max() < 12  # one pixel alone is off by 74 on average


def test_linear_light_is_shown_as_srgb():
    photo = Photo(pixels=np.random.default_rng(2).random((32, 48, 3), dtype=np.float32), encoding=Encoding.SRGB)
    linear = Photo(pixels=decode(photo.pixels).astype(np.float32), encoding=Encoding.LINEAR_SRGB)
    square = Square(x_px=24, y_px=16, side_px=32)
    assert np.abs(_look(photo).view(square, 32).astype(int) - _look(linear).view(square, 32)).max() <= 1


def test_camera_light_is_balanced_before_it_is_shown():
    light = np.array([0.1, 0.2, 0.05], dtype=np.float32)
    scene = np.random.default_rng(3).random((32, 32, 1), dtype=np.float32) * light
    view = _look(Photo(pixels=scene, encoding=Encoding.CAMERA_LINEAR)).view(Square(x_px=16, y_px=16, side_px=32), 32)
    assert np.abs(view - view.mean(axis=2, keepdims=True)).max() < 2


def test_one_pixel_can_be_looked_at():
    photo = Photo(pixels=np.full((1, 1, 3), 0.5, dtype=np.float32), encoding=Encoding.SRGB)
    assert _look(photo).view(Square(x_px=0.5, y_px=0.5, side_px=1), 4).shape == (4, 4, 3)


def test_a_part_of_a_larger_map_is_as_in_the_whole():
    plane = np.random.default_rng(0).random((31, 23), dtype=np.float32)
    whole = resized(plane, (97, 80))
    for part in ((slice(0, 97), slice(0, 80)), (slice(13, 55), slice(31, 80))):
        np.testing.assert_allclose(resized_part(plane, (97, 80), part), whole[part], atol=1e-5)


def test_a_hole_is_filled_and_a_bay_at_the_edge_is_not():
    skin = np.zeros((12, 12), np.bool_)
    skin[2:9, 0:8] = True
    skin[4, 3] = skin[6:8, 0] = False
    filled = fill_holes(skin, but_not=np.zeros_like(skin))
    assert filled[4, 3]
    assert not filled[6:8, 0].any()
    assert np.count_nonzero(filled) == np.count_nonzero(skin) + 1
    assert not fill_holes(np.zeros_like(skin), but_not=skin).any()
