"""Arrays inside records: checked once, then read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolMap", "FloatMap", "LabelMap", "hold", "read_only", "window_of"]

FloatMap = NDArray[np.float32]
BoolMap = NDArray[np.bool_]
LabelMap = NDArray[np.uint8]


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of `array` that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def window_of(mask: BoolMap, margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns that hold what is set in a mask (h, w), `margin` more on each side; none where none.

    What is computed for the skin of a face alone need not be computed for the five times as many pixels around it.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    found = [
        slice(max(0, int(set_[0]) - margin), min(length, int(set_[-1]) + 1 + margin))
        for set_, length in zip((rows, columns), mask.shape, strict=True)
    ]
    return found[0], found[1]


def hold(record: object, field: str, *, dtype: type[np.generic], shape: tuple[int | None, ...]) -> None:
    """Check the array in `record.field` and make it read-only.

    shape: one entry an axis, None for any length. Raises ValueError where dtype or shape differ.
    """
    array = np.asarray(getattr(record, field))
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        name = f"{type(record).__name__}.{field}"
        raise ValueError(f"{name} takes {np.dtype(dtype).name} of shape {shape}, got {array.dtype} {array.shape}.")
    object.__setattr__(record, field, read_only(array))
