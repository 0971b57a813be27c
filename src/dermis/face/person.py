"""Whose skin it is, where several heads are close together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.core import Frame
from dermis.core.arrays import BoolMap
from dermis.face.locate import Located

__all__ = ["only_this_person"]

_NEAR = 0.75  # pieces within this distance of the face's centre belong to it, over its side: ears behind hair
_SPECK = 0.002  # smaller pieces are dropped, over the face's area


def only_this_person(skin: BoolMap, frame: Frame, faces: Sequence[Located]) -> BoolMap:
    """Return the skin that hangs together with the first face, or lies beside it, and is nearer to no other."""
    from scipy.ndimage import label  # late: 40 ms

    own = _distance(frame, faces[0])
    mine = skin.copy()
    for other in faces[1:]:
        mine &= own <= _distance(frame, other)
    names, count = label(mine)
    if count == 0:
        return mine
    sizes = np.bincount(names.ravel(), minlength=count + 1)
    core = np.bincount(names[own < _NEAR], minlength=count + 1)
    side = faces[0].square.side_px / frame.factor
    keep = (core > 0.5 * sizes) | (core > 0.1 * side**2)
    keep &= sizes > _SPECK * side**2
    keep[0] = False
    kept: BoolMap = keep[names]
    return kept


def _distance(frame: Frame, face: Located) -> NDArray[np.float32]:
    """Return the distance of each frame pixel from the face's centre, over the face's side."""
    rows, columns = np.ogrid[: frame.height, : frame.width]
    x = (face.square.x_px - frame.x_px) / frame.factor - 0.5
    y = (face.square.y_px - frame.y_px) / frame.factor - 0.5
    away: NDArray[np.float32] = np.hypot(columns - x, rows - y).astype(np.float32)
    return away / np.float32(face.square.side_px / frame.factor)
