"""pigmentation_grade and pigmentation_area: mottled hyperpigmentation from 0 to 9, and the share of skin in marks."""

from __future__ import annotations

import numpy as np

from dermis.core import (
    AtlasBlock,
    CropsBlock,
    Detection,
    Finding,
    MapBlock,
    Measure,
    Note,
    Ordinal,
    OutlinesBlock,
    PhotoNeed,
    PigmentMarks,
    Region,
    Skin,
    TableBlock,
    Task,
    TextBlock,
    ValueMap,
    View,
)
from dermis.core.arrays import BoolMap
from dermis.tasks.region_statistics import FEWEST_PIXELS, measured_regions

__all__ = ["AREA", "GRADE", "GRADED", "grade_of_burden", "measure_area", "measure_grade", "severity_word"]

GRADED = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
"""The grade of a face is that of these: nose, chin and under-eyes hold pores, stubble and shadow."""
BURDENS_L = (0.0, 0.011, 0.029, 0.042, 0.063, 0.096, 0.126, 0.19, 0.306, 0.61, 1.22)
GRADES = (0.0, 0.2, 0.6, 1.2, 2.2, 3.0, 3.7, 4.5, 5.5, 7.2, 9.0)
"""The grade at each mean weight of the skin in L*, as on painted faces that taught; straight lines between."""
WORDS = ((0.75, "none"), (3.75, "mild"), (6.75, "moderate"), (np.inf, "severe"))
"""Severity up to these grades: 0 none, 1-3 mild, 4-6 moderate, 7-9 severe; borders lie between the half steps."""
_COLOURS = ("#fff4da", "#f3cf8c", "#d7964f", "#9a5527", "#47200f")


def grade_of_burden(burden: float) -> float:
    """Return the grade, 0 to 9 as a real number, of the mean weight of the skin in L*."""
    return float(np.interp(burden, BURDENS_L, GRADES))


def severity_word(grade: float) -> str:
    """Return none, mild, moderate or severe."""
    return next(word for limit, word in WORDS if grade < limit)


def measure_grade(skin: Skin, marks: PigmentMarks) -> tuple[Finding, ...]:
    """Grade the face and each region.

    `detail`: `banded`, the grade in half steps as the criteria have it; left and right side; and the area, contrast
    and number behind it.
    """
    whole, findings = marks, []
    skin, marks = skin.cut(marks.window), marks.cut(marks.window)
    for region, where in _judged(skin, marks, GRADE.regions):
        graded = _graded(skin, where) if region is Region.FACE else where
        grade = grade_of_burden(float(np.mean(marks.weight[graded])))
        items = _items_in(marks, region)
        findings.append(
            Finding(
                task=GRADE.name,
                region=region,
                value=grade,
                unit="grade 0-9",
                label=severity_word(grade),
                detail={
                    "banded": float(np.floor(2 * grade + 0.5)) / 2,
                    "marks": len(items),
                    **{kind: sum(item.kind == kind for item in items) for kind in ("freckle", "lentigo", "patch")},
                    "area_share": round(float(np.mean(marks.mask[graded])), 4),
                    "contrast_l": round(_contrast(marks, graded), 2),
                    **(_sides(skin, marks, graded) if region is Region.FACE else {}),
                },
                items=items if region is Region.FACE else (),
                notes=(_NOTE,) if region is Region.FACE else (),
                evidence=_evidence(whole) if region is Region.FACE else None,
                mask=whole.mask if region is Region.FACE else None,
                model=marks.model,
            )
        )
    return tuple(findings)


def measure_area(skin: Skin, marks: PigmentMarks) -> tuple[Finding, ...]:
    """Return the share of the judged skin that brown marks cover, in per cent."""
    mask, skin, marks = marks.mask, skin.cut(marks.window), marks.cut(marks.window)
    return tuple(
        Finding(
            task=AREA.name,
            region=region,
            value=100 * float(np.mean(marks.mask[where])),
            unit="%",
            model=marks.model,
            mask=mask if region is Region.FACE else None,
        )
        for region, where in _judged(skin, marks, AREA.regions)
    )


