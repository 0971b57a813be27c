"""Where the skin changed between two visits: a map of the second laid on the first, and what is more or less there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Analysis, CropFrame, Face, Photo, Region, ValueMap
from dermis.core.arrays import FloatMap
from dermis.errors import InputError
from dermis.pipeline.alignment import Alignment, align
from dermis.pipeline.longitudinal import SAME_SKIN

__all__ = ["DifferenceMap", "difference_between"]

_STEP = 8
_LEAST_COMMON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceMap:
    """What a task's map gained from the first visit to the second, on the first one's frame.

    values: (h, w) float32, second less first less `level`, NaN where one of them was not measured. level: the median
    of second less first, which light and camera change as much as skin does. regions: the mean of `values` by region.
    off_face_widths: how far off a place may come out, 1 sigma. textured: share of places that the skin confirmed.
    """

    task: str
    unit: str
    before: str
    after: str
    values: FloatMap
    frame: CropFrame
    level: float
    regions: dict[str, float]
    off_face_widths: float
    textured: float


def difference_between(before: Analysis, after: Analysis, task: str) -> DifferenceMap:
    """Lay the map of a task at the second visit on that of the first, and take one from the other.

    Raises InputError for photos that cannot be compared, two people, or a task without a map.
    """
    (photo, face, mine), (other_photo, other_face, theirs) = _parts(before, task), _parts(after, task)
    laid = align(photo, face, other_photo, other_face)
    if laid.textured < SAME_SKIN:
        raise InputError(
            f"The fine structure of the skin in {before.name} and {after.name} does not match: they show two people, "
            "or one of them is blurred, made up, or lit very differently.",
            advice="Compare sharp photos of one person, from the same side and in the same light.",
        )
    gained = _carried(theirs.values, face.frame, other_face.frame, laid) - mine.values
    known = np.isfinite(gained)
    if np.count_nonzero(known) < _LEAST_COMMON:
        raise InputError(
            f"{before.name} and {after.name} have hardly any measured skin in common.",
            advice="Compare photos from the same side.",
        )
    level = float(np.median(gained[known]))
    values = (gained - np.float32(level)).astype(np.float32)
    regions = {}
    for region in Region:
        here = known & (face.regions == region.code) if region is not Region.FACE else known
        if here.any():
            regions[region.value] = float(values[here].mean())
    return DifferenceMap(
        task=task,
        unit=mine.unit,
        before=before.name,
        after=after.name,
        values=values,
        frame=face.frame,
        level=level,
        regions=regions,
        off_face_widths=laid.off_face_widths,
        textured=laid.textured,
    )


def _parts(analysis: Analysis, task: str) -> tuple[Photo, Face, ValueMap]:
    held = [one.evidence for one in analysis.findings if one.task == task and isinstance(one.evidence, ValueMap)]
    if analysis.photo is None or analysis.face is None:
        reasons = "; ".join(problem.message for problem in analysis.quality.problems)
        raise InputError(f"{analysis.name} cannot be compared: {reasons}", advice="Take a photo that can be measured.")
    if not held:
        raise InputError(f"{analysis.name} has no map of {task}.", advice="Try melanin, redness or pigmentation_grade.")
    return analysis.photo, analysis.face, held[0]


def _carried(values: FloatMap, frame: CropFrame, other: CropFrame, laid: Alignment) -> FloatMap:
    """Return a map on `other` as seen from `frame`, NaN where that is not measured."""
    from scipy.ndimage import map_coordinates  # late: a tenth of a second

    rows, columns = (np.arange(0, size + _STEP, _STEP, dtype=np.float64) for size in (frame.height, frame.width))
    x, y = np.meshgrid((columns + 0.5) * frame.factor + frame.x_px, (rows + 0.5) * frame.factor + frame.y_px)
    places = laid.moved(np.stack([x, y], axis=-1).reshape(-1, 2)).reshape(*x.shape, 2)
    there = ((places - (other.x_px, other.y_px)) / other.factor) - 0.5
    # The way is smooth: between every eighth pixel it is straight.
    at = np.stack(np.meshgrid(np.arange(frame.height), np.arange(frame.width), indexing="ij")) / _STEP
    x_there, y_there = (map_coordinates(there[..., axis], at, order=1, mode="nearest") for axis in (0, 1))
    seen: FloatMap = map_coordinates(
        values, np.stack([y_there, x_there]), order=1, mode="constant", cval=np.nan
    ).astype(np.float32)
    return seen
