"""What a task found: values at regions, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.core.face import Box, Region

__all__ = ["Detection", "Finding", "Note", "ValueMap"]

Detail = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing found on the skin, such as a lesion; what was not measured is None.

    size_face_widths: side of the square of the box's area over the width of the face between its cheeks.
    redness: how much redder than the skin around, in the erythema index of reflectance meters.
    relief: how much more its light and shadow vary than those of the skin around, in 100 x optical density.
    contrast: of a brown mark, by how much its L* is lower than that of the skin around.
    """

    kind: str
    box: Box
    region: Region
    score: float
    size_face_widths: float | None = None
    redness: float | None = None
    relief: float | None = None
    contrast: float | None = None


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
class Note:
    """A remark that belongs to a finding, one sentence or two; an urgent one asks for a professional."""

    text: str
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer: a value at a region, how sure it is, and what it rests on.

    label: the class of the value, None where it has none or several are possible. labels: the classes that are
    possible, in the order of the scale. interval: where the true value of this person's skin lies with probability
    `level`, given how the photo was taken; None where nobody has measured that. spread: how uneven the pixels are,
    their 5th and 95th percentile; None where there are no pixels to the value. mask: (h, w) bool on the analysed frame,
    what was found.
    """

    task: str
    region: Region
    value: float
    unit: str
    model: str
    label: str | None = None
    labels: tuple[str, ...] = ()
    interval: tuple[float, float] | None = None
    level: float = 0.9
    spread: tuple[float, float] | None = None
    detail: Detail = field(default_factory=dict)
    items: tuple[Detection, ...] = ()
    notes: tuple[Note, ...] = ()
    evidence: ValueMap | None = None
    mask: BoolMap | None = None
