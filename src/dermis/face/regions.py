"""Regions of a face, from landmarks or from its segmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, CropFrame, Face, Region, SegmentationClass, View
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.crop import to_frame
from dermis.face.detection import DetectedFace
from dermis.face.landmarks import (
    BROW_TOPS,
    BROWS,
    CHEEKS,
    CHIN,
    EYE_CORNERS,
    EYES,
    FOREHEAD_EDGE,
    LIPS,
    MIDDLE,
    MIDLINE,
    NOSE,
    OVAL,
    UNDER_EYES,
    polygon_mask,
)

__all__ = ["FACE_MM", "face_width_px", "map_regions", "patch_boxes", "regions_from_segmentation", "right_of_midline"]

_FOREHEAD = 0.2  # how far skin above the mesh still counts, over the face's height
_BROW_GAP = 0.02  # left free above the brows, over the face's height
_FAR = {
    View.LEFT: (Region.RIGHT_CHEEK, Region.RIGHT_UNDER_EYE),
    View.RIGHT: (Region.LEFT_CHEEK, Region.LEFT_UNDER_EYE),
}
_EYE_RATIO = 1.15


def map_regions(landmarks: FloatMap, frame: CropFrame, skin: BoolMap, view: View) -> LabelMap:
    """Return (h, w) uint8 of `Region.code` where a region is skin; a side view has no far cheek or under-eye."""
    points = to_frame(landmarks, frame)
    outlines = _outlines(points)
    for region in _FAR.get(view, ()):
        del outlines[region]
    regions = np.zeros(skin.shape, dtype=np.uint8)
    for region, outline in outlines.items():
        regions[polygon_mask([outline], frame) & skin] = region.code
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


def patch_boxes(face: Face | DetectedFace) -> dict[Region, Box]:
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


Along = NDArray[np.float32]

_SEEN = 3e-4  # a part smaller than this share of the frame's pixels is not relied on
# Lengths from the eyes' level (0) down to the mouth's (1), as the average face has them.
_NOSE = 0.55
_BROW = -0.32
_UNDER_EYE = (0.12, 0.38)
_CHEEK = (0.3, 1.25)
_BESIDE_NOSE = 0.16
_CHIN_FROM = 1.2
_CHIN_ASIDE = 0.55
_FOREHEAD_BACK = 1.3  # farther behind the midline is the temple
_CHEEK_BACK = 1.5  # farther back is the ear
_SLIVER = 0.15  # a cheek that shows less than this share of the other is not measured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """Where everything lies on an upright face: down, 0 at the eyes and 1 at the mouth; aside, to the person's left of
    the midline, in the same unit; eyes_aside: the eyes that are seen, on that axis.
    """

    down: Along
    aside: Along
    eyes_aside: tuple[float, ...]


def regions_from_segmentation(parts: LabelMap, skin: BoolMap, *, roll_deg: float | None = None) -> LabelMap:
    """Return (h, w) uint8 of `Region.code` where a region is skin, 0 where parts do not say.

    parts: (h, w) uint8 of `SegmentationClass`. roll_deg: how far the face leans clockwise in the picture; where it
    is None, the quarter turn is taken that brings the mouth lowest. Two of eyes, nose and mouth must be seen, else
    only the nose is named. What lies to the right of nose and mouth on an upright picture is the person's left, in
    any view.
    """
    regions = np.zeros(parts.shape, dtype=np.uint8)
    axes = _axes(parts, roll_deg)
    if axes is not None:
        face = skin & (parts == SegmentationClass.FACE_SKIN)
        for region, where in _places(axes).items():
            regions[face & where] = region.code
        _drop_far_side(regions)
    regions[skin & (parts == SegmentationClass.NOSE)] = Region.NOSE.code
    return regions


def _axes(parts: LabelMap, roll_deg: float | None) -> _Axes | None:
    middles = {
        part: _middle(parts, part) for part in (SegmentationClass.EYES, SegmentationClass.NOSE, SegmentationClass.LIPS)
    }
    seen = {part: middle for part, middle in middles.items() if middle is not None}
    if len(seen) < 2:
        return None
    roll = np.deg2rad(_upright(seen) if roll_deg is None else roll_deg)
    sin, cos = float(np.sin(roll)), float(np.cos(roll))
    rows, columns = np.ogrid[: parts.shape[0], : parts.shape[1]]
    down = (rows * cos - columns * sin).astype(np.float32)
    right = (columns * cos + rows * sin).astype(np.float32)
    along = {part: (y * cos - x * sin, x * cos + y * sin) for part, (y, x) in seen.items()}
    unit, eyes = _levels({part: place[0] for part, place in along.items()})
    if unit <= 0:
        return None
    # Nose and mouth lie on the midline; one eye alone does not.
    midline = float(
        np.mean([along[part][1] for part in (SegmentationClass.NOSE, SegmentationClass.LIPS) if part in along])
    )
    there = right[parts == SegmentationClass.EYES]
    aside = (there - midline) / unit
    sides = tuple(float(np.mean(aside[half])) for half in (aside < 0, aside >= 0) if half.sum() > 0.1 * half.size)
    return _Axes(down=(down - eyes) / unit, aside=(right - midline) / unit, eyes_aside=sides)


def _drop_far_side(regions: LabelMap) -> None:
    """Leave out cheek and under-eye of the side of which only a sliver is seen."""
    right, left = (int((regions == cheek.code).sum()) for cheek in (Region.RIGHT_CHEEK, Region.LEFT_CHEEK))
    if right < _SLIVER * left:
        regions[np.isin(regions, (Region.RIGHT_CHEEK.code, Region.RIGHT_UNDER_EYE.code))] = 0
    if left < _SLIVER * right:
        regions[np.isin(regions, (Region.LEFT_CHEEK.code, Region.LEFT_UNDER_EYE.code))] = 0


def _middle(parts: LabelMap, part: SegmentationClass) -> tuple[float, float] | None:
    rows, columns = np.nonzero(parts == part)
    if rows.size < max(8, _SEEN * parts.size):
        return None
    return float(rows.mean()), float(columns.mean())


def _upright(seen: dict[SegmentationClass, tuple[float, float]]) -> float:
    """Return the quarter turn, in degrees, under which what is seen stands in its order."""
    order = [part for part in (SegmentationClass.EYES, SegmentationClass.NOSE, SegmentationClass.LIPS) if part in seen]
    (y0, x0), (y1, x1) = seen[order[0]], seen[order[-1]]
    turns = (0.0, 90.0, 180.0, -90.0)
    return max(turns, key=lambda turn: (y1 - y0) * np.cos(np.deg2rad(turn)) - (x1 - x0) * np.sin(np.deg2rad(turn)))


def _levels(down: dict[SegmentationClass, float]) -> tuple[float, float]:
    """Return the distance of the levels of eyes and mouth, and the level of the eyes, from two of the three."""
    share = {SegmentationClass.EYES: 0.0, SegmentationClass.NOSE: _NOSE, SegmentationClass.LIPS: 1.0}
    order = [part for part in share if part in down]
    upper, lower = order[0], order[-1]
    unit = (down[lower] - down[upper]) / (share[lower] - share[upper])
    return unit, down[upper] - share[upper] * unit


def _places(axes: _Axes) -> dict[Region, BoolMap]:
    down, aside = axes.down, axes.aside
    out = np.abs(aside)
    cheek = (down > _CHEEK[0]) & (down < _CHEEK[1]) & (out > _BESIDE_NOSE) & (out < _CHEEK_BACK)
    cheek &= ~((down > _CHIN_FROM) & (out < _CHIN_ASIDE))
    under = (down > _UNDER_EYE[0]) & (down < _UNDER_EYE[1]) & _below_an_eye(axes)
    return {
        Region.FOREHEAD: (down < _BROW) & (out < _FOREHEAD_BACK),
        Region.CHIN: (down > _CHIN_FROM) & (out < _CHIN_ASIDE),
        Region.RIGHT_CHEEK: cheek & (aside < 0),
        Region.LEFT_CHEEK: cheek & (aside > 0),
        Region.RIGHT_UNDER_EYE: under & (aside < 0),
        Region.LEFT_UNDER_EYE: under & (aside > 0),
    }


def _below_an_eye(axes: _Axes) -> BoolMap:
    near = np.zeros(axes.aside.shape, dtype=np.bool_)
    for eye in axes.eyes_aside:
        near |= np.abs(axes.aside - np.float32(eye)) < 0.28
    return near


FACE_MM = 140.0
"""Width of a face between its cheeks, about the mean of adults: what turns its pixels into millimetres."""


def face_width_px(face: Face) -> float:
    """Return the width of the face between its cheeks in photo pixels; of a close-up or profile, half its frame."""
    if face.face_width_px is not None:
        return face.face_width_px
    frame = face.frame
    return 0.5 * frame.factor * min(frame.width, frame.height)


def right_of_midline(face: Face, places_px: NDArray[np.floating]) -> BoolMap | None:
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
