"""How photos are taken: who, and with which faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream, subject_of
from dermis.lab.synth.recipe import FacesRecipe, read_recipe


@pytest.fixture
def everyday():
    recipe = read_recipe("everyday", ["size_px=64"])
    assert isinstance(recipe, FacesRecipe)
    return recipe


def test_people_have_the_named_tone_classes_in_turn(everyday):
    bounds = {"dark": (-60, -30), "brown": (-30, 10), "tan": (10, 28), "intermediate": (28, 41), "light": (41, 55)}
    for number, name in enumerate(everyday.tone_classes[:5]):
        ita = subject_of(everyday, number).skin.ita_deg
        assert bounds[name][0] - 1 <= ita <= bounds[name][1] + 1


def test_faults_move_exposure_balance_and_curve_and_the_exposure_data_tell(everyday):
    raw = np.full((8, 8, 3), 0.3, np.float32)
    shot = draw_everyday_shot(stream(1, "shot"), everyday, "front", "neutral")
    right, off = (
        everyday_isp(stream(2, "isp"), shot, raw, np.ones((8, 8), bool), faults) for faults in (None, everyday)
    )
    assert off.exposure / right.exposure == pytest.approx(off.exposure_s / right.exposure_s)
    assert off.exposure != right.exposure
    assert off.gamma != right.gamma
    assert off.white_balance.min() == pytest.approx(1.0)
    assert not np.allclose(off.white_balance, right.white_balance)


def test_without_faults_the_camera_is_as_it_was(everyday):
    raw = np.full((8, 8, 3), 0.3, np.float32)
    none = replace(everyday, exposure_sd_ev=0.0, balance_sd=0.0, curve_sd=0.0)
    shot = draw_everyday_shot(stream(1, "shot"), everyday, "front", "neutral")
    first, second = (
        everyday_isp(stream(2, "isp"), shot, raw, np.ones((8, 8), bool), faults) for faults in (None, none)
    )
    assert first.exposure == second.exposure
    assert first.gamma == second.gamma
