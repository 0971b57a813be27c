"""Laws of frames, views and poses, for any photo and any square."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dermis.core import Encoding, Photo
from dermis.face.crop import crop, frame_around, reduce_mask
from dermis.face.image_pyramid import Square

_sides = st.integers(1, 60)
_parts = st.floats(-0.5, 1.5)


def _photo(height: int, width: int, seed: int) -> Photo:
    pixels = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    return Photo(pixels=pixels, encoding=Encoding.SRGB)


@given(_sides, _sides, _parts, _parts, st.integers(1, 50), st.integers(0, 9))
def test_a_frame_lies_in_the_photo_and_its_pixels_keep_the_range(height, width, x, y, longest, seed):
    photo = _photo(height, width, seed)
    left, top = x * (width - 1), y * (height - 1)
    if left + 2 <= 0 or top + 2 <= 0 or left >= width or top >= height:
        return
    frame = frame_around(photo, left, top, left + width + 2, top + height + 2, longest=longest)
    assert 0 <= frame.x_px < frame.x_px + frame.width * frame.factor <= width
    assert 0 <= frame.y_px < frame.y_px + frame.height * frame.factor <= height
    part = photo.pixels[frame.y_px :, frame.x_px :][: frame.height * frame.factor, : frame.width * frame.factor]
    small = crop(photo, frame)
    assert small.min() >= part.min() - 1e-6
    assert small.max() <= part.max() + 1e-6
    np.testing.assert_allclose(small.mean(axis=(0, 1)), part.mean(axis=(0, 1)), rtol=1e-4)


@given(_sides, _sides, st.integers(1, 50), st.booleans())
def test_an_even_mask_stays_what_it_is(height, width, longest, value):
    photo = _photo(height, width, 0)
    frame = frame_around(photo, 0, 0, width, height, longest=longest)
    mask = np.full((height, width), value)
    assert np.all(reduce_mask(mask, frame) == value)


@given(
    st.floats(-1e4, 1e4),
    st.floats(-1e4, 1e4),
    st.floats(0.5, 1e4),
    st.floats(-180, 180),
    st.integers(1, 512),
)
def test_a_square_keeps_its_centre_its_sides_and_its_orientation(x, y, side, roll_deg, size):
    matrix = Square(x_px=x, y_px=y, side_px=side, roll_deg=roll_deg).matrix(size)
    np.testing.assert_allclose(matrix @ (size / 2, size / 2, 1), (x, y), atol=1e-6 * (1 + side))
    along, down = matrix[:, 0] * size, matrix[:, 1] * size
    np.testing.assert_allclose(np.linalg.norm([along, down], axis=1), side, rtol=1e-9)
    np.testing.assert_allclose(along[0] * down[1] - along[1] * down[0], side**2, rtol=1e-9)
