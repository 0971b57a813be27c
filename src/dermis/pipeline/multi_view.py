"""Several photos of one person, taken at one visit from several sides, as one answer about acne."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dermis.core import Analysis, FaceLesions, Finding, HalfFace, Lesions, Region, SegmentationClass, View
from dermis.errors import InputError
from dermis.face.regions import face_width_px
from dermis.pipeline.one_tone import combine_tones
from dermis.tasks import TASKS
from dermis.tasks.acne.hayashi import grade_of_half

__all__ = ["combine_person", "combine_views"]

_OWN_SIDE = {View.LEFT: "left", View.RIGHT: "right"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One usable photo with its lesions; open_skin: area of each region in view, in face widths squared."""

    name: str
    lesions: FaceLesions
    open_skin: dict[Region, float]


def combine_person(analyses: Sequence[Analysis]) -> tuple[Finding, ...]:
    """Return what photos of one person say together: their tone, and their acne where lesions were looked for.

    Raises InputError where no photo tells either.
    """
    findings = combine_tones(analyses)
    if not findings or any(one.lesions is not None for one in analyses):
        findings += combine_views(analyses)
    return findings


def combine_views(analyses: Sequence[Analysis]) -> tuple[Finding, ...]:
    """Return the acne findings of one person from photos of one visit, such as front, left and right.

    Each region is taken from the photo that shows most of it, so a cheek from its own side and the forehead from the
    front; the counts of the regions add up. Hayashi's grade is that of the worse half: each half from the photo of its
    own side where there is one, else from the front. `detail["from"]` names the photos. Items stay with their photos.
    Raises InputError where no photo has lesions looked for.
    """
    shots = [_shot(one) for one in analyses if one.lesions is not None and one.face is not None]
    if not shots:
        raise InputError(
            "No photo of the person shows a face in which lesions were looked for.",
            advice="Give at least one usable photo, and ask for an acne task.",
        )
    best = {region: _best(shots, region) for region in list(Region)[1:]}
    merged = _merged(shots, best)
    named = {region.value: shot.name for region, shot in best.items() if shot is not None}
    tasks = [task for task in TASKS.values() if task.needs == ("lesions",)]
    return tuple(
        replace(one, evidence=None, items=(), detail={**one.detail, **_source(one, named)})
        for task in tasks
        for one in task.measure(lesions=merged)
    )


def _source(finding: Finding, named: dict[str, str]) -> dict[str, object]:
    if finding.region is Region.FACE:
        return {"from": named}
    return {"from": named[finding.region.value]} if finding.region.value in named else {}


def _shot(analysis: Analysis) -> _Shot:
    face, lesions = analysis.face, analysis.lesions
    if face is None or lesions is None:
        raise ValueError("A photo without a face or lesions is no view.")
    cells = np.bincount(face.regions.ravel(), minlength=len(Region))
    per_pixel = (face.frame.factor / face_width_px(face)) ** 2
    areas = {region: float(cells[region.code] * per_pixel) for region in list(Region)[1:]}
    skin = np.count_nonzero(face.skin & (face.segmentation != SegmentationClass.OTHER_SKIN))
    return _Shot(name=analysis.name, lesions=lesions, open_skin={**areas, Region.FACE: float(skin * per_pixel)})


def _best(shots: Sequence[_Shot], region: Region) -> _Shot | None:
    """Return the photo that shows most of a region, None where none shows it."""
    shot = max(shots, key=lambda one: one.open_skin[region])
    return shot if shot.open_skin[region] > 0 else None


def _merged(shots: Sequence[_Shot], best: dict[Region, _Shot | None]) -> FaceLesions:
    """Return the lesions of all photos, each region from its best one, as if they lay in one picture."""
    front = max(shots, key=lambda one: (one.lesions.view is View.FRONT, one.open_skin[Region.FACE]))
    held = {region: shot for region, shot in best.items() if shot is not None}
    counts = {region: 0.0 if shot is None else shot.lesions.counts[region] for region, shot in best.items()}
    counts_all = {region: 0.0 if shot is None else shot.lesions.counts_all[region] for region, shot in best.items()}
    elsewhere = _in_no_region(front.lesions.counts), _in_no_region(front.lesions.counts_all)
    counts[Region.FACE] = sum(counts.values()) + elsewhere[0]
    counts_all[Region.FACE] = sum(counts_all.values()) + elsewhere[1]
    items = [item for region, shot in held.items() for item in shot.lesions.items if item.region is region]
    items += [item for item in front.lesions.items if item.region is Region.FACE]
    comedones, open_share = _comedones(held, front)
    areas = np.array([shot.open_skin[Region.FACE] for shot in shots])
    involved = np.array([shot.lesions.involved for shot in shots])
    return FaceLesions(
        found=_found(shots, held, counts),
        view=View.FRONT,
        items=tuple(sorted(items, key=lambda item: -item.score)),
        on_right=None,
        counts=counts,
        counts_all=counts_all,
        halves=None,
        seen={region: shot.lesions.seen.get(region) for region, shot in held.items()},
        involved=float(np.average(involved, weights=np.maximum(areas, 1e-9))),
        heat=np.zeros((1, 1), np.float32),
        beside=0,
        comedones=comedones,
        open_share=open_share,
        graded_halves=_graded_halves(shots),
    )


