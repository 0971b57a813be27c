import numpy as np
import pytest
from scipy import stats

from dermis.metrics.bootstrap import bootstrap, bootstrap_all


def mean_of(values):
    return lambda places: float(values[places].mean())


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_as_scipy_where_every_sample_is_its_own_group(method, theirs):
    values = np.random.default_rng(5).exponential(size=40)
    ours = bootstrap(mean_of(values), np.arange(40), resamples=20000, seed=1, method=method)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20000, method=theirs, rng=np.random.default_rng(2)
    ).confidence_interval
    spread = expected.high - expected.low
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(expected.low, abs=0.03 * spread)
    assert ours.high == pytest.approx(expected.high, abs=0.03 * spread)


def test_groups_of_like_samples_make_the_interval_wider():
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(20), 10)
    values = rng.normal(size=20)[subject] + 0.1 * rng.normal(size=200)
    alone, together = (bootstrap(mean_of(values), groups, resamples=500) for groups in (np.arange(200), subject))
    assert together.groups == 20
    assert (together.high - together.low) > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_hold_what_they_say(method):
    rng = np.random.default_rng(7)
    held = 0
    for seed in range(150):
        subject = np.repeat(np.arange(30), 3)
        values = rng.normal(size=30)[subject] + rng.normal(size=90)
        found = bootstrap(mean_of(values), subject, level=0.9, resamples=200, seed=seed, method=method)
        held += found.low <= 0 <= found.high
    assert 0.82 <= held / 150 <= 0.96


def test_the_seed_decides_and_figures_share_their_draws():
    values = np.random.default_rng(0).normal(size=50)
    groups = np.arange(50) // 2
    one = bootstrap(mean_of(values), groups, seed=3)
    assert one == bootstrap(mean_of(values), groups, seed=3)
    assert one != bootstrap(mean_of(values), groups, seed=4)
    both = bootstrap_all(lambda places: [values[places].mean(), -values[places].mean()], groups, seed=3)
    assert both[0] == one
    assert both[1].low == pytest.approx(-one.high)


def test_one_group_has_no_interval():
    found = bootstrap(mean_of(np.array([1.0, 2.0])), ["a", "a"])
    assert found.value == 1.5
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_a_figure_that_mostly_is_undefined_has_no_interval():
    values = np.arange(6.0)

    def only_whole(places):
        return float(values[places].mean()) if len(set(places.tolist())) == 6 else float("nan")

    found = bootstrap(only_whole, np.arange(6), resamples=50)
    assert found.value == 2.5
    assert np.isnan(found.low)


def test_a_constant_has_no_width():
    found = bootstrap(lambda places: 4.0, np.arange(5), resamples=50)
    assert (found.low, found.value, found.high) == (4, 4, 4)


@pytest.mark.parametrize("groups", [[], [[1, 2]]])
def test_wrong_groups_are_refused(groups):
    with pytest.raises(ValueError, match="groups"):
        bootstrap(lambda places: 0.0, groups)


def test_wrong_levels_are_refused():
    with pytest.raises(ValueError, match="level"):
        bootstrap(lambda places: 0.0, [1, 2], level=95)


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_the_interval_of_a_skewed_figure_does_not_mind_the_unit(unit):
    values = np.random.default_rng(5).lognormal(0, 1.2, 40)
    plain = bootstrap(lambda places: float(values[places].mean()), np.arange(40), resamples=400)
    scaled = bootstrap(lambda places: float(unit * values[places].mean()), np.arange(40), resamples=400)
    assert (scaled.low / unit, scaled.high / unit) == pytest.approx((plain.low, plain.high), rel=1e-6)
