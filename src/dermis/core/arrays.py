"""Arrays inside records: checked once, then read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolMap", "FloatMap", "LabelMap", "hold", "read_only"]

FloatMap = NDArray[np.float32]
BoolMap = NDArray[np.bool_]
LabelMap = NDArray[np.uint8]


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of `array` that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


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