def _comedones(held: dict[Region, _Shot], front: _Shot) -> tuple[dict[Region, float] | None, float | None]:
    """Return the comedones by region, each from its best photo, and the share of them that are open."""
    told = {region: shot.lesions.comedones for region, shot in held.items() if shot.lesions.comedones is not None}
    if not told:
        return None, None
    counts = {region: told[region][region] if region in told else 0.0 for region in list(Region)[1:]}
    in_none = 0.0 if front.lesions.comedones is None else _in_no_region(front.lesions.comedones)
    shares = [(held[region].lesions.open_share, count) for region, count in counts.items() if region in told]
    known = [(share, count) for share, count in shares if share is not None and count > 0]
    mean = sum(share * count for share, count in known) / sum(count for _, count in known) if known else None
    return {Region.FACE: sum(counts.values()) + in_none, **counts}, mean


def _in_no_region(counts: Mapping[Region, float]) -> float:
    return max(2 * counts[Region.FACE] - sum(counts.values()), 0.0)


def _found(shots: Sequence[_Shot], held: dict[Region, _Shot], counts: dict[Region, float]) -> Lesions:
    """Return what stands for the networks' answers: the intervals of the photos, each by its share of the count."""
    first = shots[0].lesions.found
    presences = [shot.lesions.found.presence for shot in shots]
    known = [presence for presence in presences if presence is not None]
    return Lesions(
        boxes_px=np.zeros((0, 4), np.float32),
        scores=np.zeros(0, np.float32),
        density=np.zeros((1, 1), np.float32),
        density_inclusive=np.zeros((1, 1), np.float32),
        area=first.area,
        model=first.model,
        presence=max(known) if known else None,
        count_interval=_count_interval(held, counts),
        level=first.level,
    )


def _count_interval(held: dict[Region, _Shot], counts: dict[Region, float]) -> tuple[float, float] | None:
    """Return both ends as if every photo erred the same way: as far off the sum as each is off its own count."""
    total = max(counts[Region.FACE], 0.0)
    low = high = total
    for shot in {id(shot): shot for shot in held.values()}.values():
        ends = shot.lesions.found.count_interval
        if ends is None:
            return None
        whole = max(shot.lesions.counts[Region.FACE], 0.0)
        taken = sum(counts[region] for region, one in held.items() if one is shot)
        share = taken / whole if whole > 0 else 1.0 / len(held)
        low -= share * max(whole - ends[0], 0.0)
        high += share * max(ends[1] - whole, 0.0)
    return max(low, 0.0), high


def _graded_halves(shots: Sequence[_Shot]) -> dict[str, HalfFace]:
    """Return both halves, each from the photo of its own side where there is one, else from the front."""
    halves = {side: half for side in ("left", "right") if (half := _half(shots, side)) is not None}
    if not halves:  # close-ups and profiles without a side: each is taken for a half
        return {"in view": _own_half(max(shots, key=lambda one: one.lesions.counts[Region.FACE]))}
    return halves


def _half(shots: Sequence[_Shot], side: str) -> HalfFace | None:
    own = [shot for shot in shots if _OWN_SIDE.get(shot.lesions.view) == side]
    if own:
        return _own_half(max(own, key=lambda one: one.open_skin[Region.FACE]))
    fronts = [shot for shot in shots if shot.lesions.halves is not None]
    if not fronts:
        return None
    shot = max(fronts, key=lambda one: one.open_skin[Region.FACE])
    right, left = shot.lesions.halves or (0.0, 0.0)
    return _graded_half(shot, right if side == "right" else left)


def _own_half(shot: _Shot) -> HalfFace:
    return _graded_half(shot, max(shot.lesions.counts[Region.FACE], 0.0))


def _graded_half(shot: _Shot, count: float) -> HalfFace:
    grade, interval = grade_of_half(shot.lesions, count)
    return HalfFace(grade=grade, interval=interval, count=count, photo=shot.name)
