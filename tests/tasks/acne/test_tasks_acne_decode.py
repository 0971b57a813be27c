"""Types of lesions as they are labelled, and the square about each."""

import numpy as np
import pytest

from dermis.core import LESION_TYPES, Box, Encoding, Photo
from dermis.tasks.acne.decode import (
    TYPE_OF,
    LesionFeatures,
    about_box,
    boxes_at_peaks,
    kind_by_looks,
    looks_of,
    presence_features,
)

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


@pytest.mark.parametrize(
    ("reddest", "darkness", "kind"),
    [(5.0, 9.0, "inflamed"), (4.99, 1.0, "open_comedo"), (4.99, 0.99, "closed_comedo"), (None, 1.0, "lesion"),
     (1.0, None, "lesion")],
)  # fmt: skip
def test_what_a_lesion_is_follows_from_blood_and_plug(reddest, darkness, kind):
    assert kind_by_looks(LesionFeatures(reddest=reddest, darkness=darkness)) == kind


def drawn(*, red=0.0, plug=0.0, far=0.0):
    """Skin of 60 x 60 px with a lesion of 20 px in the middle, whose inner ellipse is red and whose middle is dark."""
    y, x = np.mgrid[:60, :60] + 0.5
    away = ((x - 30) / 10) ** 2 + ((y - 30) / 10) ** 2
    density = np.full((60, 60, 3), 0.3)
    density[away <= 0.5] += np.array([0, red, 0])
    density[away <= 0.12] += plug
    density[np.maximum(abs(x - 30), abs(y - 30)) > 20] += far
    return (10**-density).astype(np.float32)


BOX = np.array([20.0, 20.0, 40.0, 40.0])
SEEN = np.ones((60, 60), bool)


def test_looks_are_those_of_the_inner_half_over_the_ring_around():
    """Half the area of the box's ellipse is the lesion, an eighth its middle; skin beyond twice the box is not seen."""
    looks = looks_of(BOX, drawn(red=0.2, plug=0.1, far=0.5), SEEN)
    assert looks.redness == pytest.approx(20.0, abs=0.01)
    assert looks.reddest == pytest.approx(20.0, abs=0.01)
    assert looks.darkness == pytest.approx(100 * (0.2 / 3 + 0.1), abs=0.01)
    assert looks_of(BOX, drawn(), SEEN).darkness == pytest.approx(0.0, abs=0.01)


def test_the_reddest_sixth_of_a_lesion_makes_it_red():
    """An inner ellipse of 156 px: the percentile 85 falls on red where more than 15 % of it is red."""
    y, x = np.mgrid[:60, :60] + 0.5
    inside = np.flatnonzero((((x - 30) / 10) ** 2 + ((y - 30) / 10) ** 2).ravel() <= 0.5)
    for share, red in ((0.17, True), (0.13, False)):
        density = np.full((3600, 3), 0.3)
        density[inside[: int(share * len(inside))], 1] += 0.2
        looks = looks_of(BOX, (10**-density).astype(np.float32).reshape(60, 60, 3), SEEN)
        assert (looks.reddest > 10) is red
        assert looks.redness == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("count", "told"), [(6, True), (5, False)])
def test_so_few_pixels_say_nothing(count, told):
    seen = SEEN.copy()
    seen[20:40, 20:40] = False
    seen[30, 27 : 27 + count] = True
    assert (looks_of(BOX, drawn(), seen).redness is not None) is told
    around = np.zeros_like(SEEN)
    around[25:35, 25:35] = True
    around[15, 20 : 20 + count] = True
    assert (looks_of(BOX, drawn(), around).redness is not None) is told


def test_relief_is_the_middle_spread_of_light_and_shadow():
    ramp = np.full((60, 60, 3), 0.3) + np.linspace(0, 0.6, 60)[None, :, None]
    within = np.zeros((60, 60), bool)
    within[20:40, 20:40] = True
    flat = np.where(within[..., None], ramp, 0.3)
    looks = looks_of(BOX, (10**-flat).astype(np.float32), SEEN)
    y, x = np.mgrid[:60, :60] + 0.5
    inside = ((x - 30) / 10) ** 2 + ((y - 30) / 10) ** 2 <= 0.5
    low, high = np.percentile(100 * ramp[..., 0][inside], (10, 90))
    assert looks.relief == pytest.approx(high - low, rel=1e-3)


def test_peaks_from_a_chance_of_one_in_fifty_are_boxes_and_three_hundred_at_most():
    centres = np.zeros((50, 50), np.float32)
    centres[4, 4], centres[20, 20] = 0.02, 0.0199
    assert len(boxes_at_peaks(centres, np.ones((4, 50, 50), np.float32), 4)[1]) == 1
    many = np.zeros((60, 60), np.float32)
    many[1::2, 1::2] = 0.5 + np.random.default_rng(0).random((30, 30)) / 2
    scores = boxes_at_peaks(many, np.ones((4, 60, 60), np.float32), 4)[1]
    assert len(scores) == 300
    assert scores[-1] == pytest.approx(np.sort(many[1::2, 1::2].ravel())[-300])


@pytest.mark.parametrize(("apart", "count"), [(7, 1), (8, 2)])
def test_boxes_that_share_more_than_0_45_of_their_union_are_one(apart, count):
    """Boxes of 20 x 20 px: at 7.5 px apart they share 12.5 / 27.5 = 0.4545, at 7.6 px less than 0.45."""
    centres = np.zeros((32, 96), np.float32)
    centres[10, 10], centres[10, 10 + apart] = 0.9, 0.8
    reaches = np.full((4, 32, 96), 10.0, np.float32)
    assert len(boxes_at_peaks(centres, reaches, 1.05)[1]) == count


def test_the_fullest_square_of_seven_cells_counts():
    inclusive = np.zeros((32, 32), np.float32)
    inclusive[10:17, 10:17] = 0.1
    inclusive[17, 17] = 5.0
    seen = presence_features(inclusive / 2, inclusive)
    assert seen == pytest.approx([np.log1p(4.95), np.log1p(9.9), np.log1p(5 + 36 * 0.1)], rel=1e-5)
