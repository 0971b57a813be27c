"""Tone as a range: classes and Monk tones of an interval."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.lab import lab_to_linear
from dermis.core import Region
from dermis.tasks.tone import classes_within, measure, monk_of, monk_within
from fakes.plain_face import SIZE, face_with


@pytest.mark.parametrize(
    ("low", "high", "classes"),
    [
        (30.0, 40.0, ("intermediate",)),
        (20.0, 45.0, ("tan", "intermediate", "light")),
        (-60.0, 70.0, ("dark", "brown", "tan", "intermediate", "light", "very light")),
        (41.0, 41.1, ("intermediate", "light")),
    ],
)
def test_classes_of_an_interval_run_from_dark_to_light(low, high, classes):
    assert classes_within(low, high) == classes


def test_monk_tones_of_an_interval_hold_that_of_the_middle_and_grow_with_it():
    lab = np.array([60.0, 11.0, 16.0])
    narrow, wide = monk_within(lab, (30.0, 34.0)), monk_within(lab, (-50.0, 65.0))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
    assert wide[1] - wide[0] >= 3


def test_a_colour_that_no_swatch_is_near_has_no_monk_tone():
    fair, swatch = np.array([68.0, 10.0, 15.0]), np.array([42.5, 12.3, 20.5])
    assert monk_of(fair, None) is None
    assert monk_of(fair, (40.0, 60.0)) is None
    assert monk_of(swatch, None) == 7
    assert monk_of(swatch, (-25.0, -15.0)) == monk_within(swatch, (-25.0, -15.0))


def plain(lightness, a, b):
    """Return skin of one hue whose lightness is spread over the face."""
    lab = np.stack([lightness, np.full_like(lightness, a), np.full_like(lightness, b)], axis=-1)
    _, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    return replace(skin, linear=np.asarray(lab_to_linear(lab), np.float32))


def test_tone_and_spread_are_those_of_the_well_lit():
    """Between the median and the 95th percentile of lightness; of these the 5th to 95th percentile of the ITA."""
    lightness = np.random.default_rng(0).uniform(45.0, 75.0, (SIZE, SIZE))
    skin = plain(lightness, 12.0, 16.0)
    found = next(one for one in measure(skin) if one.region is Region.FACE)
    measured = lightness[skin.measured]
    lit = float(np.percentile(measured, 72.5))
    assert found.detail["lab"] == pytest.approx([lit, 12.0, 16.0], abs=0.3)
    assert found.value == pytest.approx(float(np.degrees(np.arctan2(lit - 50, 16.0))), abs=0.6)
    low, high = np.percentile(measured, (50, 95))
    pixels = np.degrees(np.arctan2(measured[(measured >= low) & (measured <= high)] - 50, 16.0))
    assert found.spread == pytest.approx(tuple(np.percentile(pixels, (5, 95)).tolist()), abs=0.4)


def test_skin_without_a_hue_has_no_tone():
    lightness = np.full((SIZE, SIZE), 60.0)
    assert measure(plain(lightness, 0.5, 1.0)) == ()
    assert measure(plain(lightness, 1.5, 3.0)) != ()