def _judged(skin: Skin, marks: PigmentMarks, regions: tuple[Region, ...]) -> list[tuple[Region, BoolMap]]:
    judged = np.isfinite(marks.contrast)
    pairs = ((region, where & judged) for region, where in measured_regions(skin, regions))
    return [(region, where) for region, where in pairs if np.count_nonzero(where) >= FEWEST_PIXELS]


def _graded(skin: Skin, where: BoolMap) -> BoolMap:
    """Return the graded regions of the face, all of what is judged where they are not in view."""
    part = where & np.isin(skin.regions, [region.code for region in GRADED])
    return part if np.count_nonzero(part) >= FEWEST_PIXELS else where


def _contrast(marks: PigmentMarks, where: BoolMap) -> float:
    inside = marks.contrast[where & marks.mask]
    return float(np.mean(inside)) if inside.size else 0.0


def _sides(skin: Skin, marks: PigmentMarks, where: BoolMap) -> dict[str, object]:
    """Return the grade of each half in view."""
    if marks.on_right is None:
        side = {View.LEFT: "left", View.RIGHT: "right"}.get(skin.view)
        halves = {} if side is None else {side: where}
    else:
        halves = {"left": where & ~marks.on_right, "right": where & marks.on_right}
    return {
        name: round(grade_of_burden(float(np.mean(marks.weight[half]))), 2)
        for name, half in halves.items()
        if np.count_nonzero(half) >= FEWEST_PIXELS
    }


def _items_in(marks: PigmentMarks, region: Region) -> tuple[Detection, ...]:
    return tuple(item for item in marks.items if region is Region.FACE or item.region is region)


def _evidence(marks: PigmentMarks) -> ValueMap:
    return ValueMap(values=marks.contrast, unit="L*", low=0.0, high=10.0)


def _weight(item: Detection) -> float:
    return (item.contrast or 0.0) * (item.size_face_widths or 0.0)


def _name(item: Detection) -> str:
    return item.kind.capitalize()


_NOTE = Note(
    text="The grade is derived from the area and contrast of brown marks; no clinician's grades were learnt from."
)

GRADE = Task(
    name="pigmentation_grade",
    title="Dark spots, grade",
    question="How marked is the mottled hyperpigmentation, from 0 to 9?",
    scale=Ordinal(lowest=0.0, highest=9.0, step=0.5),
    regions=tuple(Region),
    metrics=("mae", "quadratic_kappa", "spearman"),
    reference="Mottled hyperpigmentation 0-9 in half steps: 0 none, 1-3 mild, 4-6 moderate, 7-9 severe "
    "(photonumeric, after Griffiths et al., Arch. Dermatol. 128 (1992) 347-351; the rule is ours)",
    measure=measure_grade,
    needs=("skin", "marks"),
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.MATTE),
    section=(
        MapBlock(),
        OutlinesBlock(title="Brown marks, outlined", of="pigmentation_grade", over="melanin"),
        TableBlock(),
        AtlasBlock(title="Beside made faces of the nearest grades"),
        CropsBlock(title="The marks that weigh most", rank=_weight, name=_name),
        TextBlock(),
    ),
    colours=_COLOURS,
    group="pigmentation",
)

AREA = Task(
    name="pigmentation_area",
    title="Dark spots, area",
    question="What share of the skin do brown marks cover?",
    scale=Measure(unit="%", low=0.0, high=100.0),
    regions=tuple(Region),
    metrics=("mae", "spearman"),
    reference="Share of the judged skin inside brown marks (ours)",
    measure=measure_area,
    needs=("skin", "marks"),
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.MATTE),
    section=(TableBlock(),),
    colours=_COLOURS,
    group="pigmentation",
)
