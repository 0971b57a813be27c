from dataclasses import replace

import pytest

from dermis.core import Capture, Count, Finding, Map, Measure, Ordinal, Presence, Region, View
from dermis.report.formatting import (
    capture_rows,
    measure_words,
    number,
    percent,
    plain,
    region_title,
    shown_range,
    unit_name,
    value_words,
)


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [(3.14159, 2, "3.14"), (-3.2, 0, "−3"), (-0.04, 1, "0.0"), (float("nan"), 1, "not known"), (12, 0, "12")],
)
def test_numbers(value, digits, words):
    assert number(value, digits) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (0.0001, "under 0.1 %"), (0.004, "0.4 %"), (0.0996, "10 %"), (0.5, "50 %"), (1, "100 %")],
)
def test_shares(share, words):
    assert percent(share) == words


@pytest.mark.parametrize(
    ("scale", "value", "words"),
    [
        (Measure(unit="ITA deg", low=-90, high=90), 34.25, "34.2°"),
        (Measure(unit="%", low=0, high=100), 12.34, "12.3 %"),
        (Map(unit="index", low=0, high=1), 0.12345, "0.123"),
        (Presence(), 0.871, "87 %"),
        (Ordinal(lowest=0, highest=4), 2.0, "2"),
        (Ordinal(lowest=0, highest=4), 2.26, "2.3"),
        (Count(unit="lesions"), 12.0, "12"),
    ],
)
def test_values_follow_their_scale(scale, value, words):
    assert value_words(value, scale) == words


def test_unit_stands_behind_the_value_once():
    assert unit_name(Measure(unit="ITA deg", low=-90, high=90)) == "ITA"
    assert unit_name(Measure(unit="%", low=0, high=100)) == ""
    assert unit_name(Map(unit="melanin index", low=0, high=80)) == "melanin index"
    assert unit_name(Ordinal(lowest=0, highest=4)) == "on a scale of 0 to 4"


def test_a_range_is_the_interval_else_bounds_else_the_spread():
    bare = Finding(task="x", region=Region.FACE, value=1, unit="", model="x", level=0.95)
    assert shown_range(bare) == (None, "")
    spread = replace(bare, spread=(-1.0, 3.0))
    assert shown_range(spread) == ((-1.0, 3.0), "middle 90 % of the pixels")
    bounds = replace(spread, detail={"bounds": [0, 4], "bounds_are": "by rule"})
    assert shown_range(bounds) == ((0.0, 4.0), "by rule")
    assert shown_range(replace(bounds, interval=(0.0, 2.0))) == ((0.0, 2.0), "95 % interval")


def test_regions_and_names():
    assert region_title(Region.LEFT_UNDER_EYE) == "Left under-eye"
    assert region_title(Region.FACE) == "Whole face"
    assert region_title(Region.FACE, View.CLOSE_UP) == "All skin in view"
    assert plain("") == ""


def test_capture_tells_what_is_known_only():
    assert capture_rows(Capture()) == {}
    rows = capture_rows(Capture(exposure_s=2.0, exposure_bias_ev=-0.3, white_balance_auto=False, flash_fired=True))
    assert rows == {
        "Exposure time": "2 s",
        "Exposure correction": "-0.3 EV",
        "White balance": "set by hand",
        "Flash": "fired",
    }
    assert capture_rows(Capture(exposure_s=1 / 121))["Exposure time"] == "1/121 s"
    assert "Exposure time" not in capture_rows(Capture(exposure_s=0.0))


def test_measures_read_their_unit_from_their_name():
    assert measure_words("specular_share", 0.041) == ("Specular", "4.1 %")
    assert measure_words("skin_hue_deg", 56.21) == ("Skin hue", "56.2°")
    assert measure_words("measured_px", 81234.0) == ("Measured", "81234 px")
    assert measure_words("sharpness", 0.713) == ("Sharpness", "0.71")
