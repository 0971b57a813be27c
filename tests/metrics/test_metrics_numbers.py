"""Errors, grades, presence: against scipy, or written out."""

import numpy as np
import pytest
from scipy import stats

from dermis.metrics import METRICS, ordinal
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.evaluation import SubgroupResult
from dermis.metrics.ordinal import auroc
from dermis.metrics.registry import EVALUATION_METRICS, Answers
from dermis.tasks import TASKS


@pytest.fixture
def numbers():
    rng = np.random.default_rng(3)
    target = rng.normal(10, 3, 57)
    return target, target + rng.normal(0.5, 1, 57)


def test_errors_written_out():
    target, predicted = [1.0, 2.0, 4.0, 8.0], [2.0, 2.0, 1.0, 12.0]
    assert ordinal.mae(target, predicted) == 2
    assert ordinal.median_absolute_error(target, predicted) == 2
    assert ordinal.rmse(target, predicted) == pytest.approx(np.sqrt(26 / 4))
    assert ordinal.bias(target, predicted) == 0.5
    assert ordinal.within(target, predicted, distance=3) == 0.75
    assert ordinal.within([0.3], [0.1], distance=0.2) == 1


def test_correlations_are_those_of_scipy(numbers):
    assert ordinal.pearson(*numbers) == pytest.approx(stats.pearsonr(*numbers).statistic)
    assert ordinal.spearman(*numbers) == pytest.approx(stats.spearmanr(*numbers).statistic)
    tied = np.round(numbers[0] / 3), np.round(numbers[1] / 3)
    assert ordinal.spearman(*tied) == pytest.approx(stats.spearmanr(*tied).statistic)


def test_concordance_written_out():
    target, predicted = np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 4, 5])
    # Lin's formula: 2 s_xy / (s_x² + s_y² + (x - y)²)
    assert ordinal.concordance(target, predicted) == pytest.approx(2 * 1.25 / (1.25 + 1.25 + 1))


def test_quadratic_kappa_is_cohens():
    rng = np.random.default_rng(0)
    for _ in range(20):
        target, predicted = rng.integers(0, 4, (2, 30)).astype(float)
        expected = cohen_kappa(target, predicted, weights="quadratic")
        assert ordinal.quadratic_kappa(target, predicted) == pytest.approx(expected)


def test_grades_written_out():
    target, predicted = [0, 0, 0, 1, 2, 2], [0, 1, 2, 1, 2, 0]
    assert ordinal.accuracy(target, predicted) == 0.5
    assert ordinal.balanced_accuracy(target, predicted) == pytest.approx((1 / 3 + 1 + 1 / 2) / 3)
    assert ordinal.specificity(target, predicted) == pytest.approx((2 / 3 + 4 / 5 + 3 / 4) / 3)
    assert ordinal.youden(target, predicted) == pytest.approx((11 / 6 + 133 / 60) / 3 - 1)
    assert ordinal.off_by_one(target, predicted) == pytest.approx(4 / 6)
    assert ordinal.confusion(target, predicted, [0, 1, 2]).tolist() == [[1, 1, 1], [0, 1, 0], [1, 0, 1]]


def test_a_grade_that_only_was_predicted_counts_as_wrong_alone():
    assert ordinal.balanced_accuracy([0, 1], [0, 3]) == 0.5


def test_the_nearest_grade():
    grades = [2.5, 3.0, 3.5]
    assert ordinal.to_grades([-9, 2.74, 2.75, 3.2, 99], grades).tolist() == [2.5, 2.5, 3.0, 3.0, 3.5]
    assert ordinal.to_grades([1.7], [1]).tolist() == [1]
    with pytest.raises(ValueError, match="increasing"):
        ordinal.to_grades([1.0], [2, 1])


def test_confusion_names_what_is_no_grade():
    with pytest.raises(ValueError, match=r"predicted holds 1\.5"):
        ordinal.confusion([0, 1], [0, 1.5], [0, 1, 2])
    assert ordinal.confusion([2, 0], [0, 0], [2, 0]).tolist() == [[0, 1], [0, 1]]


def test_auroc_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(1)
    outcome, score = rng.integers(0, 2, 60), rng.random(60).round(1)
    yes, no = score[outcome == 1], score[outcome == 0]
    pairs = (yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2
    assert auroc(outcome, score) == pytest.approx(pairs)
    assert np.isnan(auroc([1, 1], [0.2, 0.3]))


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_knows_perfect_and_one_sample(name):
    metric = METRICS[name]
    perfect = metric.function([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0])
    worse = metric.function([0.0, 1.0, 2.0, 3.0], [2.0, 0.0, 2.0, 0.0])
    if metric.higher_is_better is None:
        assert perfect == 0
    else:
        assert perfect == pytest.approx(1 if metric.higher_is_better else 0)
        assert (perfect > worse) == metric.higher_is_better
    single = metric.function([1.0], [1.0])
    assert np.isnan(single) or single == perfect


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_refuses_what_it_cannot_mean(name):
    function = METRICS[name].function
    with pytest.raises(ValueError, match="NaN"):
        function([0.0, np.nan], [0.0, 1.0])
    with pytest.raises(ValueError, match="as long"):
        function([0.0, 1.0], [0.0])
    with pytest.raises(ValueError, match="n >= 1"):
        function([], [])


def test_every_metric_that_a_task_names_is_known():
    named = {name for task in TASKS.values() for name in task.metrics}
    assert named <= set(METRICS) | {name for figures in EVALUATION_METRICS.values() for name in figures}


def test_concordance_of_a_constant_with_what_varies_is_a_number():
    assert ordinal.concordance([1.0, 1.0, 1.0], [1.0, 2.0, 0.0]) == pytest.approx(0)
    assert np.isnan(ordinal.concordance([1.0, 1.0], [1.0, 1.0]))
    assert ordinal.concordance([1.0, 1.0], [2.0, 2.0]) == pytest.approx(0)


def test_a_judgement_is_of_the_kind_of_the_models_answers():
    answers = Answers(kind="presence", target=np.ones((2, 1)), predicted=np.ones((2, 1)), errors=np.zeros(2))
    judged = SubgroupResult(
        question="q", unit="", keys=("a", "b"), groups=np.arange(2), answers={"model": answers}, figures={}, gains={},
        slices={},
    )  # fmt: skip
    assert (judged.kind, judged.leading) == ("presence", "brier")
