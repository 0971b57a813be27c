"""What holds for every camera under every light, before and after development."""

from dataclasses import replace
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.optics.camera import draw_camera, find_camera, response, white_raw
from dermis.optics.illuminant import find_illuminant, lab_under
from dermis.optics.isp import capture_for, develop, expose
from dermis.optics.populations import colour_matrix, draw_illuminant, draw_isp, training_reflectances
from dermis.optics.spectral_grid import WORKING_NM

NM = WORKING_NM[:81]
SKIN = training_reflectances()[300:]
seeds = st.integers(0, 10_000)


def scene(seed):
    rng = np.random.default_rng(seed)
    camera, light = draw_camera(rng), draw_illuminant(rng)
    return camera, light, draw_isp(rng, camera, light)


def noiseless(development):
    return replace(development, full_well_e=1e12, read_noise_e=0.0, bits=16)


def rng():
    return np.random.default_rng(0)


@given(seeds, st.floats(0.02, 0.95))
def test_grey_stays_grey_under_every_light_when_the_balance_is_right(seed, reflectance):
    camera, light, development = scene(seed)
    white = white_raw(camera, light)
    right = replace(noiseless(development), white_balance=white.max() / white)
    raw = np.full((3, 4, len(NM)), reflectance) @ response(camera, light, NM)
    lab = srgb_to_lab(develop(raw.astype(np.float32), right, rng()).pixels.astype(np.float64))
    assert delta_e_00(lab, lab * [1, 0, 0]).max() < 0.5


@given(seeds, st.floats(0.1, 2.0))
def test_raw_is_linear_in_reflectance_and_in_exposure(seed, factor):
    camera, light, development = scene(seed)
    raw = (SKIN[:12].reshape(3, 4, -1) @ response(camera, light, NM)).astype(np.float32)
    exposure = 0.4 / raw.max()
    once = expose(raw, replace(noiseless(development), exposure=exposure), rng())
    more_light = expose(raw * np.float32(factor), replace(noiseless(development), exposure=exposure), rng())
    longer = expose(raw, replace(noiseless(development), exposure=exposure * factor), rng())
    np.testing.assert_allclose(more_light, factor * once, atol=1e-4)
    np.testing.assert_allclose(longer, factor * once, atol=1e-4)


@pytest.mark.parametrize("signal", [0.0, 0.02, 0.1, 0.5])
@pytest.mark.parametrize(("well", "read"), [(1500.0, 4.0), (40_000.0, 12.0)])
def test_noise_is_photons_and_reading(signal, well, read):
    """Variance in electrons = signal + read noise squared; 300 000 values know it to 0.3 % (one sigma)."""
    development = replace(scene(1)[2], exposure=1.0, full_well_e=well, read_noise_e=read, bits=16)
    level = expose(np.full((500, 200, 3), signal, np.float32), development, rng()).astype(np.float64) * well
    rounding = (well / (1 - development.black_level) / (2**16 - 1)) ** 2 / 12
    assert level.mean() == pytest.approx(signal * well, abs=5 * np.sqrt((signal * well + read**2) / level.size))
    assert level.var() == pytest.approx(signal * well + read**2 + rounding, rel=0.015)


def test_an_ideal_camera_sees_skin_as_the_observer_does():
    camera, light = find_camera("CIE 1931"), find_illuminant("D65")
    white = white_raw(camera, light)
    ideal = replace(
        noiseless(scene(2)[2]),
        exposure=1.0,
        white_balance=white.max() / white,
        colour_matrix=colour_matrix(camera, light),
        saturation=1.0,
        gamma=1.0,
        contrast=0.0,
        denoise=0.0,
        sharpen=0.0,
        chroma_px=0.0,
    )
    raw = (SKIN.reshape(10, 10, -1) @ response(camera, light, NM)).astype(np.float32)
    lab = srgb_to_lab(develop(raw, ideal, rng()).pixels.astype(np.float64))
    assert delta_e_00(lab, lab_under(SKIN, NM).reshape(10, 10, 3)).max() < 0.5


@given(seeds)
def test_capture_agrees_with_itself(seed):
    development = scene(seed)[2]
    capture = capture_for(development)
    taken = log2(capture.f_number**2 / capture.exposure_s)
    speed = log2(capture.iso / 3.125)
    assert capture.brightness_ev == pytest.approx(taken - speed + capture.exposure_bias_ev)
    assert capture.make == "dermis synthetic"
    assert capture.white_balance_auto is development.white_balance_auto


@given(seeds, st.floats(0.05, 0.5))
def test_brightness_is_the_luminance_that_the_meter_saw(seed, metered):
    """Bv = log2(L / 4) where the meter's constant is 12.5, L = E rho / pi."""
    camera, light, _ = scene(seed)
    development = draw_isp(np.random.default_rng(seed), camera, light, metered_reflectance=metered)
    luminance = light.illuminance_lux * metered / np.pi
    assert capture_for(development).brightness_ev == pytest.approx(log2(luminance / 4))
