from pathlib import Path

import numpy as np
import pytest

import colour
from dermis.errors import InputError, UsageError
from dermis.optics.camera import (
    Camera,
    draw_camera,
    find_camera,
    fit_population,
    on_grid,
    population,
    read_cameras,
    response,
    typical_camera,
    white_raw,
)
from dermis.optics.illuminant import find_illuminant, planck, xyz_weights

NM = np.arange(380.0, 781, 5)
TABLE = Path(__file__).parents[2].parent / "shared" / "data" / "spectra" / "camera_sensitivities.csv"
with_table = pytest.mark.skipif(not TABLE.is_file(), reason="needs the measured camera sensitivities")


def a_camera(**changes):
    bumps = np.exp(-0.5 * ((NM[:, None] - [600, 530, 460]) / 30) ** 2)
    return Camera(**{"name": "bumps", "wavelengths_nm": NM, "sensitivities": bumps, "source": "test"} | changes)


def csv_of(camera, name=""):
    rows = np.column_stack([camera.wavelengths_nm, camera.sensitivities])
    return "\n".join(name + ",".join(f"{value:.9g}" for value in row) for row in rows) + "\n"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_observer_as_a_camera_has_the_observer_s_weights():
    grid = np.arange(400, 701, 10)
    seen = response(find_camera("cie1931"), find_illuminant("D65"), grid)
    expected = xyz_weights(grid, "D65")
    np.testing.assert_allclose(seen / seen.sum(axis=0)[1], expected, rtol=1e-9)


@pytest.mark.parametrize("light", ["D65", "A", "F11", "LED-B3"])
def test_white_is_one_in_its_brightest_channel(light):
    camera = find_camera("typical")
    grid = np.arange(400, 1001, 10)
    white = np.ones(len(grid)) @ response(camera, find_illuminant(light), grid)
    assert white.max() == pytest.approx(1)
    np.testing.assert_allclose(white, white_raw(camera, find_illuminant(light)))


def test_response_is_the_integral_at_1_nm():
    fine = np.arange(380.0, 781)
    reflectance = 0.2 + 0.6 / (1 + np.exp(-(fine - 590) / 20))
    camera, light = a_camera(), planck(4000)
    power = np.interp(fine, np.arange(380.0, 1001, 5), light.power)
    curves = np.exp(-0.5 * ((fine[:, None] - [600, 530, 460]) / 30) ** 2)
    expected = (reflectance * power) @ curves / (power @ curves).max()
    coarse = np.arange(380, 781, 10)
    np.testing.assert_allclose(reflectance[::10] @ response(camera, light, coarse), expected, rtol=2e-3)


def test_nothing_is_seen_beyond_780_nm():
    grid = np.arange(400.0, 1001, 10)
    weights = response(a_camera(), find_illuminant("A"), grid)
    assert np.all(weights[grid > 790] == 0)


def test_a_light_that_a_channel_cannot_see(tmp_path):
    red = "wavelength_nm,power\n400,0\n649,0\n650,1\n651,0\n700,0\n"
    blind = a_camera(sensitivities=np.where(NM[:, None] < 600, 1.0, [1.0, 1.0, 0.0]))
    with pytest.raises(InputError, match="sees nothing"):
        response(blind, find_illuminant(write(tmp_path / "red.csv", red)), [500.0])


def test_camera_of_the_measurement_library():
    camera = find_camera("nikon-d5100")
    np.testing.assert_array_equal(camera.sensitivities, colour.MSDS_CAMERA_SENSITIVITIES["Nikon 5100 (NPL)"].values)
    assert find_camera("Sigma SDMerrill").name == "Sigma SD Merrill"


def test_unknown_camera_gets_the_nearest():
    with pytest.raises(UsageError, match="Nikon D5100"):
        find_camera("Nikon D510")


def test_csv_gives_the_camera_back(tmp_path):
    path = write(tmp_path / "mine.csv", "wavelength_nm,red,green,blue\n" + csv_of(a_camera()))
    for name in (path, str(path)):
        camera = find_camera(name)
        assert camera.name == "mine"
        np.testing.assert_allclose(camera.sensitivities, a_camera().sensitivities, rtol=1e-6)


