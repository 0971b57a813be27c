"""The figures of evaluations, by hand: each from the answers it is said to be of."""

import numpy as np
import pytest

from dermis.metrics.registry import EVALUATION_METRICS, LEADING, Answers, metric_names

GRADES = np.array([0.0, 1.0, 2.0])
SHARES = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.0, 0.1, 0.9]])
RIGHT = np.array([0.0, 1.0, 2.0, 2.0])


def answers(kind, target, predicted, **more):
    target, predicted = (np.asarray(one, np.float64).reshape(len(one), -1) for one in (target, predicted))
    off = np.abs(target[:, 0] - predicted[:, 0])
    return Answers(kind=kind, target=target, predicted=predicted, errors=off, **more)


def figure(name, held):
    return EVALUATION_METRICS[held.kind][name].function(held)


@pytest.fixture
def graded():
    return answers("ordinal", RIGHT, SHARES @ GRADES, grades=GRADES, shares=SHARES)


def test_shares_of_grades_are_held_to_what_came(graded):
    came = (RIGHT[:, None] == GRADES).astype(float)
    assert figure("brier", graded) == pytest.approx(np.square(SHARES - came).sum(axis=1).mean())
    # The largest shares: 0.7 twice and 0.9 were right, 0.5 was wrong.
    assert figure("calibration_error", graded) == pytest.approx((2 * 0.3 + 0.5 + 0.1) / 4)


def test_real_answers_are_rounded_to_grades(graded):
    rounded = np.rint(SHARES @ GRADES)
    assert figure("accuracy", graded) == pytest.approx((rounded == RIGHT).mean())
    assert figure("off_by_one", graded) == pytest.approx((np.abs(rounded - RIGHT) <= 1).mean())
    assert figure("mae", graded) == pytest.approx(np.abs(SHARES @ GRADES - RIGHT).mean())
    assert figure("bias", graded) == pytest.approx((SHARES @ GRADES - RIGHT).mean())


def test_yes_and_no_are_told_apart_above_a_half():
    held = answers("presence", [1, 1, 0, 0], [0.9, 0.5, 0.51, 0.1])
    assert figure("accuracy", held) == 0.5
    assert figure("auroc", held) == 0.75
    assert figure("brier", held) == pytest.approx((0.01 + 0.25 + 0.2601 + 0.01) / 4)
    assert figure("calibration_error", held) == pytest.approx((0.1 + 0.005 * 2 + 0.1) / 4)


def test_the_overlap_is_the_mean_over_classes_that_are_anywhere():
    held = answers("classes", [[5, 0, 0], [3, 2, 0]], [[10, 0, 0], [10, 4, 0]])
    assert figure("mean_iou", held) == pytest.approx((8 / 20 + 2 / 4) / 2)
    assert np.isnan(figure("mean_iou", answers("classes", [[0, 0]], [[0, 0]])))


def test_errors_of_colours_have_a_mean_and_quantiles():
    off = np.arange(11.0)
    held = Answers(kind="colour", target=np.zeros((11, 3)), predicted=np.zeros((11, 3)), errors=off)
    assert [figure(name, held) for name in ("delta_e_00", "median_delta_e_00", "p90_delta_e_00")] == [5, 5, 9]
    assert figure("p95_delta_e_00", held) == 9.5


def test_spectra_have_the_mean_of_each_score():
    scores = np.array([[0.1, 0.9, 0.2, 0.01, 40.0], [0.3, 0.7, 0.4, 0.03, 30.0]])
    held = answers("spectrum", np.ones((2, 1)), scores)
    wanted = {"sam_rad": 0.2, "ssim": 0.8, "mrae": 0.3, "rmse": 0.02, "psnr_db": 35.0}
    assert {name: pytest.approx(figure(name, held)) for name in LEADING["spectrum"]} == wanted


def test_figures_are_named_only_where_there_is_what_they_need(graded):
    assert "coverage" not in metric_names(graded)
    told = answers("measure", [1, 2], [1, 3], covered=np.array([1.0, 0.0]), width=np.array([2.0, 4.0]))
    assert {"coverage", "width"} <= set(metric_names(told))
    assert (figure("coverage", told), figure("width", told)) == (0.5, 3.0)
    bare = answers("ordinal", RIGHT, RIGHT, grades=GRADES)
    assert not {"brier", "calibration_error"} & set(metric_names(bare))


def test_some_answers_keep_what_belongs_to_them(graded):
    some = graded.at(np.array([2, 0]))
    assert len(some) == 2
    np.testing.assert_array_equal(some.shares, SHARES[[2, 0]])
    np.testing.assert_array_equal(some.grades, GRADES)
