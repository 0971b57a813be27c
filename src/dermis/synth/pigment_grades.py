"""True grades of hyperpigmentation, from a map of how much darker the marks make the skin.

A contrast map holds, in L* under D65, how much lower each pixel's lightness is than the same skin would have
without its brown marks. Every rule and choice: docs/concepts/synthetic-grades.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from dermis.core import Region
from dermis.core.arrays import BoolMap, FloatMap
from dermis.synth.atlas import Atlas, Grid
from dermis.synth.marks import MOTTLES, Kind
from dermis.synth.skinmaps import LIMITS, SkinMaps
from dermis.synth.stamps import Stamp, added
from dermis.synth.tones import ToneCurve

__all__ = [
    "area_points",
    "darkness_points",
    "masi_score",
    "mmasi_score",
    "mottled_burden",
    "mottled_grade",
    "mottled_real",
    "msi_score",
    "pigment_contrast",
    "pigmented_share",
    "zone_masks",
]

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
    kinds: Collection[Kind] = MOTTLES,
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
