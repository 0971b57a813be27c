from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Capture, Encoding, Photo
from dermis.core.arrays import window_of

LEVELS = np.random.default_rng(3).integers(0, 256, (9, 7, 3), np.uint8)
WHOLE = (LEVELS / 255).astype(np.float32)


def _photo() -> Photo:
    return Photo(levels=LEVELS, encoding=Encoding.SRGB)


def test_a_photo_of_levels_has_their_pixels_and_size():
    photo = _photo()
    assert (photo.width_px, photo.height_px) == (7, 9)
    np.testing.assert_array_equal(photo.part(slice(2, 6), slice(None, None, 2)), WHOLE[2:6, ::2])
    np.testing.assert_array_equal(photo.pixels, WHOLE)
    assert photo.pixels is photo.pixels
    assert not photo.pixels.flags.writeable


def test_other_pixels_take_the_levels_away():
    photo = replace(_photo(), pixels=np.zeros((2, 3, 3), np.float32))
    assert photo.levels is None
    assert (photo.width_px, photo.height_px) == (3, 2)
    assert not photo.part(slice(None), slice(None)).any()


@pytest.mark.parametrize(
    "copied", [lambda one: replace(one, capture=Capture(iso=64)), lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_shows_the_same(copied):
    np.testing.assert_array_equal(copied(_photo()).pixels, WHOLE)


def test_levels_are_of_eight_bits_and_a_photo_has_nothing_else():
    with pytest.raises(ValueError, match=r"Photo\.levels takes uint8"):
        Photo(levels=WHOLE, encoding=Encoding.SRGB)
    with pytest.raises(AttributeError, match="no 'alpha'"):
        _ = _photo().alpha


def test_a_window_holds_what_is_set_and_its_margin():
    mask = np.zeros((8, 9), np.bool_)
    assert window_of(mask) == (slice(0, 0), slice(0, 0))
    mask[2, 5] = mask[4, 7] = True
    assert window_of(mask) == (slice(2, 5), slice(5, 8))
    assert window_of(mask, 2) == (slice(0, 7), slice(3, 9))
