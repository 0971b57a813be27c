"""Our method on examples: shape and level of a spectrum apart, learnt on examples and drawn tissues together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap
from dermis.spectra.examples import Examples, Predict
from dermis.spectra.regression import products, solve_ridge

__all__ = ["fit_ours"]

Floats = NDArray[np.float64]

LEAST = 1e-4
DEGREE = 4
BLOCK = 65_536


def fit_ours(examples: Examples) -> Predict:
    """Return a polynomial of the fourth degree in the logarithm of the channels, times the level of the pixel.

    The level is the mean of the channels: what remains is the shape, which varies little and smoothly.
    """
    inputs, spectra = examples.inputs.astype(np.float64), examples.spectra.astype(np.float64)
    logs = np.log(np.maximum(inputs, LEAST))
    centre, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-6)

    def features(pixels: Floats) -> tuple[Floats, Floats]:
        scaled = np.clip((np.log(np.maximum(pixels, LEAST)) - centre) / spread, -4.0, 4.0)
        level = np.maximum(pixels, LEAST).mean(axis=1, keepdims=True)
        return products(np.insert(scaled, 0, 1.0, axis=1), DEGREE), level

    seen, level = features(inputs)
    weights = solve_ridge(seen, spectra / level, 1e-5 * len(seen))

    def predict(pixels: FloatMap) -> FloatMap:
        parts = []
        for at in range(0, max(1, len(pixels)), BLOCK):
            here, scale = features(pixels[at : at + BLOCK].astype(np.float64))
            parts.append((here @ weights * scale).astype(np.float32))
        return np.concatenate(parts)

    return predict
