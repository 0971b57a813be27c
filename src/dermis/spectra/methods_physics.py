"""The physical inverse as a method: pixel to chromophores, chromophores to spectrum.

Pixels are inverted by a polynomial that was learnt on drawn tissues (`optics.population`) as the camera sees them;
the examples lend no spectrum, they only tell how the camera sees where that is not known.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap
from dermis.optics.forward import reflectance
from dermis.optics.population import draw, from_normal, to_normal
from dermis.optics.tissue import RANGES, Tissue
from dermis.spectra.examples import Examples, Predict
from dermis.spectra.regression import products, solve_ridge

__all__ = ["fit_physics"]

Floats = NDArray[np.float64]

DRAWS, SEED = 4000, 0
SPECULAR_SHARE = 0.5
SOUGHT = ("melanosome_fraction", "blood_fraction", "scattering_per_cm", "baseline_scale", "mie_power")
LEAST = 1e-4
BLOCK = 16_384


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
        for at in range(0, max(1, len(inputs)), BLOCK):
            found = np.clip(_features(inputs[at : at + BLOCK].astype(np.float64)) @ weights, -8.0, 8.0)
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
