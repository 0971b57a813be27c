"""Regions as lines: masks of the frame to SVG paths on the stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Frame, Region, region_mask
from dermis.core.arrays import BoolMap, LabelMap
from dermis.report.frames import Window
from dermis.report.words import region_title

__all__ = ["STAGE_WIDTH", "Outline", "outlines_of", "stage_scale"]

STAGE_WIDTH = 1000
"""Width of a drawn photo in units of its SVG, so that lines and letters look alike on every photo."""

TOLERANCE_PX = 0.7
"""How far a line may leave the mask's edge, in pixels of the frame."""
SMALLEST_SHARE = 0.05
"""A piece of a region below this share of its largest piece is not drawn."""

COARSE_PX = 200
"""Long side of the mask in which the place of a name is looked for."""
LETTER_WIDTH, LINE_HEIGHT = 13.0, 40.0
"""What a name needs on the stage, in its units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A region on the stage: its path, a place well inside it, and whether its name has room there."""

    title: str
    path: str
    x: float
    y: float
    labelled: bool


def stage_scale(window: Window) -> float:
    """Return stage units a photo pixel."""
    return STAGE_WIDTH / window.width_px


def outlines_of(regions: LabelMap, frame: Frame, window: Window) -> tuple[Outline, ...]:
    """Return the outline of each region that `regions` (h, w) holds."""
    found = (_outline(region, region_mask(regions, region), frame, window) for region in list(Region)[1:])
    return tuple(outline for outline in found if outline is not None)


def _outline(region: Region, mask: BoolMap, frame: Frame, window: Window) -> Outline | None:
    rings = _rings(mask)
    if not rings:
        return None
    title, scale = region_title(region), stage_scale(window)
    origin = np.array([frame.x_px - window.x_px, frame.y_px - window.y_px])
    placed = [(ring * frame.factor + origin) * scale for ring in rings]
    low, high = placed[0].min(axis=0), placed[0].max(axis=0)
    middle = (_roomiest(mask) * frame.factor + origin) * scale
    return Outline(
        title=title,
        path="".join(_path(ring) for ring in placed),
        x=round(float(middle[0]), 1),
        y=round(float(middle[1]), 1),
        labelled=bool(np.all(high - low >= (LETTER_WIDTH * len(title), LINE_HEIGHT))),
    )


def _rings(mask: BoolMap) -> list[NDArray[np.float64]]:
    """Return closed lines (n, 2) of x and y around the mask, in frame pixels, the largest first."""
    from skimage.measure import approximate_polygon, find_contours  # late: 0.1 s

    rings = [ring[:, ::-1] - 0.5 for ring in find_contours(np.pad(mask, 1).astype(np.float32), 0.5)]
    rings.sort(key=_area, reverse=True)
    large = [ring for ring in rings if _area(ring) >= SMALLEST_SHARE * _area(rings[0])]
    return [approximate_polygon(ring, TOLERANCE_PX) for ring in large]


def _roomiest(mask: BoolMap) -> NDArray[np.float64]:
    """Return the x and y of the frame that lies deepest inside the mask, to a few pixels."""
    from scipy import ndimage  # late: 0.1 s

    step = max(1, round(max(mask.shape) / COARSE_PX))
    depth = ndimage.distance_transform_edt(np.pad(mask[::step, ::step], 1))
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    place: NDArray[np.float64] = np.array([column - 0.5, row - 0.5]) * step
    return place


def _area(ring: NDArray[np.float64]) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2


def _path(ring: NDArray[np.float64]) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1])
    return f"M{points}Z"
