"""Two visits of one person: how its values changed, which lesions are new, which are gone, and how sure that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import (
    Analysis,
    Change,
    Detection,
    Face,
    Finding,
    MatchedLesion,
    Photo,
    Region,
    ValueChange,
)
from dermis.errors import InputError
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment, align
from dermis.pipeline.lesion_fates import BOX_OFF, NEAR, Visit, fates, visit_of
from dermis.tasks import TASKS
from dermis.tasks.acne import hayashi
from dermis.tasks.repeatability import Measured, value_change

__all__ = ["SAME_SKIN", "change_between", "same_lesion"]

Points = NDArray[np.float64]

_SIZE_SPREAD = 0.5
"""Spread of the logarithm of a lesion's size between two visits (1 sigma; chosen)."""
_LASTS = 0.5
"""How often a lesion of the first visit is there at the second, before anything is known of it (chosen)."""
GLOSSY, MATTE = 0.05, 0.005
"""Shares of the visible skin that glare: from the first on a photo shows its gloss, below the second none. Photos of
ACNE04 through polarisers have 0 to 0.002, the others 0.017 to 0.13."""
SAME_SKIN = 0.2
"""On so small a share of the face two photos agree by chance: on made faces, two people share up to 0.1 of it, two
photos of one person over 0.9 (docs/log.md)."""


def change_between(before: Analysis, after: Analysis) -> Change:
    """Compare the values and the lesions of two visits, photographed from the same side.

    The photos are laid on each other (`alignment`). Two lesions are one where that is likelier than chance
    (`same_lesion`), each in one pair at most, the likeliest sum of pairs. How likely a lesion without a partner is
    gone, or new, follows from what the network says of its place in both photos and from how much more it stands out
    in one (`lesion_fates`): one that was called here and nearly called there has not changed, and one that was called
    in neither is told where the skin plainly changed. Where the other photo does not show the place, or one of the two
    glares there, nothing is said.
    Raises InputError for photos that cannot be compared.
    """
    first, second = visit_of(before), visit_of(after)
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
    alike = _taken_alike(first, second)
    return Change(
        before=first.name,
        after=second.name,
        values=_values(before, after, taken_alike=alike),
        lasting=tuple(lasting),
        gone=fates(first, second, laid, stays),
        new=fates(second, first, back, came),
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
        taken_alike=alike,
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


def _lasting(first: Visit, second: Visit, laid: Alignment) -> list[MatchedLesion]:
    """Return the pairs of lesions that are likelier one than not, the likeliest first."""
    from scipy.optimize import linear_sum_assignment  # late: 0.1 s

    befores, afters = first.lesions.items, second.lesions.items
    if not befores or not afters:
        return []
    width_px = face_width_px(second.face)
    apart = np.linalg.norm(laid.moved(first.middles)[:, None] - second.middles[None], axis=2) / width_px
    off = float(np.hypot(laid.off_face_widths, BOX_OFF))
    per_area = len(afters) / max(_skin_area(second.face), 1e-6)
    likely = np.zeros(apart.shape)
    for row, column in zip(*np.nonzero(apart <= NEAR * off), strict=True):
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


def _size(item: Detection, face: Face) -> float:
    if item.size_face_widths is not None:
        return item.size_face_widths
    return float(np.sqrt(item.box.width_px * item.box.height_px)) / face_width_px(face)


def _skin_area(face: Face) -> float:
    """Return the open skin of a face in face widths squared."""
    return float(np.count_nonzero(face.skin)) * (face.frame.factor / face_width_px(face)) ** 2


def _taken_alike(first: Visit, second: Visit) -> bool:
    """Return whether both photos show the skin's gloss, or neither, as far as that is known."""
    if first.skin is None or second.skin is None:
        return True
    matte, glossy = sorted(
        float(np.mean(skin.excluded["specular"][skin.visible])) if skin.visible.any() else 0.0
        for skin in (first.skin, second.skin)
    )
    return matte >= MATTE or glossy < GLOSSY


def _values(before: Analysis, after: Analysis, *, taken_alike: bool) -> tuple[ValueChange, ...]:
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
            taken_alike=taken_alike,
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


def _difference(first: Visit, second: Visit) -> tuple[float, float] | None:
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
