from dataclasses import replace

import numpy as np
import pytest

import colour
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import linear_to_lab, srgb_to_lab
from dermis.core import Encoding, Photo
from dermis.optics.camera import draw_camera, find_camera, response, white_raw
from dermis.optics.illuminant import daylight, find_illuminant, lab_under, planck
from dermis.optics.isp import IspSettings, develop, expose, render, through_jpeg
from dermis.optics.populations import colour_matrix, draw_illuminant, draw_isp, training_reflectances
from dermis.optics.spectral_grid import WORKING_NM

NM = WORKING_NM[:81]


def plain(**changes):
    """Return a development that adds nothing: no noise to speak of, sRGB's own curve, no filters."""
    neutral = {
        "camera": "test",
        "exposure": 1.0,
        "exposure_s": 0.01,
        "f_number": 2.0,
        "iso": 100.0,
        "exposure_bias_ev": 0.0,
        "focal_length_mm": 4.0,
        "white_balance_auto": True,
        "flash_fired": False,
        "full_well_e": 1e12,
        "read_noise_e": 0.0,
        "black_level": 0.0,
        "bits": 16,
        "white_balance": np.ones(3),
        "colour_matrix": np.eye(3),
        "saturation": 1.0,
        "gamma": 1.0,
        "contrast": 0.0,
        "denoise": 0.0,
        "sharpen": 0.0,
        "detail_px": 1.0,
        "chroma_px": 0.0,
        "jpeg_quality": 90,
        "jpeg_subsampling": 0,
    }
    return IspSettings(**neutral | changes)


def drawn(seed=0, kind=None):
    rng = np.random.default_rng(seed)
    camera, light = draw_camera(rng), draw_illuminant(rng, kind)
    return camera, light, draw_isp(rng, camera, light)


def rng(seed=0):
    return np.random.default_rng(seed)


def noise_picture(h, w, seed=0):
    return rng(seed).random((h, w, 3), dtype=np.float32)


def test_same_seed_same_photo_other_seed_another():
    raw = noise_picture(9, 7)
    development = drawn()[2]
    first, second, third = (develop(raw, development, rng(seed)).pixels for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert np.any(first != third)


def test_same_seed_same_development():
    for name in IspSettings.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(drawn(3)[2], name), getattr(drawn(3)[2], name))


@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 5), (17, 3)])
def test_photo_is_srgb_in_range_at_any_size(h, w):
    for seed in range(4):
        photo = develop(noise_picture(h, w), drawn(seed)[2], rng())
        assert photo.encoding is Encoding.SRGB
        assert photo.pixels.shape == (h, w, 3)
        assert photo.pixels.min() >= 0
        assert photo.pixels.max() <= 1


def test_plain_development_is_the_srgb_curve():
    raw = noise_picture(20, 20)
    pixels = develop(raw, plain(), rng()).pixels
    np.testing.assert_allclose(srgb_to_lab(pixels), linear_to_lab(raw), atol=0.1)


def test_input_is_left_alone():
    raw = noise_picture(5, 5)
    kept = raw.copy()
    develop(raw, drawn()[2], rng())
    np.testing.assert_array_equal(raw, kept)


def test_sensor_clips_and_counts_in_whole_numbers():
    raw = np.linspace(0, 2, 600, dtype=np.float32).reshape(10, 20, 3)
    level = expose(raw, plain(bits=8, black_level=0.1), rng()) * 255 * 0.9
    whole = np.rint(level + 0.1 * 255) - 0.1 * 255
    np.testing.assert_allclose(level, whole, atol=1e-3)
    assert expose(raw, plain(), rng()).max() == pytest.approx(1)


def test_noise_around_black_has_mean_zero():
    dark = expose(np.zeros((200, 200, 3), np.float32), plain(full_well_e=1e4, read_noise_e=20, black_level=0.06), rng())
    assert abs(dark.mean()) < 4 * 20 / 1e4 / np.sqrt(dark.size)
    assert dark.min() < 0


def test_blown_highlights_stay_white_whatever_the_balance():
    pixels = develop(np.full((2, 2, 3), 3.0, np.float32), plain(white_balance=np.array([2.0, 1.0, 1.5])), rng()).pixels
    np.testing.assert_allclose(pixels, 1, atol=1e-6)


def test_saturation_zero_is_grey():
    pixels = render(noise_picture(4, 4), plain(saturation=0.0))
    np.testing.assert_allclose(pixels - pixels.mean(axis=2, keepdims=True), 0, atol=1e-4)


@pytest.mark.parametrize("contrast", [0.0, 0.2, 0.45])
@pytest.mark.parametrize("gamma", [0.8, 1.2])
def test_tone_curve_rises_from_black_to_white(gamma, contrast):
    ramp = np.repeat(np.linspace(0, 1, 500, dtype=np.float32)[None, :, None], 3, axis=2)
    tone = render(ramp, plain(gamma=gamma, contrast=contrast))[0, :, 0]
    assert tone[0] == 0
    assert tone[-1] == pytest.approx(1)
    assert np.diff(tone).min() >= 0


