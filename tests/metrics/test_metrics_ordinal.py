import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.metrics.ordinal import auroc, confusion, f1, off_by_one, pearson, spearman, specificity, to_grades, within


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    truth = [1, 1, 1, 0, 0, 0, 1]
    score = [0.9, 0.2, 0.6, 0.7, 0.1, 0.5, 0.51]  # three right, one false alarm, one miss; 0.5 is no yes
    assert f1(truth, score) == pytest.approx(2 * 0.75 * 0.75 / (0.75 + 0.75))


def test_f1_without_a_yes():
    assert f1([0, 0], [0.1, 0.6]) == 0
    assert f1([1, 0], [0.1, 0.2]) == 0
    assert np.isnan(f1([0, 0], [0.1, 0.2]))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_f1_does_not_mind_who_is_asked(pairs):
    truth, said = np.array(pairs, dtype=float).T
    np.testing.assert_equal(f1(truth, said), f1(said, truth))


def test_half_is_no_yes():
    assert f1([0.5, 1], [0.9, 0.9]) == pytest.approx(2 / 3)
    assert auroc([0.5, 1, 0], [0.1, 0.9, 0.2]) == 1
    assert auroc([0.5, 1], [0.9, 0.1]) == 0


def test_distances_at_their_limit_are_within_it():
    assert within([0.0, 0.0], [2.0, 2.1], distance=2.0) == 0.5
    assert within([1e6], [1e6 + 5e-4], distance=0.0) == 1  # rounding grows with the number
    assert off_by_one([0, 0, 0], [1, 1.01, -1]) == pytest.approx(2 / 3)


def test_specificity_takes_two_grades():
    assert np.isnan(specificity([1, 1], [1, 0]))
    assert specificity([1, 0], [1, 1]) == 0.5


def test_grades_rise():
    for grades in ([1.0, 1.0], [], [[1.0]]):
        with pytest.raises(ValueError, match="increasing"):
            to_grades([1.0], grades)
    assert to_grades([1.5, 1.49], [1.0, 2.0]).tolist() == [2.0, 1.0]


def test_a_value_beyond_the_grades_is_none():
    with pytest.raises(ValueError, match="target holds 3"):
        confusion([0, 3], [0, 1], [0, 1, 2])
    assert confusion([2, 0, 1], [0, 2, 1], [2, 1, 0]).tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_values_that_span_one_have_a_correlation():
    assert pearson([0, 1, 1], [0, 2, 2]) == pytest.approx(1)
    assert spearman([0, 2, 1], [0, 1, 0.5]) == pytest.approx(1)
    assert np.isnan(pearson([0.1, 0.1, 0.1], [0, 1, 2]))
