"""A lattice is a chart only where its colours can be one: greys from light to dark, channels in their places."""

import numpy as np
import pytest

from dermis.colour.chart_finder import _chart
from dermis.colour.srgb import decode, encode
from fakes.charts import chart_picture


@pytest.fixture(scope="module")
def picture():
    return chart_picture(shape=(200, 280))


def with_second_grey(picture, share):
    """Return the picture with its second grey at so much of the light of the white."""
    pixels, centres = picture[0].copy(), picture[1]
    (x, y), (white_x, white_y) = np.rint(centres[[19, 18]]).astype(int)
    white = decode(pixels[white_y, white_x])
    pixels[y - 12 : y + 13, x - 12 : x + 13] = encode(share * white)
    return pixels, centres


@pytest.mark.parametrize(("share", "seen"), [(1.02, True), (1.04, False)])
def test_no_grey_is_lighter_than_the_one_before(picture, share, seen):
    assert (_chart(*with_second_grey(picture, share), True) is not None) == seen


def test_what_reaches_out_of_the_photo_or_swaps_channels_is_no_chart(picture):
    pixels, centres = picture
    assert _chart(pixels, centres, True) is not None
    assert _chart(pixels, centres + 90, True) is None
    assert _chart(np.ascontiguousarray(pixels[..., ::-1]), centres, True) is None
