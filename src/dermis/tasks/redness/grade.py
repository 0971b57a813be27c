"""redness_grade: the clinician's erythema assessment, 0 to 4 as a real number, with the red areas outlined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import (
    AtlasBlock,
    Box,
    CropFrame,
    CropsBlock,
    Detection,
    FaceLesions,
    Finding,
    MapBlock,
    Note,
    Ordinal,
    PhotoNeed,
    Region,
    Skin,
    TableBlock,
    Task,
    TextBlock,
    ValueMap,
)
from dermis.core.arrays import BoolMap, FloatMap, window_of
from dermis.tasks.redness.redness_map import RednessMap, redness_map, smoothed
from dermis.tasks.region_statistics import FEWEST_PIXELS, region_pixels

__all__ = ["GRADE", "GRADE_AT", "WORDS", "flush_of_skin", "grade_of_flush", "measure_grade"]

MODEL = "redness-grade@1"
WORDS = ("clear", "almost clear", "mild", "moderate", "severe")
"""Grades 0 to 4: clear; almost clear, slight redness; mild, definite; moderate, marked; severe, fiery redness."""
GRADE_AT = ((12.4, 0.0), (16.0, 1.0), (19.6, 2.0), (28.1, 3.0), (41.8, 4.0))
"""Flush and its grade, a line between.

