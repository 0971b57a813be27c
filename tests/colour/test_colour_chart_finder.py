import numpy as np
import pytest
from scipy.spatial import cKDTree

from dermis.colour.chart_finder import _grown, chart_at, find_chart
from dermis.errors import InputError
from fakes.charts import chart_picture


@pytest.mark.parametrize("turn", [0, 17, 90, 180, 205])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_chart_is_found_any_way_it_lies(turn, mirrored):
    pixels, centres = chart_picture(turn_deg=turn, mirrored=mirrored)
    chart = find_chart(pixels)
    assert chart is not None
    assert np.hypot(*(chart.centres_px - centres).T).max() < 4
    assert chart.fit.delta_e_after < 3


def test_a_dim_warm_noisy_chart_is_found_and_corrected():
    warm = np.diag([0.30, 0.20, 0.08])
    pixels, _ = chart_picture(matrix=warm, noise=0.004)
    chart = find_chart(pixels)
    assert chart is not None
    assert chart.fit.delta_e_after < 4
    grey = chart.patches_linear[21] @ chart.fit.matrix.T + chart.fit.offset
    assert np.ptp(grey) < 0.02


def test_tiles_of_other_colours_are_no_chart():
    pixels, _ = chart_picture()
    other = np.ascontiguousarray(pixels[..., ::-1])  # blue for red: the same squares, colours of no chart
    assert find_chart(other) is None


def test_noise_and_plain_walls_are_no_chart():
    rng = np.random.default_rng(5)
    assert find_chart(rng.uniform(0, 1, (300, 400, 3)).astype(np.float32)) is None
    assert find_chart(np.full((300, 400, 3), 0.5, np.float32)) is None
    assert find_chart(np.full((1, 1, 3), 0.5, np.float32)) is None


def test_named_corners_stand_for_the_chart():
    pixels, centres = chart_picture(turn_deg=10)
    found = chart_at(pixels, centres[[0, 5, 23, 18]])
    np.testing.assert_allclose(found.centres_px, centres, atol=1.0)
    with pytest.raises(InputError, match="reaches out of the photo"):
        chart_at(pixels, centres[[0, 5, 23, 18]] + 400)


@pytest.mark.parametrize("start", [0, 5, 23, 18, 9])
def test_a_lattice_is_reached_from_any_of_its_squares(start):
    squares = np.array([(40.0 * column, 40.0 * row, 30.0) for row in range(4) for column in range(6)])
    cells = _grown(squares, cKDTree(squares[:, :2]), start, np.array([40.0, 0.0]), np.array([0.0, 40.0]))
    assert len(cells) == 24
    assert cells[start] == (0, 0)
    for place, (column, row) in cells.items():
        assert (column, row) == (place % 6 - start % 6, place // 6 - start // 6)
