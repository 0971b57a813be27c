"""What is dark and no mottle, told by its shape alone and taken off the grid before marks are looked for.

Lines are hairs, wrinkles and folds: narrow, and darker than both sides all along. Moles and scabs are small, very dark
and have a steep border. Left in place they do not only look like marks themselves: what is told of the skin within a
centimetre of them follows them too. The skin around takes their place.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap
from dermis.tasks.pigmentation.contrast import blurred, darkness, skin_around, smoothed
from dermis.tasks.pigmentation.skin_grid import GRID_MM, SkinGrid, density_of

__all__ = ["find_lines", "find_spots", "without_not_mottle"]

_TURNS, _PART_PX, _BESIDE_PX = 12, 3, 2
"""Directions of a line; pixels of a part of it, and how far beside it its sides are."""
_LINE, _PARTS, _LINE_PIXEL = 3.0, 4, 1.0
"""By how much 100 x density each of so many parts of a line is above both sides, each of its pixels above the skin."""
_SPOT, _STEEP, _CORE, _SPOT_MM = 45.0, 30.0, 0.5, 6.0
"""100 x density of a mole above the skin around; its steepest step between pixels; the share of the first that its
body has; the widest body."""
_SKIN_MM, _SPOT_SKIN_MM, _FILL_MM, _FAR = 1.4, 4.2, 2.1, 4
"""Reach of the skin that a pixel of a line, and that a spot is held against, and of that which takes their place; where
hardly any is as near, so many times as far."""
_SPOT_RIM_PX = 3
_FEWEST_NEAR = 0.03

Floats = NDArray[np.float32]


def without_not_mottle(grid: SkinGrid) -> SkinGrid:
    """Return the grid with the skin around in place of lines, moles and scabs."""
    density, judged = density_of(grid), grid.judged
    gone = find_lines(density, judged) | find_spots(density, judged)
    if not gone.any():
        return grid
    kept = judged & ~gone
    reaches = (_FILL_MM / GRID_MM, _FAR * _FILL_MM / GRID_MM)
    near, far = (blurred(kept.astype(np.float32), reach)[gone, None] for reach in reaches)
    close, wide = (smoothed(density, kept, reach)[gone] for reach in reaches)
    skin = np.where(near > _FEWEST_NEAR, close, np.where(far > _FEWEST_NEAR, wide, density[gone]))
    linear = grid.linear.copy()
    linear[gone] = 10 ** (-skin / 100)
    return replace(grid, linear=linear)


def find_lines(density: Floats, judged: BoolMap) -> BoolMap:
    """Return where hairs, wrinkles and folds are, and a pixel around them, by 100 x density (h, w, 3)."""
    from scipy.ndimage import binary_dilation  # late: 0.1 s

    dark = _dark(density, judged)
    above = dark - darkness(smoothed(density, judged, _SKIN_MM / GRID_MM))
    line = (_least_along(dark) > _LINE) & (above > _LINE_PIXEL)
    return np.asarray(binary_dilation(line & judged) & judged)


def _least_along(dark: Floats) -> Floats:
    """Return (h, w) by how much the best line through each pixel is above both sides where it is least so."""
    edge = _PART_PX * _PARTS + _BESIDE_PX + 2
    wide = np.pad(dark, edge, mode="edge")
    best = np.full(wide.shape, -np.inf, np.float32)
    for turn in np.pi * np.arange(_TURNS) / _TURNS:
        part = np.asarray(sum(_moved(wide, turn, along) for along in (-1, 0, 1)) / 3, np.float32)
        sides = np.maximum(*(_moved(part, turn + np.pi / 2, side) for side in (-_BESIDE_PX, _BESIDE_PX)))
        above = part - sides
        least = np.minimum.reduce([_moved(above, turn, _PART_PX * number) for number in range(_PARTS)])
        for along in range(-1, _PART_PX * (_PARTS - 1) + 2):
            np.maximum(best, _moved(least, turn, -along), out=best)
    return best[edge:-edge, edge:-edge]


def _moved(values: Floats, turn: float, along_px: int) -> Floats:
    """Return the values that lie so many pixels on in a direction."""
    down, across = round(along_px * np.sin(turn)), round(along_px * np.cos(turn))
    return np.roll(values, (-down, -across), (0, 1))


def find_spots(density: Floats, judged: BoolMap) -> BoolMap:
    """Return where moles and scabs are, and two millimetres around them, by 100 x density (h, w, 3)."""
    from scipy import ndimage  # late: 0.1 s

    dark = _dark(density, judged)
    above = darkness(density - skin_around(density, judged, _SPOT_SKIN_MM / GRID_MM)) * judged
    if above.max() <= _SPOT:
        return np.zeros(judged.shape, np.bool_)
    labels, count = ndimage.label(above > _CORE * _SPOT)
    numbers = np.arange(1, count + 1)
    steps = np.maximum.reduce([np.abs(np.roll(dark, by, axis) - dark) for by in (-1, 1) for axis in (0, 1)])
    highest, steepest = ndimage.maximum(above, labels, numbers), ndimage.maximum(steps, labels, numbers)
    mm = GRID_MM * np.sqrt(4 / np.pi * np.bincount(labels.ravel())[1:])
    spots = np.isin(labels, numbers[(highest > _SPOT) & (steepest > _STEEP) & (mm < _SPOT_MM)])
    if not spots.any():
        return spots
    return np.asarray((ndimage.distance_transform_edt(~spots) <= _SPOT_RIM_PX) & judged)


def _dark(density: Floats, judged: BoolMap) -> Floats:
    """Return darkness (h, w); beside judged skin that of the nearest of it, so that its edge is no border."""
    return np.where(judged, darkness(density), darkness(smoothed(density, judged, _FILL_MM / GRID_MM)))
