"""Drafts for graders: what the model calls, what it merely sees, and where it disagrees with labels."""

import numpy as np
import pytest

from dermis.core import Analysis, Box, Encoding, Photo, Provenance, Quality
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.voc import Marked
from dermis.pipeline.pre_annotation import called_scores, detections_of, disagreements_of, draft_of
from fakes.lesions import face_lesions, found, item


def analysis(scores, *, called, threshold=0.3):
    boxes = np.array([[10.0 * place, 10, 10 * place + 5, 15] for place in range(1, len(scores) + 1)], np.float32)
    lesions = found(len(scores), boxes_px=boxes, scores=np.float32(scores), score_threshold=threshold)
    items = [item(kind="papule", x=10.0 * place, y=10.0, score=scores[place - 1]) for place in called]
    photo = Photo(pixels=np.zeros((40, 60, 3), np.float32), encoding=Encoding.SRGB)
    return Analysis(name="a.jpg", photo=photo, quality=Quality(), provenance=Provenance(dermis="0"),
                    lesions=face_lesions(items, lesions=lesions))  # fmt: skip


def test_the_threshold_becomes_a_half_on_the_scale_of_log_odds():
    scores = called_scores([0.2, 0.5, 0.0, 1.0], 0.2)
    assert scores[0] == pytest.approx(0.5)
    assert scores[1] == pytest.approx(0.8)  # even odds, four times those of the threshold
    assert scores[2:] == pytest.approx([0.0, 1.0], abs=1e-4)
    assert called_scores([0.3], 0.5)[0] == pytest.approx(0.3)
    assert called_scores([0.5], 0.0)[0] == pytest.approx(1.0, abs=1e-5)
    assert called_scores([0.5], 1.0)[0] == pytest.approx(0.0, abs=1e-5)


def test_a_draft_holds_what_was_called_with_its_score():
    draft = draft_of(analysis([0.9, 0.4], called=[1]))
    assert (draft.photo, draft.width_px, draft.height_px, draft.grader) == ("a.jpg", 60, 40, "hand-made@1")
    (mark,) = draft.marked
    assert (mark.name, mark.box) == ("papule", Box(x_px=10, y_px=10, width_px=5, height_px=5, score=0.9))
    nothing = Analysis(name="b", photo=None, quality=Quality(), provenance=Provenance(dermis="0"))
    for told in (draft_of(nothing), detections_of(nothing)):
        assert (told.marked, told.width_px, told.height_px, told.grader) == ((), 0, 0, "")


def test_boxes_down_to_a_score_of_a_twentieth_are_told_and_what_was_not_called_stays_below_a_half():
    told = detections_of(analysis([0.875, 0.75, 0.05, 0.0499], called=[1]))
    assert [mark.name for mark in told.marked] == ["papule", "lesion", "lesion"]
    scores = [mark.box.score for mark in told.marked]
    assert scores[0] == pytest.approx(called_scores([0.875], 0.3)[0])
    assert scores[1] == 0.49
    assert scores[2] == pytest.approx(called_scores([0.05], 0.3)[0], rel=1e-5)


def marked(*boxes):
    things = tuple(
        Marked(name=name, box=Box(x_px=x, y_px=10, width_px=6, height_px=6, score=score)) for x, name, score in boxes
    )
    return AnnotatedPhoto(photo="a.jpg", width_px=60, height_px=40, marked=things)


def test_disagreements_come_with_the_strongest_evidence_first():
    labels = [marked((10, "papule", None), (40, "papule", None)), marked()]
    seen = [marked((10, "pustule", 0.9), (25, "papule", 0.8)), marked((5, "lesion", 0.6))]
    cases = disagreements_of(labels, seen, grades={"a.jpg": 3.0}, shares={"a.jpg": np.float32([0.7, 0.1, 0.1, 0.1])})
    assert [(one.photo, one.kind) for one in cases] == [
        (0, "unseen"), (0, "name"), (0, "grade"), (1, "grade"), (0, "unlabelled"), (1, "unlabelled"),
    ]  # fmt: skip
    assert len(disagreements_of(labels, seen)) == 4
    assert len(disagreements_of(labels, seen, least=0.7)) == 3
    assert len(disagreements_of(labels, seen, grades={"b.jpg": 3.0}, shares={})) == 4
