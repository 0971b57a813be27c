import numpy as np
import pytest

import colour
from dermis.colour.adaptation import WHITES
from dermis.colour.difference import delta_e_00
from dermis.optics.illuminant import find_illuminant, lab_under, to_xyz, white_xyz, xyz_weights
from dermis.optics.populations import training_reflectances
from dermis.optics.spectral_grid import WORKING_NM, observer

NM = WORKING_NM[:81]
CMFS = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]


def test_observer_is_the_published_table():
    np.testing.assert_allclose(observer(), CMFS[NM], atol=1e-6)


@pytest.mark.parametrize("name", ["D65", "D50", "A"])
def test_white_is_the_published_one(name):
    np.testing.assert_allclose(white_xyz(find_illuminant(name)), WHITES[name], atol=3e-4)


@pytest.mark.filterwarnings("ignore:Aligning")
@pytest.mark.parametrize("name", ["D65", "A", "FL2"])
@pytest.mark.parametrize("step_nm", [5, 10])
def test_lab_agrees_with_an_independent_integration_at_1_nm(name, step_nm):
    grid = np.arange(400.0, 701, step_nm)
    spectra = training_reflectances()[::40, 4:65][:, :: step_nm // 5]
    lamp = colour.SDS_ILLUMINANTS[name]
    theirs = []
    for values in (np.ones(len(grid)), *spectra):
        spectrum = colour.SpectralDistribution(values, grid)
        theirs.append(colour.sd_to_XYZ(spectrum, CMFS, lamp, method="Integration"))
    white, *rest = theirs
    expected = colour.XYZ_to_Lab(np.array(rest) / white[1], colour.XYZ_to_xy(white))
    assert delta_e_00(lab_under(spectra, grid, name), expected).max() < 0.25


@pytest.mark.parametrize("grid", [[550.0], [400.0, 700.0], np.arange(400.0, 1001, 10), np.arange(420.0, 701)])
def test_perfect_diffuser_is_white_on_any_grid(grid):
    lab = lab_under(np.ones((2, len(grid))), grid, "F11")
    np.testing.assert_allclose(lab, [[100, 0, 0]] * 2, atol=1e-9)


def test_near_infrared_is_not_seen():
    grid = np.arange(400.0, 1001, 10)
    assert np.all(xyz_weights(grid)[grid > 790] == 0)


def test_dtype_and_shape_are_kept():
    xyz = to_xyz(np.full((2, 3, 31), 0.5, dtype=np.float32), np.arange(400, 701, 10))
    assert xyz.dtype == np.float32
    assert xyz.shape == (2, 3, 3)
    np.testing.assert_allclose(xyz[..., 1], 0.5, rtol=1e-5)


@pytest.mark.parametrize("grid", [[], [500.0, 500.0], [[400.0, 500.0]], [0.4, 0.7]])
def test_grids_that_are_none(grid):
    with pytest.raises(ValueError):
        xyz_weights(grid)
