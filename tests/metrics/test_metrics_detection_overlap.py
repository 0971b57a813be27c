import numpy as np
import pytest

from dermis.metrics.detection import boundary_f, class_overlap, dice, iou


def square(top, left, side, size=20):
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_overlap_written_out():
    one, other = square(0, 0, 4), square(2, 2, 4)
    assert iou(one, other) == pytest.approx(4 / 28)
    assert dice(one, other) == pytest.approx(8 / 32)


def test_empty_masks():
    none, some = np.zeros((5, 5), bool), np.eye(5, dtype=bool)
    for measure in (iou, dice, boundary_f):
        assert measure(none, none) == 1
        assert measure(none, some) == measure(some, none) == 0
        assert measure(some, some) == 1


def test_the_frame_of_the_picture_is_no_boundary():
    full = np.ones((6, 6), bool)
    assert boundary_f(full, full) == 1
    assert boundary_f(full, square(0, 0, 3, 6)) == 0


def test_boundaries_within_the_tolerance_agree():
    one = square(5, 5, 8)
    assert boundary_f(one, square(5, 6, 8), tolerance_px=1) == 1
    moved = square(5, 8, 8)
    assert boundary_f(one, moved, tolerance_px=3) == 1
    assert boundary_f(one, moved, tolerance_px=1) < 0.8
    # Written out: 28 pixels each; of three columns moved, those more than 1 px from any of the other's are missed.
    near = np.array([[row, column] for row, column in np.argwhere(edge(one)) if close(row, column, edge(moved), 1)])
    assert boundary_f(one, moved, tolerance_px=1) == pytest.approx(len(near) / 28)


def edge(mask):
    found = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        if not all(mask[row + down, column + right] for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0))):
            found[row, column] = True
    return found


def close(row, column, mask, distance):
    return np.hypot(*(np.argwhere(mask) - [row, column]).T).min() <= distance


def test_one_pixel():
    dot = np.ones((1, 1), bool)
    assert iou(dot, dot) == dice(dot, dot) == boundary_f(dot, dot) == 1
    assert iou(dot, ~dot) == 0


def test_classes_over_many_maps():
    target = np.array([[[0, 0, 1], [1, 255, 2]]], np.uint8)
    predicted = np.array([[[0, 1, 1], [1, 2, 0]]], np.uint8)
    found = class_overlap(target, predicted, 4, unknown=255)
    assert found[:3] == pytest.approx([1 / 3, 2 / 3, 0])
    assert np.isnan(found[3])


def test_wrong_masks_are_refused():
    with pytest.raises(ValueError, match="boolean"):
        iou(np.ones((2, 2)), np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="fit"):
        dice(np.ones((2, 2), bool), np.ones((2, 3), bool))
    with pytest.raises(ValueError, match="fit"):
        class_overlap(np.zeros((2, 2), int), np.zeros((2, 3), int), 2)


def test_boundaries_that_nowhere_meet_agree_in_nothing():
    assert boundary_f(square(0, 0, 3), square(15, 15, 3)) == 0


def test_boundaries_agree_up_to_their_tolerance():
    one, other = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    one[1, 1], other[1, 3] = True, True
    assert boundary_f(one, other) == 1
    assert boundary_f(one, other, tolerance_px=1.9) == 0


def test_a_class_that_is_nowhere_has_no_overlap():
    found = class_overlap(np.array([[0, 1]]), np.array([[0, 0]]), 3)
    assert found[:2].tolist() == [0.5, 0]
    assert np.isnan(found[2])
