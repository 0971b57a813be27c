"""Redness is told against the person's own calm skin: exposure and a cast leave it alone, blood raises it."""

import numpy as np
import pytest

from dermis.colour.lab import lab_to_linear
from dermis.core import Region, Skin, View
from dermis.tasks.pigments import BLOOD_AXIS, MELANIN_AXIS
from dermis.tasks.redness.redness_map import RED_FROM, redness_map
from fakes.products import measured

SHAPE = (60, 80)
TONES = {"light": (70.0, 10.0, 14.0), "tan": (55.0, 13.0, 18.0), "dark": (33.0, 11.0, 13.0)}


def face(lab=TONES["tan"], *, blood=0.0, red=0.25, gain=(1.0, 1.0, 1.0), shaded=True, seed=3):
    """Return skin of a colour, shaded to the side, with grain, whose lower part holds more blood."""
    density = -np.log10(np.asarray(lab_to_linear(np.array(lab))))
    density = np.broadcast_to(density, (*SHAPE, 3)).copy()
    rng = np.random.default_rng(seed)
    density += 0.02 * rng.standard_normal((*SHAPE, 1)) * np.array(MELANIN_AXIS)
    density += 0.01 * rng.standard_normal((*SHAPE, 1))
    if shaded:
        density += 0.2 * np.linspace(0, 1, SHAPE[1])[None, :, None]
    rows = round(red * SHAPE[0])
    density[SHAPE[0] - rows :] += blood * np.array(BLOOD_AXIS)
    regions = np.full(SHAPE, Region.FOREHEAD.code, np.uint8)
    regions[SHAPE[0] - rows :] = Region.CHIN.code
    everywhere = np.ones(SHAPE, bool)
    return Skin(
        linear=(10.0**-density * np.array(gain)).astype(np.float32),
        visible=everywhere,
        measured=everywhere,
        regions=regions,
        excluded={},
        view=View.FRONT,
        light_known=False,
    )


def found(skin):
    return {finding.region: finding for finding in measured("redness", skin=skin)}


@pytest.mark.parametrize("tone", TONES)
def test_added_blood_comes_back_as_excess(tone):
    """Some of it is lost: blood darkens red a little, too, and so passes for depth."""
    excess = redness_map(face(TONES[tone], blood=0.3)).excess
    assert 15.0 < np.median(excess[-10:]) - np.median(excess[:30]) < 34.0


def test_calm_skin_is_not_red():
    answers = found(face())
    assert answers[Region.FACE].value < RED_FROM / 2
    assert answers[Region.FACE].detail["red_share"] == 0


def test_the_red_region_is_named_with_its_share():
    answers = found(face(blood=0.3))
    assert answers[Region.CHIN].detail["red_share"] > 0.5
    assert answers[Region.FOREHEAD].detail["red_share"] < 0.1
    assert answers[Region.CHIN].value > answers[Region.FOREHEAD].value + 15
    (note,) = answers[Region.FACE].notes
    assert "chin" in note.text
    assert "forehead" not in note.text


def test_more_blood_is_never_less_red():
    values = [found(face(blood=blood))[Region.FACE].value for blood in (0.0, 0.1, 0.2, 0.4)]
    assert values == sorted(values)


@pytest.mark.parametrize("gain", [(0.5, 0.5, 0.5), (1.0, 1.0, 0.6), (0.8, 1.0, 1.0)])
def test_exposure_and_cast_leave_it_alone(gain):
    plain, other = (found(face(TONES["tan"], blood=0.3, gain=one))[Region.FACE] for one in ((1.0, 1.0, 1.0), gain))
    assert other.value == pytest.approx(plain.value, abs=0.5)
    assert other.detail["red_share"] == pytest.approx(plain.detail["red_share"], abs=0.02)


def test_the_erythema_index_stays_a_measure_of_its_own():
    skin = face(shaded=False)
    red, green = (np.median(-100 * np.log10(skin.linear[..., channel])) for channel in (0, 1))
    assert found(skin)[Region.FACE].detail["erythema_index"] == pytest.approx(green - red, abs=1.0)


def test_nothing_measured_is_no_map():
    skin = face()
    nothing = redness_map(
        Skin(
            linear=skin.linear,
            visible=skin.visible,
            measured=np.zeros(SHAPE, bool),
            regions=skin.regions,
            excluded={},
            view=View.FRONT,
            light_known=False,
        )
    )
    assert np.isnan(nothing.excess).all()
    assert not nothing.red.any()
