"""From spectra to the colour that the CIE 1931 observer (2 degrees) sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from dermis.colour.lab import White, xyz_to_lab
from dermis.optics.light import Light, white_xyz
from dermis.optics.light_names import find_light
from dermis.optics.spectral import VISIBLE, Spectrum, band_weights, observer

__all__ = ["lab_under", "to_xyz", "white_of", "xyz_weights"]


def xyz_weights(wavelengths_nm: ArrayLike, light: Light | str | Path = "D65") -> Spectrum:
    """Return (band, 3) weights: `reflectance @ weights` is XYZ under `light`, Y = 1 for the perfect diffuser.

    Integrated on 380-780 nm by 5 nm (CIE 15:2018, 7.1), whatever the grid of the spectra; see `band_weights`.
    """
    power = _as_light(light).power[VISIBLE]
    weights: Spectrum = band_weights(wavelengths_nm, power[:, None] * observer())
    weights /= weights[:, 1].sum()
    return weights


def to_xyz(reflectance: NDArray[Any], wavelengths_nm: ArrayLike, light: Light | str | Path = "D65") -> NDArray[Any]:
    """Return XYZ (..., 3) of reflectance (..., band) under `light`, Y = 1 for the perfect diffuser."""
    xyz: NDArray[Any] = reflectance @ xyz_weights(wavelengths_nm, light).astype(reflectance.dtype)
    return xyz


def lab_under(reflectance: NDArray[Any], wavelengths_nm: ArrayLike, light: Light | str | Path = "D65") -> NDArray[Any]:
    """Return L*a*b* (..., 3) of reflectance (..., band) under `light`, relative to that light's own white.

    A perfect diffuser is L* 100, a* 0, b* 0 under every light; nothing is adapted to another white.
    """
    source = _as_light(light)
    lab: NDArray[Any] = xyz_to_lab(to_xyz(reflectance, wavelengths_nm, source), white_of(source))
    return lab


def white_of(light: Light) -> White:
    """Return the white of `light` as the colour room takes it."""
    x, y, z = (float(value) for value in white_xyz(light))
    return x, y, z


def _as_light(light: Light | str | Path) -> Light:
    return light if isinstance(light, Light) else find_light(light)
