"""A spectral cube."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, hold

__all__ = ["Cube", "Quantity"]


class Quantity(StrEnum):
    """What a value of a cube is."""

    REFLECTANCE = "reflectance"
    RADIANCE = "radiance"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """`values` (h, w, band) float32 at `wavelengths_nm` (band,), increasing."""

    values: FloatMap
    wavelengths_nm: NDArray[np.float64]
    quantity: Quantity

    def __post_init__(self) -> None:
        hold(self, "values", dtype=np.float32, shape=(None, None, None))
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(self.values.shape[2],))
        if np.any(np.diff(self.wavelengths_nm) <= 0):
            raise ValueError("Cube.wavelengths_nm must increase.")
