"""The named places of a face, from its landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Face, Frame, Region, View
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.frame import to_frame
from dermis.face.locate import Located
from dermis.face.outline import filled
from dermis.face.points import (
    BROW_TOPS,
    BROWS,
    CHEEKS,
    CHIN,
    EYE_CORNERS,
    EYES,
    FOREHEAD_EDGE,
    LIPS,
    MIDLINE,
    NOSE,
    OVAL,
    UNDER_EYES,
)

__all__ = ["map_regions", "patch_boxes"]

_FOREHEAD = 0.2  # how far skin above the mesh still counts, over the face's height
_BROW_GAP = 0.02  # left free above the brows, over the face's height
_FAR = {
    View.LEFT: (Region.RIGHT_CHEEK, Region.RIGHT_UNDER_EYE),
    View.RIGHT: (Region.LEFT_CHEEK, Region.LEFT_UNDER_EYE),
}
_EYE_RATIO = 1.15


def map_regions(landmarks: FloatMap, frame: Frame, skin: BoolMap, view: View) -> LabelMap:
    """Return (h, w) uint8 of `Region.code` where a region is skin; a side view has no far cheek or under-eye."""
    points = to_frame(landmarks, frame)
    outlines = _outlines(points)
    for region in _FAR.get(view, ()):
        del outlines[region]
    regions = np.zeros(skin.shape, dtype=np.uint8)
    for region, outline in outlines.items():
        regions[filled([outline], frame) & skin] = region.code
    return regions


def _outlines(points: NDArray[np.float64]) -> dict[Region, NDArray[np.float64]]:
    """Return the outlines by region, those drawn later on top."""
    top, bottom = (points[list(half)].mean(axis=0) for half in MIDLINE)
    up = top - bottom
    arch = np.sin(np.linspace(0, np.pi, len(FOREHEAD_EDGE)))[:, None]
    edge = points[list(FOREHEAD_EDGE)] + up * arch * _FOREHEAD
    brows = points[list(BROW_TOPS)] + up * _BROW_GAP
    forehead = np.concatenate([edge[1:-1], brows[::-1]])
    right, left = (points[list(ring)] for ring in CHEEKS)
    under_right, under_left = (points[list(ring)] for ring in UNDER_EYES)
    return {
        Region.FOREHEAD: forehead,
        Region.RIGHT_CHEEK: right,
        Region.LEFT_CHEEK: left,
        Region.CHIN: points[list(CHIN)],
        Region.RIGHT_UNDER_EYE: under_right,
        Region.LEFT_UNDER_EYE: under_left,
        Region.NOSE: points[list(NOSE)],
    }


def patch_boxes(face: Face | Located) -> dict[Region, Box]:
    """Return the rectangles that the Nestlé/Microsoft acne grader cuts out, in photo pixels.

    Forehead, both cheeks and chin by the rules of Zhao, Zhang, Spoelstra (2019, arXiv 1907.07901), with the
    mesh's rim as the face's rectangle. Where one eye looks 1.15 times as wide as the other, the cheek of the
    narrow one is dropped. The rules are written for an upright head. Empty where the face has no landmarks.
    """
    if face.landmarks is None:
        return {}
    points = face.landmarks[:, :2].astype(np.float64)
    rim = points[list(OVAL)]
    (x0, y0), (x1, y1) = rim.min(axis=0), rim.max(axis=0)
    width, height = x1 - x0, y1 - y0
    brows = points[[point for ring in BROWS for point in ring]]
    eyes = points[[point for ring in EYES for point in ring]]
    inner_right, inner_left = (points[inner, 0] for _, inner in EYE_CORNERS)
    cheek_top = eyes[:, 1].max() + 0.2 * np.ptp(eyes[:, 1])
    cheek_bottom = y1 - 0.1 * height
    brow_top = brows[:, 1].min()
    corners = {
        Region.FOREHEAD: (brows[:, 0].min(), brow_top - 0.3 * height, brows[:, 0].max(), brow_top),
        Region.RIGHT_CHEEK: (x0 + 0.1 * width, cheek_top, inner_right, cheek_bottom),
        Region.LEFT_CHEEK: (inner_left, cheek_top, x1 - 0.05 * width, cheek_bottom),
        Region.CHIN: (inner_right, points[list(LIPS), 1].max(), inner_left, y1),
    }
    wide_right, wide_left = (float(np.linalg.norm(points[a] - points[b])) for a, b in EYE_CORNERS)
    if wide_right >= _EYE_RATIO * wide_left:
        del corners[Region.LEFT_CHEEK]
    elif wide_left >= _EYE_RATIO * wide_right:
        del corners[Region.RIGHT_CHEEK]
    return {region: _box(*sides) for region, sides in corners.items()}


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(
        x_px=float(left),
        y_px=float(top),
        width_px=max(float(right - left), 0.0),
        height_px=max(float(bottom - top), 0.0),
    )