def test_csv_of_several_cameras(tmp_path):
    text = "camera,wavelength_nm,red,green,blue\n" + csv_of(a_camera(), "One A,") + csv_of(a_camera(), "Two B,")
    path = write(tmp_path / "many.csv", text)
    assert [camera.name for camera in read_cameras(path)] == ["One A", "Two B"]
    assert find_camera(f"{path}#two-b").name == "Two B"
    with pytest.raises(UsageError, match="holds 2 cameras"):
        find_camera(path)
    with pytest.raises(UsageError, match="One A"):
        find_camera(f"{path}#Three C")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("", "no rows"),
        ("400,1,1,1\n700,1,1,\n", "not a number"),
        ("450,1,1,1\n700,1,1,1\n", "covers 450-700"),
        ("400,1,1,0\n700,1,1,0\n", "dark"),
        ("400,1,1,1\n700,1,1,-1\n", "negative"),
    ],
)
def test_bad_csv_says_what_to_change(tmp_path, rows, reason):
    with pytest.raises(InputError, match=reason) as refusal:
        find_camera(write(tmp_path / "bad.csv", "wavelength_nm,red,green,blue\n" + rows))
    assert "bad.csv" in refusal.value.message
    assert refusal.value.advice


def test_camera_refuses_negative_and_unsorted():
    with pytest.raises(ValueError):
        a_camera(sensitivities=np.full((81, 3), -0.1))
    with pytest.raises(ValueError):
        a_camera(wavelengths_nm=NM[::-1].copy())


def test_population_of_one_camera_many_times_is_that_camera():
    camera = a_camera()
    same = typical_camera(fit_population([camera] * 9))
    np.testing.assert_allclose(same.sensitivities, camera.sensitivities / camera.sensitivities.max(), atol=1e-9)


def test_population_finds_how_cameras_differ():
    """Cameras whose red dye alone moves: one component holds nearly all of it."""
    cameras = []
    for shift in np.linspace(-6, 6, 12):
        bumps = np.exp(-0.5 * ((NM[:, None] - [600 + shift, 530, 460]) / 30) ** 2)
        cameras.append(a_camera(sensitivities=bumps))
    fitted = fit_population(cameras)
    assert fitted.deviations[0] ** 2 > 0.99 * (fitted.deviations**2).sum()
    first = fitted.components[0].reshape(3, 81)
    assert np.abs(first[1:]).max() < 1e-3 * np.abs(first[0]).max()


def test_population_needs_cameras():
    with pytest.raises(ValueError, match="more than 8"):
        fit_population([a_camera()] * 8)


def test_drawn_cameras_are_cameras():
    rng = np.random.default_rng(3)
    peaks = []
    for _ in range(200):
        camera = draw_camera(rng)
        assert camera.sensitivities.max() == pytest.approx(1)
        peaks.append(NM[camera.sensitivities.argmax(axis=0)])
    red, green, blue = np.median(peaks, axis=0)
    assert 570 < red < 620
    assert 500 < green < 550
    assert 440 < blue < 480


def test_same_seed_same_camera():
    first, second = (draw_camera(np.random.default_rng(4)) for _ in range(2))
    assert first.name == second.name
    np.testing.assert_array_equal(first.sensitivities, second.sensitivities)


@pytest.mark.data
@with_table
def test_shipped_population_is_the_fit_of_the_table():
    refitted, shipped = fit_population(read_cameras(TABLE)), population()
    np.testing.assert_allclose(refitted.mean, shipped.mean, atol=1e-6)
    np.testing.assert_allclose(refitted.deviations, shipped.deviations, rtol=1e-5)


@pytest.mark.data
@with_table
def test_draws_cover_makers_that_took_no_part_in_the_fit():
    """The centroid of each channel of each left-out camera lies in the middle 90 % of draws, mostly."""
    cameras = read_cameras(TABLE)
    inside = []
    for maker in ("Canon", "Nikon", "Sony", "Hasselblad", "Fujifilm"):
        others = fit_population([camera for camera in cameras if not camera.name.startswith(maker)])
        rng = np.random.default_rng(0)
        low, high = np.quantile([centroid_nm(draw_camera(rng, others)) for _ in range(400)], [0.05, 0.95], axis=0)
        held_out = np.array([centroid_nm(camera) for camera in cameras if camera.name.startswith(maker)])
        inside.append((low <= held_out) & (held_out <= high))
    assert np.concatenate(inside).mean() > 0.8


def centroid_nm(camera):
    curves = on_grid(camera)
    return NM @ curves / curves.sum(axis=0)