def test_noise_reduction_calms_and_sharpening_spares_noise():
    flat = np.full((100, 100, 3), 0.2, np.float32)
    noisy = plain(full_well_e=2000.0, read_noise_e=5.0)
    loud = develop(flat, noisy, rng()).pixels
    calm = develop(flat, replace(noisy, denoise=0.8, chroma_px=2.0), rng()).pixels
    assert calm.std(axis=(0, 1)).max() < 0.5 * loud.std(axis=(0, 1)).min()


def test_sharpening_steepens_an_edge():
    edge = np.full((20, 20, 3), 0.1, np.float32)
    edge[:, 10:] = 0.5
    soft, sharp = (develop(edge, plain(sharpen=amount), rng()).pixels[10, :, 1] for amount in (0.0, 0.8))
    assert np.ptp(sharp) > np.ptp(soft) + 0.02
    np.testing.assert_allclose(sharp[:5], soft[:5], atol=1e-3)


def test_colour_blur_keeps_lightness():
    linear = noise_picture(30, 30)
    sharp, soft = (render(linear, plain(chroma_px=size)) for size in (0.0, 1.5))
    inside = (soft.min(axis=2) > 0) & (soft.max(axis=2) < 1)
    luma = np.array([0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose((soft @ luma)[inside], (sharp @ luma)[inside], atol=1e-4)


def test_jpeg_round_trip():
    smooth = np.repeat(np.linspace(0.2, 0.8, 64, dtype=np.float32)[:, None, None], 64, axis=1)
    photo = Photo(pixels=np.repeat(smooth, 3, axis=2), encoding=Encoding.SRGB)
    back = through_jpeg(photo, plain())
    assert back.pixels.shape == photo.pixels.shape
    assert np.abs(back.pixels - photo.pixels).max() < 0.02
    rough = through_jpeg(Photo(pixels=noise_picture(64, 64), encoding=Encoding.SRGB), plain(jpeg_quality=20))
    assert np.abs(rough.pixels - noise_picture(64, 64)).mean() > 0.05


def test_jpeg_wants_srgb():
    photo = Photo(pixels=noise_picture(2, 2), encoding=Encoding.CAMERA_LINEAR)
    with pytest.raises(ValueError, match="sRGB"):
        through_jpeg(photo, plain())


@pytest.mark.parametrize("wrong", [{"contrast": 0.6}, {"black_level": 1.0}, {"white_balance": np.ones(4)}])
def test_development_refuses(wrong):
    with pytest.raises(ValueError):
        plain(**wrong)


def test_colour_matrix_of_an_ideal_camera_is_exact():
    light = find_illuminant("D65")
    camera = find_camera("CIE 1931")
    raw = training_reflectances() @ response(camera, light, NM) / white_raw(camera, light)
    lab = linear_to_lab(raw @ colour_matrix(camera, light).T)
    assert delta_e_00(lab, lab_under(training_reflectances(), NM)).max() < 0.1


def test_colour_matrix_brings_the_colour_checker_near():
    """24 measured patches that took no part in the fit."""
    light, camera = daylight(5500), find_camera("Nikon D5100")
    patches = np.stack([patch[NM] for patch in colour.SDS_COLOURCHECKERS["ISO 17321-1"].values()])
    raw = patches @ response(camera, light, NM) / white_raw(camera, light)
    with_matrix, without = (
        delta_e_00(linear_to_lab(colours), lab_under(patches, NM)).mean()
        for colours in (raw @ colour_matrix(camera, light).T, raw)
    )
    assert with_matrix < 2
    assert with_matrix < without / 3


def test_binning_gathers_light():
    rng_a, rng_b = rng(1), rng(1)
    camera, light, _ = drawn(5)
    one, four = draw_isp(rng_a, camera, light, binning=1), draw_isp(rng_b, camera, light, binning=4)
    assert four.full_well_e == pytest.approx(16 * one.full_well_e)
    assert four.read_noise_e == pytest.approx(4 * one.read_noise_e)


def test_less_light_takes_more_time_or_iso():
    camera = find_camera("typical")
    means = []
    for lux in (50.0, 500.0, 5000.0):
        light = replace(planck(3000), illuminance_lux=lux)
        takes = [draw_isp(rng(seed), camera, light) for seed in range(20)]
        means.append(np.mean([np.log2(take.exposure_s * take.iso) for take in takes]))
    np.testing.assert_allclose(np.diff(means), -np.log2(10), atol=1e-6)


def test_meter_sets_the_exposure():
    camera, light, _ = drawn(5)
    dark, bright = (draw_isp(rng(2), camera, light, metered_reflectance=r) for r in (0.1, 0.2))
    assert dark.exposure == pytest.approx(2 * bright.exposure)


def test_flash_is_in_the_capture():
    assert drawn(1, "flash")[2].flash_fired
    assert not drawn(1, "led")[2].flash_fired


def test_automatic_white_balance_errs_by_a_few_degrees():
    """Angular errors of good automatic methods lie around 2 to 3 degrees in the literature."""
    degrees = []
    for seed in range(200):
        camera, light, development = drawn(seed)
        grey = development.white_balance * white_raw(camera, light)
        degrees.append(np.degrees(np.arccos(grey.sum() / np.sqrt(3) / np.linalg.norm(grey))))
    assert 1 < np.median(degrees) < 4
