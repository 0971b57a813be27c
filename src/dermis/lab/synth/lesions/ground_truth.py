"""Ground truth of a face: the grades that follow from its marks, and the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermis.core import Label
from dermis.lab.synth.head.uv import Atlas, coarse
from dermis.lab.synth.lesions.grades import (
    ACNE,
    counts_by_kind,
    gags_score,
    hayashi_grade,
    hayashi_real,
    iga_grade,
    inflammatory_by_half,
    involved_share,
    masi_score,
    mmasi_score,
    mottled_burden,
    mottled_grade,
    mottled_real,
    msi_score,
    per_cm2,
    pigment_contrast,
    pigmented_share,
    zone_masks,
)
from dermis.lab.synth.lesions.kinds import Mark, MarkKind
from dermis.lab.synth.lesions.rasterise import Stamp
from dermis.lab.synth.skin.colour import ToneCurve
from dermis.lab.synth.skin.maps import SkinMaps

__all__ = ["ACNE_FROM_IGA", "Grades", "grade_face", "truth_labels"]

ACNE_FROM_IGA = 2
"""Acne is present from mild on: trials call 0 and 1 clear and almost clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """The true grades of a face at one visit.

    counts: marks by kind. inflammatory_left, _right: on the person's halves. acne_lesions: comedones and
    inflammatory lesions together, lesions_per_cm2 over the skin; involved: share of skin near one.
    hayashi 0-3 and hayashi_real, iga 0-4, gags 0-32. mottled 0-9 in half steps and mottled_real, for the face
    and for each half; pigmented: share of skin with visible brown marks. mmasi, masi, msi: of melasma alone.
    """

    counts: Mapping[MarkKind, int]
    inflammatory_left: int
    inflammatory_right: int
    acne_lesions: int
    lesions_per_cm2: float
    involved: float
    hayashi: int
    hayashi_real: float
    iga: int
    gags: int
    mottled: float
    mottled_real: float
    mottled_left: float
    mottled_left_real: float
    mottled_right: float
    mottled_right_real: float
    pigmented: float
    mmasi: float
    masi: float
    msi: float


def grade_face(
    marks: Sequence[Mark], stamps: Sequence[Stamp], base: SkinMaps, atlas: Atlas, curve: ToneCurve
) -> Grades:
    """Grade a face: `marks` are the truth about `stamps`, `base` is its skin without them."""
    grid, area_mm2 = coarse(atlas), atlas.mm2_per_px
    counts = counts_by_kind(marks)
    left, right = inflammatory_by_half(marks)
    lesions = sum(counts[kind] for kind in ACNE)
    involved = involved_share(marks, grid)
    brown = pigment_contrast(stamps, base, atlas, curve)
    melasma = pigment_contrast(stamps, base, atlas, curve, kinds={MarkKind.MELASMA})
    zones = zone_masks(atlas, grid)
    face_burden, left_burden, right_burden = (
        mottled_burden(brown, area_mm2, where)
        for where in (atlas.skin, atlas.skin & atlas.left, atlas.skin & ~atlas.left)
    )

    return Grades(
        counts=counts,
        inflammatory_left=left,
        inflammatory_right=right,
        acne_lesions=lesions,
        lesions_per_cm2=per_cm2(lesions, grid),
        involved=involved,
        hayashi=hayashi_grade(max(left, right)),
        hayashi_real=hayashi_real(max(left, right)),
        iga=iga_grade(counts, involved),
        gags=gags_score(marks),
        mottled=mottled_grade(face_burden),
        mottled_real=mottled_real(face_burden),
        mottled_left=mottled_grade(left_burden),
        mottled_left_real=mottled_real(left_burden),
        mottled_right=mottled_grade(right_burden),
        mottled_right_real=mottled_real(right_burden),
        pigmented=pigmented_share(brown, area_mm2, atlas.skin),
        mmasi=mmasi_score(melasma, area_mm2, zones),
        masi=masi_score(melasma, area_mm2, zones),
        msi=msi_score(melasma, area_mm2, zones),
    )


def truth_labels(grades: Grades) -> tuple[Label, ...]:
    """Return the grades as labels of grader "truth", under the names that the tasks have."""
    values = {
        "acne_presence": float(grades.iga >= ACNE_FROM_IGA),
        "acne_lesions": float(grades.acne_lesions),
        "acne_grade": float(grades.hayashi),
        "acne_iga": float(grades.iga),
        "acne_gags": float(grades.gags),
        "pigmentation_grade": grades.mottled,
        "pigmentation_area": grades.pigmented,
        "mmasi": grades.mmasi,
        "masi": grades.masi,
        "msi": grades.msi,
    }
    return tuple(Label(task=task, value=value, grader="truth") for task, value in values.items())
