"""Skin to spectrum, fast: a million spectra of 61 bands in well under a minute, with exact slopes.

Beside the Monte Carlo reference (`montecarlo`) its figures stand in docs/concepts/tissue.md.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from array_api_compat import is_array_api_obj, is_numpy_array
from numpy.typing import ArrayLike

from dermis.optics.emulator import diffuse_share, features
from dermis.optics.tissue import PARAMETERS, Array, OpticalProperties, Tissue, optical_properties

__all__ = ["reflectance", "surface_reflectance", "two_layer_features"]

POINTS = 1 << 18  # spectra times bands at once: bounds the memory and keeps to the processor's cache


def reflectance(tissue: Tissue, wavelengths_nm: ArrayLike, *, specular_share: Array = 1.0) -> Array:
    """Return the reflectance (..., band) of `tissue` (...) at `wavelengths_nm` (band,), in (0, 1).

    The light falls straight in and all that comes back is gathered, as an integrating sphere does.
    specular_share (...): how much of the light that the surface itself sends back is gathered: 1 with the
    specular component included, 0 with it excluded or behind crossed polarisers.
    Runs on numpy arrays and torch tensors alike, in their precision, and differentiates there.
    Raises ValueError outside 350-1000 nm.
    """
    values = {name: getattr(tissue, name) for name in PARAMETERS} | {"specular_share": specular_share}
    arrays = {name: value for name, value in values.items() if is_array_api_obj(value)}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    rows = max(1, POINTS // max(1, math.prod(shape[1:]) * np.size(wavelengths_nm)))
    if not shape or shape[0] <= rows or not all(map(is_numpy_array, arrays.values())):
        return _reflectance(tissue, wavelengths_nm, specular_share)
    sliced = {name: value for name, value in arrays.items() if value.ndim == len(shape) and len(value) > 1}
    parts = []
    for at in range(0, shape[0], rows):
        here = {name: value[at : at + rows] for name, value in sliced.items()}
        gathered = here.pop("specular_share", specular_share)
        parts.append(_reflectance(replace(tissue, **here), wavelengths_nm, gathered))
    return np.concatenate(parts)


def surface_reflectance(refractive_index: Array) -> Array:
    """Return what a smooth surface sends back at normal incidence from air (Fresnel)."""
    return ((refractive_index - 1.0) / (refractive_index + 1.0)) ** 2


def two_layer_features(found: OpticalProperties) -> Array:
    """Return the emulator's inputs (..., band, 5) for the coefficients of both layers."""
    return features(
        found.epidermis_mu_a_per_cm * found.epidermis_cm,
        found.reduced_scattering_per_cm * found.epidermis_cm,
        found.dermis_mu_a_per_cm / found.reduced_scattering_per_cm,
        found.refractive_index,
        found.anisotropy,
    )


def _reflectance(tissue: Tissue, wavelengths_nm: ArrayLike, specular_share: Array) -> Array:
    found = optical_properties(tissue, wavelengths_nm)
    share = diffuse_share(two_layer_features(found))
    surface = surface_reflectance(found.refractive_index)
    gathered = specular_share[..., None] if is_array_api_obj(specular_share) else specular_share
    return gathered * surface + (1.0 - surface) * share
