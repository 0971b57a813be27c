"""Comedones: what stands out on skin, its clues, and the interval of their number."""

import numpy as np
import pytest

from dermis.core import CropFrame, Face, Region, SegmentationClass, Skin, View
from dermis.tasks.acne import comedones
from dermis.tasks.acne.comedones import (
    CLUES,
    comedo_candidates,
    comedo_ends,
    comedo_interval,
    comedo_number,
    comedo_trees,
    with_comedones,
)
from fakes.lesions import face_lesions, found

SIDE, DARK, LIGHT = 320, (100, 120), (210, 190)


def close_up(shape=(SIDE, SIDE)):
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=shape[1], height=shape[0], factor=1),
        box=None,
        landmarks=None,
        pose=None,
        view=View.CLOSE_UP,
        segmentation=np.full(shape, SegmentationClass.FACE_SKIN, np.uint8),
        regions=np.zeros(shape, np.uint8),
        skin=np.ones(shape, bool),
    )


def skin_of_pixels(linear):
    whole = np.ones(linear.shape[:2], bool)
    return Skin(
        linear=linear,
        visible=whole,
        measured=whole,
        regions=np.zeros(whole.shape, np.uint8),
        excluded={},
        view=View.CLOSE_UP,
        light_known=False,
    )


def dotted(*dots):
    yy, xx = np.mgrid[:SIDE, :SIDE]
    level = np.full((SIDE, SIDE), 0.4)
    for (x, y), factor in dots or ((DARK, 0.6), (LIGHT, 1.5)):
        level *= 1 + (factor - 1) * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 8.0)
    return (level[..., None] * [1.0, 0.7, 0.55]).astype(np.float32)


def test_a_dark_and_a_light_dot_stand_out_where_they_are():
    seen = comedo_candidates(close_up(), skin_of_pixels(dotted()))
    sign, clear, round_ = (seen.clues[:, CLUES.index(name)] for name in ("sign", "clear", "round"))
    for wanted, place in ((1, DARK), (-1, LIGHT)):
        here = np.flatnonzero(sign == wanted)
        best = here[np.argmax(clear[here])]
        assert np.linalg.norm(seen.places_px[best] - place) < 2.5
        assert round_[best] > 0.7
    assert np.isfinite(seen.clues).all()


@pytest.mark.parametrize(("apart", "least", "most"), [(6, 0.3, 1.0), (10, 0.0, 0.1)])
def test_a_dark_dot_has_an_opposite_only_where_a_light_one_touches_it(apart, least, most):
    x, y = DARK
    seen = comedo_candidates(close_up(), skin_of_pixels(dotted((DARK, 0.6), ((x + apart, y), 1.5))))
    dark = seen.clues[:, CLUES.index("sign")] == 1
    here = np.flatnonzero(dark & (np.linalg.norm(seen.places_px - DARK, axis=1) < 3))
    best = here[np.argmax(seen.clues[here, CLUES.index("clear")])]
    assert least <= seen.clues[best, CLUES.index("pair")] <= most


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 64)])
def test_flat_and_tiny_skin_has_no_candidates(shape):
    flat = np.full((*shape, 3), 0.4, np.float32)
    seen = comedo_candidates(close_up(shape), skin_of_pixels(flat))
    assert len(seen.places_px) == 0
    assert comedo_trees().chances(seen.clues).shape == (0,)


@pytest.mark.parametrize("number", [0.0, 3.0, 60.0])
def test_the_interval_of_a_number_holds_it(number):
    low, high = comedo_interval(number)
    assert 0 <= low <= number <= high


def test_a_number_grows_with_candidates_and_with_small_lesions_and_falls_with_inflamed_ones():
    assert comedo_number(0.0, 0.0, 0.0) == 0.0
    plain = comedo_number(10.0, 4.0, 8.0)
    assert comedo_number(20.0, 4.0, 8.0) > plain
    assert comedo_number(10.0, 4.0, 12.0) > plain
    assert comedo_number(10.0, 6.0, 8.0) < plain
    assert comedo_number(10.0, 8.0, 5.0) == 5.0  # the network sees no small ones


def test_the_interval_of_regions_is_that_of_their_sum():
    told = dict.fromkeys(Region, 2.0)
    assert comedo_ends(face_lesions(comedones=told), Region.NOSE, Region.CHIN) == comedo_interval(4.0)
    assert comedo_ends(face_lesions(), Region.NOSE) == (0.0, 0.0)


@pytest.mark.parametrize("least_px", [SIDE, 4 * SIDE])
def test_the_network_is_asked_only_where_the_photo_is_fine(monkeypatch, least_px):
    monkeypatch.setattr(comedones, "SIDE", least_px)
    monkeypatch.setattr(comedones, "CALLED_FROM", 0.0)
    face, skin = close_up(), skin_of_pixels(dotted())
    given = {"lesions": found(presence=0.9), "counts": {Region.FACE: 2.0}, "view": View.CLOSE_UP}
    told = [
        with_comedones(face_lesions(**given, counts_all=dict.fromkeys(Region, every)), face, skin).comedones
        for every in (2.0, 40.0)
    ]
    assert (told[0][Region.FACE] < told[1][Region.FACE]) is (least_px == SIDE)


@pytest.mark.parametrize("size", [6.5, 9.0, 16.0])
def test_a_wide_gaussian_of_a_reduced_map_is_that_of_the_whole_map(size):
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(0).random((121, 150)).astype(np.float32)
    found = comedones._resized(comedones._blurred(noise, size), (150, 121))
    whole = gaussian_filter(noise, size, truncate=3)
    assert np.abs(found - whole).max() < 0.15 * np.ptp(whole)
    narrow = comedones._blurred(noise, 2.0)
    np.testing.assert_array_equal(narrow, gaussian_filter(noise, 2.0, truncate=3))
