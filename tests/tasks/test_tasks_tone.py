"""Tone as a range: classes and Monk tones of an interval."""

import numpy as np
import pytest

from dermis.tasks.tone import classes_within, monk_of, monk_within


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
