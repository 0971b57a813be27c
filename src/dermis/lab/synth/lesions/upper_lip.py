"""The skin between nose and mouth, which no `Region` names: melasma lies there too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, SegmentationClass
from dermis.core.arrays import BoolMap
from dermis.face.crop import to_frame
from dermis.face.landmarks import polygon_mask

__all__ = ["upper_lip"]

OUTLINE = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),  # the upper edge of the red, from the right corner
    *(436, 426, 423, 327, 326, 2, 97, 98, 203, 206, 216),  # the left fold beside the nose, its wings, the right fold
)
"""Landmarks around the skin of the upper lip."""
_FEWEST_PIXELS = 8
_NOSE_ENDS, _LIPS_BEGIN = 98, 2
"""Percentile of the nose and of the lips on the way from one to the other."""


def upper_lip(face: Face) -> BoolMap:
    """Return (h, w) where the skin of the upper lip is, by landmarks, else between the parser's nose and lips."""
    if face.landmarks is not None:
        outline = to_frame(face.landmarks, face.frame)[list(OUTLINE), :2]
        return polygon_mask([outline], face.frame) & face.skin
    return np.asarray(_between_parts(face) & face.skin & (face.regions == 0), np.bool_)


def _between_parts(face: Face) -> BoolMap:
    """Return what lies between nose and lips of the parser, no wider than both; nothing where one is not seen."""
    from skimage.morphology import convex_hull_image  # late: 0.1 s

    nose, lips = (face.segmentation == part for part in (SegmentationClass.NOSE, SegmentationClass.LIPS))
    if min(np.count_nonzero(nose), np.count_nonzero(lips)) < _FEWEST_PIXELS:
        return np.zeros(nose.shape, np.bool_)
    way: NDArray[np.float64] = np.argwhere(lips).mean(axis=0) - np.argwhere(nose).mean(axis=0)
    rows, columns = np.indices(nose.shape)
    along = rows * way[0] + columns * way[1]
    ends, begins = np.percentile(along[nose], _NOSE_ENDS), np.percentile(along[lips], _LIPS_BEGIN)
    return np.asarray(convex_hull_image(nose | lips) & (along > ends) & (along < begins), np.bool_)
