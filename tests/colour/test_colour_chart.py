import numpy as np
import pytest

from dermis.colour.chart import PATCH_LAB_D50, affine_correction, chart_linear, fit_chart
from dermis.errors import InputError

CAST = np.array([[0.6, 0.08, 0.0], [0.05, 0.5, 0.04], [0.0, 0.06, 0.35]])


def test_the_published_colours_are_those_of_another_library():
    colour = pytest.importorskip("colour")
    data = colour.CCS_COLOURCHECKERS["ColorChecker24 - After November 2014"]
    lab = [colour.XYZ_to_Lab(colour.xyY_to_XYZ(one), data.illuminant) for one in data.data.values()]
    np.testing.assert_allclose(PATCH_LAB_D50, lab, atol=0.02)


def test_an_affine_light_is_undone():
    true = chart_linear()
    fit = fit_chart(true @ CAST.T + 0.01)
    np.testing.assert_allclose((true @ CAST.T + 0.01) @ fit.matrix.T + fit.offset, true, atol=4e-3)
    assert fit.delta_e_after < 0.5 < fit.delta_e_before
    assert fit.falloff == pytest.approx(1.0, abs=0.02)
    assert (fit.clipped, fit.dark) == (0, 0)


def test_light_that_falls_off_is_told():
    column = np.tile(np.linspace(1.2, 0.8, 6), 4)[:, None]
    assert fit_chart(0.6 * chart_linear().clip(0.004) * column).falloff > 1.25


def test_clipped_patches_take_no_part():
    seen = np.clip(chart_linear() * 1.8, 0.004, 1)
    fit = fit_chart(seen)
    assert fit.clipped == (seen.max(axis=1) >= 0.96).sum() > 0
    assert np.isnan(fit.residuals[18])


def test_a_chart_in_the_dark_is_refused():
    with pytest.raises(InputError, match="neither overexposed nor black"):
        fit_chart(np.full((24, 3), 1e-5))


def test_the_ridge_bends_no_affine_light_of_a_dark_photo():
    rng = np.random.default_rng(0)
    true = rng.uniform(0.02, 0.8, (24, 3))
    light = np.array([[1.3, -0.2, -0.1], [-0.15, 1.25, -0.1], [0.02, -0.3, 1.4]])
    seen = 0.3 * (true - [0.01, -0.005, 0.0]) @ np.linalg.inv(light).T
    matrix, offset = affine_correction(seen, true)
    np.testing.assert_allclose(seen @ matrix.T + offset, true, atol=0.003)
