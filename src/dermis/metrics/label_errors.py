"""Label or model wrong? Where the two disagree, the surest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dermis.metrics.arrays import Floats
from dermis.metrics.detection import Boxes, Found, box_iou

__all__ = ["LabelIssue", "box_disagreements", "grade_disagreement", "sorted_by_evidence"]

_FLOOR = 0.02
"""No score or share is taken as surer than this from 0 and 1: evidence stays finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelIssue:
    """One place, or one grade, on which label and model disagree.

    photo: its place in the list. kind: `unlabelled` (the model sees a thing that nobody marked), `unseen` (a mark where
    the model sees nothing), `name` (both see it, under two names), `grade`. evidence: the natural logarithm of the odds
    that the model gives against the label; above 0 it speaks against it. row: of the box in the labels, of an
    unlabelled one in what was found; -1 for a grade. said, thought: what the label says and the model thinks.
    """

    photo: int
    kind: str
    evidence: float
    row: int = -1
    said: str = ""
    thought: str = ""


def box_disagreements(
    photo: int,
    labels: Boxes,
    found: Found,
    *,
    label_names: Sequence[str] = (),
    found_names: Sequence[str] = (),
    iou: float = 0.3,
    least: float = 0.5,
) -> tuple[LabelIssue, ...]:
    """Return where the marked boxes (n, 4) of a photo and those that a model found (m, 4, with scores) disagree.

    Boxes are one that overlap by `iou`, a low one, since people draw small things loosely; those that overlap most
    are paired first, of the found ones from `least` on, then of the rest. Found ones below `least` mark nothing, but
    a label near one is less surely wrong. Names are compared where both sides have them; `lesion` and "" name nothing.
    """
    overlap = box_iou(np.asarray(found.boxes, np.float64).reshape(-1, 4), np.asarray(labels, np.float64).reshape(-1, 4))
    partner = _partners(overlap, found.scores, iou, least)
    cases = [
        LabelIssue(photo=photo, kind="unlabelled", evidence=log_odds(float(found.scores[row])), row=row)
        for row in np.flatnonzero((partner < 0) & (np.asarray(found.scores) >= least)).tolist()
    ]
    taken = {int(label): row for row, label in enumerate(partner) if label >= 0}
    for label in range(overlap.shape[1]):
        echo = float(found.scores[taken[label]]) if label in taken else 0.0
        if echo < least:
            cases.append(LabelIssue(photo=photo, kind="unseen", evidence=-log_odds(echo), row=label))
        elif _differ(label_names, label, found_names, taken[label]):
            said, thought = label_names[label], found_names[taken[label]]
            cases.append(
                LabelIssue(photo=photo, kind="name", evidence=log_odds(echo), row=label, said=said, thought=thought)
            )
    return tuple(cases)


def grade_disagreement(photo: int, label: float, shares: ArrayLike) -> LabelIssue | None:
    """Return how much a model that gives grades 0, 1, ... these shares doubts the label; None where it agrees.

    A label between two grades gets the share between theirs. Evidence is log(best share / share of the label).
    """
    held = np.clip(np.asarray(shares, np.float64), _FLOOR, None)
    held = held / held.sum()
    best = int(held.argmax())
    if round(label) == best:
        return None
    own = float(np.interp(label, np.arange(len(held)), held))
    evidence = float(np.log(held[best] / own))
    return LabelIssue(photo=photo, kind="grade", evidence=evidence, said=f"{label:g}", thought=str(best))


def sorted_by_evidence(cases: Sequence[LabelIssue]) -> tuple[LabelIssue, ...]:
    """Return cases with the strongest evidence against the label first; equals in the order of photos and rows."""
    return tuple(sorted(cases, key=lambda case: (-case.evidence, case.photo, case.kind, case.row)))


def log_odds(share: float) -> float:
    """Return log(p / (1 - p)), p kept away from 0 and 1."""
    kept = min(max(share, _FLOOR), 1 - _FLOOR)
    return float(np.log(kept / (1 - kept)))


def _partners(overlap: Floats, scores: Floats, iou: float, least: float) -> Floats:
    """Return for each found box (rows) the label it takes, -1 for none: the called first, most overlap first."""
    partner = np.full(overlap.shape[0], -1)
    free = np.ones(overlap.shape[1], bool)
    rows, labels = np.nonzero(overlap >= iou)
    held = np.asarray(scores, np.float64)[rows]
    for pair in np.lexsort((-held, -overlap[rows, labels], held < least)):
        row, label = rows[pair], labels[pair]
        if partner[row] < 0 and free[label]:
            partner[row] = label
            free[label] = False
    return partner


def _differ(label_names: Sequence[str], label: int, found_names: Sequence[str], row: int) -> bool:
    if not label_names or not found_names:
        return False
    said, thought = label_names[label], found_names[row]
    return said != thought and not {said, thought} & {"", "lesion"}
