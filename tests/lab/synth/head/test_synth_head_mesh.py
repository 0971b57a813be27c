"""The z-buffer against a plain reference, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.lab.synth.head.mesh import interpolate, rasterise


def plain(points, depth, triangles, shape):
    """Nearest front-facing triangle and its depth at each pixel centre, the slow and obvious way."""
    owner, nearest = np.full(shape, -1), np.full(shape, np.inf)
    for t, corners in enumerate(triangles):
        (ax, ay), (bx, by), (cx, cy) = points[corners].astype(np.float64)
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:
            continue
        for row in range(shape[0]):
            for column in range(shape[1]):
                x, y = column + 0.5, row + 0.5
                a = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                b = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                c = 1 - a - b
                if min(a, b, c) < 0:
                    continue
                z = 1 / (a / depth[corners[0]] + b / depth[corners[1]] + c / depth[corners[2]])
                if z < nearest[row, column]:
                    owner[row, column], nearest[row, column] = t, z
    return owner, nearest


def test_agrees_with_the_plain_way() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(-6, 30, (60, 2)).astype(np.float32)
    depth = rng.uniform(50, 90, 60).astype(np.float32)
    triangles = rng.integers(0, 60, (40, 3)).astype(np.int32)
    owner, nearest = plain(points, depth, triangles, (19, 24))
    found = rasterise(points, depth, triangles, (19, 24))
    assert np.array_equal(found.pixel, np.flatnonzero(owner >= 0))
    assert np.array_equal(found.corners, triangles[owner.reshape(-1)[found.pixel]])
    assert np.allclose(found.depth, nearest.reshape(-1)[found.pixel], rtol=1e-5)


def test_interpolates_in_space_not_in_the_picture() -> None:
    # A floor that recedes: its places, carried to the pixels, must project back onto those pixels.
    corners = np.array([[-40, -20, 60], [40, -20, 60], [40, -20, 300], [-40, -20, 300]], np.float32)
    focal, size = 50.0, 64
    points = size / 2 + focal * corners[:, :2] * [1, -1] / corners[:, 2:]
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    found = rasterise(points.astype(np.float32), corners[:, 2], triangles, (size, size), both_sides=True)
    places = interpolate(found, corners)
    row, column = np.divmod(found.pixel, size)
    assert np.allclose(size / 2 - focal * places[:, 1] / places[:, 2], row + 0.5, atol=1e-2)
    assert len(found.pixel) > 100
    assert np.allclose(size / 2 + focal * places[:, 0] / places[:, 2], column + 0.5, atol=1e-2)
    assert np.allclose(places[:, 2], found.depth, rtol=1e-4)


def test_neighbours_share_an_edge_without_gap_or_overlap() -> None:
    points = np.array([[0, 0], [8, 0], [8, 8], [0, 8]], np.float32)
    both = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    found = rasterise(points, np.full(4, 10, np.float32), both, (8, 8))
    assert np.array_equal(found.pixel, np.arange(64))


def test_back_sides_are_seen_only_when_asked_for() -> None:
    points = np.array([[0, 0], [8, 0], [8, 8]], np.float32)
    away = np.array([[0, 1, 2]], np.int32)
    depth = np.full(3, 10, np.float32)
    assert len(rasterise(points, depth, away, (8, 8)).pixel) == 0
    assert len(rasterise(points, depth, away, (8, 8), both_sides=True).pixel) > 20


@pytest.mark.parametrize("triangles", [np.empty((0, 3), np.int32), np.array([[0, 0, 0], [0, 1, 1]], np.int32)])
def test_nothing_to_see(triangles: np.ndarray) -> None:
    points = np.array([[3, 3], [5, 3]], np.float32)
    found = rasterise(points, np.array([9, 9], np.float32), triangles, (1, 7), both_sides=True)
    assert len(found.pixel) == 0
    assert interpolate(found, points).shape == (0, 2)


def test_what_is_behind_the_camera_is_not_seen() -> None:
    points = np.array([[0, 8], [8, 8], [8, 0]], np.float32)
    found = rasterise(points, np.array([10, -5, 10], np.float32), np.array([[0, 1, 2]], np.int32), (8, 8))
    assert len(found.pixel) == 0
