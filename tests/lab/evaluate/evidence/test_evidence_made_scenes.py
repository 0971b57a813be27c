"""Made people with a chart beside them: the chart lies where it is said to lie, and the truth is that of the skin."""

import numpy as np
import pytest

from dermis.lab.evaluate.evidence.made_scenes import charted_readings
from dermis.lab.evaluate.evidence.readings import SKIN_TASKS


@pytest.fixture(scope="module")
def readings(models):
    return list(charted_readings(people=1, seed=3, shots=1))


def test_each_photo_is_read_with_its_chart_and_without(readings):
    assert [one.condition for one in readings] == ["unknown", "referenced", "referenced_patch"]
    plain, charted, grey = readings
    assert grey.truth == plain.truth
    assert plain.truth == charted.truth
    assert set(SKIN_TASKS) <= set(plain.truth)
    assert (plain.person, plain.shot) == (charted.person, charted.shot)


def test_a_chart_brings_tone_and_melanin_to_the_truth(readings):
    charted = readings[1]
    assert abs(charted.values["skin_tone"] - charted.truth["skin_tone"]) < 15
    assert abs(charted.values["melanin"] - charted.truth["melanin"]) < 12
    assert np.isfinite(charted.truth["redness"])
    assert 0 < charted.difference < 8
