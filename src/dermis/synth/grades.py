"""True grades of acne, from the marks that are there. Every rule: docs/concepts/synthetic-grades.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.core import HAYASHI_LIMITS
from dermis.synth.atlas import Grid
from dermis.synth.marks import COMEDONES, INFLAMMATORY, Kind, Mark
from dermis.tasks.acne_gags import FACTORS, WORTH
from dermis.tasks.acne_grade import grade_of_count
from dermis.tasks.acne_regions import SIDE_OF

__all__ = [
    "counts_by_kind",
    "gags_score",
    "hayashi_grade",
    "hayashi_real",
    "iga_grade",
    "inflammatory_by_half",
    "involved_share",
    "per_cm2",
]

GAGS_WORTH: Mapping[Kind, int] = {
    Kind.OPEN_COMEDO: WORTH["comedone"],
    Kind.CLOSED_COMEDO: WORTH["comedone"],
    Kind.PAPULE: WORTH["papule"],
    Kind.PUSTULE: WORTH["pustule"],
    Kind.NODULE: WORTH["nodule"],
}
ACNE = COMEDONES | INFLAMMATORY
REACH_MM = 10.0
"""How far around a lesion the face counts as involved."""


def counts_by_kind(marks: Iterable[Mark]) -> Mapping[Kind, int]:
    """Return how many marks there are of every kind, 0 included."""
    found = Counter(mark.kind for mark in marks)
    return {kind: found[kind] for kind in Kind}


def per_cm2(count: int, grid: Grid) -> float:
    """Return a count over the true area of skin; 0 without skin."""
    skin_cm2 = float((grid.mm2 * grid.skin).sum()) / 100
    return count / skin_cm2 if skin_cm2 > 0 else 0.0


def inflammatory_by_half(marks: Iterable[Mark]) -> tuple[int, int]:
    """Return papules, pustules and nodules on the person's left and right half of the face."""
    found = [mark.left for mark in marks if mark.kind in INFLAMMATORY]
    return sum(found), len(found) - sum(found)


def hayashi_grade(inflammatory: int) -> int:
    """Return 0 mild, 1 moderate, 2 severe or 3 very severe for the count on the half face that has more.

    At most 5, 20, 50, and more: Hayashi et al., J Dermatol 2008;35:255.
    """
    return int(np.searchsorted(HAYASHI_LIMITS, inflammatory))


def hayashi_real(inflammatory: int) -> float:
    """Return the grade as a real number in [0, 3] that rounds to `hayashi_grade`; see the task acne_grade."""
    return grade_of_count(inflammatory)


def involved_share(marks: Sequence[Mark], grid: Grid) -> float:
    """Return the share of skin within 10 mm of an acne lesion, in [0, 1]; 0 without skin."""
    from scipy import ndimage  # late: a third of a second to import

    lesions = [mark for mark in marks if mark.kind in ACNE]
    skin_mm2 = grid.mm2 * grid.skin
    if not lesions or skin_mm2.sum() <= 0:
        return 0.0
    height, width = grid.codes.shape
    free = np.ones((height, width), dtype=np.bool_)
    for mark in lesions:
        row, column = int(mark.v * height), int(mark.u * width)
        free[min(max(row, 0), height - 1), min(max(column, 0), width - 1)] = False
    far_mm: NDArray[np.float64] = ndimage.distance_transform_edt(free, sampling=(grid.mm_v, grid.mm_u))
    return float(skin_mm2[far_mm <= REACH_MM].sum() / skin_mm2.sum())


def iga_grade(counts: Mapping[Kind, int], involved: float) -> int:
    """Return the Investigator's Global Assessment, 0 clear to 4 severe, from counts and involved share.

    4: two nodules or more, or lesions all over (0.8). 3: one nodule, or over half the face involved.
    2: more than a few lesions (over 5 inflammatory or 10 comedones). 1: any lesion. After the wording of the
    FDA's five-point scale; the numbers are chosen.
    """
    nodules = counts.get(Kind.NODULE, 0)
    inflammatory = sum(counts.get(kind, 0) for kind in INFLAMMATORY)
    comedones = sum(counts.get(kind, 0) for kind in COMEDONES)
    reached = (
        (4, nodules >= 2 or involved >= 0.8),
        (3, nodules >= 1 or involved > 0.5),
        (2, inflammatory > 5 or comedones > 10),
        (1, inflammatory + comedones > 0),
    )
    return next((grade for grade, holds in reached if holds), 0)


def gags_score(marks: Iterable[Mark]) -> int:
    """Return the Global Acne Grading System's score of a face, 0 to 32.

    Each region counts its worst lesion (comedo 1, papule 2, pustule 3, nodule 4) times its factor.
    """
    worst = dict.fromkeys(FACTORS, 0)
    for mark in marks:
        region = SIDE_OF.get(mark.region, mark.region)
        if region in worst:
            worst[region] = max(worst[region], GAGS_WORTH.get(mark.kind, 0))
    return sum(factor * worst[region] for region, factor in FACTORS.items())
