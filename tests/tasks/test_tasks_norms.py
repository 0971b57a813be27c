import numpy as np
import pytest

import dermis
from dermis.core import Region
from dermis.errors import UsageError
from dermis.tasks.norms import PERCENTS, QUANTITIES, find, norms, percentile


def test_every_row_is_of_at_least_twenty_people_and_rises():
    assert {row.quantity for row in norms()} == set(QUANTITIES)
    for row in norms():
        assert row.people >= 20
        assert (np.diff(row.values) >= 0).all()
        assert len(row.values) == len(PERCENTS)


def test_the_median_is_the_fiftieth():
    norm = find("ita_deg", Region.LEFT_CHEEK)
    assert norm.people > 500
    assert percentile("ita_deg", norm.values[PERCENTS.index(50)], Region.LEFT_CHEEK)[0] == pytest.approx(50)
    assert percentile("ita_deg", -300, Region.CHIN)[0] == 1
    assert percentile("ita_deg", 300, Region.CHIN)[0] == 99


def test_darker_skin_has_more_melanin():
    low, high = (find("melanin", Region.FACE).values[PERCENTS.index(one)] for one in (5, 95))
    assert high - low > 15


def test_few_people_are_not_told_apart():
    assert find("lab_a", Region.NOSE, sex="F", age=25).age_group in ("20-29", "all")
    sparse = find("lab_a", Region.NOSE, sex="M", age=70)
    assert sparse.people >= 20


def test_people_are_set_beside_their_own_kind():
    for sex in ("F", "M"):
        assert find("ita_deg", Region.LEFT_CHEEK, sex=sex).sex == sex
    assert find("ita_deg", Region.LEFT_CHEEK).sex == "all"


def test_it_is_at_hand_by_name():
    assert dermis.norms.CITATION.startswith("International Skin Spectra Archive")


def test_what_nobody_measured_is_refused():
    with pytest.raises(UsageError, match="Nobody measured"):
        find("wrinkles", Region.FACE)
    with pytest.raises(UsageError, match="left_under_eye"):
        find("ita_deg", Region.LEFT_UNDER_EYE)
