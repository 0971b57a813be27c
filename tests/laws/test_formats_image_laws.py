"""Laws of pictures: what is written comes back, sizes change without inventing values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dermis.core import Encoding, Photo
from dermis.formats.images.masks import read_mask, reduce_by, resize_nearest, write_png
from dermis.formats.images.photo import read_photo, write_photo
from dermis.formats.images.rasters import upright

sides = st.integers(1, 40)
files = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@files
@given(arrays(bool, st.tuples(sides, sides)).filter(np.any))
def test_a_mask_survives_its_file(tmp_path, mask):
    write_png(tmp_path / "mask.png", mask)
    assert np.array_equal(read_mask(tmp_path / "mask.png", mask.shape[1], mask.shape[0]), mask)


@files
@given(arrays(np.uint16, (64, 65, 3), elements=st.integers(0, 65535), fill=st.integers(0, 65535)))
def test_16_bits_survive_their_file(tmp_path, numbers):
    photo = Photo(pixels=(numbers / 65535).astype(np.float32), encoding=Encoding.SRGB)
    write_photo(tmp_path / "photo.png", photo, bits=16)
    again = read_photo(tmp_path / "photo.png")
    assert np.array_equal(np.rint(again.pixels * 65535), numbers)
    write_photo(tmp_path / "again.png", again, bits=16)
    assert replace(read_photo(tmp_path / "again.png").origin, name="") == replace(again.origin, name="")


@given(arrays(np.uint8, st.tuples(sides, sides)), sides, sides)
def test_nearest_invents_no_value(labels, width, height):
    resized = resize_nearest(labels, width, height)
    assert resized.shape == (height, width)
    assert set(np.unique(resized)) <= set(np.unique(labels))


@given(arrays(np.float32, st.tuples(sides, sides, st.just(3)), elements=st.floats(0, 1, width=32)), st.integers(1, 12))
def test_reducing_stays_between_least_and_most(picture, factor):
    if factor > min(picture.shape[:2]):
        return
    reduced = reduce_by(picture, factor)
    assert reduced.shape == (picture.shape[0] // factor, picture.shape[1] // factor, 3)
    assert reduced.min() >= picture.min() - 1e-5
    assert reduced.max() <= picture.max() + 1e-5


@given(arrays(np.uint8, st.tuples(sides, sides, st.just(3))), st.integers(1, 8), st.integers(1, 8))
def test_turning_twice_is_one_of_the_eight(picture, first, second):
    twice = upright(upright(picture, first), second)
    assert any(np.array_equal(twice, upright(picture, orientation)) for orientation in range(1, 9))
    undone = {6: 8, 8: 6}.get(first, first)
    assert np.array_equal(upright(upright(picture, first), undone), picture)
