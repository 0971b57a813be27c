import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.metrics.detection import Found
from dermis.metrics.label_errors import (
    LabelIssue,
    box_disagreements,
    grade_disagreement,
    log_odds,
    sorted_by_evidence,
)


def found(boxes, scores):
    return Found(boxes=np.array(boxes, np.float64).reshape(-1, 4), scores=np.array(scores, np.float64))


def boxes(*rows):
    return np.array(rows, np.float64).reshape(-1, 4)


def test_label_and_model_agree():
    assert box_disagreements(0, boxes((10, 10, 10, 10)), found([(12, 11, 10, 10)], [0.9])) == ()


def test_what_each_side_lacks():
    cases = box_disagreements(
        3, boxes((10, 10, 10, 10), (50, 50, 8, 8)), found([(11, 10, 10, 10), (80, 80, 9, 9)], [0.8, 0.95])
    )
    assert [(case.photo, case.kind, case.row) for case in cases] == [(3, "unlabelled", 1), (3, "unseen", 1)]
    assert cases[0].evidence == pytest.approx(np.log(0.95 / 0.05))
    assert cases[1].evidence == pytest.approx(np.log(0.98 / 0.02))


def test_a_faint_sight_at_a_mark_speaks_less_against_it():
    bare = box_disagreements(0, boxes((10, 10, 10, 10)), found([], []))[0].evidence
    faint = box_disagreements(0, boxes((10, 10, 10, 10)), found([(10, 10, 10, 10)], [0.4]))[0].evidence
    assert 0 < faint < bare
    assert faint == pytest.approx(np.log(0.6 / 0.4))


def test_one_found_box_takes_one_mark():
    cases = box_disagreements(0, boxes((10, 10, 10, 10), (12, 10, 10, 10)), found([(10, 10, 10, 10)], [0.9]))
    assert [(case.kind, case.row) for case in cases] == [("unseen", 1)]


def test_names_are_compared_where_both_say_one():
    labels, seen = boxes((10, 10, 10, 10)), found([(10, 10, 10, 10)], [0.9])
    (case,) = box_disagreements(0, labels, seen, label_names=["papule"], found_names=["nodule"])
    assert (case.kind, case.said, case.thought) == ("name", "papule", "nodule")
    assert box_disagreements(0, labels, seen, label_names=["papule"], found_names=["lesion"]) == ()
    assert box_disagreements(0, labels, seen, label_names=["papule"]) == ()


def test_nothing_marked_nothing_found():
    assert box_disagreements(0, boxes(), found([], [])) == ()


@pytest.mark.parametrize(
    ("label", "shares", "evidence"),
    [(1, [0.1, 0.8, 0.1, 0.0], None), (3, [0.1, 0.8, 0.06, 0.04], np.log(20)), (2, [0.1, 0.8, 0.1, 0.0], np.log(8))],
)
def test_a_grade_is_doubted_by_its_share(label, shares, evidence):
    case = grade_disagreement(7, label, shares)
    if evidence is None:
        assert case is None
    else:
        assert (case.photo, case.kind, case.thought) == (7, "grade", "1")
        assert case.evidence == pytest.approx(evidence, rel=0.02)


@given(st.permutations(range(6)), st.integers(0, 50))
def test_the_order_of_boxes_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    labels = np.column_stack([rng.uniform(0, 60, (4, 2)), rng.uniform(5, 20, (4, 2))])
    spots = np.column_stack([rng.uniform(0, 60, (6, 2)), rng.uniform(5, 20, (6, 2))])
    scores = rng.permutation(np.linspace(0.1, 0.95, 6))
    order = list(order)
    one = box_disagreements(0, labels, Found(boxes=spots, scores=scores))
    other = box_disagreements(0, labels, Found(boxes=spots[order], scores=scores[order]))
    said = sorted((case.kind, round(case.evidence, 9)) for case in one)
    assert said == sorted((case.kind, round(case.evidence, 9)) for case in other)


def test_the_strongest_evidence_comes_first():
    cases = box_disagreements(0, boxes((50, 50, 8, 8)), found([(80, 80, 9, 9), (10, 10, 5, 5)], [0.7, 0.99]))
    assert [case.kind for case in sorted_by_evidence(cases)] == ["unseen", "unlabelled", "unlabelled"]
    evidence = [case.evidence for case in sorted_by_evidence(cases)]
    assert evidence == sorted(evidence, reverse=True)


def test_limits_of_overlap_and_score_belong_to_the_surer_side():
    mark, seen = boxes((0, 0, 10, 10)), [(0, 5, 10, 10)]  # a third of both together
    assert box_disagreements(0, mark, found(seen, [0.5]), iou=50 / 150) == ()
    assert [case.kind for case in box_disagreements(0, mark, found(seen, [0.5]), iou=0.34)] == ["unlabelled", "unseen"]
    assert [case.kind for case in box_disagreements(0, mark, found(seen, [0.49]), iou=0.34)] == ["unseen"]
    assert [case.kind for case in box_disagreements(0, mark, found(seen, [0.49]))] == ["unseen"]


def test_called_boxes_take_a_mark_before_those_that_overlap_more():
    mark = boxes((0, 0, 10, 10))
    called_late = found([(0, 0, 10, 10), (0, 3, 10, 10)], [0.4, 0.6])
    assert box_disagreements(0, mark, called_late) == ()
    by_overlap = found([(0, 3, 10, 10), (0, 1, 10, 10)], [0.9, 0.6])
    assert [(case.kind, case.row) for case in box_disagreements(0, mark, by_overlap)] == [("unlabelled", 0)]
    by_score = found([(0, 1, 10, 10), (0, 1, 10, 10)], [0.6, 0.9])
    assert [(case.kind, case.row) for case in box_disagreements(0, mark, by_score)] == [("unlabelled", 0)]


@pytest.mark.parametrize(("share", "odds"), [(0.5, 1), (0.02, 2 / 98), (0.01, 2 / 98), (0.99, 98 / 2), (0.0, 2 / 98)])
def test_odds_stay_finite(share, odds):
    assert log_odds(share) == pytest.approx(np.log(odds))


@pytest.mark.parametrize("names", [["", "papule"], ["papule", "lesion"], ["papule", "papule"]])
def test_what_names_nothing_does_not_differ(names):
    said, thought = names
    seen = found([(10, 10, 10, 10)], [0.9])
    assert box_disagreements(0, boxes((10, 10, 10, 10)), seen, label_names=[said], found_names=[thought]) == ()
    assert box_disagreements(0, boxes((10, 10, 10, 10)), seen, found_names=[thought]) == ()


def test_equal_evidence_comes_in_the_order_of_photos_and_rows():
    cases = [
        LabelIssue(photo=photo, kind=kind, evidence=1.0, row=row)
        for photo, kind, row in ((1, "a", 0), (0, "b", 1), (0, "b", 0), (0, "a", 5))
    ]
    assert [(case.photo, case.kind, case.row) for case in sorted_by_evidence(cases)] == [
        (0, "a", 5), (0, "b", 0), (0, "b", 1), (1, "a", 0)
    ]  # fmt: skip
