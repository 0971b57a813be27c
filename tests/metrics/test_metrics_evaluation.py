"""Who wins, which slices are judged, which samples gained: at the limits, with figures that are known."""

import numpy as np
import pytest

from dermis.metrics.evaluation import (
    FEWEST_GROUPS,
    BootstrapConfig,
    PairedComparison,
    gain_of,
    metrics_of,
    paired_tests_of,
    slices_of,
)
from dermis.metrics.registry import Answers

DRAWS = BootstrapConfig(resamples=30)


def answers(predicted, target=None):
    predicted = np.asarray(predicted, np.float64)[:, None]
    true = np.zeros_like(predicted) if target is None else np.asarray(target, np.float64)[:, None]
    return Answers(kind="measure", target=true, predicted=predicted, errors=np.abs(predicted - true)[:, 0])


def compared(errors, other, tolerance=0.5):
    return PairedComparison(
        question="q", kind="measure", unit="", first="a", second="b", keys=(), groups=np.arange(len(errors)),
        errors=(np.asarray(errors, np.float64), np.asarray(other, np.float64)), tolerance=tolerance, bouts={},
    )  # fmt: skip


def test_a_kind_of_sample_is_judged_from_five_groups_on():
    values = np.repeat(["five", "four"], (10, 8))
    groups = np.concatenate([np.repeat(np.arange(5), 2), np.repeat(np.arange(4), 2)])
    five, four = slices_of(answers(np.arange(18.0)), groups, values, DRAWS)
    assert FEWEST_GROUPS == 5
    assert (five.judged, five.groups, five.samples) == (True, 5, 10)
    assert (four.judged, four.groups, four.samples) == (False, 4, 8)
    assert np.isfinite(five.figures["mae"].low)
    assert np.isnan(four.figures["mae"].low)
    assert four.figures["mae"].value == pytest.approx(13.5)


def test_slices_come_in_the_order_that_is_given():
    values = np.array(["b", "a", "c", "a"])
    held = answers(np.arange(4.0))
    assert [one.value for one in slices_of(held, np.arange(4), values)] == ["a", "b", "c"]
    assert [one.value for one in slices_of(held, np.arange(4), values, order=("c", "x", "b"))] == ["c", "b"]


def test_figures_without_draws_have_no_interval():
    found = metrics_of(answers([1.0, 3.0, 2.0]), np.array([0, 0, 1]), names=("mae", "rmse"))
    assert list(found) == ["mae", "rmse"]
    assert (found["mae"].value, found["mae"].groups) == (2.0, 2)
    assert np.isnan([found["mae"].low, found["mae"].high, found["mae"].level]).all()


def test_a_gain_is_positive_where_the_first_is_better():
    near, far = answers([1.0, -1.0, 1.0, 1.0]), answers([2.0, 2.0, 2.0, 2.0])
    groups = np.arange(4)
    assert gain_of(near, far, groups, DRAWS).value == 1.0
    assert gain_of(far, near, groups, DRAWS, name="rmse").value == -1.0
    with pytest.raises(ValueError, match="no better and no worse"):
        gain_of(near, far, groups, DRAWS, name="bias")


@pytest.mark.parametrize(("second", "winner"), [(1.0, "second"), (2.0, ""), (3.0, "first")])
def test_who_is_nearer_throughout_wins_and_equals_do_not(second, winner):
    target = np.arange(6.0)
    found = paired_tests_of(answers(target + 2, target), answers(target + second, target), np.arange(6), DRAWS)
    assert (found["mae"].winner, found["mae"].gain.value) == (winner, 2.0 - second)
    assert (found["mae"].first.value, found["mae"].second.value) == (2.0, second)
    assert (found["bias"].winner, found["bias"].gain) == ("", None)
    assert found["spearman"].winner == ""


def test_a_gain_up_to_the_tolerance_is_a_tie():
    held = compared([1.0, 1.0, 1.0, 1.0, 1.0], [0.5, 0.4, 1.5, 1.6, 1.0])
    assert held.wins == (1, 3, 1)
    assert held.biggest() == ((1,), (3,))


def test_the_biggest_gains_and_losses_come_first_and_so_many_each():
    held = compared(np.zeros(16), np.arange(-8.0, 8.0), tolerance=0.0)
    assert held.biggest(3) == ((0, 1, 2), (15, 14, 13))
    assert [len(side) for side in held.biggest()] == [6, 6]
    assert held.wins == (7, 1, 8)
