"""Skin to spectrum, fast: a million spectra of 61 bands in well under a minute, with exact slopes.

Beside the Monte Carlo reference (`montecarlo`) its figures stand in docs/concepts/tissue.md.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from dermis.optics.emulator import Array, diffuse_share, features
from dermis.optics.tissue import OpticalProperties, Tissue, optical_properties

__all__ = ["reflectance", "surface_reflectance", "two_layer_features"]


def reflectance(tissue: Tissue, wavelengths_nm: ArrayLike, *, specular_share: Array = 1.0) -> Array:
    """Return the reflectance (..., band) of `tissue` (...) at `wavelengths_nm` (band,), in (0, 1).

    The light falls straight in and all that comes back is gathered, as an integrating sphere does.
    specular_share (...): how much of the light that the surface itself sends back is gathered: 1 with the
    specular component included, 0 with it excluded or behind crossed polarisers.
    Runs on numpy arrays and torch tensors alike, in their precision, and differentiates there.
    """
    found = optical_properties(tissue, wavelengths_nm)
    share = diffuse_share(two_layer_features(found))
    surface = surface_reflectance(found.refractive_index)
    gathered = specular_share if isinstance(specular_share, float | int) else specular_share[..., None]
    return gathered * surface + (1.0 - surface) * share


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
