"""The zoo's person segmenter: background, hair, body skin, face skin, clothes and other things.

A second opinion beside our own parser, which it helped to teach. Where it is not installed, the parser answers alone,
in the same classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dermis.core import SegmentationClass
from dermis.core.arrays import FloatMap
from dermis.face import segmentation_model
from dermis.face.image_pyramid import ImagePyramid, Square, resized, view_map, warp
from dermis.models import registry, runtime

__all__ = [
    "BACKGROUND",
    "BODY_SKIN",
    "CLOTHES",
    "FACE_SKIN",
    "HAIR",
    "OTHER",
    "combine_probabilities",
    "installed",
    "probabilities",
    "segment",
]

BACKGROUND, HAIR, BODY_SKIN, FACE_SKIN, CLOTHES, OTHER = range(6)

_SIZE = 256
_OWN = 0.5  # weight of the parser's opinion beside the segmenter's
# The network answers well to both usual scalings of its input, with different mistakes.
_SCALINGS = ((127.5, 1.0), (255.0, 0.0))


@lru_cache(maxsize=1)
def installed() -> bool:
    """Return whether the segmenter is on this machine; looked up once a process."""
    return registry.installed("person_segmenter")


def probabilities(view: NDArray[np.uint8], scaling: int = 0) -> FloatMap:
    """Return (256, 256, 6) class probabilities of one 8-bit view; the parser's where the segmenter is not installed."""
    if not installed():
        return _by_parser(view)
    network = runtime.load(registry.fetch("person_segmenter"))
    divisor, offset = _SCALINGS[scaling % 2]
    (logits,) = network.run((view.astype(np.float32) / divisor - offset)[None]).values()
    odds = np.exp(logits[0] - logits[0].max(axis=-1, keepdims=True))
    share: FloatMap = odds / odds.sum(axis=-1, keepdims=True)
    return share


def _by_parser(view: NDArray[np.uint8]) -> FloatMap:
    from PIL import Image  # late: 30 ms

    larger = Image.fromarray(view).resize((segmentation_model.SIZE, segmentation_model.SIZE), Image.Resampling.BILINEAR)
    own = np.moveaxis(segmentation_model.class_probabilities(np.asarray(larger)), -1, 0)
    return np.stack([resized(plane, (view.shape[0], view.shape[1])) for plane in _in_classes(own)], axis=-1)


def segment(picture: ImagePyramid, squares: Sequence[Square], size: tuple[int, int]) -> FloatMap:
    """Return (6, h, w) class probabilities on the picture's frame, the mean of the views that see a pixel.

    squares: the views, in photo pixels; what no view covers is background. size: (h, w) of the result, which
    spans the frame.
    """
    total = np.zeros((6, *size), dtype=np.float32)
    seen = np.zeros(size, dtype=np.float32)
    for place, square in enumerate(squares):
        shares = probabilities(picture.view(square, _SIZE), place)
        to_view = view_map(picture, square, size, _SIZE)
        for kind in range(HAIR, OTHER + 1):
            total[kind] += warp(shares[..., kind], to_view, size)
        seen += warp(np.ones((_SIZE, _SIZE), dtype=np.float32), to_view, size)
    total /= np.maximum(seen, 1e-6)
    total[BACKGROUND] = 1 - total[HAIR:].sum(axis=0)
    return total


def combine_probabilities(own: FloatMap, segmented: FloatMap | None) -> FloatMap:
    """Return the mean of two opinions in the segmenter's classes, (6, h, w); the parser's where it is alone.

    own: (9, h, w) probabilities of each `SegmentationClass`. segmented: (6, h, w) or None; it takes brows and beards
    for skin, so the parser's hair is taken from its skin first.
    """
    if segmented is None:
        return _in_classes(own)
    theirs = segmented.copy()
    hair = own[SegmentationClass.HAIR] + own[SegmentationClass.FACIAL_HAIR]
    for skin in (FACE_SKIN, BODY_SKIN):
        theirs[HAIR] += theirs[skin] * hair
        theirs[skin] *= 1 - hair
    mean: FloatMap = _OWN * _in_classes(own) + (1 - _OWN) * theirs
    return mean


def _in_classes(own: FloatMap) -> FloatMap:
    """Return our probabilities (9, h, w) in the segmenter's classes; our parser does not know clothes."""
    found = np.zeros((6, *own.shape[1:]), dtype=np.float32)
    found[BACKGROUND] = own[SegmentationClass.BACKGROUND]
    found[HAIR] = own[SegmentationClass.HAIR] + own[SegmentationClass.FACIAL_HAIR]
    found[BODY_SKIN] = own[SegmentationClass.OTHER_SKIN]
    found[FACE_SKIN] = own[
        [SegmentationClass.FACE_SKIN, SegmentationClass.NOSE, SegmentationClass.LIPS, SegmentationClass.EYES]
    ].sum(axis=0)
    found[OTHER] = own[SegmentationClass.OCCLUDER]
    return found
