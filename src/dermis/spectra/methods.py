"""Methods that reconstruct spectra from pixels, by name, for comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, hold
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.populations import from_normal, to_normal
from dermis.optics.tissue import RANGES, Tissue

__all__ = [
    "METHODS",
    "Examples",
    "Method",
    "Predict",
    "by_least_squares",
    "fit_linear",
    "fit_mean",
    "fit_nearest",
    "fit_ours",
    "fit_pca_ridge",
    "fit_physics",
    "fit_polynomial",
    "fit_root_polynomial",
    "products",
    "solve_ridge",
]

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


REGRESSION_BLOCK = 65_536  # pixels at once: bounds the memory of features
COMPONENTS = 6
NEIGHBOURS = 5
SMALLEST_RIDGE = 1e-12  # ridge that keeps one example alone solvable


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
    ridge = 1e-4 * float(inputs.var(axis=0).mean()) * len(inputs) + SMALLEST_RIDGE
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
            predict(inputs[at : at + REGRESSION_BLOCK].astype(np.float64)).astype(np.float32)
            for at in range(0, max(1, len(inputs)), REGRESSION_BLOCK)
        ]
        return np.concatenate(parts)

    return run


Floats = NDArray[np.float64]

LEAST = 1e-4
DEGREE = 4
LOG_BLOCK = 65_536


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
        for at in range(0, max(1, len(pixels)), LOG_BLOCK):
            here, scale = features(pixels[at : at + LOG_BLOCK].astype(np.float64))
            parts.append((here @ weights * scale).astype(np.float32))
        return np.concatenate(parts)

    return predict


DRAWS, SEED = 4000, 0
SPECULAR_SHARE = 0.5
SOUGHT = ("melanosome_fraction", "blood_fraction", "scattering_per_cm", "baseline_scale", "mie_power")
INVERSE_BLOCK = 16_384


def fit_physics(examples: Examples) -> Predict:
    """Return the spectra of the tissues that pixels most probably show; see the module."""
    grid = examples.wavelengths_nm
    response = examples.response if examples.response is not None else _response_of(examples)
    spectra, positions = _drawn(tuple(grid))
    pixels = spectra @ response
    features = _features(pixels)
    weights = solve_ridge(features, positions, 1e-6 * len(features))

    def predict(inputs: FloatMap) -> FloatMap:
        parts = []
        for at in range(0, max(1, len(inputs)), INVERSE_BLOCK):
            found = np.clip(_features(inputs[at : at + INVERSE_BLOCK].astype(np.float64)) @ weights, -8.0, 8.0)
            values = {name: from_normal(RANGES[name], found[:, k]) for k, name in enumerate(SOUGHT)}
            spectra = reflectance(Tissue(**values), grid, specular_share=SPECULAR_SHARE)
            parts.append(np.asarray(spectra, dtype=np.float32))
        return np.concatenate(parts)

    return predict


@cache
def _drawn(wavelengths_nm: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return drawn tissues as spectra (n, band) and as positions (n, sought) on the scale of the population."""
    drawn = draw(DRAWS, SEED)
    positions = np.stack([to_normal(RANGES[name], getattr(drawn, name)) for name in SOUGHT], axis=1)
    return reflectance(drawn, wavelengths_nm, specular_share=SPECULAR_SHARE), positions


def _features(pixels: Floats) -> Floats:
    logs = np.log(np.maximum(pixels, LEAST))
    return products(np.insert(logs, 0, 1.0, axis=1), 3)


def _response_of(examples: Examples) -> Floats:
    """Return the (band, c) response, none negative, that explains the examples best."""
    from scipy.optimize import nnls  # late: only this method needs it

    spectra = examples.spectra.astype(np.float64)
    smooth = np.diff(np.eye(spectra.shape[1]), 2, axis=0) * np.sqrt(1e-3 * len(spectra))
    system = np.concatenate([spectra, smooth])
    columns = [
        nnls(system, np.concatenate([channel, np.zeros(len(smooth))]))[0]
        for channel in examples.inputs.astype(np.float64).T
    ]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way from pixels to spectra: `fit(examples)` returns what predicts; `about` is one line for tables."""

    name: str
    about: str
    fit: Callable[[Examples], Predict]


_METHODS = (
    Method(name="mean", about="mean spectrum of the examples", fit=fit_mean),
    Method(name="linear", about="least squares on the channels and a constant", fit=fit_linear),
    Method(name="polynomial", about="least squares on products of up to three channels", fit=fit_polynomial),
    Method(name="root_polynomial", about="the same on their roots, free of exposure", fit=fit_root_polynomial),
    Method(name="pca_ridge", about="ridge to six principal components", fit=fit_pca_ridge),
    Method(name="nearest", about="mean of the five nearest examples", fit=fit_nearest),
    Method(name="physics", about="most probable tissue, then its spectrum; no example's spectrum", fit=fit_physics),
    Method(name="ours", about="examples and drawn tissues together, shape and level apart", fit=fit_ours),
)
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _METHODS})
"""Every pixel method by name."""
