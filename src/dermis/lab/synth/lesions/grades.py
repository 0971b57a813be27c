"""Grades that follow from the marks: acne and mottled pigment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.core import HAYASHI_LIMITS, Region
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.head.uv import Atlas, Grid
from dermis.lab.synth.lesions.kinds import COMEDONES, INFLAMMATORY, MOTTLES, Mark, MarkKind
from dermis.lab.synth.lesions.rasterise import Stamp, added
from dermis.lab.synth.skin.colour import ToneCurve
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps
from dermis.tasks.acne.gags import FACTORS, LESION_SCORE
from dermis.tasks.acne.hayashi import grade_of_count
from dermis.tasks.acne.visibility import SIDE_OF

__all__ = [
    "area_points",
    "counts_by_kind",
    "darkness_points",
    "gags_score",
    "hayashi_grade",
    "hayashi_real",
    "iga_grade",
    "inflammatory_by_half",
    "involved_share",
    "masi_score",
    "mmasi_score",
    "mottled_burden",
    "mottled_grade",
    "mottled_real",
    "msi_score",
    "per_cm2",
    "pigment_contrast",
    "pigmented_share",
    "zone_masks",
]

GAGS_WORTH: Mapping[MarkKind, int] = {
    MarkKind.OPEN_COMEDO: LESION_SCORE["comedone"],
    MarkKind.CLOSED_COMEDO: LESION_SCORE["comedone"],
    MarkKind.PAPULE: LESION_SCORE["papule"],
    MarkKind.PUSTULE: LESION_SCORE["pustule"],
    MarkKind.NODULE: LESION_SCORE["nodule"],
}
ACNE = COMEDONES | INFLAMMATORY
REACH_MM = 10.0
"""How far around a lesion the face counts as involved."""


def counts_by_kind(marks: Iterable[Mark]) -> Mapping[MarkKind, int]:
    """Return how many marks there are of every kind, 0 included."""
    found = Counter(mark.kind for mark in marks)
    return {kind: found[kind] for kind in MarkKind}


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


def iga_grade(counts: Mapping[MarkKind, int], involved: float) -> int:
    """Return the Investigator's Global Assessment, 0 clear to 4 severe, from counts and involved share.

    4: two nodules or more, or lesions all over (0.8). 3: one nodule, or over half the face involved.
    2: more than a few lesions (over 5 inflammatory or 10 comedones). 1: any lesion. After the wording of the
    FDA's five-point scale; the numbers are chosen.
    """
    nodules = counts.get(MarkKind.NODULE, 0)
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


VISIBLE = 1.0
"""Contrast in L* from which a brown mark is seen: about one just noticeable difference."""
BURDEN_AT_9 = 5.0
"""Burden in L* that is grade 9."""
DARKNESS_BORDERS = (VISIBLE, 3.0, 6.0, 10.0)
"""Contrast in L* from which darkness is slight, mild, marked, maximum (chosen)."""
MASI_AREA = (0.10, 0.30, 0.50, 0.70, 0.90)
"""Kimbrough-Green et al. 1994: 1 under 10 %, 2 10-29, 3 30-49, 4 50-69, 5 70-89, 6 from 90 %."""
MSI_AREA = (0.10, 0.30, 0.60)
"""1 up to 10 %, 2 11-30, 3 31-60, 4 above (after Majid et al. 2016, from memory)."""
PATCH_MM = (5.0, 20.0)
"""Across: smaller is a speck, larger is a large patch (homogeneity; chosen)."""
MASI_WEIGHTS = {"forehead": 0.3, "right_malar": 0.3, "left_malar": 0.3, "chin": 0.1}
MSI_WEIGHTS = {"left": 0.4, "right": 0.4, "nose": 0.2}


def pigment_contrast(
    stamps: Iterable[Stamp],
    base: SkinMaps,
    atlas: Atlas,
    curve: ToneCurve,
    *,
    kinds: Collection[MarkKind] = MOTTLES,
) -> FloatMap:
    """Return (H, W) contrast in L* of the marks of `kinds` among `stamps` on `base`, 0 off the skin."""
    brown = [stamp for stamp in stamps if stamp.spec.kind in kinds]
    more = added(brown, atlas, "melanosome_fraction")
    contrast = np.zeros_like(more)
    touched = (more > 0) & atlas.skin
    before = base.melanosome_fraction[touched]
    after = np.clip(before + more[touched], *LIMITS["melanosome_fraction"])
    contrast[touched] = curve.lightness_at(before) - curve.lightness_at(after)
    return contrast


def pigmented_share(contrast: FloatMap, area_mm2: FloatMap, where: BoolMap) -> float:
    """Return the share of the true area of `where` with a visible brown mark, in [0, 1]; 0 for no area."""
    total = float(area_mm2[where].sum(dtype=np.float64))
    if total <= 0:
        return 0.0
    return float(area_mm2[where & (contrast >= VISIBLE)].sum(dtype=np.float64)) / total


def mottled_burden(contrast: FloatMap, area_mm2: FloatMap, where: BoolMap) -> float:
    """Return area x contrast: the mean over `where` of the contrast beyond what is just visible, in L*."""
    area = area_mm2[where].astype(np.float64)
    if area.sum() <= 0:
        return 0.0
    return float(np.average(np.maximum(contrast[where] - VISIBLE, 0), weights=area))


def mottled_real(burden: float) -> float:
    """Return the grade of mottled hyperpigmentation as a real number in [0, 9]: 9 (burden / 5)^(1/3)."""
    return float(min(9.0, 9.0 * np.cbrt(max(burden, 0.0) / BURDEN_AT_9)))


def mottled_grade(burden: float) -> float:
    """Return the grade of mottled hyperpigmentation, 0 to 9 in half steps."""
    return float(np.floor(2 * mottled_real(burden) + 0.5) / 2)


def zone_masks(atlas: Atlas, grid: Grid) -> dict[str, BoolMap]:
    """Return the zones of MASI and MSI on skin; skin outside every region falls to the nearest.

    MASI splits the face into forehead, right and left malar (with under-eyes and half the nose) and chin; MSI
    into left and right (without the nose) and nose.
    """
    rows = np.arange(atlas.height) * grid.codes.shape[0] // atlas.height
    columns = np.arange(atlas.width) * grid.codes.shape[1] // atlas.width
    codes = grid.codes[np.ix_(rows, columns)]
    forehead, chin, nose = (codes == region.code for region in (Region.FOREHEAD, Region.CHIN, Region.NOSE))
    malar = ~forehead & ~chin
    zones = {
        "forehead": forehead,
        "right_malar": malar & ~atlas.left,
        "left_malar": malar & atlas.left,
        "chin": chin,
        "left": atlas.left & ~nose,
        "right": ~atlas.left & ~nose,
        "nose": nose,
    }
    return {name: zone & atlas.skin for name, zone in zones.items()}


def area_points(share: float, borders: tuple[float, ...] = MASI_AREA) -> int:
    """Return 0 for no area, else 1 and one more for each of the `borders` that `share` reaches."""
    return 0 if share <= 0 else 1 + int(np.searchsorted(borders, share, side="right"))


def darkness_points(contrast: FloatMap, area_mm2: FloatMap, zone: BoolMap) -> int:
    """Return 0 none, 1 slight, 2 mild, 3 marked, 4 maximum: by the mean contrast of the darkest cm² of a zone.

    Any visible mark is at least slight, however small.
    """
    seen = zone & (contrast >= VISIBLE)
    if not seen.any():
        return 0
    values = contrast[seen].astype(np.float64)
    order = np.argsort(-values)
    area = area_mm2[seen].astype(np.float64)[order]
    taken = np.diff(np.minimum(np.cumsum(area), 100.0), prepend=0.0)
    darkest = float(taken @ values[order]) / 100.0
    return max(1, int(np.searchsorted(DARKNESS_BORDERS, darkest, side="right")))


def homogeneity_points(contrast: FloatMap, area_mm2: FloatMap, zone: BoolMap) -> int:
    """Return 0 none, 1 specks, 2 patches under 2 cm, 3 larger patches, 4 uniform (90 % of the zone)."""
    from scipy import ndimage  # late: a third of a second to import

    seen = zone & (contrast >= VISIBLE)
    if not seen.any():
        return 0
    if pigmented_share(contrast, area_mm2, zone) >= MASI_AREA[-1]:
        return 4
    patches, count = ndimage.label(seen)
    area = np.bincount(patches[seen], weights=area_mm2[seen].astype(np.float64), minlength=count + 1)
    across_mm = 2 * np.sqrt(area.max() / np.pi)
    return 1 + int(np.searchsorted(PATCH_MM, across_mm, side="right"))


def mmasi_score(contrast: FloatMap, area_mm2: FloatMap, zones: dict[str, BoolMap]) -> float:
    """Return the modified MASI, 0 to 24: sum of weight x area x darkness (Pandya et al. 2011)."""
    return sum(
        weight
        * area_points(pigmented_share(contrast, area_mm2, zones[name]))
        * darkness_points(contrast, area_mm2, zones[name])
        for name, weight in MASI_WEIGHTS.items()
    )


def masi_score(contrast: FloatMap, area_mm2: FloatMap, zones: dict[str, BoolMap]) -> float:
    """Return the MASI, 0 to 48: sum of weight x area x (darkness + homogeneity) (Kimbrough-Green et al. 1994)."""
    return sum(
        weight
        * area_points(pigmented_share(contrast, area_mm2, zones[name]))
        * (darkness_points(contrast, area_mm2, zones[name]) + homogeneity_points(contrast, area_mm2, zones[name]))
        for name, weight in MASI_WEIGHTS.items()
    )


def msi_score(contrast: FloatMap, area_mm2: FloatMap, zones: dict[str, BoolMap]) -> float:
    """Return the Melasma Severity Index, 0 to 64: sum of weight x area x darkness² (Majid et al. 2016)."""
    return sum(
        weight
        * area_points(pigmented_share(contrast, area_mm2, zones[name]), MSI_AREA)
        * darkness_points(contrast, area_mm2, zones[name]) ** 2
        for name, weight in MSI_WEIGHTS.items()
    )
