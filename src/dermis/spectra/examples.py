"""Pixels whose spectra are known: what every method learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, hold

__all__ = ["Examples", "Predict"]

Predict = Callable[[FloatMap], FloatMap]
"""Pixels (n, c) float32 to spectra (n, band) float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """`inputs` (n, c) float32 pixels, linear in light, with the `spectra` (n, band) float32 they show.

    wavelengths_nm: (band,) float64, increasing. response: (band, c) float64 where camera and light are known, such
    that `spectra @ response` is the pixel; None where they are not.
    """

    inputs: FloatMap
    spectra: FloatMap
    wavelengths_nm: NDArray[np.float64]
    response: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        hold(self, "inputs", dtype=np.float32, shape=(None, None))
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(None,))
        bands = len(self.wavelengths_nm)
        hold(self, "spectra", dtype=np.float32, shape=(len(self.inputs), bands))
        if self.response is not None:
            hold(self, "response", dtype=np.float64, shape=(bands, self.inputs.shape[1]))
        if not len(self.inputs):
            raise ValueError("A method needs at least one example.")
