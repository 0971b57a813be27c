import numpy as np
import pytest

from dermis.metrics.calibration import (
    brier,
    calibration_error,
    conformal_levels,
    conformal_quantile,
    conformal_quantiles,
    coverage,
    interval_score,
    reliability,
    width,
)


def test_intervals_written_out():
    target, low, high = [1.0, 2.0, 5.0], [0.0, 2.0, 6.0], [1.0, 3.0, 7.0]
    assert coverage(target, low, high) == pytest.approx(2 / 3)
    assert width(low, high) == 1
    assert interval_score(target, low, high, level=0.9) == pytest.approx(1 + 20 * 1 / 3)


def test_the_true_interval_has_the_best_score():
    draws = np.random.default_rng(0).normal(size=20000)
    scores = [interval_score(draws, draws * 0 - half, draws * 0 + half, level=0.9) for half in (1.0, 1.645, 2.5)]
    assert scores[1] == min(scores)


def test_brier_of_two_and_of_many_classes():
    assert brier([0.8, 0.3], [1, 0]) == pytest.approx((0.04 + 0.09) / 2)
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    assert brier(shares, [0, 1]) == pytest.approx((0.09 + 0.04 + 0.01 + 0.01 + 0.81 + 0.64) / 2)
    assert brier(np.array([[1.0, 0.0]]), [0]) == 0


def test_reliability_bins():
    found = reliability([0.05, 0.15, 0.11, 1.0, 0.95], [0, 1, 0, 1, 1], bins=10)
    assert found.count.tolist() == [1, 2, 2]
    assert found.probability == pytest.approx([0.05, 0.13, 0.975])
    assert found.share == pytest.approx([0, 0.5, 1])
    assert calibration_error([0.05, 0.15, 0.11, 1.0, 0.95], [0, 1, 0, 1, 1]) == pytest.approx(
        (0.05 + 2 * 0.37 + 2 * 0.025) / 5
    )
    with pytest.raises(ValueError, match="lies in"):
        reliability([1.2], [1])


def test_said_as_it_happens_is_calibrated():
    rng = np.random.default_rng(0)
    probability = rng.random(40000)
    happened = rng.random(40000) < probability
    assert calibration_error(probability, happened) < 0.01
    assert calibration_error(probability**2, happened) > 0.1


def test_conformal_written_out():
    scores = np.arange(1, 10.0)
    # Nine scores: the ceil(10 * 0.8) = 8th, the ceil(10 * 0.9) = 9th; for more there are too few.
    assert conformal_quantile(scores, 0.8) == 8
    assert conformal_quantile(scores, 0.9) == 9
    assert conformal_quantile(scores, 0.91) == np.inf
    assert conformal_quantile([2.0], 0.5) == 2


def test_groups_count_alike():
    scores = np.concatenate([np.full(100, 1.0), [5.0, 9.0, 7.0]])
    groups = np.concatenate([np.zeros(100), [1, 2, 3]])
    assert conformal_quantile(scores, 0.6) == 1
    assert conformal_quantile(scores, 0.6, groups=groups) == 7
    assert conformal_quantile(scores, 0.2, groups=groups) == 1
    assert conformal_quantile(scores, 0.9, groups=groups) == np.inf


def test_each_stratum_has_its_own():
    scores = np.arange(40.0)
    strata = np.repeat(["a", "b"], 20)
    found = conformal_quantiles(scores, 0.5, strata=strata)
    assert found == {"a": 10.0, "b": 30.0}
    held = conformal_quantiles(scores, 0.5, strata=strata, groups=np.repeat(np.arange(20), 2))
    assert held["a"] < held["b"]


def test_wrong_levels_and_lengths_are_refused():
    with pytest.raises(ValueError, match="between"):
        conformal_quantile([1.0], 1.0)
    with pytest.raises(ValueError, match="as long"):
        conformal_quantile([1.0, 2.0], 0.5, groups=[1])


def test_levels_are_those_at_which_intervals_reach():
    scores, groups = np.array([1.0, 1.0, 4.0, 2.0, 3.0]), np.array([0, 0, 0, 1, 2])
    asked = np.array([0.5, 1.0, 1.5, 3.0, 9.0])
    found = conformal_levels(scores, asked, groups=groups)
    for level in (0.1, 0.2, 0.35, 0.5, 0.7):
        reach = conformal_quantile(scores, level, groups=groups)
        assert ((found < level) == (asked <= reach)).all()


def test_levels_of_exchangeable_scores_are_spread_evenly():
    rng = np.random.default_rng(0)
    found = conformal_levels(rng.exponential(size=4000), rng.exponential(size=4000))
    assert [(found < level).mean() for level in (0.1, 0.5, 0.9)] == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1])
def test_a_level_lies_between_nothing_and_certainty(level):
    with pytest.raises(ValueError, match="level"):
        conformal_quantile([1.0, 2.0], level)


def test_ends_of_an_interval_belong_to_it():
    assert coverage([1.0, 2.0, 0.99, 2.01], [1.0] * 4, [2.0] * 4) == 0.5
    assert interval_score([1.0, 2.0], [1.0] * 2, [2.0] * 2, level=0.5) == 1.0


@pytest.mark.parametrize("probability", [-1e-9, 1 + 1e-9])
def test_a_probability_lies_in_its_range(probability):
    with pytest.raises(ValueError, match="lies in"):
        reliability([probability], [1])
    assert reliability([0.0, 1.0], [0, 1]).count.tolist() == [1, 1]


def test_bins_are_of_equal_width_and_hold_their_lower_end():
    found = reliability([0.0, 0.24, 0.25, 0.5, 0.99], [0, 1, 1, 0, 1], bins=4)
    assert found.count.tolist() == [2, 1, 1, 1]
    assert found.share.tolist() == [0.5, 1, 0, 1]


def test_levels_of_more_than_all_scores_and_of_less_than_any():
    assert conformal_levels([1.0, 2.0, 3.0], [0.5, 1.0, 2.5, 9.0]).tolist() == pytest.approx([0, 0, 0.5, 0.75])
