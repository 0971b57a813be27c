from pathlib import Path

import numpy as np
import pytest

from dermis.metrics.agreement import cohen_kappa, fleiss_kappa, icc, kendall_w, krippendorff_alpha

VECTORS = Path(__file__).parents[1] / "vectors"


def published(name):
    return np.genfromtxt(VECTORS / f"agreement_{name}.csv", delimiter=",")


def from_counts(table):
    """Two graders' answers from their table of counts."""
    rows, columns = np.nonzero(table)
    times = np.asarray(table)[rows, columns]
    return np.repeat(rows, times), np.repeat(columns, times)


# Statistics printed by SAS PROC FREQ for these tables, and by the R package irr for raters two and three.
@pytest.mark.parametrize(
    ("table", "plain", "linear"),
    [
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842, 0.4701),
        ([[0, 0, 0], [5, 16, 3], [8, 12, 28]], 0.3333, 0.2895),
        ([[20, 5], [10, 15]], 0.4, 0.4),
    ],
)
def test_cohen_as_published(table, plain, linear):
    first, second = from_counts(table)
    assert cohen_kappa(first, second) == pytest.approx(plain, abs=5e-5)
    assert cohen_kappa(first, second, weights="linear") == pytest.approx(linear, abs=5e-5)


def test_cohen_of_the_anxiety_raters():
    ratings = published("anxiety")[:, 1:]
    assert cohen_kappa(*ratings.T) == pytest.approx(-0.006289308, abs=1e-8)
    ratings[ratings == 6] = 5  # nobody said 5; the weights published with these data number what was said
    assert cohen_kappa(*ratings.T, weights="linear") == pytest.approx(0.1459075, abs=1e-7)
    assert cohen_kappa(*ratings.T, weights="quadratic") == pytest.approx(0.2520325, abs=1e-7)


def test_grades_nobody_gave_keep_their_distance():
    near = cohen_kappa([0, 1, 0, 1], [0, 1, 1, 1], weights="linear")
    assert cohen_kappa([0, 1, 0, 3], [0, 1, 1, 3], weights="linear") > near  # 0 and 1 are closer, seen from 3


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohen_at_its_ends(weights):
    assert cohen_kappa([0, 1, 2], [0, 1, 2], weights=weights) == 1
    assert cohen_kappa([0, 1], [1, 0], weights=weights) == -1
    assert np.isnan(cohen_kappa([2, 2], [2, 2], weights=weights))
    assert np.isnan(cohen_kappa([2], [2], weights=weights))


def test_fleiss_as_published():
    assert fleiss_kappa(published("fleiss_1971")) == pytest.approx(0.4302445, abs=1e-7)


def test_fleiss_with_fewer_raters_than_grades():
    ratings = np.array([[0, 0, 1], [4, 4, 4], [2, 3, 2], [1, 1, 1]])
    # By hand: agreeing pairs a subject 1/3, 1, 1/3, 1; shares of the grades 2, 4, 2, 1, 3 of 12.
    observed, expected = (1 / 3 + 1 + 1 / 3 + 1) / 4, (4 + 16 + 4 + 1 + 9) / 144
    assert fleiss_kappa(ratings) == pytest.approx((observed - expected) / (1 - expected), abs=1e-12)


def test_perfect_agreement_is_one_and_constant_is_nothing():
    same = np.repeat([[0.0], [1.0], [3.0]], 4, axis=1)
    assert fleiss_kappa(same) == 1
    assert krippendorff_alpha(same) == 1
    assert kendall_w(same) == pytest.approx(1)
    assert icc(same) == pytest.approx(1)
    flat = np.full((3, 4), 2.0)
    for found in (fleiss_kappa(flat), krippendorff_alpha(flat), kendall_w(flat), icc(flat)):
        assert np.isnan(found)


