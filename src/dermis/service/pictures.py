"""Maps of an analysis as pictures to lay over the photo, of its shape and small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Face, Photo, Region, ValueMap
from dermis.core.arrays import LabelMap

__all__ = ["Picture", "Placed", "evidence_of", "left_out_of", "pictures_of", "region_names"]

Object = dict[str, Any]
PICTURE_PX = 1024
_LEVELS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A map as a PNG of the photo's shape; `about` says what its colours mean."""

    about: Object
    png: bytes


class Placed:
    """Lays values of the analysed frame on a grid of the photo's shape, nearest pixel."""

    def __init__(self, photo: Photo, face: Face, long_side_px: int) -> None:
        share = min(1.0, long_side_px / max(photo.width_px, photo.height_px))
        self.height, self.width = (max(1, round(side * share)) for side in (photo.height_px, photo.width_px))
        frame = face.frame
        self._rows = self._places(self.height, photo.height_px, frame.y_px, frame.factor)
        self._columns = self._places(self.width, photo.width_px, frame.x_px, frame.factor)
        self._inside = np.ix_(
            (self._rows >= 0) & (self._rows < frame.height), (self._columns >= 0) & (self._columns < frame.width)
        )
        self._kept_rows = self._rows[(self._rows >= 0) & (self._rows < frame.height)]
        self._kept_columns = self._columns[(self._columns >= 0) & (self._columns < frame.width)]

    def __call__(self, values: NDArray[Any], outside: float) -> NDArray[Any]:
        """Return values (h, w) of the frame on the grid, `outside` where there are none."""
        placed = np.full((self.height, self.width), outside, dtype=values.dtype)
        placed[self._inside] = values[np.ix_(self._kept_rows, self._kept_columns)]
        return placed

    @staticmethod
    def _places(count: int, photo_px: int, start_px: int, factor: int) -> NDArray[np.intp]:
        centres = (np.arange(count) + 0.5) * photo_px / count
        return np.floor((centres - start_px) / factor).astype(np.intp)


def evidence_of(analysis: Analysis) -> dict[str, ValueMap]:
    """Return the map of each task that has one."""
    found: dict[str, ValueMap] = {}
    for finding in analysis.findings:
        if finding.evidence is not None:
            found.setdefault(finding.task, finding.evidence)
    return found


def pictures_of(analysis: Analysis, photo: Photo, face: Face) -> tuple[Picture, ...]:
    """Return the maps of tasks, the regions, and what was left out."""
    from dermis.report.formatting import colour_table, map_colours
    from dermis.report.maps import CLEAR_COLOUR, REASONS, REGION_COLOURS
    from dermis.report.pictures import levels_of, palette_png
    from dermis.tasks import TASKS

    placed = Placed(photo, face, PICTURE_PX)
    size = {"width_px": placed.width, "height_px": placed.height}
    pictures = []
    for task, evidence in evidence_of(analysis).items():
        record, levels = TASKS[task], levels_of(placed(evidence.values, np.nan), evidence.low, evidence.high, _LEVELS)
        colours = colour_table([CLEAR_COLOUR, *map_colours(record.colours, _LEVELS)])
        scale = {"unit": evidence.unit, "low": evidence.low, "high": evidence.high}
        about = {"name": task, "title": record.title, **scale, "colours": list(map_colours(record.colours, 16)), **size}
        pictures.append(Picture(about=about, png=palette_png(levels, colours, clear=0)))
    names = region_names()
    labels = [{"index": code, "name": name, "colour": REGION_COLOURS[code]} for code, name in names.items()]
    png = palette_png(placed(face.regions, 0), colour_table(REGION_COLOURS), clear=0)
    pictures.append(Picture(about={"name": "regions", "title": "Regions", "labels": labels, **size}, png=png))
    left_out, reasons = left_out_of(analysis, face)
    if left_out is not None:
        labels = [
            {"index": 1 + place, "name": reason, "colour": REASONS[reason]} for place, reason in enumerate(reasons)
        ]
        table = colour_table([CLEAR_COLOUR, *(REASONS[reason] for reason in reasons)])
        png = palette_png(placed(left_out, 0), table, clear=0)
        pictures.append(Picture(about={"name": "left_out", "title": "Not measured", "labels": labels, **size}, png=png))
    return tuple(pictures)


def left_out_of(analysis: Analysis, face: Face) -> tuple[LabelMap | None, tuple[str, ...]]:
    """Return what was left out, (h, w) uint8 on the frame, 1 + place in the reasons, and the reasons."""
    from dermis.report.maps import REASONS

    if analysis.skin is None:
        return None, ()
    reasons = tuple(reason for reason in REASONS if reason in analysis.skin.excluded)
    codes = np.zeros(face.skin.shape, dtype=np.uint8)
    for place, reason in reversed(list(enumerate(reasons))):
        codes[analysis.skin.excluded[reason]] = 1 + place
    return codes, reasons


@lru_cache(maxsize=1)
def region_names() -> dict[int, str]:
    """Return the names of regions by their code."""
    return {region.code: region.value for region in Region if region is not Region.FACE}
