"""The clues that the tone network learns from: whole, and in order."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.srgb import decode
from dermis.core import Capture, Region, Skin, View
from dermis.lab.train.examples.tone import CLUES, tone_clues

COLOUR = np.array([0.78, 0.58, 0.48])


def skin(colour=COLOUR, gain=1.0, size=40):
    rng = np.random.default_rng(2)
    linear = np.asarray(decode(colour)) * gain * (1 + 0.05 * rng.normal(size=(size, size, 1)))
    everywhere = np.ones((size, size), bool)
    regions = np.full((size, size), Region.LEFT_CHEEK.code, np.uint8)
    return Skin(
        linear=linear.astype(np.float32), visible=everywhere, measured=everywhere, regions=regions, excluded={},
        view=View.FRONT, light_known=False,
    )  # fmt: skip


def test_clues_are_named_and_unknown_ones_are_nan():
    clues = dict(zip(CLUES, tone_clues(skin(), Capture()), strict=True))
    for known in ("skin_l", "left_cheek_b"):
        assert np.isfinite(clues[known])
    for unknown in ("forehead_l", "eye_white_a", "iso_ev", "flash"):
        assert np.isnan(clues[unknown])


def test_exposure_is_in_stops():
    once, twice = (
        dict(zip(CLUES, tone_clues(skin(), Capture(iso=iso, exposure_s=time, f_number=2.0)), strict=True))
        for iso, time in ((100.0, 0.01), (200.0, 0.005))
    )
    assert twice["iso_ev"] - once["iso_ev"] == pytest.approx(1)
    assert twice["time_ev"] - once["time_ev"] == pytest.approx(1)
    assert once["aperture_ev"] == pytest.approx(2)


def test_eyes_are_the_bright_third_of_what_is_said_to_be_eyes():
    held = skin()
    eyes = np.zeros(held.measured.shape, bool)
    eyes[:4] = True
    linear = held.linear.copy()
    linear[:2], linear[2:4] = 0.5, 0.05
    clues = dict(zip(CLUES, tone_clues(replace(held, linear=linear), Capture(), eyes), strict=True))
    assert clues["eye_white_l"] > 70
