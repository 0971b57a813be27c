"""The skin that a task measures: light, place, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold
from dermis.core.face import View

__all__ = ["Skin", "ToneEstimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneEstimate:
    """The colour of a face's skin under D65, freed of light and camera as far as a photo allows.

    lab: (3,) CIELAB. measured_lab: (3,), the same skin as photographed. ita_scale_deg: the usual size of the error of
    its ITA, in photos that tell as much. measured_as: the name under which errors of such estimates were measured.
    """

    lab: NDArray[np.float64]
    measured_lab: NDArray[np.float64]
    ita_scale_deg: float
    measured_as: str = "unknown"

    def __post_init__(self) -> None:
        for name in ("lab", "measured_lab"):
            hold(self, name, dtype=np.float64, shape=(3,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """Linear light on the analysed frame with its masks.

    linear: (h, w, 3) float32, linear sRGB, 1 = a perfect white in the same light.
    visible: (h, w) bool, all visible skin of the face. measured: the part of it that tasks use.
    regions: (h, w) uint8 of `Region.code`. excluded: named reasons (specular, shadow, clipped, border, ...)
    with the mask that each took away from `visible`; facial_hair lies beside it, as it hides skin.
    light_known: whether the light was fixed; light_by: by what, in words. tone: what the photo tells
    of the true colour, if anything. measured_as: the name under which errors of such photos were measured.
    """

    linear: FloatMap
    visible: BoolMap
    measured: BoolMap
    regions: LabelMap
    excluded: Mapping[str, BoolMap]
    view: View
    light_known: bool
    tone: ToneEstimate | None = None
    light_by: str = "A patch or chart of known colours"
    measured_as: str = "unknown"

    def __post_init__(self) -> None:
        hold(self, "linear", dtype=np.float32, shape=(None, None, 3))
        for field in ("visible", "measured"):
            hold(self, field, dtype=np.bool_, shape=self.linear.shape[:2])
        hold(self, "regions", dtype=np.uint8, shape=self.linear.shape[:2])

    def cut(self, window: tuple[slice, slice]) -> Skin:
        """Return the skin in some rows and columns of the frame."""
        maps = {name: getattr(self, name)[window] for name in ("linear", "visible", "measured", "regions")}
        return replace(self, **maps, excluded={name: mask[window] for name, mask in self.excluded.items()})
