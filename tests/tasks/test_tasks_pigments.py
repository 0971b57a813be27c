"""The indices against the physics: skin drawn by the two-layer model, seen as a photo under D65, unmixed again."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from dermis.tasks.pigments import BLOOD_AXIS, MELANIN_AXIS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "pigment_axes.py"


@pytest.fixture(scope="module")
def physics():
    spec = importlib.util.spec_from_file_location("pigment_axes", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_axes_are_those_of_the_model(physics):
    melanin, blood = physics.pigment_axes(count=1500)
    assert np.allclose(melanin, MELANIN_AXIS, atol=0.06)
    assert np.allclose(blood, BLOOD_AXIS, atol=0.06)


def test_indices_follow_their_own_pigment_and_not_the_other(physics):
    rho = physics.agreement(count=1500)
    assert rho["melanin index, melanin"] > 0.9
    assert rho["haemoglobin index, blood"] > 0.85
    assert abs(rho["melanin index, blood"]) < 0.15
    assert abs(rho["haemoglobin index, melanin"]) < 0.2
