import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.colour import decode, srgb_to_lab
from dermis.core import Capture, Encoding, Photo
from dermis.models.capture_features import FEATURES, capture_features, number_names
from dermis.models.preprocess import CROPS, Input, on_square, placed, preprocess, restored

FITS = ("crop", "squeeze", "pad")
SIDES = st.integers(1, 90)


def photo(height=30, width=20, colour=(0.8, 0.6, 0.5), encoding=Encoding.SRGB, **capture):
    pixels = np.broadcast_to(np.float32(colour), (height, width, 3)).copy()
    return Photo(pixels=pixels, encoding=encoding, capture=Capture(**capture))


@given(height=SIDES, width=SIDES, size=st.integers(1, 40), fit=st.sampled_from(FITS))
@settings(max_examples=60, deadline=None)
def test_any_photo_becomes_a_square(height, width, size, fit):
    seen = preprocess(photo(height, width), Input(size_px=size, fit=fit))
    assert seen.picture.shape == (size, size, 3)
    shown = seen.picture[(seen.picture > 0).any(axis=2)]
    np.testing.assert_array_equal(shown, np.broadcast_to([204, 153, 128], shown.shape))
    assert len(shown) == size * size or fit == "pad"


@given(height=st.integers(8, 90), width=st.integers(8, 90), fit=st.sampled_from(FITS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_point_and_its_pixel_go_the_same_way(height, width, fit, data):
    shown = Input(size_px=64, fit=fit)
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    values = np.zeros((height, width), np.float32)
    values[row, column] = 1.0
    square = placed(values, shown)
    x, y = on_square(column + 0.5, row + 0.5, height, width, shown)
    if square.max() > 0.2 and 1 < x < 63 and 1 < y < 63:
        place = np.unravel_index(square.argmax(), square.shape)
        reach = 1 + 64 / min(height, width) / 2
        assert abs(place[0] + 0.5 - y) <= reach
        assert abs(place[1] + 0.5 - x) <= reach


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("height", "width"), [(48, 64), (64, 48), (5, 7), (1, 1)])
def test_maps_find_back_to_the_photo(fit, height, width):
    classes = np.zeros((height, width), np.uint8)
    classes[height // 2 :, : (width + 1) // 2] = 3
    shown = Input(size_px=64, fit=fit)
    back = restored(placed(classes, shown, nearest=True), height, width, shown, nearest=True)
    assert back.shape == classes.shape
    known = np.isfinite(back)
    np.testing.assert_array_equal(back[known], classes[known])
    assert known.all() == (fit != "crop" or height == width)
    assert known.sum() >= min(height, width) ** 2


def test_light_and_srgb_are_what_was_asked():
    linear = preprocess(photo(), Input(size_px=4, values="linear"))
    assert linear.picture.dtype == np.float16
    np.testing.assert_allclose(linear.picture[0, 0], decode(np.array([0.8, 0.6, 0.5])), rtol=1e-3)
    light = photo(colour=tuple(decode(np.array([0.8, 0.6, 0.5]))), encoding=Encoding.LINEAR_SRGB)
    np.testing.assert_array_equal(preprocess(light, Input(size_px=4)).picture[0, 0], [204, 153, 128])


def spotted():
    """A photo of one colour on the left and another on the right, with a mask on the left."""
    one = photo(20, 20)
    pixels = one.pixels.copy()
    pixels[:, 10:] = (0.1, 0.9, 0.1)
    mask = np.zeros((20, 20), bool)
    mask[4:16, 2:8] = True
    return Photo(pixels=pixels, encoding=Encoding.SRGB), mask


def test_the_background_may_be_painted_over():
    one, mask = spotted()
    kept = preprocess(one, Input(size_px=20), mask).picture
    black = preprocess(one, Input(size_px=20, background="black"), mask).picture
    mean = preprocess(one, Input(size_px=20, background="mean"), mask).picture
    assert (kept[:, 10:] == [26, 230, 26]).all()
    assert (black[~mask] == 0).all()
    assert (mean == [204, 153, 128]).all()
    nowhere = preprocess(one, Input(size_px=20, background="black"), np.zeros((20, 20), bool)).picture
    np.testing.assert_array_equal(nowhere, kept)


def test_the_crop_about_a_mask_shows_it_and_little_else():
    one, mask = spotted()
    seen = preprocess(one, Input(size_px=10, crop="mask", fit="squeeze"), mask)
    window = seen.window
    assert (window.top, window.left, window.height, window.width) == (3, 1, 14, 8)
    assert CROPS["mask"](one, None) == CROPS[""](one, None)


def test_the_mean_colour_is_that_of_the_mean_light_where_to_look():
    one, mask = spotted()
    lab = np.asarray(srgb_to_lab(np.array([0.8, 0.6, 0.5])))
    np.testing.assert_allclose(capture_features(one, ("mean_colour",), mask), lab, rtol=1e-5)
    middle = np.concatenate([one.pixels[5:15, 5:10].reshape(-1, 3), one.pixels[5:15, 10:15].reshape(-1, 3)])
    from dermis.colour import linear_to_lab

    expected = np.asarray(linear_to_lab(np.asarray(decode(middle)).mean(axis=0)))
    np.testing.assert_allclose(capture_features(one, ("mean_colour",)), expected, rtol=1e-4)


def test_capture_data_become_numbers_and_what_is_missing_is_said():
    one = photo(iso=400.0, exposure_s=0.01, f_number=1.8, white_balance_auto=True)
    named = dict(zip(number_names(("exposure",)), capture_features(one, ("exposure",)), strict=True))
    assert named["exposure.log10_iso"] == pytest.approx(np.log10(400), rel=1e-6)
    assert named["exposure.log10_exposure_s"] == pytest.approx(-2, rel=1e-6)
    assert named["exposure.white_balance_auto"] == 1
    assert named["exposure.log10_iso_missing"] == 0
    assert np.isnan(named["exposure.brightness_ev"])
    assert named["exposure.brightness_ev_missing"] == 1


def test_cameras_and_words():
    cameras = ("apple one", "plain two")
    one = photo(make="Apple", model="One", iso=100.0)
    assert capture_features(one, ("camera",), cameras=cameras).tolist() == [1, 0]
    assert capture_features(photo(make="Other", model="X"), ("camera",), cameras=cameras).tolist() == [0, 0]
    words = capture_features(one, ("text",))
    assert words.sum() == 3
    assert not np.array_equal(words, capture_features(photo(make="Apple", model="Two", iso=100.0), ("text",)))


@pytest.mark.parametrize("name", list(FEATURES))
def test_every_feature_gives_as_many_numbers_as_names(name):
    cameras = ("a", "b", "c")
    for one in (photo(), photo(1, 1), photo(iso=100.0, make="a")):
        assert capture_features(one, (name,), cameras=cameras).shape == (len(number_names((name,), cameras)),)
    assert FEATURES[name].about