As redness painted on clear faces places them: `dermis evaluate --table redness-grade` prints them again.
"""
REDDEST = 80
"""The flush of a region is the mean excess above this percentile: of its reddest fifth."""
_SMOOTH = 0.01
_SMALLEST = 0.002
"""Red areas smaller than this share of the measured skin are not listed."""
_MOST_ITEMS = 50


def flush_of_skin(skin: Skin) -> float:
    """Return the flush of all measured skin of a face without lesions."""
    excess = smoothed(redness_map(skin).excess, skin.measured, _SMOOTH)
    return _flush(excess[skin.measured])


def _flush(excess: NDArray[np.floating]) -> float:
    """Return the mean of the highest fifth of the excess (n,)."""
    reddest = np.partition(excess, len(excess) * REDDEST // 100)[len(excess) * REDDEST // 100 :]
    return float(np.mean(reddest, dtype=np.float64))


def grade_of_flush(value: float) -> float:
    """Return the grade, 0 to 4 as a real number, of a flush in 100 x green density."""
    return float(np.interp(value, *np.array(GRADE_AT).T))


def measure_grade(skin: Skin, redness_map: RednessMap, lesions: FaceLesions) -> tuple[Finding, ...]:
    """Grade the face and each region without the skin under acne lesions.

    `detail`: `banded`, the whole grade; `flush`; `area_share`, of the region that is red; `lesion_share`, of it that
    lies under acne lesions and was left out. The items of the face are its red areas, the reddest first.
    """
    covered = np.zeros_like(skin.measured) if lesions.covered is None else lesions.covered
    kept = skin.measured & ~covered
    excess = smoothed(redness_map.excess, kept, _SMOOTH)
    items = _areas(redness_map, excess, kept, skin)
    findings = []
    measured = skin.measured
    pixels = np.stack([excess[measured], redness_map.red[measured], covered[measured]], axis=1)
    for region, whole in region_pixels(skin, GRADE.regions, pixels):
        own = whole[whole[:, 2] == 0]
        if len(own) < FEWEST_PIXELS:
            continue
        value = _flush(own[:, 0])
        grade = grade_of_flush(value)
        banded = int(np.floor(grade + 0.5))
        face = region is Region.FACE
        findings.append(
            Finding(
                task=GRADE.name,
                region=region,
                value=grade,
                unit="grade 0-4",
                label=WORDS[banded],
                detail={
                    "banded": banded,
                    "flush": round(value, 2),
                    "area_share": round(np.count_nonzero(own[:, 1]) / len(own), 4),
                    "lesion_share": round(1 - len(own) / len(whole), 4),
                },
                items=items if face else (),
                notes=(_NOTE,) if face else (),
                evidence=_evidence(excess, kept) if face else None,
                mask=redness_map.red if face else None,
                model=MODEL,
            )
        )
    return tuple(findings)


def _evidence(excess: FloatMap, kept: BoolMap) -> ValueMap:
    shown = np.full(excess.shape, np.nan, dtype=np.float32)
    np.copyto(shown, excess, where=kept)
    return ValueMap(values=shown, unit="above calm skin", low=0.0, high=40.0)


def _areas(redness_map: RednessMap, excess: FloatMap, kept: BoolMap, skin: Skin) -> tuple[Detection, ...]:
    """Return the red areas that are larger than a speck; none where nobody knows where the map lies in the photo."""
    from scipy.ndimage import find_objects, label  # late: 40 ms

    red = redness_map.red & kept
    if redness_map.frame is None or not red.any():
        return ()
    window = window_of(red)
    frame, regions_here = _part_of(redness_map.frame, window), skin.regions[window]
    labels = np.asarray(label(red[window])[0], dtype=np.int32)
    pixels = np.bincount(labels.ravel())
    total = np.bincount(labels.ravel(), np.where(red[window], excess[window], 0).ravel().astype(np.float64))
    places = find_objects(labels)
    large = [one for one in range(1, len(pixels)) if pixels[one] >= _SMALLEST * np.count_nonzero(kept)]
    large.sort(key=lambda one: -total[one])
    width = np.sqrt(np.count_nonzero(skin.measured))
    regions = list(Region)
    return tuple(
        Detection(
            kind="red area",
            box=_box(places[one - 1], frame),
            region=regions[int(np.bincount(regions_here[places[one - 1]][labels[places[one - 1]] == one]).argmax())],
            score=float(np.clip(total[one] / pixels[one] / GRADE_AT[-1][0], 0, 1)),
            size_face_widths=float(np.sqrt(pixels[one]) / width),
            redness=float(total[one] / pixels[one]),
        )
        for one in large[:_MOST_ITEMS]
    )


def _part_of(frame: CropFrame, window: tuple[slice, slice]) -> CropFrame:
    rows, columns = window
    return CropFrame(
        x_px=frame.x_px + columns.start * frame.factor,
        y_px=frame.y_px + rows.start * frame.factor,
        width=columns.stop - columns.start,
        height=rows.stop - rows.start,
        factor=frame.factor,
    )


def _box(place: tuple[slice, ...], frame: CropFrame) -> Box:
    rows, columns = place
    return Box(
        x_px=float(frame.x_px + columns.start * frame.factor),
        y_px=float(frame.y_px + rows.start * frame.factor),
        width_px=float((columns.stop - columns.start) * frame.factor),
        height_px=float((rows.stop - rows.start) * frame.factor),
    )


def _weight(item: Detection) -> float:
    return (item.redness or 0.0) * (item.size_face_widths or 0.0) ** 2


_NOTE = Note(
    text="The grade is that of made faces of the same redness; no clinician's grades were learnt from. Redness is told "
    "against the person's own calm skin: a face that is red all over reads too low."
)

GRADE = Task(
    name="redness_grade",
    title="Redness, grade",
    question="How marked is the redness of the face, from clear to severe?",
    scale=Ordinal(lowest=0.0, highest=4.0, names=WORDS),
    regions=tuple(Region),
    metrics=("mae", "quadratic_kappa", "spearman"),
    reference="Clinician's erythema assessment, 0 to 4 (Tan et al., J. Am. Acad. Dermatol. 71 (2014) 760-763; the rule "
    "is ours)",
    measure=measure_grade,
    mask_of="redness",
    photo_needs=(PhotoNeed.EVEN_LIGHT, PhotoNeed.SIGNAL),
    needs=("skin", "redness_map", "lesions"),
    section=(
        MapBlock(),
        TableBlock(title="Region by region"),
        AtlasBlock(title="Beside made faces of the nearest grades"),
        CropsBlock(title="The red areas that weigh most", rank=_weight, name=lambda item: item.kind.capitalize()),
        TextBlock(),
    ),
    colours=("#fff8cf", "#fdc861", "#f08138", "#c33733", "#650f3d"),
)
