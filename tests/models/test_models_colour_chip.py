"""The chip is found without its sheet and without the edge of a shadow."""

import numpy as np
import pytest

from dermis.core import Encoding, Photo
from dermis.models.colour_chip import ChipCrop, check_crop, find_chip, find_edges, learn_crop

CHIP = np.array([0.62, 0.45, 0.36], np.float32)


def chip(size=128, noise=0.004):
    rng = np.random.default_rng(3)
    return np.clip(CHIP + rng.normal(0, noise, (size, size, 3)), 0, 1).astype(np.float32)


def cropped(pixels):
    left, top, right, bottom = find_chip(Photo(pixels=pixels, encoding=Encoding.SRGB))
    return (left, top, right, bottom), pixels[top:bottom, left:right]


def test_a_chip_alone_loses_only_the_margin():
    (left, top, right, bottom), found = cropped(chip())
    assert (left, top) == (right * 0 + 6, 6)
    assert (right, bottom) == (122, 122)
    assert check_crop(found).good


@pytest.mark.parametrize("paper", [(1, 1, 1), (0.02, 0.02, 0.02), (0.5, 0.5, 0.5)])
@pytest.mark.parametrize("side", range(4))
def test_a_painted_border_is_left_out(paper, side):
    pixels = np.rot90(chip(), side).copy()
    pixels[:, :14] = paper
    pixels = np.rot90(pixels, -side).copy()
    assert not check_crop(pixels).good
    _, found = cropped(pixels)
    assert check_crop(found).good
    assert np.abs(found - CHIP).max() < 0.05


def test_a_border_all_around_is_left_out():
    pixels = np.full((128, 128, 3), 0.93, np.float32)
    pixels[22:106, 22:106] = chip()[22:106, 22:106]
    _, found = cropped(pixels)
    assert np.abs(found - CHIP).max() < 0.05
    assert min(found.shape[:2]) > 40


def test_a_window_goes_where_there_is_more_of_the_chip():
    pixels = chip(160)[:128]
    pixels[:, :30] = 0.95  # the square of the middle begins at 16
    (left, _, right, _), found = cropped(pixels)
    assert left >= 30
    assert right > 144
    assert np.abs(found - CHIP).max() < 0.05


def test_the_stripe_of_a_shadow_is_pushed_out():
    pixels = chip()
    dark = np.arange(128)[:, None] + 0.3 * np.arange(128)[None] > 134
    pixels[dark] *= 0.7
    seen = find_edges(pixels)
    assert seen.shadow == pytest.approx(dark.mean(), abs=0.02)
    assert seen.away[1] < -0.8
    before, (_, found) = check_crop(pixels), cropped(pixels)
    after = np.abs(found - CHIP).max(axis=-1) > 0.06
    assert after.mean() < 0.1 * dark.mean()
    assert check_crop(found).edge_share < before.edge_share


def test_speckles_are_no_shadow():
    pixels = chip()
    pixels[np.random.default_rng(1).random((128, 128)) < 0.1] *= 0.7
    assert find_edges(pixels).shadow == 0


def test_thresholds_are_learnt_from_examples():
    good = [chip(64, 0.002 * k) for k in range(1, 5)]
    border, shadow = [], []
    for k, each in enumerate(good):
        framed, shaded = each.copy(), each.copy()
        framed[:, : 4 + k] = 0.95
        shaded[: 9 + k] *= 0.7
        border.append(framed)
        shadow.append(shaded)
    learnt = learn_crop(good, border, shadow)
    assert all(find_edges(one).sides.max() < learnt.least_border for one in good)
    assert all(find_edges(one).sides.max() >= learnt.least_border for one in border)
    assert all(find_edges(one).shadow >= learnt.least_shadow for one in shadow)
    assert learn_crop([], [], []) == ChipCrop()


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (5, 3), (17, 300)])
def test_any_size_gives_a_window_inside(shape):
    pixels = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    (left, top, right, bottom), _ = cropped(pixels)
    assert 0 <= left < right <= shape[1]
    assert 0 <= top < bottom <= shape[0]


def test_linear_photos_are_cropped_like_encoded_ones():
    from dermis.colour.srgb import decode

    pixels = chip()
    pixels[:, :14] = 1
    linear = Photo(pixels=np.asarray(decode(pixels), np.float32), encoding=Encoding.LINEAR_SRGB)
    assert find_chip(linear) == cropped(pixels)[0]
