"""Rigs and flash pairs of made devices are read in their conditions, near to the truth."""

import pytest

from dermis.lab.evaluate.evidence.made_devices import pair_readings, rig_readings


@pytest.mark.parametrize(
    ("make", "condition", "off"), [(rig_readings, "controlled", 12), (pair_readings, "flash_pair", 20)]
)
def test_a_person_is_read_twice_near_to_the_truth(models, make, condition, off):
    readings = list(make(people=1, seed=3))
    assert [one.condition for one in readings] == [condition] * 2
    assert len({one.person for one in readings}) == 1
    assert all(abs(one.values["skin_tone"] - one.truth["skin_tone"]) < off for one in readings)
