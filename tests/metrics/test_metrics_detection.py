import contextlib
import io

import numpy as np
import pytest

from dermis.metrics.detection import Found, _hits, average_precision, box_iou, count_mae


def boxes(*rows):
    return np.array(rows, np.float64).reshape(-1, 4)


def found(scores, *rows):
    return Found(boxes=boxes(*rows), scores=np.array(scores, np.float64))


def test_box_overlap():
    assert box_iou(boxes((0, 0, 2, 2)), boxes((1, 1, 2, 2), (0, 0, 2, 2), (5, 5, 1, 1))).tolist() == [[1 / 7, 1, 0]]
    assert box_iou(boxes((0, 0, 0, 0)), boxes((0, 0, 0, 0))).tolist() == [[0]]
    assert box_iou(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_ends():
    truth = [boxes((0, 0, 10, 10), (20, 20, 10, 10))]
    assert average_precision(truth, [found([0.9, 0.8], (0, 0, 10, 10), (20, 20, 10, 10))]) == 1
    assert average_precision(truth, [found([])]) == 0
    assert np.isnan(average_precision([boxes()], [found([0.5], (0, 0, 1, 1))]))
    with pytest.raises(ValueError, match="1 photos"):
        average_precision(truth, [])


def test_a_box_is_found_once():
    truth = [boxes((0, 0, 10, 10))]
    twice = [found([0.9, 0.8], (0, 0, 10, 10), (0, 1, 10, 10))]
    assert average_precision(truth, twice) == 1  # full recall before the second
    swapped = [found([0.8, 0.9], (0, 0, 10, 10), (50, 50, 10, 10))]
    assert average_precision(truth, swapped) == 0.5


@pytest.mark.parametrize("seed", range(8))
def test_as_coco_counts(seed):
    truth, said = made_photos(np.random.default_rng(seed))
    for iou in (0.5, 0.75):
        assert average_precision(truth, said, iou=iou) == pytest.approx(by_coco(truth, said, iou), abs=1e-12)


def made_photos(rng):
    truth, said = [], []
    for _ in range(7):
        many = rng.integers(0, 12)
        at = rng.uniform(0, 200, (many, 2))
        size = rng.uniform(8, 40, (many, 2))
        held = np.concatenate([at, size], axis=1)
        moved = held[rng.random(many) < 0.8]
        moved = moved + rng.normal(0, 3, moved.shape)
        false = np.concatenate([rng.uniform(0, 200, (3, 2)), rng.uniform(8, 40, (3, 2))], axis=1)
        all_said = np.clip(np.concatenate([moved, false, moved[:2]]), 0.5, None)
        truth.append(held)
        said.append(Found(boxes=all_said, scores=rng.random(len(all_said)).round(2)))
    return truth, said


def by_coco(truth, said, iou):
    """The reference implementation's figure, with one class and no limits of area."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    marked = [
        {"id": number, "image_id": photo, "category_id": 1, "bbox": list(box), "area": box[2] * box[3], "iscrowd": 0}
        for number, (photo, box) in enumerate(((p, b) for p, held in enumerate(truth) for b in held), 1)
    ]
    answers = [
        {"image_id": photo, "category_id": 1, "bbox": list(box), "score": float(score)}
        for photo, one in enumerate(said)
        for box, score in zip(one.boxes, one.scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        right = coco.COCO()
        right.dataset = {
            "images": [{"id": photo} for photo in range(len(truth))],
            "annotations": marked,
            "categories": [{"id": 1, "name": "lesion"}],
            "info": {},
        }
        right.createIndex()
        judge = evaluation.COCOeval(right, right.loadRes(answers), "bbox")
        judge.params.iouThrs = np.array([iou])
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.evaluate()
        judge.accumulate()
    return float(judge.eval["precision"][0, :, 0, 0, -1].mean())


def test_only_the_surest_boxes_of_a_photo_count():
    truth = [boxes((0, 0, 10, 10), (30, 0, 10, 10))]
    said = [found([0.9, 0.8], (0, 0, 10, 10), (30, 0, 10, 10))]
    assert average_precision(truth, said, most_a_photo=1) == pytest.approx(51 / 101)


def test_counts():
    truth = [boxes((0, 0, 1, 1), (2, 2, 1, 1)), boxes()]
    said = [found([0.9, 0.2], (0, 0, 1, 1), (2, 2, 1, 1)), found([0.6, 0.7], (0, 0, 1, 1), (2, 2, 1, 1))]
    assert count_mae(truth, said, score=0.5) == 1.5
    assert count_mae(truth, said, score=0.1) == 1


def test_a_box_that_is_whole_but_for_rounding_meets_the_strictest_limit():
    assert _hits(np.array([[1 - 1e-12]]), 1.0).tolist() == [True]
    assert _hits(np.array([[1 - 1e-6]]), 1.0).tolist() == [False]


def test_a_box_counts_from_its_limits_on():
    assert count_mae([boxes()], [found([0.5], (0, 0, 1, 1))], score=0.5) == 1
    truth, said = [boxes((0, 0, 2, 1))], [found([0.9], (0, 0, 1, 1))]
    assert average_precision(truth, said, iou=0.5) == 1
    assert average_precision(truth, said, iou=0.51) == 0
