"""Lines, moles and scabs are told by their shape and taken off the grid; freckles, lentigines and patches stay."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.pigmentation.not_mottle import find_lines, find_spots, without_not_mottle
from dermis.tasks.pigmentation.skin_grid import GRID_MM, density_of, skin_grid
from fakes.plain_face import SIZE, face_with

SIDE = 91
SKIN = np.array((34.0, 56.0, 74.0))
MIDDLE = (SIDE - 1) / 2
Y, X = np.mgrid[:SIDE, :SIDE] - MIDDLE


def on_skin(added, axis=MELANIN_AXIS):
    """Skin with even grain of a density of 1, and what is added to it."""
    grain = np.random.default_rng(1).normal(0, 1, (SIDE, SIDE))
    return (SKIN + (added + grain)[..., None] * np.array(axis)).astype(np.float32)


def disc(height, radius_mm, edge_mm, *, row=0.0, column=0.0):
    far = np.hypot(Y - row, X - column) * GRID_MM - radius_mm
    return height / (1 + np.exp(np.clip(4.4 * far / edge_mm, -30, 30)))


def line(height, wide_mm, long_mm, turn_deg):
    turn = np.deg2rad(turn_deg)
    along, across = X * np.cos(turn) + Y * np.sin(turn), Y * np.cos(turn) - X * np.sin(turn)
    drawn = np.exp(-((across * GRID_MM) ** 2) / (2 * (0.4 * wide_mm) ** 2))
    return height * drawn * (np.abs(along) * GRID_MM < long_mm / 2)


ALL = np.ones((SIDE, SIDE), bool)


@pytest.mark.parametrize("turn_deg", [0, 15, 40, 75, 90, 130])
def test_hairs_and_wrinkles_are_lines_at_every_turn(turn_deg):
    for wide_mm in (0.7, 1.5):
        drawn = line(14, wide_mm, 30, turn_deg)
        found = find_lines(on_skin(drawn), ALL)
        assert np.mean(found[drawn > 7]) > 0.9
        assert np.mean(found[drawn < 0.01]) < 0.1


def test_what_is_short_or_wide_or_has_one_side_alone_is_no_line():
    freckle, patch = disc(18, 1.0, 0.8), disc(18, 8.0, 2.5)
    for mark in (freckle, disc(25, 2.5, 1.2), patch, 15 / (1 + np.exp(-3 * X)), line(14, 1.0, 5, 30)):
        assert np.mean(find_lines(on_skin(mark), ALL)[mark > 0.5 * mark.max()]) < 0.2


def test_moles_and_scabs_are_spots_with_the_skin_two_millimetres_around():
    for radius_mm in (1.0, 1.5, 2.2):
        found = find_spots(on_skin(disc(55, radius_mm, 0.5)), ALL)
        far_mm = np.hypot(Y, X) * GRID_MM
        assert found[far_mm < radius_mm + 1.3].all()
        assert not found[far_mm > radius_mm + 4].any()
    assert find_spots(on_skin(disc(60, 1.5, 0.5), axis=(0.5, 1.0, 0.95)), ALL).any()


def test_freckles_lentigines_and_patches_are_no_spots():
    for mark in (disc(20, 1.0, 0.6), disc(32, 3.5, 1.4), disc(47, 2.5, 1.6), disc(60, 9.0, 1.0)):
        assert not find_spots(on_skin(mark), ALL).any()


def test_the_skin_around_takes_the_place_and_the_rest_stays():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    plain = skin_grid(face, skin)
    y, x = np.mgrid[:SIZE, :SIZE]
    mole = 60.0 * (np.hypot(y - 150, x - 90) < 5)
    hair = 30.0 * (np.abs(y - 60) < 2)
    density = (mole + hair)[..., None] * np.array(MELANIN_AXIS)
    marked = skin_grid(face, replace(skin, linear=(skin.linear * 10 ** (-density / 100)).astype(np.float32)))
    cleaned = without_not_mottle(marked)
    left = np.abs(density_of(cleaned) - density_of(plain))[plain.judged]
    assert np.abs(density_of(marked) - density_of(plain))[plain.judged].max() > 25
    assert left.max() < 4
    assert left.mean() < 0.1
    assert without_not_mottle(plain) is plain


def test_skin_beside_a_mole_and_a_hair_weighs_as_without_them():
    y, x = np.mgrid[:SIZE, :SIZE]
    marks = 12 * (np.hypot((y % 72) - 36, (x % 72) - 36) < 9.0)
    alike = np.maximum(60.0 * (np.hypot(y - 72, x - 72) < 5), 30.0 * (np.abs(x - 144) < 2))
    grain = np.random.default_rng(2).normal(0, 1.5, (SIZE, SIZE))
    weight = []
    for added in (grain + marks, grain + marks + alike):
        face, skin = face_with(added[..., None] * np.array(MELANIN_AXIS))
        weight.append(np.nan_to_num(find_marks(face, skin).weight).mean())
    assert weight[0] > 0.05
    assert abs(weight[1] / weight[0] - 1) < 0.1
