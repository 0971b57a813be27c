"""Brown marks on a face: the numbers between the map of melanin and the tasks that grade it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.core.finding import Detection

__all__ = ["MARK_KINDS", "PigmentMarks"]

MARK_KINDS = ("freckle", "lentigo", "patch")
"""What a brown mark can be, by its size: up to 3 mm, up to 10 mm, larger, on a face of 140 mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PigmentMarks:
    """The brown marks of one face, on the analysed frame.

    chance: (h, w) float32, 0 to 1, how likely each pixel lies in a mark; NaN where the skin was not judged. contrast:
    (h, w) float32, by how much melanin makes L* lower than on the clear skin around; 0 outside of marks, NaN likewise.
    weight: (h, w) float32, what each pixel adds to the grade, in L*, NaN likewise. mask: (h, w) bool, the marks.
    on_right: (h, w) bool, the person's right half; None where one side is in view. items: the marks, those that weigh
    most first; `kind` is one of `MARK_KINDS`. model: name and version of the rules.
    """

    chance: FloatMap
    contrast: FloatMap
    weight: FloatMap
    mask: BoolMap
    on_right: BoolMap | None
    items: tuple[Detection, ...]
    model: str

    def __post_init__(self) -> None:
        hold(self, "contrast", dtype=np.float32, shape=(None, None))
        hold(self, "chance", dtype=np.float32, shape=self.contrast.shape)
        hold(self, "weight", dtype=np.float32, shape=self.contrast.shape)
        hold(self, "mask", dtype=np.bool_, shape=self.contrast.shape)
        if self.on_right is not None:
            hold(self, "on_right", dtype=np.bool_, shape=self.contrast.shape)
