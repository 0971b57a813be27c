"""Shared by the colour formulas: one code for numpy arrays and torch tensors.

Every function here and beside takes floating-point arrays and gives back the same kind of array, of the same
dtype, on the same device. Nothing is written in place, and every gradient is finite, also where a formula
has a corner: at black, on greys, between two equal colours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dermis.settings import read_settings

__all__ = ["Array", "angle", "array_namespace", "constant", "in_blocks", "length", "namespace", "root"]

# An array of any library that array-api-compat knows. The standard has no static type to name here.
Array: TypeAlias = Any

# Squared length under which a vector counts as zero: far below what an eye or a camera tells apart, and far
# enough from zero that slopes, which grow with the inverse of the length, stay usable.
_ZERO = 1e-16


def array_namespace(*arrays: Array) -> Any:  # noqa: ANN401 -- a module has no narrower type
    """Return the module whose functions take these arrays; numpy itself, which follows the standard, for its own."""
    if all(isinstance(one, np.ndarray | np.generic) for one in arrays):
        return np
    import array_api_compat  # late: 0.1 s, most of it for a copy of numpy's names

    return array_api_compat.array_namespace(*arrays)


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
    if isinstance(like, np.ndarray | np.generic):
        return np.asarray(values, dtype=like.dtype)
    from array_api_compat import device  # late, as above

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


_BLOCK = 16_384  # colours: what is in between stays in the processor's cache
_MANY = 16 * _BLOCK  # colours that are worth a second thread
_MOST_THREADS = 8


def in_blocks(formula: Callable[..., NDArray[Any]], *colours: NDArray[Any], to_colours: bool = False) -> NDArray[Any]:
    """Return formula (n, 3), ... -> (n,) of numpy arrays (..., 3) that broadcast, block by block, many on threads.

    to_colours: the formula answers (n, 3).
    """
    shape = np.broadcast_shapes(*(one.shape for one in colours))
    dtype = np.result_type(*colours)
    flat = [np.broadcast_to(one, shape).reshape(-1, 3) for one in colours]
    found = np.empty(shape if to_colours else shape[:-1], dtype=dtype)
    out = found.reshape((-1, 3) if to_colours else -1)

    def fill(start: int) -> None:
        part = slice(start, start + _BLOCK)
        out[part] = formula(*(one[part].astype(dtype, copy=False) for one in flat))

    starts = range(0, len(out), _BLOCK)
    threads = 1 if len(out) < _MANY else read_settings().threads or min(_MOST_THREADS, os.cpu_count() or 1)
    if threads == 1:
        for start in starts:
            fill(start)
        return found[()]
    from concurrent.futures import ThreadPoolExecutor  # late: 10 ms

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, starts))
    return found
