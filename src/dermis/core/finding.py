"""What a task found: values at regions, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dermis.core.arrays import FloatMap, hold
from dermis.core.face import Box, Region

__all__ = ["Detection", "Finding", "ValueMap"]

Detail = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing found on the skin, such as a lesion; what was not measured is None.

    size_face_widths: side of the square of the box's area over the width of the face between its cheeks.
    redness: how much redder than the skin around, in the erythema index of the task redness.
    relief: how much more its light and shadow vary than those of the skin around, in 100 x optical density.
    """

    kind: str
    box: Box
    region: Region
    score: float
    size_face_widths: float | None = None
    redness: float | None = None
    relief: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMap:
    """The map behind a finding: `values` (h, w) float32 on the analysed frame, NaN where not measured."""

    values: FloatMap
    unit: str
    low: float
    high: float

    def __post_init__(self) -> None:
        hold(self, "values", dtype=np.float32, shape=(None, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer: a value at a region with its interval (a `level` of 0.9 means 90 %)."""

    task: str
    region: Region
    value: float
    unit: str
    model: str
    label: str = ""
    interval: tuple[float, float] | None = None
    level: float = 0.9
    detail: Detail = field(default_factory=dict)
    items: tuple[Detection, ...] = ()
    evidence: ValueMap | None = None
