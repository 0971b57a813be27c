"""What holds for every figure, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from dermis.metrics import METRICS
from dermis.metrics.agreement import cohen_kappa, fleiss_kappa, icc, kendall_w, krippendorff_alpha
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.calibration import calibration_error, conformal_quantile, coverage
from dermis.metrics.detection import Found, average_precision, boundary_f, dice, iou
from dermis.metrics.ordinal import confusion, quadratic_kappa, ranks, to_grades
from dermis.metrics.spectral import spectral_angle_rad

unhurried = settings(deadline=None, max_examples=60)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 30)


@st.composite
def grade_pairs(draw):
    count = draw(sizes)
    grades = arrays(np.float64, count, elements=st.integers(0, 4).map(float))
    return draw(grades), draw(grades)


@st.composite
def rating_tables(draw):
    shape = draw(st.integers(2, 12)), draw(st.integers(2, 5))
    return draw(arrays(np.float64, shape, elements=st.integers(0, 5).map(float)))


@st.composite
def masks(draw):
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    return draw(arrays(np.bool_, shape)), draw(arrays(np.bool_, shape))


def same(one, other):
    return pytest.approx(one, abs=1e-9, nan_ok=True) == other


@unhurried
@given(grade_pairs(), seeds, st.sampled_from(list(METRICS)))
def test_the_order_of_samples_does_not_matter(pair, seed, name):
    order = np.random.default_rng(seed).permutation(len(pair[0]))
    function = METRICS[name].function
    assert same(function(*pair), function(pair[0][order], pair[1][order]))


@unhurried
@given(grade_pairs(), st.sampled_from(["none", "linear", "quadratic"]))
def test_kappa_is_symmetric_and_blind_to_unit_and_zero(pair, weights):
    found = cohen_kappa(*pair, weights=weights)
    assert same(found, cohen_kappa(pair[1], pair[0], weights=weights))
    assert same(found, cohen_kappa(pair[0] / 2 + 2.5, pair[1] / 2 + 2.5, weights=weights))
    assert np.isnan(found) or found <= 1
    if weights == "quadratic":
        assert same(found, quadratic_kappa(*pair))


@unhurried
@given(rating_tables(), seeds)
def test_agreement_does_not_ask_who_is_who(ratings, seed):
    rng = np.random.default_rng(seed)
    mixed = ratings[rng.permutation(ratings.shape[0])][:, rng.permutation(ratings.shape[1])]
    for statistic in (fleiss_kappa, icc, kendall_w, krippendorff_alpha):
        assert same(statistic(ratings), statistic(mixed))
        assert np.isnan(statistic(ratings)) or statistic(ratings) <= 1 + 1e-9


@unhurried
@given(rating_tables())
def test_kendall_sees_ranks_only(ratings):
    found = kendall_w(ratings)
    assert same(found, kendall_w(np.exp(ratings)))
    assert np.isnan(found) or found >= -1e-9


@unhurried
@given(rating_tables())
def test_a_rater_said_twice_changes_no_nominal_ceiling(ratings):
    doubled = np.repeat(ratings[:, :1], 3, axis=1)
    for statistic in (fleiss_kappa, krippendorff_alpha):
        assert np.isnan(statistic(doubled)) or same(statistic(doubled), 1.0)


@unhurried
@given(arrays(np.float64, st.integers(1, 30), elements=st.integers(-3, 3).map(float)))
def test_ranks_are_those_of_scipy(values):
    assert ranks(values).tolist() == rankdata(values).tolist()


@unhurried
@given(arrays(np.float64, sizes, elements=st.floats(-20, 20)), st.sampled_from([(0, 1, 2), (2.5, 3.0, 3.5), (1,)]))
def test_no_grade_is_nearer(values, grades):
    chosen = to_grades(values, grades)
    distances = np.abs(values[:, None] - np.array(grades))
    assert np.abs(values - chosen) == pytest.approx(distances.min(axis=1))


@unhurried
@given(grade_pairs())
def test_confusion_holds_every_sample(pair):
    counts = confusion(*pair, np.arange(5))
    assert counts.sum() == len(pair[0])
    assert counts.trace() == (pair[0] == pair[1]).sum()
    assert counts.tolist() == confusion(pair[1], pair[0], np.arange(5)).T.tolist()


@unhurried
@given(masks())
def test_overlap_is_symmetric_bounded_and_ordered(pair):
    for measure in (iou, dice, boundary_f):
        found = measure(*pair)
        assert found == pytest.approx(measure(pair[1], pair[0]))
        assert 0 <= found <= 1
        assert measure(pair[0], pair[0]) == 1
    assert iou(*pair) <= dice(*pair)
    assert dice(*pair) == pytest.approx(2 * iou(*pair) / (1 + iou(*pair)))


@unhurried
@given(seeds, st.integers(1, 40))
def test_angles_are_distances_between_directions(seed, bands):
    one, other, third = np.random.default_rng(seed).normal(size=(3, bands))
    there = spectral_angle_rad(one, other)
    assert there == pytest.approx(spectral_angle_rad(other, one))
    assert 0 <= there <= np.pi
    assert spectral_angle_rad(3 * one, other / 9) == pytest.approx(there, abs=1e-9)
    assert there <= spectral_angle_rad(one, third) + spectral_angle_rad(third, other) + 1e-9


@unhurried
@given(seeds, st.integers(1, 60), st.floats(0.05, 0.95))
def test_conformal_quantiles_hold_for_exchangeable_scores(seed, count, level):
    scores = np.random.default_rng(seed).normal(size=count + 1)
    # Each of them in turn is the one to come: of exchangeable scores that is what chance does.
    held = [scores[one] <= conformal_quantile(np.delete(scores, one), level) for one in range(count + 1)]
    assert np.mean(held) >= level - 1e-9
    assert np.mean(held) <= level + 1 / (count + 1) + 1e-9 or np.mean(held) == 1


@unhurried
@given(seeds, st.integers(2, 12), st.floats(0.1, 0.9))
def test_conformal_quantiles_hold_for_exchangeable_groups(seed, count, level):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count + 1), rng.integers(1, 6, count + 1))
    scores = rng.normal(size=count + 1)[groups] + rng.normal(size=len(groups))
    held = []
    for one in range(count + 1):
        rest = groups != one
        limit = conformal_quantile(scores[rest], level, groups=groups[rest])
        held.append((scores[~rest] <= limit).mean())
    assert np.mean(held) >= level - 1e-9


@unhurried
@given(seeds, st.integers(2, 12))
def test_an_interval_follows_the_unit(seed, groups):
    rng = np.random.default_rng(seed)
    which = np.concatenate([np.arange(groups), rng.integers(0, groups, 10)])
    values = rng.normal(size=len(which))
    plain = bootstrap(lambda places: float(values[places].mean()), which, resamples=40, seed=1)
    scaled = bootstrap(lambda places: float(4 * values[places].mean() + 32), which, resamples=40, seed=1)
    assert plain.low <= plain.high
    assert scaled.low == pytest.approx(4 * plain.low + 32)
    assert scaled.high == pytest.approx(4 * plain.high + 32)


@unhurried
@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)), seeds)
def test_calibration_error_is_a_share(probability, seed):
    happened = np.random.default_rng(seed).integers(0, 2, len(probability))
    assert 0 <= calibration_error(probability, happened) <= 1
    assert calibration_error(happened, happened) == 0
    assert coverage(probability, probability, probability) == 1


@unhurried
@given(seeds)
def test_a_false_box_never_helps(seed):
    rng = np.random.default_rng(seed)
    truth = [np.concatenate([rng.uniform(0, 90, (4, 2)), rng.uniform(5, 9, (4, 2))], axis=1)]
    said = Found(boxes=truth[0][:3] + rng.normal(0, 1, (3, 4)) * [1, 1, 0, 0], scores=rng.random(3))
    false = Found(boxes=np.concatenate([said.boxes, [[500, 500, 9, 9]]]), scores=np.append(said.scores, rng.random()))
    without = average_precision(truth, [said])
    assume(not np.isnan(without))
    assert 0 <= average_precision(truth, [false]) <= without + 1e-12
