"""Regressions from pixels to spectra: the simple methods every other is held against."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap
from dermis.spectra.examples import Examples, Predict

__all__ = [
    "by_least_squares",
    "fit_linear",
    "fit_mean",
    "fit_nearest",
    "fit_pca_ridge",
    "fit_polynomial",
    "fit_root_polynomial",
    "products",
    "solve_ridge",
]

Floats = NDArray[np.float64]
BLOCK = 65_536  # pixels at once: bounds the memory of features
COMPONENTS = 6
NEIGHBOURS = 5
LEAST = 1e-12  # ridge that keeps one example alone solvable


def fit_mean(examples: Examples) -> Predict:
    """Return the mean spectrum of the examples, whatever the pixel: what a prior alone gives."""
    mean = examples.spectra.mean(axis=0)
    return lambda inputs: np.tile(mean, (len(inputs), 1))


def fit_linear(examples: Examples) -> Predict:
    """Return the least-squares line from the channels and a constant."""
    return by_least_squares(examples, lambda inputs: np.insert(inputs, 0, 1.0, axis=1))


def fit_polynomial(examples: Examples) -> Predict:
    """Return least squares on all products of up to three channels."""
    return by_least_squares(examples, lambda inputs: products(np.insert(inputs, 0, 1.0, axis=1), 3))


def fit_root_polynomial(examples: Examples) -> Predict:
    """Return least squares on the cube roots of all products of three channels (Finlayson 2015).

    With the exposure of a pixel, its spectrum is multiplied by the same number: for photos of unknown exposure.
    """
    return by_least_squares(examples, lambda inputs: np.cbrt(products(np.maximum(inputs, 0.0), 3)))


def fit_pca_ridge(examples: Examples) -> Predict:
    """Return ridge regression from the channels to the six first principal components of the spectra.

    The ridge is a ten-thousandth of the mean variance of a channel.
    """
    spectra = examples.spectra.astype(np.float64)
    mean = spectra.mean(axis=0)
    _, _, axes = np.linalg.svd(spectra - mean, full_matrices=False)
    basis = axes[:COMPONENTS]
    inputs = examples.inputs.astype(np.float64)
    centre = inputs.mean(axis=0)
    scores = (spectra - mean) @ basis.T
    ridge = 1e-4 * float(inputs.var(axis=0).mean()) * len(inputs) + LEAST
    weights = solve_ridge(inputs - centre, scores, ridge) @ basis
    return _in_blocks(lambda pixels: (pixels - centre) @ weights + mean)


def fit_nearest(examples: Examples) -> Predict:
    """Return the mean spectrum of the five examples whose channels are nearest, after scaling to equal spread."""
    from scipy.spatial import cKDTree  # late: only this method needs it

    spread = np.maximum(examples.inputs.std(axis=0), 1e-6)
    tree = cKDTree(examples.inputs / spread)
    count = min(NEIGHBOURS, len(examples.inputs))

    def predict(inputs: Floats) -> Floats:
        _, near = tree.query(inputs / spread, k=range(1, count + 1))
        return np.asarray(examples.spectra[near].mean(axis=1), dtype=np.float64)

    return _in_blocks(predict)


def by_least_squares(examples: Examples, features: Callable[[Floats], Floats]) -> Predict:
    """Return least squares on `features` of the channels, with just enough ridge to be well posed."""
    seen = features(examples.inputs.astype(np.float64))
    ridge = 1e-9 * float(np.square(seen).sum(axis=0).mean())
    weights = solve_ridge(seen, examples.spectra.astype(np.float64), ridge)
    return _in_blocks(lambda inputs: features(inputs) @ weights)


def solve_ridge(inputs: Floats, targets: Floats, ridge: float) -> Floats:
    """Return (feature, target) weights of least squares with `ridge` on the squared weights."""
    curvature = inputs.T @ inputs + ridge * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(curvature, inputs.T @ targets), dtype=np.float64)


def products(columns: Floats, degree: int) -> Floats:
    """Return (n, k): all products of `degree` of the `columns` (n, c), repeats allowed."""
    chosen = combinations_with_replacement(range(columns.shape[1]), degree)
    return np.stack([columns[:, list(which)].prod(axis=1) for which in chosen], axis=1)


def _in_blocks(predict: Callable[[Floats], Floats]) -> Predict:
    def run(inputs: FloatMap) -> FloatMap:
        parts = [
            predict(inputs[at : at + BLOCK].astype(np.float64)).astype(np.float32)
            for at in range(0, max(1, len(inputs)), BLOCK)
        ]
        return np.concatenate(parts)

    return run
