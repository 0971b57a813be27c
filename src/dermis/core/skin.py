"""The skin that a task measures: light, place, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold
from dermis.core.face import View

__all__ = ["Skin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """Linear light on the analysed frame with its masks.

    linear: (h, w, 3) float32, linear sRGB, 1 = a perfect white in the same light.
    visible: (h, w) bool, all visible skin of the face. measured: the part of it that tasks use.
    regions: (h, w) uint8 of `Region.code`. left_out: named reasons (specular, shadow, clipped, border, ...)
    with the mask that each took away from `visible`.
    light_known: whether a reference patch fixed the light.
    """

    linear: FloatMap
    visible: BoolMap
    measured: BoolMap
    regions: LabelMap
    left_out: Mapping[str, BoolMap]
    view: View
    light_known: bool

    def __post_init__(self) -> None:
        hold(self, "linear", dtype=np.float32, shape=(None, None, 3))
        for field in ("visible", "measured"):
            hold(self, field, dtype=np.bool_, shape=self.linear.shape[:2])
        hold(self, "regions", dtype=np.uint8, shape=self.linear.shape[:2])
