"""What holds for every cube, band grid and sensor."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dermis.core import Cube, Quantity
from dermis.formats.cubes.cube import WRITABLE, open_cube, read_cube, write_cube
from dermis.metrics.spectral import angle_map_rad, spectral_scores
from dermis.spectra.calibrate import calibrated_rows, calibration
from dermis.spectra.resample import resampling
from dermis.spectra.white_dark_reference import read_references
from fakes.line_scans import write_envi_raw

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
GRIDS = st.lists(st.floats(380, 1000), min_size=2, max_size=40, unique=True).map(sorted)


def grid_of(bands):
    return np.linspace(400, 1000, bands) if bands > 1 else np.array([550.0])


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(-1e6, 1e6, width=32))),
       st.sampled_from(WRITABLE))  # fmt: skip
def test_what_is_written_is_read(values, ending):
    cube = Cube(values=values, wavelengths_nm=grid_of(values.shape[2]), quantity=Quantity.REFLECTANCE)
    with tempfile.TemporaryDirectory() as folder:
        read = read_cube(write_cube(Path(folder) / f"a{ending}", cube))
    np.testing.assert_array_equal(read.values, values)
    np.testing.assert_allclose(read.wavelengths_nm, cube.wavelengths_nm, rtol=1e-9)


@given(SHAPES.flatmap(lambda shape: arrays(np.uint16, shape)), st.sampled_from(["bil", "bip", "bsq"]), st.data())
def test_any_window_is_that_of_the_whole(values, interleave, data):
    first = data.draw(st.integers(0, values.shape[0] - 1))
    end = data.draw(st.integers(first + 1, values.shape[0]))
    with tempfile.TemporaryDirectory() as folder:
        header = write_envi_raw(Path(folder) / "a", values, grid_of(values.shape[2]), interleave=interleave)
        np.testing.assert_array_equal(open_cube(header).stored(first, end), values[first:end])


@given(GRIDS, st.floats(0.5, 40), st.floats(0.5, 40), st.data())
def test_straight_spectra_stay_straight_whatever_the_bands(source, fwhm, bandwidth, data):
    source = np.array(source)
    inside = data.draw(st.lists(st.floats(float(source[0]), float(source[-1])), min_size=1, max_size=8))
    weights = resampling(source, inside, fwhm_nm=fwhm, bandwidth_nm=bandwidth)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(weights @ source, inside, atol=1e-3)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_calibration_is_the_formula(lines, white_lines, dark_lines, seed):
    """Whatever the heights: the mean references, and nothing else."""
    rng = np.random.default_rng(seed)
    dark = rng.integers(50, 70, (dark_lines, 5, 6))
    white = rng.integers(2000, 2400, (white_lines, 5, 6))
    scan = rng.integers(60, 2500, (lines, 5, 6))
    with tempfile.TemporaryDirectory() as folder:
        raw, panel, shut = (
            open_cube(write_envi_raw(Path(folder) / name, values, grid_of(6)))
            for name, values in (("a", scan), ("w", white), ("d", dark))
        )
        references = read_references(raw, panel, shut)
        assume(not references.dead.any())  # six bands of noise can look like a fault
        got = np.concatenate(list(calibrated_rows(raw, calibration(raw, references))))
    wanted = (scan - dark.mean(axis=0)) / (white.mean(axis=0) - dark.mean(axis=0))
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@given(st.floats(0.1, 10), st.integers(0, 2**32 - 1))
def test_brightness_is_no_angle_and_pixels_have_no_order(factor, seed):
    rng = np.random.default_rng(seed)
    true, said = rng.uniform(0.05, 1, (2, 4, 5, 7))
    np.testing.assert_allclose(angle_map_rad(true, factor * said), angle_map_rad(true, said), atol=1e-6)
    turned = spectral_scores(true[::-1], said[::-1])
    straight = spectral_scores(true, said)
    for name in ("sam_rad", "ssim", "mrae", "rmse", "psnr_db"):
        assert abs(getattr(turned, name) - getattr(straight, name)) < 1e-6
