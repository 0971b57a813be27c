"""The angle between spectra: their shape apart from how bright they are."""

from __future__ import annotations

from typing import Any, TypeAlias

from array_api_compat import array_namespace

__all__ = ["spectral_angle_rad"]

# An array of any library that array-api-compat knows. The standard has no static type to name here.
Array: TypeAlias = Any


def spectral_angle_rad(target: Array, predicted: Array) -> Array:
    """Return the spectral angle in [0, pi] between spectra (..., band) that broadcast, as (...).

    pi/2 where one is zero throughout, 0 where both are. Its slope is finite everywhere, 0 between equal shapes. Taken
    from the half chords, since the arc cosine of the scalar product loses all small angles (Kahan 2006).
    Kruse et al., Remote Sens. Environ. 44 (1993) 145-163.
    """
    xp = array_namespace(target, predicted)
    if target.shape[-1:] != predicted.shape[-1:]:
        raise ValueError(f"Spectra of {tuple(target.shape)} and {tuple(predicted.shape)} do not fit.")
    one, other = _direction(target), _direction(predicted)
    across, along = _length(one - other), _length(one + other)
    neither = (across == 0) & (along == 0)
    return 2 * xp.atan2(across, xp.where(neither, xp.ones_like(along), along))


def _direction(spectrum: Array) -> Array:
    xp = array_namespace(spectrum)
    # By the largest value first, so that no square runs over or under.
    largest = xp.max(xp.abs(spectrum), axis=-1, keepdims=True)
    scaled = spectrum / xp.where(largest > 0, largest, xp.ones_like(largest))
    size = _length(scaled)[..., None]
    return scaled / xp.where(size > 0, size, xp.ones_like(size))


def _length(vector: Array) -> Array:
    """Return the length, with slope 0 at 0."""
    xp = array_namespace(vector)
    squared = xp.sum(vector * vector, axis=-1)
    some = squared > 0
    return xp.where(some, xp.sqrt(xp.where(some, squared, xp.ones_like(squared))), xp.zeros_like(squared))
