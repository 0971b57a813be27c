"""What holds for every light: its scale, its white, greys, mixtures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dermis.colour.difference import delta_e_00
from dermis.optics.illuminant import cct_duv, daylight, lab_under, mixture, planck, white_xyz
from dermis.optics.populations import draw_illuminant
from dermis.optics.spectral_grid import observer

lights = st.integers(0, 10_000).map(lambda seed: draw_illuminant(np.random.default_rng(seed)))


@given(lights)
def test_every_light_has_the_same_illuminance(light):
    y = observer()[:, 1]
    np.testing.assert_allclose(light.power[:81] @ y, y.sum())
    assert light.power.min() >= 0


@given(lights, st.floats(0.01, 1.0), st.integers(1, 61))
def test_greys_have_no_hue_under_any_light(light, reflectance, bands):
    grid = np.linspace(400, 700, bands) if bands > 1 else np.array([550.0])
    lab = lab_under(np.full(bands, reflectance), grid, light)
    assert float(delta_e_00(lab, lab * np.array([1.0, 0.0, 0.0]))) < 1e-6


@given(st.floats(1100, 24000))
def test_black_bodies_have_their_own_temperature(temperature_k):
    cct_k, duv = cct_duv(white_xyz(planck(temperature_k)))
    np.testing.assert_allclose(cct_k, temperature_k, rtol=1e-3)
    assert abs(duv) < 1e-5


@given(st.floats(4000, 24000))
def test_daylight_has_its_own_temperature(temperature_k):
    np.testing.assert_allclose(cct_duv(white_xyz(daylight(temperature_k)))[0], temperature_k, rtol=5e-3)


@given(lights, lights, st.floats(0, 1))
def test_the_white_of_a_mixture_lies_between(first, second, share):
    mixed = white_xyz(mixture([first, second], [share, 1 - share]))
    np.testing.assert_allclose(mixed, share * white_xyz(first) + (1 - share) * white_xyz(second), rtol=1e-9)
