"""A person with a chart under several lights: what is printed and held to limits, from shots made by hand."""

import numpy as np
import pytest

from dermis.lab.evaluate.evidence.charted_person import (
    AFFINE,
    OURS,
    ChartedShot,
    charted_figures,
    charted_person_table,
)


def shot(bright, lightness, affine=None):
    if lightness is None:
        return ChartedShot(light="1", bright=bright, lab={})
    ours = np.array([lightness, 11.0, 14.0])
    return ChartedShot(light="1", bright=bright, lab={OURS: ours, AFFINE: ours if affine is None else affine})


SHOTS = [shot(True, 32.0), shot(True, 33.0), shot(True, 34.0), shot(False, 10.0), shot(True, None)]


def test_the_brighter_shots_count_and_every_shot_for_the_chart():
    table = charted_person_table(SHOTS)
    assert f"| {OURS} | 3 |" in table
    assert "33.00 | 1.00 |" in table
    assert "found, unaided, in 4 of 5" in table


def test_a_spread_beyond_the_limit_is_told():
    told = {one.name: one for one in charted_figures("p", SHOTS)}
    assert told["chart found unaided"].value == pytest.approx(0.8)
    assert not told["chart found unaided"].held
    assert told["sd of the cheeks' L* by the chart"].held
    assert told["sd of ITA less that of a plain affine fit"].value == 0
    wide = {one.name: one for one in charted_figures("p", [shot(True, value) for value in (20.0, 30.0, 45.0)])}
    assert not wide["sd of the cheeks' L* by the chart"].held
    assert not wide["sd of the cheeks' ITA by the chart"].held
