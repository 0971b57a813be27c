"""Soft maps drawn to the edges of the picture."""

from __future__ import annotations

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["filled_up", "follow_edges", "resized"]

_EVENNESS = 1e-3  # variance of sRGB grey below which an area counts as even


def resized(plane: FloatMap, size: tuple[int, int]) -> FloatMap:
    """Return a map at another (h, w), interpolated linearly."""
    from PIL import Image  # late: 30 ms

    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], Image.Resampling.BILINEAR))


def follow_edges(plane: FloatMap, grey: FloatMap, radius_px: float) -> FloatMap:
    """Return a coarse soft map at the size of `grey`, its edges moved to those of `grey`.

    plane: (h, w) in [0, 1], of any size. grey: (H, W) sRGB-encoded in [0, 1]. radius_px: in pixels of `grey`.
    The guided filter of He, Sun, Tang (2013), fitted at the coarse size as in He, Sun (2015).
    """
    from scipy.ndimage import uniform_filter  # late: 40 ms

    guide = resized(grey, (plane.shape[0], plane.shape[1]))
    width = 2 * max(1, round(radius_px * plane.shape[0] / grey.shape[0])) + 1

    def mean(values: FloatMap) -> FloatMap:
        return np.asarray(uniform_filter(values, width, mode="nearest"))

    mean_guide, mean_plane = mean(guide), mean(plane)
    slope = (mean(guide * plane) - mean_guide * mean_plane) / (mean(guide**2) - mean_guide**2 + _EVENNESS)
    level = mean_plane - slope * mean_guide
    size = (grey.shape[0], grey.shape[1])
    return resized(mean(slope), size) * grey + resized(mean(level), size)


def filled_up(skin: BoolMap, *, but_not: BoolMap) -> BoolMap:
    """Fill holes: lesions, moles and highlights are skin too, unless most of a hole is `but_not`."""
    from scipy.ndimage import binary_fill_holes, label  # late: 40 ms

    names, count = label(np.asarray(binary_fill_holes(skin)) & ~skin)
    if count == 0:
        return skin
    sizes = np.bincount(names.ravel())
    others = np.bincount(names[but_not], minlength=sizes.size)
    holes = others < 0.5 * sizes
    holes[0] = False
    filled: BoolMap = skin | holes[names]
    return filled