def test_fleiss_takes_other_raters_for_each_subject():
    nan = np.nan
    gaps = np.array([[1, 1, nan, 2], [nan, 2, 2, 2], [3, nan, 3, 1]])
    packed = np.array([[1, 1, 2], [2, 2, 2], [3, 3, 1]])
    assert fleiss_kappa(gaps) == fleiss_kappa(packed)
    with pytest.raises(ValueError, match="equally many"):
        fleiss_kappa(np.array([[1, 1, 2], [2, 2, nan]]))


# Table 4 of Shrout and Fleiss.
@pytest.mark.parametrize(
    ("form", "value"), [("1", 0.17), ("2,1", 0.29), ("3,1", 0.71), ("1,k", 0.44), ("2,k", 0.62), ("3,k", 0.91)]
)
def test_icc_as_published(form, value):
    assert icc(published("shrout_fleiss_1979"), form) == pytest.approx(value, abs=0.005)


def test_icc_of_the_anxiety_raters():
    assert icc(published("anxiety"), "2,1") == pytest.approx(0.20, abs=0.005)


def test_levels_of_raters_count_only_where_raters_are_drawn():
    ratings = published("shrout_fleiss_1979")
    moved = ratings + np.array([0, 0, 5, 0])
    assert icc(moved, "3,1") == pytest.approx(icc(ratings, "3,1"))
    assert icc(moved, "2,1") != pytest.approx(icc(ratings, "2,1"))


def test_kendall_as_published():
    assert kendall_w([[1, 1, 2, 3], [3, 2, 3, 1], [2, 3, 1, 2]]) == pytest.approx(1 / 16)
    projects = [
        [1, 2, 3, 4], [3, 1, 2, 2], [4, 4, 1, 3], [5, 5, 5, 1], [2, 6, 7, 6],
        [8, 3, 4, 7], [6, 8, 6, 5], [7, 7, 8, 9], [10, 10, 9, 8], [9, 9, 10, 10],
    ]  # fmt: skip
    assert kendall_w(projects) == pytest.approx(12 * 1048 / (16 * 990))


def test_kendall_is_friedman_with_ties():
    from scipy.stats import friedmanchisquare

    rng = np.random.default_rng(0)
    for ratings in (published("zar_2010"), published("anxiety"), rng.integers(0, 4, (9, 5)).astype(float)):
        subjects, raters = ratings.shape
        expected = friedmanchisquare(*ratings).statistic / (raters * (subjects - 1))
        assert kendall_w(ratings) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_as_published(level, value):
    assert krippendorff_alpha(published("krippendorff_2011"), level) == pytest.approx(value, abs=5e-4)


def test_krippendorff_of_one_rating_a_subject_is_nothing():
    nan = np.nan
    assert np.isnan(krippendorff_alpha([[1, nan], [nan, 2]]))
    assert krippendorff_alpha([[1, 1], [2, 2], [nan, 3]]) == 1
    with pytest.raises(ValueError, match="negative"):
        krippendorff_alpha([[-1.0, 1.0], [2.0, 2.0]], "ratio")


@pytest.mark.parametrize("ratings", [[1, 2, 3], [[1], [2]], np.zeros((0, 3))])
def test_ratings_are_subjects_by_raters(ratings):
    for statistic in (fleiss_kappa, icc, kendall_w, krippendorff_alpha):
        with pytest.raises(ValueError, match="subjects, raters"):
            statistic(ratings)


def test_incomplete_ratings_are_refused_where_they_cannot_be():
    for statistic in (icc, kendall_w):
        with pytest.raises(ValueError, match="NaN"):
            statistic([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(ValueError, match="two subjects"):
        icc([[1.0, 2.0]])


def test_the_fewest_that_agreement_takes():
    assert icc([[1.0, 2.0], [3.0, 4.0]], "3,1") == pytest.approx(1)
    assert fleiss_kappa([[1.0, 1.0], [2.0, 2.0]]) == 1
    with pytest.raises(ValueError, match="equally many"):
        fleiss_kappa([[1.0, np.nan], [2.0, np.nan]])
    assert krippendorff_alpha([[0.0, 0.0], [2.0, 2.0]], "ratio") == 1
    assert kendall_w([[1.0, 1.0], [2.0, 2.0]]) == 1
