"""MASI, mMASI and MSI from brown marks: as published, in bands, and without bands, beside their parts by region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dermis.core import Finding, Measure, Note, PhotoNeed, PigmentMarks, Region, Skin, TableBlock, Task, TextBlock
from dermis.core.arrays import BoolMap
from dermis.tasks.region_statistics import FEWEST_PIXELS

__all__ = [
    "MASI",
    "MMASI",
    "MSI",
    "ZonePart",
    "area_points",
    "continuous_points",
    "measure_masi",
    "measure_mmasi",
    "measure_msi",
]

MASI_WEIGHTS: Mapping[str, float] = {"forehead": 0.3, "right_malar": 0.3, "left_malar": 0.3, "chin": 0.1}
MSI_WEIGHTS: Mapping[str, float] = {"left": 0.4, "right": 0.4, "nose": 0.2}
MASI_AREA = (0.10, 0.30, 0.50, 0.70, 0.90)
"""1 below 10 %, 2 10-29, 3 30-49, 4 50-69, 5 70-89, 6 from 90 % (Kimbrough-Green et al. 1994)."""
MSI_AREA = (0.10, 0.30, 0.60)
"""1 up to 10 %, 2 11-30, 3 31-60, 4 above 60 % (after Majid et al. 2016)."""
DARKNESS_L = (1.0, 3.0, 6.0, 10.0)
"""Contrast in L* from which darkness is 1 slight, 2 mild, 3 marked, 4 maximum (chosen, as for made faces)."""
_SMALLEST_AREA = 0.005
"""Less than this share in marks is no area."""
_MALAR = {
    "right_malar": (Region.RIGHT_CHEEK, Region.RIGHT_UNDER_EYE),
    "left_malar": (Region.LEFT_CHEEK, Region.LEFT_UNDER_EYE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePart:
    """One zone of a score: the share in marks, their mean contrast in L*, and how even they are, 0 to 1."""

    share: float
    contrast_l: float
    evenness: float


_Points = Callable[[ZonePart], float]


def area_points(share: float, borders: tuple[float, ...] = MASI_AREA) -> int:
    """Return 0 for no area, else 1 and one more for each border reached."""
    return 0 if share < _SMALLEST_AREA else 1 + int(np.searchsorted(borders, share, side="right"))


def continuous_points(value: float, borders: tuple[float, ...]) -> float:
    """Return points without bands: linear between the middles of the bands, 0 at 0, the top at the last border."""
    edges = np.array([0.0, *borders])
    middles = np.array([0.0, *((edges[:-1] + edges[1:]) / 2), 1.0 if borders[-1] < 1 else borders[-1] + 2])
    return float(np.interp(value, middles, np.arange(len(middles))))


def measure_masi(skin: Skin, marks: PigmentMarks) -> tuple[Finding, ...]:
    """Return sum of w A (D + H), 0 to 48: area, darkness and homogeneity of forehead, both malar zones and chin."""
    return _finding(MASI, marks, _parts(skin, marks, MASI_WEIGHTS), _masi_points, _masi_continuous)


def measure_mmasi(skin: Skin, marks: PigmentMarks) -> tuple[Finding, ...]:
    """Return sum of w A D, 0 to 24: without homogeneity, on which graders agree least."""
    return _finding(MMASI, marks, _parts(skin, marks, MASI_WEIGHTS), _mmasi_points, _mmasi_continuous)


def measure_msi(skin: Skin, marks: PigmentMarks) -> tuple[Finding, ...]:
    """Return 0.4 a p^2 of the left and of the right side and 0.2 a p^2 of the nose, 0 to 64."""
    return _finding(MSI, marks, _parts(skin, marks, MSI_WEIGHTS), _msi_points, _msi_continuous)


def _masi_points(part: ZonePart) -> float:
    if area_points(part.share) == 0:
        return 0.0
    return area_points(part.share) * (_darkness(part) + 1 + round(3 * part.evenness))


def _masi_continuous(part: ZonePart) -> float:
    area = continuous_points(part.share, MASI_AREA)
    return area * (continuous_points(part.contrast_l, DARKNESS_L) + 4 * part.evenness)


def _mmasi_points(part: ZonePart) -> float:
    return float(area_points(part.share) * _darkness(part))


def _mmasi_continuous(part: ZonePart) -> float:
    return continuous_points(part.share, MASI_AREA) * continuous_points(part.contrast_l, DARKNESS_L)


def _msi_points(part: ZonePart) -> float:
    return float(area_points(part.share, MSI_AREA) * _darkness(part) ** 2)


def _msi_continuous(part: ZonePart) -> float:
    return continuous_points(part.share, MSI_AREA) * continuous_points(part.contrast_l, DARKNESS_L) ** 2


def _darkness(part: ZonePart) -> int:
    return int(np.searchsorted(DARKNESS_L, part.contrast_l, side="right")) if part.share >= _SMALLEST_AREA else 0


def _parts(skin: Skin, marks: PigmentMarks, weights: Mapping[str, float]) -> dict[str, ZonePart]:
    skin, marks = skin.cut(marks.window), marks.cut(marks.window)
    judged = np.isfinite(marks.contrast) & (skin.regions > 0)
    parts = {}
    for name in weights:
        where = _zone(name, skin, marks) & judged
        if np.count_nonzero(where) < FEWEST_PIXELS:
            continue
        inside = marks.contrast[where & marks.mask]
        parts[name] = ZonePart(
            share=float(np.mean(marks.mask[where])),
            contrast_l=float(np.mean(inside)) if inside.size else 0.0,
            evenness=_evenness(marks.mask, where),
        )
    return parts


def _zone(name: str, skin: Skin, marks: PigmentMarks) -> BoolMap:
    """Return a zone; malar zones take under-eyes and, where both halves are in view, half of the nose."""
    codes = skin.regions
    if name in ("forehead", "chin", "nose"):
        return np.equal(codes, Region(name).code)
    right = name.startswith("right")
    own = _MALAR["right_malar" if right else "left_malar"]
    zone = np.isin(codes, [region.code for region in own])
    if marks.on_right is None:
        return zone
    half = marks.on_right if right else ~marks.on_right
    if name in MASI_WEIGHTS:
        return zone | (np.equal(codes, Region.NOSE.code) & half)
    return half & (codes > 0) & ~np.equal(codes, Region.NOSE.code)


def _evenness(mask: BoolMap, where: BoolMap) -> float:
    """Return how far marks lie together: the share of marked neighbours of a marked pixel, above that of the zone."""
    inside = mask & where
    share = float(np.mean(mask[where]))
    pairs = inside[:, 4:] & where[:, :-4]
    if not pairs.any() or share >= 1:
        return float(share >= 1)
    together = float(np.count_nonzero(inside[:, 4:] & inside[:, :-4]) / np.count_nonzero(pairs))
    return float(np.clip((together - share) / (1 - share), 0, 1))


def _finding(
    task: Task, marks: PigmentMarks, parts: Mapping[str, ZonePart], banded: _Points, continuous: _Points
) -> tuple[Finding, ...]:
    if not parts:
        return ()
    weights = MSI_WEIGHTS if task.name == "msi" else MASI_WEIGHTS
    seen = sum(weights[name] for name in parts)
    value = sum(weights[name] * banded(part) for name, part in parts.items()) / seen
    smooth = sum(weights[name] * continuous(part) for name, part in parts.items()) / seen
    missing = [name for name in weights if name not in parts]
    return (
        Finding(
            task=task.name,
            region=Region.FACE,
            value=float(value),
            unit="score",
            detail={
                "continuous": round(float(smooth), 3),
                "parts": {
                    name: {
                        "area_share": round(part.share, 4),
                        "contrast_l": round(part.contrast_l, 2),
                        "evenness": round(part.evenness, 2),
                        "score": round(banded(part), 2),
                        "continuous": round(continuous(part), 3),
                    }
                    for name, part in parts.items()
                },
                "not_seen": missing,
            },
            notes=(Note(text=_NOTE),) if not missing else (Note(text=_NOTE), Note(text=_PARTLY)),
            model=marks.model,
        ),
    )


_NOTE = "Derived by rule from area and contrast. Within a band the score stands still; detail.continuous moves."
_PARTLY = "A part of the score's regions is not in view; the others stand for the whole face."


def _task(
    name: str, title: str, question: str, high: float, reference: str, measure: Callable[..., tuple[Finding, ...]]
) -> Task:
    return Task(
        name=name,
        title=title,
        question=question,
        scale=Measure(unit="score", low=0.0, high=high),
        regions=(Region.FACE,),
        metrics=("mae", "spearman"),
        reference=reference,
        measure=measure,
        needs=("skin", "marks"),
        photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.MATTE),
        section=(TableBlock(), TextBlock()),
        group="pigmentation",
    )


MASI = _task(
    "masi", "Melasma, MASI", "How severe is the melasma by area, darkness and homogeneity?", 48.0,
    "Kimbrough-Green et al., Arch. Dermatol. 130 (1994) 727-733", measure_masi,
)  # fmt: skip
MMASI = _task(
    "mmasi", "Melasma, modified MASI", "How severe is the melasma by area and darkness?", 24.0,
    "Pandya et al., J. Am. Acad. Dermatol. 64 (2011) 78-83", measure_mmasi,
)  # fmt: skip
MSI = _task(
    "msi", "Melasma, MSI", "How severe is the melasma by the melasma severity index?", 64.0,
    "Majid et al., Indian J. Dermatol. 61 (2016) 60-64", measure_msi,
)  # fmt: skip
