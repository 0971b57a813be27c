"""Numbers beside a picture say what is known, and flag what is not."""

import numpy as np
import pytest

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode
from dermis.core import Capture, Encoding, Photo
from dermis.models.capture_features import FEATURES, capture_features, number_names
from dermis.models.preprocess import Input, preprocess

EXIF = {
    "log10_iso": ("iso", 100.0, 2.0),
    "log10_exposure_s": ("exposure_s", 0.01, -2.0),
    "f_number": ("f_number", 1.8, 1.8),
    "exposure_bias_ev": ("exposure_bias_ev", -0.5, -0.5),
    "brightness_ev": ("brightness_ev", 6.0, 6.0),
    "focal_length_mm": ("focal_length_mm", 4.2, 4.2),
    "white_balance_auto": ("white_balance_auto", True, 1.0),
}


def photo(pixels=None, **capture):
    held = np.full((8, 8, 3), 0.5, np.float32) if pixels is None else pixels
    return Photo(pixels=held, encoding=Encoding.SRGB, capture=Capture(**capture))


def named(shown, feature):
    names = number_names((feature,))
    return dict(zip((name.split(".", 1)[1] for name in names), capture_features(shown, (feature,)), strict=True))


@pytest.mark.parametrize("name", EXIF)
def test_what_exif_says_is_a_number_and_what_it_does_not_is_flagged(name):
    field, value, number = EXIF[name]
    said = named(photo(**{field: value}), "exposure")
    assert said[name] == pytest.approx(number)
    assert said[f"{name}_missing"] == 0
    for other in set(EXIF) - {name}:
        assert np.isnan(said[other])
        assert said[f"{other}_missing"] == 1


def test_a_photo_without_exif_has_every_flag():
    said = named(photo(), "exposure")
    assert sum(value for name, value in said.items() if name.endswith("_missing")) == len(EXIF)


def test_an_unknown_camera_has_a_place_and_no_camera_has_none():
    hashed = {model: capture_features(photo(model=model), ("camera_hash",)) for model in ("One", "Never seen before")}
    assert all(held.sum() == 1 for held in hashed.values())
    assert capture_features(photo(), ("camera_hash",)).sum() == 0


def test_words_of_the_capture_are_counted():
    assert capture_features(photo(make="Sweet", model="One", iso=100.0), ("text",)).sum() == 3


def test_the_surround_of_a_chip_is_read_and_of_nothing_else():
    pixels = np.full((120, 120, 3), 0.45, np.float32)
    pixels[10:110, 10:110] = 0.9
    pixels[20:96, 22:98] = (0.6, 0.4, 0.3)
    pixels[100:105, 30:60] = 0.1
    light, dark, middle = capture_features(photo(pixels), ("surround",)).reshape(3, 3)
    for found, value in ((light, 0.9), (dark, 0.1), (middle, 0.45)):
        np.testing.assert_allclose(found, linear_to_lab(decode(np.full(3, value))), atol=0.5)
    alone = preprocess(photo(pixels), Input(crop="chip", features=("surround", "mean_colour")))
    assert np.isnan(alone.numbers[:9]).all()
    np.testing.assert_allclose(alone.numbers[9:], linear_to_lab(decode(np.array([0.6, 0.4, 0.3]))), atol=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2)])
def test_every_feature_has_its_numbers_whatever_the_size(size):
    tiny = photo(np.full((*size, 3), 0.4, np.float32))
    for name in FEATURES:
        assert capture_features(tiny, (name,), cameras=("a", "b")).shape == (len(number_names((name,), ("a", "b"))),)
