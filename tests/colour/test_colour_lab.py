import numpy as np
import pytest

from dermis.colour import (
    WHITES,
    decode,
    lab_to_linear,
    lab_to_xyz,
    linear_to_lab,
    linear_to_xyz,
    srgb_to_lab,
    xyz_to_lab,
)


def test_whites_are_those_of_colour_science(colour_science):
    chromaticities = colour_science.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]
    for name, white in WHITES.items():
        np.testing.assert_allclose(white, colour_science.xy_to_XYZ(chromaticities[name]), atol=1e-12)


@pytest.mark.parametrize("name", ["D65", "D50", "A"])
def test_lab_agrees_with_colour_science(colour_science, colours, name):
    xyz = np.abs(linear_to_xyz(colours))
    white = WHITES[name]
    lab = colour_science.XYZ_to_Lab(xyz, colour_science.XYZ_to_xy(white))
    np.testing.assert_allclose(xyz_to_lab(xyz, white), lab, atol=1e-10)
    np.testing.assert_allclose(
        lab_to_xyz(lab, white), colour_science.Lab_to_XYZ(lab, colour_science.XYZ_to_xy(white)), atol=1e-12
    )


def test_white_is_100_and_black_0():
    np.testing.assert_allclose(linear_to_lab(np.ones(3)), [100, 0, 0], atol=1e-12)
    np.testing.assert_allclose(linear_to_lab(np.zeros(3)), [0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-4)])
def test_greys_have_no_chroma(dtype, tolerance):
    greys = np.tile(np.linspace(0, 1, 256, dtype=dtype)[:, None], 3)
    assert np.abs(srgb_to_lab(greys)[:, 1:]).max() < tolerance


def test_negative_light_finds_its_way_back(colours):
    np.testing.assert_allclose(lab_to_linear(linear_to_lab(-colours)), -colours, atol=1e-12)


def test_srgb_shortcut_is_the_long_way(colours):
    np.testing.assert_array_equal(srgb_to_lab(colours), xyz_to_lab(linear_to_xyz(decode(colours))))


@pytest.mark.parametrize("convert", [xyz_to_lab, lab_to_xyz, linear_to_lab, srgb_to_lab, lab_to_linear])
@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 1, 3)])
def test_shape_and_dtype_of_lab_stay(convert, shape):
    result = convert(np.full(shape, 0.5, dtype=np.float32))
    assert result.shape == shape
    assert result.dtype == np.float32


def test_single_precision_is_close_to_double(colours):
    single = linear_to_lab(colours.astype(np.float32))
    np.testing.assert_allclose(single, linear_to_lab(colours), atol=1e-3)
