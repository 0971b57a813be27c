"""Which half of the face a place lies on: the person's right or left, divided by the landmarks of the middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, View
from dermis.core.arrays import BoolMap
from dermis.face.points import MIDDLE, MIDLINE

__all__ = ["on_right_half"]


def on_right_half(face: Face, places_px: NDArray[np.floating]) -> BoolMap | None:
    """Return which photo points (n, 2), x and y, lie on the person's right half, (n,) bool.

    The border follows forehead, nose, lips and chin, and runs on straight beyond them. None where only one side is in
    view: a side view, a profile, a close-up.
    """
    if face.landmarks is None or face.view is not View.FRONT:
        return None
    points = face.landmarks[:, :2].astype(np.float64)
    top, bottom = (points[list(half)].mean(axis=0) for half in MIDLINE)
    down = (bottom - top) / max(float(np.linalg.norm(bottom - top)), 1e-9)
    across = np.array([down[1], -down[0]])  # to the right of an upright picture, the person's left
    middle = points[list(MIDDLE)] - top
    order = np.argsort(middle @ down)
    along, aside = (middle @ down)[order], (middle @ across)[order]
    given = np.asarray(places_px, dtype=np.float64).reshape(-1, 2) - top
    right: BoolMap = given @ across < np.interp(given @ down, along, aside)
    return right
