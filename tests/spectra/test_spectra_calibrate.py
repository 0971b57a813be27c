"""Raw scans to reflectance, from sensors whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Quantity
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import open_cube
from dermis.spectra.calibrate import calibrated_rows, calibration, clipping
from dermis.spectra.resample import GRIDS
from dermis.spectra.white_dark_reference import read_references
from fakes.line_scans import Sensor, write_envi_raw

SENSOR = Sensor()
TRUTH = np.linspace(0.1, 0.7, 60) * np.linspace(0.6, 1, 11)[:, None, None]


def opened(folder, raw, white, dark, sensor=SENSOR, **header):
    """Return scan, white and dark as opened files."""
    parts = (("scan", raw), ("WHITEREF_scan", white), ("DARKREF_scan", dark))
    return [open_cube(write_envi_raw(folder / name, values, sensor.nm, **header)) for name, values in parts]


def calibrated(files, to_nm=None, **options):
    plan = calibration(files[0], read_references(*files), to_nm, **options)
    return np.concatenate(list(calibrated_rows(files[0], plan, threads=2))), plan


@pytest.mark.parametrize("interleave", ["bil", "bip", "bsq"])
@pytest.mark.parametrize("heights", [(40, 40), (1, 3), (200, 17)])
def test_reflectance_with_references_of_any_height(tmp_path, interleave, heights):
    raw, white, dark = SENSOR.frames(11, TRUTH), SENSOR.frames(heights[0], 0.99), SENSOR.frames(heights[1], 0)
    got, plan = calibrated(opened(tmp_path, raw, white, dark, interleave=interleave), panel=0.99)
    assert got.shape == (11, 24, 60)
    strong = SENSOR.signal.min(axis=1) > 800
    assert np.abs(got - TRUTH)[:, :, strong].mean() < 0.003
    assert plan.head.quantity is Quantity.REFLECTANCE
    assert plan.filled == plan.unrecoverable == 0


def test_by_the_formula_alone(tmp_path):
    """Without noise and faults it is (raw - dark) / (white - dark), then the bands."""
    raw, white, dark = SENSOR.frames(4, 0.5, noise=0), SENSOR.frames(5, 1, noise=0), SENSOR.frames(6, 0, noise=0)
    files = opened(tmp_path, raw, white, dark, fwhm=5.5)
    wanted = (raw - dark[:1]) / (white[:1] - dark[:1])
    got, _ = calibrated(files)
    np.testing.assert_allclose(got, wanted, atol=2e-6)
    from dermis.spectra.resample import resampling

    joined, plan = calibrated(files, GRIDS["62"])
    np.testing.assert_allclose(joined, wanted @ resampling(SENSOR.nm, GRIDS["62"], fwhm_nm=5.5).T, atol=4e-6)
    assert plan.head.shape == (4, 24, 62)
    assert plan.head.fwhm_nm[0] == 10


def test_exposure_from_the_headers_or_by_hand(tmp_path):
    raw, white, dark = SENSOR.frames(5, 0.4, exposure=2), SENSOR.frames(30, 1), SENSOR.frames(30, 0)
    files = opened(tmp_path, raw, white, dark)
    doubled, _ = calibrated(files)
    halved, _ = calibrated(files, exposure_ratio=2.0)
    np.testing.assert_allclose(doubled, 2 * halved, rtol=1e-4)
    assert np.median(halved) == pytest.approx(0.4, abs=0.005)
    write_envi_raw(tmp_path / "scan", raw, SENSOR.nm, tint=16)
    write_envi_raw(tmp_path / "WHITEREF_scan", white, SENSOR.nm, tint=8)
    by_header, _ = calibrated([open_cube(tmp_path / f"{name}scan.hdr") for name in ("", "WHITEREF_", "DARKREF_")])
    np.testing.assert_allclose(by_header, halved, rtol=1e-5)


def test_a_white_reference_with_a_dark_of_its_own(tmp_path):
    raw, white, dark = SENSOR.frames(5, 0.4), SENSOR.frames(30, 1) + 40, SENSOR.frames(30, 0)
    files = opened(tmp_path, raw, white, dark)
    other = open_cube(write_envi_raw(tmp_path / "other", dark + 40, SENSOR.nm))
    plan = calibration(files[0], read_references(*files, white_dark=other))
    got = np.concatenate(list(calibrated_rows(files[0], plan)))
    assert np.median(got) == pytest.approx(0.4, abs=0.005)


def test_the_panels_own_reflectance(tmp_path):
    panel = np.linspace(0.5, 0.99, 60)
    raw, white, dark = SENSOR.frames(5, 0.3), SENSOR.frames(50, panel), SENSOR.frames(50, 0)
    got, _ = calibrated(opened(tmp_path, raw, white, dark), panel=panel)
    assert np.median(got, axis=(0, 1)) == pytest.approx(np.full(60, 0.3), abs=0.02)


def test_dead_pixels_are_found_and_filled(tmp_path):
    raw, white, dark = SENSOR.frames(11, TRUTH), SENSOR.frames(40), SENSOR.frames(40, 0)
    faults = {"dead": (10, 3), "hot": (30, 7), "stuck": (25, 12), "half": (40, 20), "edge": (0, 0)}
    for values in (raw, white, dark):
        for name in ("dead", "edge"):
            values[:, faults[name][1], faults[name][0]] = 64
        values[:, faults["hot"][1], faults["hot"][0]] += 900
        values[:, faults["stuck"][1], faults["stuck"][0]] = 1500
        column, band = faults["half"][1], faults["half"][0]
        values[:, column, band] = 64 + 0.2 * (values[:, column, band] - 64).round()
    files = opened(tmp_path, raw, white, dark)
    refs = read_references(*files)
    assert {tuple(at) for at in np.argwhere(refs.dead).tolist()} == set(faults.values())
    got, plan = calibrated(files)
    assert (plan.filled, plan.unrecoverable) == (5, 0)
    for band, column in faults.values():
        assert np.abs(got[:, column, band] - TRUTH[:, 0, band]).max() < 0.06


def test_a_sensor_without_faults_has_no_dead_pixels(tmp_path):
    for seed in range(3):
        sensor = Sensor(seed=seed, width=40)
        files = opened(tmp_path, sensor.frames(2, 0.4), sensor.frames(50), sensor.frames(50, 0), sensor)
        assert not read_references(*files).dead.any()


def test_columns_without_white_are_not_invented(tmp_path):
    half = np.ones((40, 24, 60))
    half[:, 14:] = 0
    raw, white, dark = SENSOR.frames(5, 0.4), SENSOR.frames(40, half), SENSOR.frames(40, 0)
    got, plan = calibrated(opened(tmp_path, raw, white, dark), [500.0, 600.0], bandwidth_nm=20)
    assert plan.unrecoverable > 0
    assert np.isfinite(got[:, :14]).all()
    assert np.isnan(got[:, 19:]).all()


def test_clipping_is_told(tmp_path):
    raw, white, dark = SENSOR.frames(5, 0.4), SENSOR.frames(10), SENSOR.frames(10, 0)
    raw[1, 2, 30] = raw[1, 5, 31] = 4095
    files = opened(tmp_path, raw, white, dark)
    brightest = np.empty((5, 24), np.uint16)
    list(calibrated_rows(files[0], calibration(files[0], read_references(*files)), brightest=brightest))
    found = clipping(brightest)
    assert found.full_scale == 4095
    assert np.argwhere(found.mask).tolist() == [[1, 2], [1, 5]]
    assert found.share == pytest.approx(2 / 120)
    assert clipping(brightest, saturation=5000).share == 0
    assert clipping(brightest.astype(np.float32)) is None


def test_a_saturated_white_is_told(tmp_path):
    white = SENSOR.frames(10, 2.0)
    files = opened(tmp_path, SENSOR.frames(2), white, SENSOR.frames(10, 0))
    assert "saturated" in " ".join(read_references(*files).notes)


@pytest.mark.parametrize("smile_nm", [0.0, 1.5, -1.5])
def test_smile_is_measured_from_the_white(tmp_path, smile_nm):
    sensor = Sensor(width=200, bands=120, smile_nm=smile_nm)
    files = opened(tmp_path, sensor.frames(2), sensor.frames(60), sensor.frames(60, 0), sensor)
    smile = read_references(*files).smile
    assert smile.certain == (smile_nm != 0)
    assert smile.bend_nm == pytest.approx(abs(smile_nm), abs=max(0.3, 4 * smile.error_nm))


def test_references_that_do_not_fit(tmp_path):
    raw, white, dark = SENSOR.frames(5), SENSOR.frames(10), SENSOR.frames(10, 0)
    files = opened(tmp_path, raw, white[:, 4:], dark)
    with pytest.raises(InputError, match=r"white reference WHITEREF_scan.raw has 20 columns and 60 bands, scan.raw 24"):
        read_references(*files)
    files = opened(tmp_path, raw, dark, white)
    with pytest.raises(InputError, match="no brighter"):
        read_references(*files)
    other = open_cube(write_envi_raw(tmp_path / "o", white, SENSOR.nm + 5))
    with pytest.raises(InputError, match=r"other wavelengths, up to 5.0 nm"):
        read_references(files[0], other, files[1])
    files = opened(tmp_path, raw, white, dark)
    for wrong in ({"panel": 0.0}, {"exposure_ratio": -1.0}):
        with pytest.raises(UsageError, match="must be positive"):
            calibrated(files, **wrong)
