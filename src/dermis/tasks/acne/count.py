"""Acne lesions: how many, where, how large, how red; each one an item."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from dermis.core import (
    Count,
    CropsBlock,
    Detection,
    FaceLesions,
    Finding,
    MapBlock,
    Note,
    PhotoNeed,
    Region,
    TableBlock,
    Task,
    TextBlock,
    ValueMap,
)
from dermis.tasks.acne.comedones import comedo_interval
from dermis.tasks.acne.visibility import (
    hidden_detail,
    hidden_note,
    in_view,
    is_large,
    lesion_name,
    log_error,
    non_inflammatory,
    one_side,
    see_professional,
    severity,
    visible_share,
)

__all__ = ["HEAT_UNIT", "TASK", "measure", "smallest_count_change"]

HEAT_UNIT = "lesions / (face width / 10)²"
_HEAT_TOP = 4.0
_Z_95 = 1.96


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Count lesions on the face and in each region in view.

    The count is the sum of the density map, by the protocol of Hayashi's count, whose lesions are nearly all inflamed;
    `detail["count_all"]` has small and faint ones too. `inflammatory` is the count itself; `non_inflammatory` counts
    comedones, which are found apart from it (`comedones`). Each has an interval. Items are the lesions that are
    sure enough to be pointed at; their number may differ from the count. Hidden skin may hold more: the upper end of
    the interval grows by its share.
    """
    findings = []
    for region in TASK.regions:
        if not in_view(lesions, region):
            continue
        whole = region is Region.FACE
        items = tuple(item for item in lesions.items if whole or item.region is region)
        detail = _detail(lesions, region, items)
        findings.append(
            Finding(
                task=TASK.name,
                region=region,
                value=max(lesions.counts[region], 0.0),
                unit="lesions",
                interval=_interval(lesions) if whole else None,
                level=lesions.found.level,
                detail=detail,
                items=items,
                notes=_notes(detail, items) if whole else (),
                evidence=_heat(lesions) if whole else None,
                model=lesions.found.model,
            )
        )
    return tuple(findings)


def smallest_count_change(before: float, after: float) -> float:
    """Return the smallest difference of two counts that is more than photographing again gives in 95 of 100 (MDC95).

    Counts err by shares: what counts is the difference of log(1 + n), from the first count up, or down.
    """
    limit = _Z_95 * math.sqrt(2.0) * log_error("count_again")
    return (1 + max(before, 0.0)) * abs(math.expm1(limit if after >= before else -limit))


def _notes(detail: dict[str, object], items: tuple[Detection, ...]) -> tuple[Note, ...]:
    notes = [
        Note(
            text="The count follows the protocol of Hayashi's graders. A stricter team, which marks small and faint "
            f"ones too, would count about {float(str(detail['count_all'])):.0f}."
        )
    ]
    if "non_inflammatory" in detail:
        notes.append(
            Note(
                text=f"About {float(str(detail['inflammatory'])):.0f} are inflamed; beside them about "
                f"{float(str(detail['non_inflammatory'])):.0f} comedones."
            )
        )
    large = sum(is_large(item) for item in items)
    if large:
        are = "lesions are" if large > 1 else "lesion is"
        notes.append(see_professional(f"{large} {are} large enough to be a nodule or cyst"))
    return (*notes, *hidden_note(detail))


def _interval(lesions: FaceLesions) -> tuple[float, float] | None:
    found = lesions.found
    if found.count_interval is None:
        return None
    low, high = found.count_interval
    value = max(lesions.counts[Region.FACE], 0.0)
    # One side is one side: what is turned away is not missing.
    seen = 1.0 if one_side(lesions) else visible_share(lesions, Region.FACE)
    return max(min(low, value), 0.0), max(high, value) / max(seen, 0.25)


def _detail(lesions: FaceLesions, region: Region, items: tuple[Detection, ...]) -> dict[str, object]:
    detail: dict[str, object] = {
        "pointed_at": len(items),
        "count_all": round(max(lesions.counts_all[region], 0.0), 2),
        **_inflamed_or_not(lesions, region),
        **hidden_detail(lesions, region),
    }
    if region is Region.FACE:
        detail["involved_share"] = round(lesions.involved, 3)
        detail["large"] = sum(is_large(item) for item in items)
        if lesions.beside:
            detail["beside_the_face"] = lesions.beside
        if items:
            detail["kinds"] = dict(Counter(item.kind for item in items).most_common())
    for name in ("size_face_widths", "redness", "relief"):
        values = [value for item in items if (value := getattr(item, name)) is not None]
        if values:
            detail[f"median_{name}"] = round(float(np.median(values)), 4)
    return detail


def _inflamed_or_not(lesions: FaceLesions, region: Region) -> dict[str, object]:
    """Return how many lesions are inflamed and how many are not, of the face with 90 % intervals."""
    if lesions.comedones is None:
        return {}
    comedones = non_inflammatory(lesions, region)
    told: dict[str, object] = {
        "inflammatory": round(max(lesions.counts[region], 0.0), 2),
        "non_inflammatory": round(comedones, 2),
    }
    if region is Region.FACE:
        ends = _interval(lesions)
        if ends is not None:
            told["inflammatory_interval"] = [round(end, 2) for end in ends]
        told["non_inflammatory_interval"] = [round(end, 2) for end in comedo_interval(comedones)]
        if lesions.open_share is not None:
            told["open_comedones"] = round(lesions.open_share * comedones, 2)
    return told


def _heat(lesions: FaceLesions) -> ValueMap:
    return ValueMap(values=lesions.heat, unit=HEAT_UNIT, low=0.0, high=_HEAT_TOP)


TASK = Task(
    name="acne_lesions",
    title="Acne lesions",
    question="How many acne lesions are there, and where?",
    scale=Count(unit="lesions"),
    regions=tuple(Region),
    metrics=("mae", "spearman"),
    reference="Wu, Wen, Liang, Lai, She, Cheng, Yang, ICCV 2019 (boxes, counts); "
    "Hayashi et al., J. Dermatol. 35 (2008) 255-260",
    measure=measure,
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.WHOLE_FACE),
    needs=("lesions",),
    section=(
        CropsBlock(title="The most marked lesions", rank=severity, name=lesion_name),
        MapBlock(),
        TableBlock(),
        TextBlock(),
    ),
    colours=("#fff6e0", "#fbd07c", "#f29455", "#cf4a4c", "#6a1246"),
    group="acne",
    smallest_change=smallest_count_change,
)
