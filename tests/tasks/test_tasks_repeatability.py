"""What between two photos is a change: more than measuring again would give."""

from dataclasses import replace

import pytest

from dermis.core import CaptureCondition, Region
from dermis.tasks import TASKS, repeatability
from dermis.tasks.repeatability import (
    Measured,
    Repeatability,
    repeatabilities,
    smallest_detectable_change,
    value_change,
)

ONE = Repeatability(task="redness", condition="unknown", sd=2.0, people=5, photos=20, of="a", commit="c")
BEFORE = Measured(value=10.0, condition="unknown", interval=(8.0, 13.0), level=0.9)
AFTER = Measured(value=16.0, condition="unknown", interval=(12.0, 20.0), level=0.9)


@pytest.fixture
def table(monkeypatch):
    rows = (ONE, replace(ONE, of="b", sd=1.5), replace(ONE, condition="referenced", sd=1.0))
    monkeypatch.setattr(repeatability, "repeatabilities", lambda: rows)


def changed(before=BEFORE, after=AFTER, **told):
    return value_change("redness", told.pop("region", Region.FACE), "u", before, after, **told)


def test_the_smallest_detectable_change_is_that_of_two_photos():
    assert ONE.mdc95 == pytest.approx(1.96 * 2**0.5 * 2.0)


def test_of_several_sets_of_people_the_least_repeatable_counts(table):
    assert smallest_detectable_change("redness", "unknown") == pytest.approx(ONE.mdc95)


def test_photos_of_two_conditions_have_the_spread_of_both(table):
    assert smallest_detectable_change("redness", "unknown", "referenced") == pytest.approx(1.96 * 5**0.5)


@pytest.mark.parametrize("conditions", [("controlled",), ("unknown", "controlled"), ("",)])
def test_what_nobody_has_measured_is_not_told(table, conditions):
    assert smallest_detectable_change("redness", *conditions) is None
    assert smallest_detectable_change("redness", "unknown", region=Region.NOSE) is None


def test_a_difference_counts_from_the_smallest_detectable_change_on(table):
    found = changed()
    assert found.mdc == pytest.approx(ONE.mdc95)
    assert found.changed is True
    assert found.interval == pytest.approx((6 - ONE.mdc95 * 1.645 / 1.96, 6 + ONE.mdc95 * 1.645 / 1.96))
    assert changed(after=replace(AFTER, value=15.0)).changed is False


def test_without_repeats_both_errors_add_up_as_squares(table):
    found = changed(region=Region.NOSE)
    assert found.mdc is None
    assert found.interval == pytest.approx((6 - 5.0, 6 + 20**0.5))
    assert found.changed is True
    assert changed(after=replace(AFTER, interval=None), region=Region.NOSE).changed is None
    assert changed(after=replace(AFTER, level=0.8), region=Region.NOSE).interval is None


def test_a_photo_differs_from_itself_by_nothing(table):
    found = changed(after=BEFORE, same_photo=True)
    assert (found.difference, found.interval, found.changed) == (0.0, (0.0, 0.0), False)


def test_the_table_that_ships_is_of_tasks_and_conditions_and_says_what_it_rests_on():
    assert repeatabilities()
    for row in repeatabilities():
        assert row.task in TASKS
        assert row.condition in {*CaptureCondition, "referenced_patch"}
        assert row.sd > 0
        assert (row.people >= 5, row.photos >= 20, bool(row.of), bool(row.commit)) == (True, True, True, True)


def test_a_smallest_change_that_goes_with_the_values_stands_for_that_of_the_table(table):
    found = value_change("redness", Region.FACE, "u", BEFORE, AFTER, smallest=lambda before, after: after - before + 1)
    assert (found.mdc, found.changed) == (7.0, False)
    assert found.interval == changed().interval
    nose = value_change("redness", Region.NOSE, "u", BEFORE, AFTER, smallest=lambda before, after: 1.0)
    assert nose.mdc is None


def test_photos_not_taken_alike_have_neither_interval_nor_verdict(table):
    told = value_change("redness", Region.FACE, None, BEFORE, AFTER, taken_alike=False, smallest=lambda one, two: 1.0)
    assert (told.interval, told.level, told.mdc, told.changed) == (None, None, None, None)
    assert told.difference == 6.0
