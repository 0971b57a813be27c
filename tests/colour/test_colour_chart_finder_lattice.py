"""Which squares are patches, which steps span a lattice, and where a chart may lie on it."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dermis.colour.chart_finder import _bases, _flat_squares, _lattice, _placements


def pairs_of(*steps, side=20.0, sides=None):
    """Return how many pairs of steps from a square at the origin to others may span a lattice."""
    others = [(*step, other) for step, other in zip(steps, sides or [side] * len(steps), strict=True)]
    far = [(1e4 + 100 * place, 0, side) for place in range(9)]
    squares = np.array([(0, 0, side), *others, *far], np.float64)
    return len(_bases(squares, cKDTree(squares[:, :2]), 0))


@pytest.mark.parametrize(("length", "count"), [(17.9, 0), (18.1, 1), (51.9, 1), (52.1, 0)])
def test_a_step_is_about_as_long_as_a_patch_is_wide(length, count):
    assert pairs_of((length, 0), (0, length)) == count


@pytest.mark.parametrize(("down", "count"), [(20.9, 0), (21.1, 1), (42.8, 1), (43.0, 0)])
def test_both_steps_are_about_as_long(down, count):
    assert pairs_of((30, 0), (0, down)) == count


@pytest.mark.parametrize(("degrees", "count"), [(52, 0), (54, 1), (90, 1), (126, 1), (128, 0)])
def test_steps_stand_about_upright_on_each_other(degrees, count):
    angle = np.deg2rad(degrees)
    assert pairs_of((30, 0), (30 * np.cos(angle), 30 * np.sin(angle))) == count


@pytest.mark.parametrize(("other", "count"), [(8.9, 0), (9.1, 1), (43.9, 1), (44.1, 0)])
def test_neighbours_are_about_as_large(other, count):
    assert pairs_of((30, 0), (0, 30), sides=[20, other]) == count


def test_a_step_leads_to_one_of_eight_neighbours():
    ring = [(30 * x, 30 * y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
    assert pairs_of(*ring) == 4 + 4  # to the next along an axis, and diagonal to diagonal
    assert pairs_of(*ring, (0, 25)) == pairs_of(*ring[:7], (0, 25))  # the ninth neighbour is not asked


def flat_patch(height, width):
    """Return how many flat squares are seen of one patch on fine, steep stripes."""
    rows, columns = np.indices((300, 400))
    lab = np.zeros((300, 400, 3), np.float32)
    lab[..., 0] = np.where((rows + columns) // 3 % 2, 80, 0)
    lab[100 : 100 + height, 100 : 100 + width] = (50, 20, 20)
    return len(_flat_squares(lab, 1.0))


@pytest.mark.parametrize(("side", "seen"), [(7, 0), (8, 1), (38, 1), (39, 0)])
def test_patches_are_seen_from_eight_pixels_up_to_a_hundredth_of_the_picture(side, seen):
    assert flat_patch(side, side) == seen


@pytest.mark.parametrize(("longer", "seen"), [(32, 1), (33, 0)])
def test_a_patch_is_about_square(longer, seen):
    assert flat_patch(20, longer) == flat_patch(longer, 20) == seen


def lattice(columns, rows, *, left=0.0, side=30.0):
    return np.array([(left + 40.0 * column, 40.0 * row, side) for row in range(rows) for column in range(columns)])


def test_the_first_lattice_of_a_whole_chart_is_enough():
    both = np.concatenate([lattice(6, 4, side=31.0), lattice(6, 5, left=900.0)])
    assert len(_lattice(both)) == 24
    fewer = np.concatenate([lattice(6, 3, side=31.0), lattice(6, 5, left=900.0)])
    assert len(_lattice(fewer)) == 30


@pytest.mark.parametrize(("rows", "seen"), [(2, 14), (1, 0)])
def test_a_lattice_has_fourteen_squares(rows, seen):
    assert len(_lattice(lattice(7, rows))) == seen
    assert len(_lattice(lattice(13, rows)[: 13 * rows])) == (13 * rows if 13 * rows >= 14 else 0)


def placements_of(columns, rows, without=()):
    squares = lattice(columns, rows)
    held = {place: (place % columns, place // columns) for place in range(len(squares)) if place not in without}
    return _placements(squares, held)


@pytest.mark.parametrize(
    ("columns", "rows", "windows"),
    [(6, 4, 1), (4, 6, 1), (5, 4, 2), (6, 3, 2), (7, 4, 2), (8, 4, 3), (6, 6, 6)],
)
def test_a_chart_may_lie_wherever_it_covers_the_lattice_each_way_round(columns, rows, windows):
    found = placements_of(columns, rows)
    assert len(found) == 4 * windows
    ends = {tuple(np.rint([*one.min(axis=0), *one.max(axis=0)]).tolist()) for one in found}
    assert len(ends) == windows
    for centres in found:
        cells = np.rint(centres / 40)
        np.testing.assert_allclose(centres, 40 * cells, atol=1e-6)
        assert len({tuple(cell) for cell in cells.tolist()}) == 24
        assert sorted(np.ptp(cells, axis=0).tolist()) == [3, 5]


def test_places_that_cover_more_than_two_squares_less_are_left_out():
    def lefts(without):
        return sorted({round(float(one[:, 0].min()) / 40) for one in placements_of(7, 4, without)})

    assert lefts([]) == lefts([6, 13]) == [0, 1]
    assert lefts([6, 13, 20]) == [0]


def test_the_lattice_is_laid_over_the_patches_of_the_photo():
    first = placements_of(6, 4)[0]
    np.testing.assert_allclose(first, lattice(6, 4)[:, :2], atol=1e-6)


def test_a_chart_begins_no_later_than_its_lattice_lets_it_end():
    top = placements_of(6, 4, without=[0, 1, 2, 3])  # two squares are seen of the first row
    assert len(top) == 4
    assert {round(float(one[:, 1].min())) for one in top} == {0}
    side = placements_of(6, 4, without=[0, 6])  # and two of the first column
    assert {round(float(one[:, 0].min())) for one in side} == {0}
