import copy

import numpy as np
import pytest

from dermis.colour import decode, encode, hex_to_srgb, linear_to_xyz, srgb_to_hex, xyz_to_linear
from dermis.errors import UsageError

# As printed in IEC 61966-2-1, to four digits.
PUBLISHED_MATRIX = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def test_curve_agrees_with_colour_science(colour_science):
    levels = np.tile(np.linspace(0, 1, 1001)[:, None], 3)
    expected = colour_science.models.eotf_sRGB(levels)
    np.testing.assert_allclose(decode(levels), expected, atol=1e-12)
    np.testing.assert_allclose(encode(expected), colour_science.models.eotf_inverse_sRGB(expected), atol=1e-12)


def test_curve_is_mirrored_below_black_and_carried_on_above_white():
    out_of_gamut = np.array([-0.5, -0.01, 1.5])
    np.testing.assert_allclose(decode(-out_of_gamut), -decode(out_of_gamut))
    assert decode(out_of_gamut)[2] > 1
    np.testing.assert_allclose(encode(decode(out_of_gamut)), out_of_gamut, atol=1e-7)


def test_primaries_are_those_of_the_standard():
    np.testing.assert_allclose(linear_to_xyz(np.eye(3)).T, PUBLISHED_MATRIX, atol=1e-4)


def test_xyz_agrees_with_colour_science(colour_science, colours):
    srgb = copy.deepcopy(colour_science.RGB_COLOURSPACES["sRGB"])
    srgb.use_derived_transformation_matrices(True)
    expected = colours @ srgb.matrix_RGB_to_XYZ.T
    np.testing.assert_allclose(linear_to_xyz(colours), expected, atol=1e-12)
    np.testing.assert_allclose(xyz_to_linear(expected), colours, atol=1e-12)


def test_white_has_luminance_one():
    assert linear_to_xyz(np.ones(3))[1] == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 3), (2, 5, 3), (2, 1, 1, 3)])
@pytest.mark.parametrize("convert", [decode, encode, linear_to_xyz, xyz_to_linear])
def test_shape_and_dtype_stay(convert, shape):
    result = convert(np.full(shape, 0.5, dtype=np.float32))
    assert result.shape == shape
    assert result.dtype == np.float32


@pytest.mark.parametrize("wrong", [np.zeros((2, 3), dtype=np.uint8), np.zeros((3, 2)), np.float64(0.5)])
@pytest.mark.parametrize("convert", [decode, encode, linear_to_xyz, xyz_to_linear])
def test_integers_and_other_channel_counts_are_refused(convert, wrong):
    with pytest.raises(ValueError, match="Colour takes"):
        convert(wrong)


def test_hex_there_and_back():
    np.testing.assert_array_equal(hex_to_srgb("#FF8000"), np.array([255, 128, 0]) / 255)
    assert srgb_to_hex(hex_to_srgb("#1a2b3c")) == "#1A2B3C"
    assert srgb_to_hex(np.array([-0.1, 0.5, 1.4])) == "#0080FF"


@pytest.mark.parametrize("wrong", ["", "#FFF", "grey", "#GGGGGG", "#12345678", "#١٢٣٤٥٦", "#123456\n"])
def test_what_is_no_hex_is_refused_with_an_example(wrong):
    with pytest.raises(UsageError, match="#RRGGBB"):
        hex_to_srgb(wrong)


def test_the_knee_belongs_to_the_straight_part():
    assert encode(np.full(3, 0.0031308))[0] == 0.0031308 * 12.92
    assert decode(np.full(3, 0.04045))[0] == 0.04045 / 12.92
