"""What people who taught nothing say of a network's boxes."""

import numpy as np
import pytest

pytest.importorskip("torch")

from dermis.lab.train.lesion_calibration import LesionAnswer, score_curve

SIDE = 10.0


def answer(scores):
    """Boxes in a row, one for each score."""
    left = 30.0 * np.arange(len(scores))
    boxes = np.stack([left, 0 * left, left + SIDE, 0 * left + SIDE], axis=1).astype(np.float32)
    return LesionAnswer(
        count=0.0, count_all=0.0, presence=(0.0,), grade=0.0, grade_probabilities=np.full(4, 0.25), boxes=boxes,
        scores=np.asarray(scores, np.float32),
    )  # fmt: skip


def test_the_curve_is_that_by_which_boxes_were_made_true():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.05, 0.95, 4000)
    chance = 1 / (1 + np.exp(-(1.5 + 2.0 * np.log(scores / (1 - scores)))))
    row = answer(scores)
    start, slope = score_curve([row], [row.boxes[rng.random(len(scores)) < chance]])
    assert start == pytest.approx(1.5, abs=0.2)
    assert slope == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize(("off", "true"), [(0.5, True), (0.7, False)])
def test_a_box_is_one_where_a_marked_one_is_near_its_middle(off, true):
    row = answer([0.2, 0.8, 0.9, 0.3])
    marked = row.boxes[[0, 1]] + np.float32([[off * SIDE, 0, off * SIDE, 0], [0, 0, 0, 0]])
    others = score_curve([row], [row.boxes[[0, 1] if true else [1]]])
    assert score_curve([row], [marked]) == others


@pytest.mark.parametrize("rows", [[], [answer([0.5, 0.6])]])
def test_where_nothing_tells_true_from_false_a_score_is_a_probability(rows):
    assert score_curve(rows, [np.zeros((0, 4))] * len(rows)) == [0.0, 1.0]
