"""The way in from Python: `dermis.analyse` takes a file, a photo or pixels and answers with an analysis to explore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Encoding, Origin, Photo
from dermis.core.arrays import BoolMap, LabelMap
from dermis.errors import UsageError
from dermis.formats.analysis_json import analysis_object
from dermis.formats.images.photo import read_photo
from dermis.pipeline.analyse import analyse as analyse_photo
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.options import AnalyseOptions
from dermis.report.page import notebook_card
from dermis.tasks import TASKS

__all__ = ["Analysed", "analyse"]


class Analysed(Analysis):
    """An analysis with its ways out: a dict, rows for a table, a picture and table in a notebook."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `dermis analyse --json` prints, schema dermis.analysis/2."""
        return analysis_object(self)

    def to_rows(self) -> list[dict[str, object]]:
        """Return one flat dict a finding, such as pandas.DataFrame takes."""
        return [
            {
                "file": self.name,
                "condition": self.condition.value,
                "usable": self.quality.usable,
                "task": finding.task,
                "region": finding.region.value,
                "value": finding.value,
                "unit": finding.unit,
                "label": finding.label,
                "interval_low": None if finding.interval is None else finding.interval[0],
                "interval_high": None if finding.interval is None else finding.interval[1],
                "spread_low": None if finding.spread is None else finding.spread[0],
                "spread_high": None if finding.spread is None else finding.spread[1],
                "model": finding.model,
            }
            for finding in self.findings
        ]

    def _repr_html_(self) -> str:
        return notebook_card(self, TASKS)


def analyse(
    source: str | Path | Photo | NDArray[Any],
    *,
    mask: BoolMap | None = None,
    parts: LabelMap | None = None,
    ambient: str | Path | Photo | None = None,
    **options: Any,  # noqa: ANN401 -- the fields of AnalyseOptions
) -> Analysed:
    """Analyse one photo: a file, a `Photo`, or sRGB pixels (h, w, 3), uint8 or float in [0, 1].

    mask: (h, w) bool of photo size, where to measure. parts: (h, w) uint8 of `SegmentationClass`. ambient: the
    frame without flash of a flash pair; `source` is the one with it. options: what the command line has, by name:
    `tasks="acne,redness"` (or a list of names), `close_up=True`, `reference="40,60,200,150=#767676"`; see
    `dermis.pipeline.options.AnalyseOptions`. A file that cannot be read gives an analysis that says why. Raises
    UsageError for a name that no task or option has and for pixels of another shape.
    """
    asked = _asked(options)
    dark = read_photo(ambient) if isinstance(ambient, str | Path) else ambient
    if isinstance(source, str | Path):
        found = analyse_file(source, asked, mask=mask, parts=parts, ambient=dark)
    else:
        photo = source if isinstance(source, Photo) else _photo_of(np.asarray(source))
        found = analyse_photo(photo, asked, mask=mask, parts=parts, ambient=dark)
    return Analysed(**{field.name: getattr(found, field.name) for field in fields(found)})


def _asked(options: Mapping[str, Any]) -> AnalyseOptions:
    known = [field.name for field in fields(AnalyseOptions)]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise UsageError(f"No option is called {unknown[0]!r}.", advice=f"There are: {', '.join(known)}.")
    named = options.get("tasks")
    if isinstance(named, list | tuple):
        options = {**options, "tasks": ",".join(map(str, named))}
    return AnalyseOptions(**options)


def _photo_of(pixels: NDArray[Any]) -> Photo:
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UsageError(f"Pixels take the shape (h, w, 3), got {pixels.shape}.", advice="Drop an alpha channel first.")
    scaled = pixels.astype(np.float32) / np.float32(255) if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    return Photo(pixels=np.clip(scaled, 0, 1), encoding=Encoding.SRGB, origin=Origin(name="array"))
