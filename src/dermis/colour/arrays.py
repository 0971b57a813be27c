"""Shared by the colour formulas: one code for numpy arrays and torch tensors.

Every function here and beside takes floating-point arrays and gives back the same kind of array, of the same
dtype, on the same device. Nothing is written in place, and every gradient is finite, also where a formula
has a corner: at black, on greys, between two equal colours.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, device

__all__ = ["Array", "angle", "constant", "length", "namespace", "root"]

# An array of any library that array-api-compat knows. The standard has no static type to name here.
Array: TypeAlias = Any

# Squared length under which a vector counts as zero: far below what an eye or a camera tells apart, and far
# enough from zero that slopes, which grow with the inverse of the length, stay usable.
_ZERO = 1e-16


def namespace(*colours: Array) -> Any:  # noqa: ANN401 -- a module has no narrower type
    """Return the array namespace of `colours`, each (..., 3) and floating point.

    Raises ValueError for integers (a dtype carries no meaning here) and for a last axis that is not 3.
    """
    xp = array_namespace(*colours)
    for colour in colours:
        if not xp.isdtype(colour.dtype, "real floating"):
            raise ValueError(f"Colour takes floating-point values, got {colour.dtype}.")
        if colour.ndim == 0 or colour.shape[-1] != 3:
            raise ValueError(f"Colour takes three channels on the last axis, got {tuple(colour.shape)}.")
    return xp


def constant(values: object, like: Array) -> Array:
    """Return `values` as an array of the kind, dtype and device of `like`."""
    own = np.array(values)  # torch takes no read-only memory
    return array_namespace(like).asarray(own, dtype=like.dtype, device=device(like))


def root(x: Array) -> Array:
    """Return the square root, 0 for x <= 0, where its gradient is 0 too."""
    xp = array_namespace(x)
    positive = x > 0
    return xp.where(positive, xp.sqrt(xp.where(positive, x, 1.0)), 0.0)


def length(x: Array, y: Array) -> Array:
    """Return the length of (x, y); 0 with gradient 0 where both vanish."""
    xp = array_namespace(x, y)
    square = x * x + y * y
    return root(xp.where(square > _ZERO, square, 0.0))


def angle(y: Array, x: Array) -> Array:
    """Return atan2(y, x) in radians; 0 with gradient 0 where both vanish."""
    xp = array_namespace(y, x)
    directed = x * x + y * y > _ZERO
    return xp.atan2(xp.where(directed, y, 0.0), xp.where(directed, x, 1.0))
