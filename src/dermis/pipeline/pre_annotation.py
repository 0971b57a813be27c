"""What the model sees as drafts for a grader, and where it disagrees with a grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Analysis, Box
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.voc import Marked
from dermis.metrics.detection import Found
from dermis.metrics.label_errors import LabelIssue, box_disagreements, grade_disagreement, sorted_by_evidence

__all__ = ["called_scores", "detections_of", "disagreements_of", "draft_of"]

_LEAST = 0.05
_NOT_CALLED = 0.49
_EDGE = 1e-6


def draft_of(analysis: Analysis) -> AnnotatedPhoto:
    """Return the lesions called on a face as a draft; nothing marked where none were looked for."""
    lesions, photo = analysis.lesions, analysis.photo
    items = () if lesions is None else lesions.items
    marked = tuple(
        Marked(
            name=item.kind,
            box=Box(
                x_px=item.box.x_px,
                y_px=item.box.y_px,
                width_px=item.box.width_px,
                height_px=item.box.height_px,
                score=item.score,
            ),
        )
        for item in items
    )
    return AnnotatedPhoto(
        photo=analysis.name,
        width_px=0 if photo is None else photo.width_px,
        height_px=0 if photo is None else photo.height_px,
        marked=marked,
        grader="" if lesions is None else lesions.found.model,
    )


def detections_of(analysis: Analysis) -> AnnotatedPhoto:
    """Return every box the network found in a photo, unsure ones too, down to a score of 0.05.

    Scores are `called_scores` at the network's own threshold: what a draft marks has 0.5 and more, all else less.
    """
    draft = draft_of(analysis)
    if analysis.lesions is None:
        return draft
    found = analysis.lesions.found
    kept = found.scores >= _LEAST
    names = {thing.box: thing.name for thing in draft.marked}
    boxes = [
        Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top, score=score)
        for (left, top, right, bottom), score in zip(found.boxes_px.tolist(), found.scores.tolist(), strict=True)
    ]
    scores = called_scores(found.scores, found.score_threshold)
    marked = tuple(
        Marked(
            name=names.get(box, "lesion"),
            box=replace(box, score=float(score if box in names else min(score, _NOT_CALLED))),
        )
        for box, score, keep in zip(boxes, scores, kept, strict=True)
        if keep
    )
    return replace(draft, marked=marked)


def called_scores(scores: ArrayLike, score_from: float) -> NDArray[np.float64]:
    """Return scores moved on the scale of log odds so that the threshold from which a network calls becomes 0.5."""
    kept = np.clip(np.asarray(scores, np.float64), _EDGE, 1 - _EDGE)
    odds = kept / (1 - kept)
    edge = min(max(score_from, _EDGE), 1 - _EDGE)
    odds_from = edge / (1 - edge)
    return np.asarray(odds / (odds + odds_from), dtype=np.float64)


def disagreements_of(
    labels: Sequence[AnnotatedPhoto],
    seen: Sequence[AnnotatedPhoto],
    *,
    grades: Mapping[str, float] | None = None,
    shares: Mapping[str, NDArray[np.float32]] | None = None,
    least: float = 0.5,
) -> tuple[LabelIssue, ...]:
    """Return where labels and model disagree, strongest evidence first; `photo` is the place in `labels`.

    labels, seen: the same photos in the same order. grades: a grade by photo name, and shares: the model's
    probabilities of the grades. least: from this score on the model's boxes count.
    """
    cases: list[LabelIssue] = []
    for place, (one, other) in enumerate(zip(labels, seen, strict=True)):
        scores = np.array([thing.box.score or 0.0 for thing in other.marked], np.float64)
        cases += box_disagreements(
            place,
            _sides(one),
            Found(boxes=_sides(other), scores=scores),
            label_names=[thing.name for thing in one.marked],
            found_names=[thing.name for thing in other.marked],
            least=least,
        )
        if grades is not None and shares is not None and one.photo in grades and one.photo in shares:
            doubted = grade_disagreement(place, grades[one.photo], shares[one.photo])
            cases += [] if doubted is None else [doubted]
    return sorted_by_evidence(cases)


def _sides(one: AnnotatedPhoto) -> NDArray[np.float64]:
    boxes = [(box.x_px, box.y_px, box.width_px, box.height_px) for box in (thing.box for thing in one.marked)]
    return np.array(boxes, np.float64).reshape(-1, 4)
