"""Belts are inverted to intervals that cover at every true value alike."""

import numpy as np
import pytest

from dermis.core import CaptureCondition, Finding, Region
from dermis.tasks import TASKS, intervals
from dermis.tasks.intervals import FOLDER, Belt, interval, interval_belts, with_intervals
from dermis.tasks.tone_posterior import NO_WHITES

BELT = Belt(truth=(0.0, 50.0, 100.0), low=(-5.0, -10.0, -20.0), high=(10.0, 10.0, 5.0), level=0.9, people=9, photos=99)


@pytest.mark.parametrize("true", [5.0, 40.0, 75.0, 95.0])
def test_a_true_value_lies_inside_exactly_where_the_error_lies_in_the_belt(true):
    low, high = (np.interp(true, BELT.truth, ends) for ends in (BELT.low, BELT.high))
    for error in np.linspace(low - 8, high + 8, 41):
        first, last = BELT.interval(true + error)
        if abs(error - low) > 0.6 and abs(error - high) > 0.6 and 0 <= true + error <= 100:
            assert (first <= true <= last) is bool(low < error < high)


def test_a_larger_error_gives_a_wider_interval_and_the_answer_lies_inside():
    widths = [np.subtract(*BELT.interval(50.0, scale)[::-1]) for scale in (0.5, 1.0, 2.0)]
    assert widths == sorted(widths)
    assert widths[0] < widths[2]
    for value in (-40.0, 50.0, 160.0):
        low, high = BELT.interval(value)
        assert low <= value <= high


def test_what_nobody_has_measured_has_no_interval(monkeypatch, tmp_path):
    monkeypatch.setattr(intervals, "FOLDER", tmp_path)
    for cached in (intervals._told, intervals.interval_belts):
        cached.cache_clear()
    finding = Finding(task="melanin", region=Region.FACE, value=40.0, unit="", model="m")
    assert interval("melanin", CaptureCondition.UNKNOWN, 40.0) is None
    assert with_intervals([finding], CaptureCondition.UNKNOWN) == (finding,)
    for cached in (intervals._told, intervals.interval_belts):
        cached.cache_clear()


def test_a_task_whose_errors_have_a_scale_gives_no_interval_without_it():
    assert interval_belts("skin_tone")["unknown"].scaled
    assert interval("skin_tone", CaptureCondition.UNKNOWN, 20.0) is None
    low, high = interval("skin_tone", CaptureCondition.UNKNOWN, 20.0, 12.0)
    assert low < 20.0 < high


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_table_is_of_a_task_and_says_what_it_rests_on(path):
    assert path.stem in {*TASKS, intervals.LIGHTNESS}
    for name, belt in interval_belts(path.stem).items():
        assert name in {*CaptureCondition, "referenced_patch", NO_WHITES}
        assert list(belt.truth) == sorted(belt.truth)
        assert len(belt.truth) == len(belt.low) == len(belt.high)
        assert all(low < high for low, high in zip(belt.low, belt.high, strict=True))
        assert belt.people >= 20
        assert belt.photos >= 60


def test_a_region_that_no_belt_was_fitted_on_has_no_interval():
    found = [
        Finding(task="melanin", region=region, value=30.0, unit="melanin index", model="m")
        for region in (Region.FACE, Region.LEFT_CHEEK, Region.LEFT_UNDER_EYE)
    ]
    told = with_intervals(found, CaptureCondition.UNKNOWN)
    assert [one.interval is not None for one in told] == [True, True, False]


def test_the_grade_of_redness_has_an_interval_on_the_face_alone():
    told = with_intervals(
        [
            Finding(task=task, region=region, value=1.0, unit="", model="m")
            for task in ("redness_grade", "pigmentation_grade")
            for region in (Region.FACE, Region.LEFT_CHEEK)
        ],
        CaptureCondition.UNKNOWN,
    )
    assert [one.interval is None for one in told] == [False, True, False, False]
