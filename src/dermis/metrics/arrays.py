"""Checks of the arrays that metrics take."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Floats", "columns", "pair", "ratio", "table"]

Floats = NDArray[np.float64]


def columns(**named: ArrayLike) -> tuple[Floats, ...]:
    """Return arrays (n,) of float64, equally long, n >= 1 and without NaN; ValueError names the one that is not."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in named.items()}
    first, *others = arrays
    for name, array in arrays.items():
        if array.ndim != 1 or not array.size:
            raise ValueError(f"{name} takes (n,) with n >= 1, got {array.shape}.")
        if np.isnan(array).any():
            raise ValueError(f"{name} holds NaN; leave out what is not known.")
    for name in others:
        if arrays[name].shape != arrays[first].shape:
            raise ValueError(f"{name} {arrays[name].shape} is not as long as {first} {arrays[first].shape}.")
    return tuple(arrays.values())


def pair(target: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    """Return what is true and what was said as (n,) float64 each."""
    target, predicted = columns(target=target, predicted=predicted)
    return target, predicted


def table(ratings: ArrayLike, *, complete: bool = True) -> Floats:
    """Return ratings (subjects, raters) as float64; ValueError for another shape, or for NaN where `complete`."""
    array = np.asarray(ratings, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2 or not array.shape[0]:
        raise ValueError(f"ratings takes (subjects, raters) with two raters or more, got {array.shape}.")
    if complete and np.isnan(array).any():
        raise ValueError("ratings holds NaN; leave out subjects that not every rater saw.")
    return array


def ratio(top: float, bottom: float) -> float:
    """Return top / bottom, NaN where bottom is 0: then the quantity is not defined."""
    return float(top / bottom) if bottom else float("nan")
