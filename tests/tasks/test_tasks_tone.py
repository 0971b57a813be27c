"""The tone network answers from clues: whole, in order, and with an interval that widens where less is known."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.srgb import decode
from dermis.colour.tone import ita_deg
from dermis.core import Capture, Region, Skin, View
from dermis.tasks.tone import CLUES, FOLDER, _calibration, estimate_tone, tone_clues

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


def test_the_estimate_says_what_was_measured_and_where_the_truth_lies():
    clues = tone_clues(skin(), Capture())
    found = estimate_tone(clues)
    np.testing.assert_array_equal(found.measured_lab, clues[:3])
    low, high = found.ita_interval_deg
    assert low < float(ita_deg(found.lab)) < high
    assert found.level == _calibration()[2] == 0.9


def test_light_and_dark_photos_of_one_skin_come_nearer_to_each_other():
    pairs = [tone_clues(skin(gain=gain), Capture()) for gain in (0.6, 1.4)]
    before = abs(float(pairs[0][0] - pairs[1][0]))
    after = abs(float(np.subtract(*[estimate_tone(clues).lab[0] for clues in pairs])))
    assert after < 0.8 * before


def test_without_measured_skin_there_is_no_estimate():
    assert estimate_tone(np.full(len(CLUES), np.nan, np.float32)) is None
    with pytest.raises(ValueError, match="34 clues"):
        estimate_tone(np.zeros(3, np.float32))


def test_the_network_is_small_and_has_a_card():
    assert (FOLDER / "model.onnx").stat().st_size < 1_000_000
    assert "Limits" in (FOLDER / "card.md").read_text(encoding="utf-8")
