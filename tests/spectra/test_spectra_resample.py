"""Bands onto bands, against Gaussian sensors integrated finely."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Cube, Quantity
from dermis.errors import InputError, UsageError
from dermis.spectra.resample import GRIDS, band_grid, resample, resampling

FX10 = np.linspace(397, 1004, 448)
FINE = np.arange(300, 1100, 0.25)


def skinlike(nm):
    dips = 0.12 * np.exp(-(((nm - 542) / 12) ** 2)) + 0.12 * np.exp(-(((nm - 577) / 10) ** 2))
    return 0.15 + 0.45 / (1 + np.exp(-(nm - 605) / 22)) - dips


def measured(centres, fwhm):
    """What a sensor with Gaussian bands sees, integrated finely."""
    bell = np.exp(-0.5 * ((FINE - np.asarray(centres)[:, None]) / (fwhm / 2.3548200450309493)) ** 2)
    return bell @ skinlike(FINE) / bell.sum(axis=1)


@pytest.mark.parametrize("bandwidth", [8.0, 10.0, 20.0])
def test_it_is_what_a_sensor_of_those_bands_would_measure(bandwidth):
    wanted = np.arange(410.0, 991.0, 10.0)
    got = resampling(FX10, wanted, fwhm_nm=5.5, bandwidth_nm=bandwidth) @ measured(FX10, 5.5)
    np.testing.assert_allclose(got, measured(wanted, bandwidth), atol=4e-4)


def test_the_width_matters():
    """Without the sensor's own width the bands would come out too wide."""
    wanted = GRIDS["61"][1:-1]
    truth, seen = measured(wanted, 10.0), measured(FX10, 5.5)
    aware = np.abs(resampling(FX10, wanted, fwhm_nm=5.5) @ seen - truth).max()
    blind = np.abs(resampling(FX10, wanted) @ seen - truth).max()
    assert aware < 0.2 * blind


@pytest.mark.parametrize("name", list(GRIDS))
def test_flat_and_straight_spectra_stay_as_they_are(name):
    grid = GRIDS[name]
    weights = resampling(FX10, grid, fwhm_nm=5.5)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ FX10, grid, atol=1e-9)


def test_hyper_skins_62_name_700_nm_twice():
    weights = resampling(FX10, band_grid("hyper-skin"), fwhm_nm=5.5)
    assert weights.shape == (62, 448)
    np.testing.assert_array_equal(weights[30], weights[31])


def test_the_same_bands_are_the_same_values():
    grid = np.arange(400.0, 701, 10)
    np.testing.assert_allclose(resampling(grid, grid), np.eye(31), atol=1e-12)
    np.testing.assert_allclose(resampling([500.0], [500.0]), [[1.0]])


def test_any_order_of_the_sensors_bands():
    order = np.random.default_rng(0).permutation(448)
    weights = resampling(FX10[order], GRIDS["vis"], fwhm_nm=5.5)
    np.testing.assert_allclose(weights, resampling(FX10, GRIDS["vis"], fwhm_nm=5.5)[:, order])


def test_a_cube():
    nm = np.arange(400.0, 701, 5)
    cube = Cube(
        values=np.broadcast_to(nm.astype(np.float32), (2, 3, 61)).copy(),
        wavelengths_nm=nm,
        quantity=Quantity.REFLECTANCE,
    )
    out = resample(cube, [450.0, 550.0])
    np.testing.assert_allclose(out.values[1, 2], [450, 550], rtol=1e-5)
    assert out.quantity is Quantity.REFLECTANCE


def test_bands_in_words(tmp_path):
    assert len(band_grid("62")) == 62
    np.testing.assert_array_equal(band_grid("400:420:10"), [400, 410, 420])
    np.testing.assert_array_equal(band_grid("450, 550.5"), [450, 550.5])
    (tmp_path / "b.csv").write_text("wavelength_nm\n400\n500\n")
    np.testing.assert_array_equal(band_grid(str(tmp_path / "b.csv")), [400, 500])
    for wrong in ("", "red", "700:400:10", "400:700:0", "400:700", "500,400"):
        with pytest.raises(UsageError, match="names no increasing bands"):
            band_grid(wrong)
    (tmp_path / "c.csv").write_text("colour\nred\n")
    with pytest.raises(InputError, match="lists no wavelengths"):
        band_grid(str(tmp_path / "c.csv"))


def test_outside_the_sensor():
    with pytest.raises(InputError, match=r"covers 397-1004 nm, without 1010 nm. Ask for bands inside.*400:1000:10"):
        resampling(FX10, [500.0, 1010.0], bandwidth_nm=5)
