"""Acne grade: Hayashi's 0 (none to mild) to 3 very severe, as a real number."""

from __future__ import annotations

import math

import numpy as np

from dermis.core import HAYASHI_LIMITS, FaceLesions, Finding, Note, Ordinal, PhotoNeed, Region, Task
from dermis.tasks.acne.visibility import hidden_detail, hidden_note, one_side, see_professional, visible_share

__all__ = ["NAMES", "TASK", "grade_finding", "grade_of_count", "grade_of_half", "measure"]

NAMES = ("none to mild", "moderate", "severe", "very severe")
_MOST = 100.0
SEVERE = 1.5
"""From this grade on it rounds to severe."""


def grade_of_count(count: float) -> float:
    """Return the grade, a real number in [0, 3], of so many lesions on half a face.

    It rounds to Hayashi's grade: at most 5, 20, 50 lesions, and more. Halves lie between the counts where the grade
    changes; between them it runs evenly in log(1 + count), and reaches 3 at 100 lesions.
    """
    counts = [math.log1p(border) for border in (0.0, *HAYASHI_LIMITS, _MOST)]
    return float(np.interp(math.log1p(max(count, 0.0)), counts, (0.0, 0.5, 1.5, 2.5, 3.0)))


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Grade the half of the face that is worse.

    Where one side is in view all lesions in view are those of a half: the grade is the network's own, learnt from such
    photos, or without one that of the count. A face from the front shows two halves: each is counted for itself and
    the worse one graded, so the network's grade, which takes all in view, is lowered by what halving takes off the
    grade of the count. The interval moves along; where skin of the face is hidden it is wider upwards.
    """
    if lesions.graded_halves:
        return (_of_halves(lesions),)
    half = _in_view(lesions) if one_side(lesions) or lesions.halves is None else max(lesions.halves)
    value, interval = grade_of_half(lesions, half)
    return (grade_finding(value, interval, _detail(lesions, half), lesions.found.model, lesions.found.level),)


def _of_halves(lesions: FaceLesions) -> Finding:
    """Return the grade of the worse of two halves, each graded in its own photo."""
    halves = lesions.graded_halves
    side, worse = max(halves.items(), key=lambda pair: pair[1].grade)
    detail: dict[str, object] = {
        "counted": "the worse half",
        "worse_half": side,
        "halves": {name: {"grade": round(half.grade, 3), "count": round(half.count, 2), "from": half.photo}
                   for name, half in halves.items()},
    }  # fmt: skip
    highs = [half.interval[1] for half in halves.values() if half.interval is not None]
    interval = None if worse.interval is None else (worse.interval[0], max(highs))
    return grade_finding(worse.grade, interval, detail, lesions.found.model, lesions.found.level)


def grade_of_half(lesions: FaceLesions, half: float) -> tuple[float, tuple[float, float] | None]:
    """Return the grade of a half with so many lesions, out of a photo's `lesions`, and its interval, if any."""
    by_count = grade_of_count(half)
    shift = by_count - grade_of_count(_in_view(lesions))
    found = lesions.found
    value = _on_scale(by_count if found.grade is None else found.grade + shift)
    return value, _interval(lesions, value, half, shift)


def grade_finding(
    value: float, interval: tuple[float, float] | None, detail: dict[str, object], model: str, level: float
) -> Finding:
    """Return the finding of a grade."""
    return Finding(
        task=TASK.name,
        region=Region.FACE,
        value=value,
        unit="grade 0-3",
        label=_name(value),
        labels=(_name(value),) if interval is None else NAMES[_rounded(interval[0]) : _rounded(interval[1]) + 1],
        interval=interval,
        level=level,
        detail=detail,
        notes=_notes(value, detail),
        model=model,
    )


def _rounded(value: float) -> int:
    return min(int(value + 0.5), len(NAMES) - 1)


def _name(value: float) -> str:
    return NAMES[_rounded(value)]


def _notes(value: float, detail: dict[str, object]) -> tuple[Note, ...]:
    half = "each half of the face was counted for itself and the worse one graded"
    one = "the photo shows one side, and all lesions in view were graded as those of a half"
    said = half if detail.get("counted") == "the worse half" else one
    notes = [Note(text=f"Hayashi's grade is about half a face: {said}.")]
    if value >= SEVERE:
        notes.append(see_professional(f"the grade is {_name(value)}"))
    return (*notes, *hidden_note(detail))


def _in_view(lesions: FaceLesions) -> float:
    return max(lesions.counts[Region.FACE], 0.0)


def _interval(lesions: FaceLesions, value: float, half: float, shift: float) -> tuple[float, float] | None:
    if lesions.found.grade_interval is None:
        return None
    low, high = (end + shift for end in lesions.found.grade_interval)
    seen = 1.0 if one_side(lesions) else visible_share(lesions, Region.FACE)
    hidden = grade_of_count(half / max(seen, 0.25)) - grade_of_count(half)
    return min(_on_scale(low), value), max(_on_scale(high + hidden), value)


def _detail(lesions: FaceLesions, half: float) -> dict[str, object]:
    detail: dict[str, object] = {
        "counted": "all in view, one side" if one_side(lesions) else "the worse half",
        "lesions_on_half": round(half, 2),
        "grade_by_count": round(grade_of_count(half), 3),
        **hidden_detail(lesions, Region.FACE),
    }
    if lesions.halves is not None and not one_side(lesions):
        detail["right_half"], detail["left_half"] = (round(count, 2) for count in lesions.halves)
    if lesions.found.grade_probabilities is not None:
        detail["shares"] = [round(float(share), 4) for share in lesions.found.grade_probabilities]
    return detail


def _on_scale(grade: float) -> float:
    return min(max(grade, 0.0), 3.0)


TASK = Task(
    name="acne_grade",
    title="Acne grade (Hayashi)",
    question="How severe is the acne, by the lesions on half a face?",
    scale=Ordinal(lowest=0.0, highest=3.0, names=NAMES),
    regions=(Region.FACE,),
    metrics=("quadratic_kappa", "accuracy", "rmse"),
    reference="Hayashi, Akamatsu, Kawashima, Acne Study Group, J. Dermatol. 35 (2008) 255-260",
    measure=measure,
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.WHOLE_FACE),
    needs=("lesions",),
    group="acne",
)
