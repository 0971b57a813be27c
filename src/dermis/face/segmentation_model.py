"""Our own parser: the probability of each segmentation class at each pixel, from square views of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.image_pyramid import ImagePyramid, Square, resized, view_map, warp
from dermis.models.weights import Weights, open_weights

__all__ = ["NAME", "SIZE", "class_probabilities", "facial_features", "gather_views"]

NAME = "face-parser"
"""The network's name among the weights that ship with dermis."""
_TOGETHER = 0.7  # share of a feature that must lie in its places
SIZE = 320
"""Side of the view that it is shown, in pixels."""


def class_probabilities(view: NDArray[np.uint8]) -> FloatMap:
    """Return the probability of each `SegmentationClass`, (320, 320, 9), in one 8-bit view (320, 320, 3)."""
    found = _weights().run(view[None])["parts"][0]
    return np.ascontiguousarray(np.moveaxis(found, 0, -1))


@lru_cache(maxsize=1)
def _weights() -> Weights:
    return open_weights(NAME)


def gather_views(picture: ImagePyramid, squares: Sequence[Square], size: tuple[int, int]) -> FloatMap:
    """Return the probability of each `SegmentationClass`, (9, h, w), the mean over the views that cover a pixel.

    squares: the views, in photo pixels; what no view covers is background. size: (h, w) of the result, which spans the
    frame.
    """
    total = np.zeros((len(SegmentationClass), *size), dtype=np.float32)
    seen = np.zeros(size, dtype=np.float32)
    for square in squares:
        found = class_probabilities(picture.view(square, SIZE))
        to_view = view_map(picture, square, size, SIZE)
        for part in range(1, len(SegmentationClass)):
            total[part] += warp(found[..., part], to_view, size)
        seen += warp(np.ones((SIZE, SIZE), dtype=np.float32), to_view, size)
    total /= np.maximum(seen, 1e-6)
    total[SegmentationClass.BACKGROUND] = 1 - total[1:].sum(axis=0)
    return total


def facial_features(own: FloatMap, size: tuple[int, int], *, least: float) -> LabelMap:
    """Return nose, lips and eyes as parts (h, w) of `size` where they plainly are, BACKGROUND elsewhere.

    own: (9, h', w') probabilities of each `SegmentationClass`. least: smallest share of the picture. Each must lie in
    one place (eyes in two), and two of the three must be there: lesions look like lips, but scattered and alone.
    """
    found = np.zeros(size, dtype=np.uint8)
    kinds = 0
    for part, places in ((SegmentationClass.NOSE, 1), (SegmentationClass.LIPS, 1), (SegmentationClass.EYES, 2)):
        plain = _in_places(own[part] > 0.5, places, least)
        if plain.any():
            found[resized(own[part] * plain, size) > 0.5] = part
            kinds += 1
    return found if kinds >= 2 else np.zeros_like(found)


def _in_places(mask: BoolMap, places: int, least: float) -> BoolMap:
    """Return the largest `places` pieces, or nothing where they are small or much lies elsewhere."""
    from scipy.ndimage import label  # late: 40 ms

    names, _ = label(mask)
    sizes = np.bincount(names.ravel())
    sizes[0] = 0
    kept = np.isin(names, np.argsort(sizes)[-places:]) & mask
    enough = kept.sum() >= max(least * mask.size, 1) and kept.sum() > _TOGETHER * mask.sum()
    return kept if enough else np.zeros_like(mask)
