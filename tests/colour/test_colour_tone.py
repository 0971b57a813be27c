from math import inf, nan

import numpy as np
import pytest

from dermis.colour import MONK, cita_deg, hex_to_srgb, hue_deg, ita_class, ita_deg, monk_tone, srgb_to_lab
from dermis.colour.tone import MONK_REACH, monk_distance


@pytest.mark.parametrize(
    ("lab", "ita"),
    [
        ((60.0, 12.0, 10.0), 45.0),
        ((40.0, 12.0, 10.0), -45.0),
        ((50.0, 12.0, 10.0), 0.0),
        ((60.0, 12.0, 0.0), 90.0),
        ((40.0, 12.0, 0.0), -90.0),
        ((60.0, 12.0, -10.0), 90.0),
        ((40.0, 12.0, -10.0), -90.0),
        ((50.0, 12.0, 0.0), 0.0),
    ],
)
def test_ita_by_its_definition_and_its_ends(lab, ita):
    assert ita_deg(np.array(lab)) == pytest.approx(ita)


def test_corrected_ita_takes_bluish_skin_as_yellowish():
    lab = np.array([[60.0, 12.0, 10.0], [60.0, 12.0, -10.0]])
    np.testing.assert_allclose(cita_deg(lab), 45.0)


@pytest.mark.parametrize(
    ("ita", "name"),
    [
        (90, "very light"),
        (55.1, "very light"),
        (55, "light"),
        (41, "intermediate"),
        (28, "tan"),
        (10, "brown"),
        (-29.9, "brown"),
        (-30, "dark"),
        (-90, "dark"),
        (-inf, "dark"),
        (inf, "very light"),
    ],
)
def test_ita_class(ita, name):
    assert ita_class(ita) == name


def test_ita_that_is_no_number_has_no_class():
    with pytest.raises(ValueError, match="not a number"):
        ita_class(nan)


@pytest.mark.parametrize(("a", "b", "hue"), [(1, 0, 0), (1, 1, 45), (0, 1, 90), (-1, 0, 180), (0, -1, 270), (0, 0, 0)])
def test_hue_runs_from_red_over_yellow(a, b, hue):
    assert hue_deg(np.array([50.0, a, b])) == pytest.approx(hue)


def test_every_monk_tone_is_nearest_to_itself():
    assert [monk_tone(srgb_to_lab(hex_to_srgb(tone))) for tone in MONK] == list(range(1, 11))


def test_black_and_white_are_the_ends_of_the_monk_scale():
    assert monk_tone(np.array([0.0, 0.0, 0.0], dtype=np.float32)) == 10
    assert monk_tone(np.array([100.0, 0.0, 0.0])) == 1


def test_monk_tone_agrees_with_colour_science(colour_science):
    drawn = np.random.default_rng(3).uniform([15, 0, 0], [95, 30, 35], (50, 3))
    tones = np.stack([srgb_to_lab(hex_to_srgb(tone)) for tone in MONK])
    for lab in drawn:
        distances = colour_science.difference.delta_E_CIE2000(lab, tones)
        assert monk_tone(lab) == np.argmin(distances) + 1
        assert monk_distance(lab) == pytest.approx(np.min(distances), abs=1e-6)
    steps = colour_science.difference.delta_E_CIE2000(tones[:-1], tones[1:])
    assert pytest.approx(steps.max() / 2, abs=0.05) == MONK_REACH


@pytest.mark.parametrize("wrong", [np.full(3, nan), np.zeros((3, 3)), np.zeros((0, 3)), np.zeros(2)])
def test_monk_tone_is_asked_of_one_colour(wrong):
    with pytest.raises(ValueError):
        monk_tone(wrong)


@pytest.mark.parametrize("measure", [ita_deg, cita_deg, hue_deg])
def test_measures_drop_the_channel_axis_and_keep_the_dtype(measure):
    result = measure(np.ones((0, 2, 3), dtype=np.float32))
    assert result.shape == (0, 2)
    assert result.dtype == np.float32
