"""Two visits of one person: how its values changed, which lesions are new, which are gone, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import (
    Analysis,
    Box,
    Change,
    Detection,
    Face,
    FaceLesions,
    Finding,
    MatchedLesion,
    Photo,
    Region,
    UnmatchedLesion,
    ValueChange,
)
from dermis.errors import InputError
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment, align, on_skin
from dermis.tasks import TASKS
from dermis.tasks.acne import hayashi
from dermis.tasks.repeatability import Measured, value_change

__all__ = ["SAME_SKIN", "change_between", "lesion_probability", "same_lesion"]

Points = NDArray[np.float64]

_BOX_OFF = 0.012
"""How far the middle of a lesion's box is off from photo to photo, in face widths (1 sigma; chosen)."""
_SIZE_SPREAD = 0.5
"""Spread of the logarithm of a lesion's size between two visits (1 sigma; chosen)."""
_LASTS = 0.5
"""How often a lesion of the first visit is there at the second, before anything is known of it (chosen)."""
SAME_SKIN = 0.2
"""On so small a share of the face two photos agree by chance: on made faces, two people share up to 0.1 of it, two
photos of one person over 0.9 (docs/log.md)."""
_NEAR = 3.0
"""So many sigmas around its place a lesion is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """One photo of a pair. middles: (m, 2) of its items, all: (n, 2) of every box, called or not."""

    name: str
    capture_condition: str
    photo: Photo
    face: Face
    lesions: FaceLesions
    middles: Points
    all: Points


def change_between(before: Analysis, after: Analysis) -> Change:
    """Compare the values and the lesions of two visits, photographed from the same side.

    The photos are laid on each other (`alignment`). Two lesions are one where that is likelier than chance
    (`same_lesion`), each in one pair at most, the likeliest sum of pairs. A lesion without a partner is gone, or new,
    by how much likelier a lesion is here than at its place in the other photo, by the surest box there, called or not
    (`lesion_probability`): one that was called here and nearly called there has not changed. Where the other photo does
    not show the place, nothing is said.
    Raises InputError for photos that cannot be compared.
    """
    first, second = _visit(before), _visit(after)
    laid = align(first.photo, first.face, second.photo, second.face)
    if laid.textured < SAME_SKIN:
        raise InputError(
            f"The fine structure of the skin in {first.name} and {second.name} does not match: they show two people, "
            "or one of them is blurred, made up, or lit very differently.",
            advice="Compare sharp photos of one person, from the same side and in the same light.",
        )
    back = align(second.photo, second.face, first.photo, first.face)
    lasting = _lasting(first, second, laid)
    stays, came = {id(pair.before) for pair in lasting}, {id(pair.after) for pair in lasting}
    counts = first.lesions.counts[Region.FACE], second.lesions.counts[Region.FACE]
    return Change(
        before=first.name,
        after=second.name,
        values=_values(before, after),
        lasting=tuple(lasting),
        gone=_fates(first, second, laid, stays),
        new=_fates(second, first, back, came),
        count_before=counts[0],
        count_after=counts[1],
        difference=_difference(first, second),
        grade_before=hayashi.measure(first.lesions)[0].value,
        grade_after=hayashi.measure(second.lesions)[0].value,
        aligned_by=laid.by,
        off_face_widths=laid.off_face_widths,
        textured=laid.textured,
        level=first.lesions.found.level,
        model=second.lesions.found.model,
    )


def same_lesion(apart: float, size_ratio: float, *, off: float, per_area: float) -> float:
    """Return the probability that two lesions are one, by Bayes.

    apart: distance in face widths. size_ratio: of their sizes. off: sigma of the distance of one lesion from itself, in
    face widths. per_area: lesions in a square face width, how likely another one lies so near by chance. Before
    anything is known half of the lesions last; sizes change by a factor with a sigma of 0.5 in its logarithm.
    """
    near = float(np.exp(-0.5 * (apart / off) ** 2) / (2 * np.pi * off**2))
    alike = float(np.exp(-0.5 * (np.log(max(size_ratio, 1e-6)) / _SIZE_SPREAD) ** 2))
    odds = _LASTS * near * alike
    return odds / (odds + (1 - _LASTS) * max(per_area, 1e-9)) if odds > 0 else 0.0


def lesion_probability(score: float, curve: tuple[float, float]) -> float:
    """Return the probability that a box with this score holds a lesion.

    curve: start and slope in the logit of the score, as the network's calibration has them
    (`lab.train.lesion_calibration`).
    """
    start, slope = curve
    logit = np.log(max(score, 1e-6) / max(1 - score, 1e-6))
    return float(1 / (1 + np.exp(-(start + slope * logit))))


def _visit(analysis: Analysis) -> _Visit:
    photo, face, lesions = analysis.photo, analysis.face, analysis.lesions
    if photo is None or face is None or lesions is None:
        reasons = "; ".join(problem.message for problem in analysis.quality.problems) or "lesions were not looked for"
        raise InputError(f"{analysis.name} cannot be compared: {reasons}", advice="Take a photo that can be measured.")
    boxes = lesions.found.boxes_px.astype(np.float64)
    return _Visit(
        name=analysis.name,
        capture_condition=analysis.measured_as,
        photo=photo,
        face=face,
        lesions=lesions,
        middles=_middles(lesions.items),
        all=(boxes[:, :2] + boxes[:, 2:]) / 2,
    )


def _middles(items: Sequence[Detection]) -> Points:
    boxes = [(item.box.x_px + item.box.width_px / 2, item.box.y_px + item.box.height_px / 2) for item in items]
    return np.array(boxes, dtype=np.float64).reshape(-1, 2)


def _lasting(first: _Visit, second: _Visit, laid: Alignment) -> list[MatchedLesion]:
    """Return the pairs of lesions that are likelier one than not, the likeliest first."""
    from scipy.optimize import linear_sum_assignment  # late: 0.1 s

    befores, afters = first.lesions.items, second.lesions.items
    if not befores or not afters:
        return []
    width_px = face_width_px(second.face)
    apart = np.linalg.norm(laid.moved(first.middles)[:, None] - second.middles[None], axis=2) / width_px
    off = float(np.hypot(laid.off_face_widths, _BOX_OFF))
    per_area = len(afters) / max(_skin_area(second.face), 1e-6)
    likely = np.zeros(apart.shape)
    for row, column in zip(*np.nonzero(apart <= _NEAR * off), strict=True):
        ratio = _size(befores[row], first.face) / _size(afters[column], second.face)
        likely[row, column] = same_lesion(float(apart[row, column]), ratio, off=off, per_area=per_area)
    rows, columns = linear_sum_assignment(-likely)
    pairs = [
        MatchedLesion(
            before=befores[row],
            after=afters[column],
            probability=float(likely[row, column]),
            apart=float(apart[row, column]),
        )
        for row, column in zip(rows, columns, strict=True)
        if likely[row, column] >= 0.5
    ]
    return sorted(pairs, key=lambda pair: -pair.probability)


def _fates(here: _Visit, there: _Visit, laid: Alignment, paired: set[int]) -> tuple[UnmatchedLesion, ...]:
    """Return the lesions of `here` without a partner, the likeliest first, with their places in `there`."""
    left = [item for item in here.lesions.items if id(item) not in paired]
    if not left:
        return ()
    moved = laid.moved(_middles(left))
    seen = on_skin(there.face, moved)
    near_px = _NEAR * float(np.hypot(laid.off_face_widths, _BOX_OFF)) * face_width_px(there.face)
    scale = face_width_px(there.face) / face_width_px(here.face)
    fates = []
    for item, spot, visible in zip(left, moved, seen, strict=True):
        near = np.linalg.norm(there.all - spot, axis=1) <= near_px
        echo = float(there.lesions.found.scores[near].max()) if near.any() else 0.0
        more = _chance(here, item.score) - _chance(there, echo)
        probability = max(more, 0.0) if visible else 0.0
        elsewhere = _box(spot, item.box, scale) if visible else None
        fates.append(UnmatchedLesion(item=item, probability=probability, elsewhere=elsewhere))
    return tuple(sorted(fates, key=lambda fate: -fate.probability))


def _chance(visit: _Visit, score: float) -> float:
    return lesion_probability(score, visit.lesions.found.score_curve)


def _box(middle: Points, like: Box, scale: float) -> Box:
    width, height = like.width_px * scale, like.height_px * scale
    return Box(x_px=float(middle[0]) - width / 2, y_px=float(middle[1]) - height / 2, width_px=width, height_px=height)


def _size(item: Detection, face: Face) -> float:
    if item.size_face_widths is not None:
        return item.size_face_widths
    return float(np.sqrt(item.box.width_px * item.box.height_px)) / face_width_px(face)


def _skin_area(face: Face) -> float:
    """Return the open skin of a face in face widths squared."""
    return float(np.count_nonzero(face.skin)) * (face.frame.factor / face_width_px(face)) ** 2


def _values(before: Analysis, after: Analysis) -> tuple[ValueChange, ...]:
    """Return how each value of the whole face changed that both photos gave."""
    earlier = {one.task: one for one in before.findings if one.region is Region.FACE}
    return tuple(
        value_change(
            one.task,
            one.region,
            one.unit,
            _measured(earlier[one.task], before),
            _measured(one, after),
            same_photo=_same(before.photo, after.photo),
            smallest=TASKS[one.task].smallest_change if one.task in TASKS else None,
        )
        for one in after.findings
        if one.region is Region.FACE and one.task in earlier
    )


def _measured(finding: Finding, analysis: Analysis) -> Measured:
    return Measured(value=finding.value, condition=analysis.measured_as, interval=finding.interval, level=finding.level)


def _same(before: Photo | None, after: Photo | None) -> bool:
    if before is None or after is None or before.origin.sha256 is None:
        return False
    return before.origin.sha256 == after.origin.sha256


def _difference(first: _Visit, second: _Visit) -> tuple[float, float] | None:
    """Return where the change of the count lies."""
    before, after = (
        Measured(
            value=one.lesions.counts[Region.FACE],
            condition=one.capture_condition,
            interval=one.lesions.found.count_interval,
            level=one.lesions.found.level,
        )
        for one in (first, second)
    )
    same = _same(first.photo, second.photo)
    return value_change("acne_lesions", Region.FACE, None, before, after, same_photo=same).interval
