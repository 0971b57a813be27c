import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.metrics.ordinal import f1


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
