from pathlib import Path

import numpy as np
import pytest

from dermis.colour import delta_e_00, delta_e_76, linear_to_lab
from dermis.colour.difference import _by_angles

VECTORS = Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="module")
def sharma_pairs():
    table = np.loadtxt(VECTORS / "ciede2000_sharma.csv", delimiter=",", skiprows=3)
    assert table.shape == (34, 7)
    return table[:, :3], table[:, 3:6], table[:, 6]


def test_ciede2000_has_the_published_values(sharma_pairs):
    lab_a, lab_b, published = sharma_pairs
    np.testing.assert_array_equal(np.round(delta_e_00(lab_a, lab_b), 4), published)
    np.testing.assert_array_equal(np.round(delta_e_00(lab_b, lab_a), 4), published)


def test_colour_science_has_the_published_values_too(colour_science, sharma_pairs):
    lab_a, lab_b, published = sharma_pairs
    expected = colour_science.difference.delta_E_CIE2000(lab_a, lab_b)
    np.testing.assert_array_equal(np.round(expected, 4), published)


def test_differences_agree_with_colour_science(colour_science, colours):
    lab = linear_to_lab(colours)
    other = lab[::-1]
    np.testing.assert_allclose(
        delta_e_00(lab, other), colour_science.difference.delta_E_CIE2000(lab, other), atol=1e-10
    )
    np.testing.assert_allclose(
        delta_e_76(lab, other), colour_science.difference.delta_E_CIE1976(lab, other), atol=1e-10
    )


def test_single_precision_is_good_to_a_thousandth(colours):
    lab = linear_to_lab(colours)
    single = lab.astype(np.float32)
    result = delta_e_00(single, single[::-1])
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, delta_e_00(lab, lab[::-1]), atol=2e-3)


@pytest.mark.parametrize("difference", [delta_e_76, delta_e_00])
def test_colours_broadcast(difference, colours):
    lab = linear_to_lab(colours[:6])
    table = difference(lab[:, None], lab[None, :4])
    assert table.shape == (6, 4)
    assert table[5, 2] == pytest.approx(difference(lab[5], lab[2]))
    assert difference(lab[:0], lab[0]).shape == (0,)


@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-10), (np.float32, 2e-3)])
def test_hues_as_vectors_give_what_angles_give(dtype, near):
    draw = np.random.default_rng(0)
    lab = (draw.random((50_000, 3)) * (100, 160, 160) - (0, 80, 80)).astype(dtype)
    other = (lab + draw.normal(0, 5, lab.shape)).astype(dtype)
    other[::7, 1:] = -lab[::7, 1:]  # opposite hues, exactly
    other[1::7, 1:] = -1.001 * lab[1::7, 1:] + dtype(0.001)  # and nearly
    lab[2::7, 1:] = 0  # greys
    np.testing.assert_allclose(delta_e_00(lab, other), _by_angles(lab, other), atol=near)


@pytest.mark.parametrize("threads", [1, 3])
def test_many_colours_are_split_and_nothing_is_lost(monkeypatch, threads):
    monkeypatch.setenv("DERMIS_THREADS", str(threads))
    draw = np.random.default_rng(1)
    lab = draw.random((700, 401, 3)) * 50
    whole = delta_e_00(lab, lab[::-1])
    assert whole.shape == (700, 401)
    for row in (0, 350, 699):
        np.testing.assert_array_equal(whole[row], delta_e_00(lab[row], lab[-1 - row]))
    np.testing.assert_array_equal(linear_to_lab(lab / 50)[600], linear_to_lab(lab[600] / 50))
