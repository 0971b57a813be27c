"""Skin without a face around it: cheeks, chins and foreheads that fill the picture.

Whether there is skin at all, the segmenter decides, with the evenness and the colour of what it found as
witnesses. Which pixels it is, the colours of the picture decide, learned anew in each picture so that no tone of
skin is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face import segmentation_model, selfie_model
from dermis.face.image_pyramid import ImagePyramid, fill_holes, guided_upsample, resized

__all__ = ["CloseUp", "is_close_up", "segment_close_up", "view_close_up"]

_SIZE = 256
_TURNS = 4
# Share of the picture that the segmenter calls skin, the mean of four turns: enough, or enough where the
# detector saw a face as well.
_CLEARLY = 0.2
_WITH_FACE = 0.1
# Median step of ln sRGB between neighbours in a 256-pixel view: skin lies under it, fur and leather above.
_ROUGH = 0.05
# ln of sRGB red over green, and how much that and green over blue vary over the find: skin is redder than
# grey in light that a camera balances, and of one colour.
_REDNESS = 0.0
_MOTLEY = (0.25, 0.3)
# In standard deviations of the colours that are surely skin.
_NEAR = 3.5
_LEAST = 0.006  # smallest nose, mouth or eyes in a close-up, over the picture
_EDGE = 0.02  # over the frame's long side


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUp:
    """What the segmenter makes of a whole picture.

    shares: (6, 256, 256) class probabilities, stretched over the frame. logs: (256, 256, 3) ln of sRGB.
    own: (9, 320, 320) probabilities of each `SegmentationClass` by our parser, upright.
    """

    shares: FloatMap
    logs: FloatMap
    own: FloatMap

    @property
    def skin(self) -> FloatMap:
        """The probability of skin."""
        found: FloatMap = self.shares[selfie_model.FACE_SKIN] + self.shares[selfie_model.BODY_SKIN]
        return found


def view_close_up(picture: ImagePyramid) -> CloseUp:
    """Look at a whole picture upright and on its sides; a close-up has no up."""
    from PIL import Image  # late: 30 ms

    def stretched(size: int) -> NDArray[np.uint8]:
        return np.asarray(picture.levels[0].resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0))

    view = stretched(_SIZE)
    total = np.zeros((_SIZE, _SIZE, 6), dtype=np.float32)
    for turn in range(_TURNS):
        total += np.rot90(selfie_model.probabilities(np.rot90(view, turn)), -turn)
    logs = np.log(view.astype(np.float32) / 255 + np.float32(0.02))
    own = np.moveaxis(segmentation_model.class_probabilities(stretched(segmentation_model.SIZE)), -1, 0)
    return CloseUp(shares=np.moveaxis(total, -1, 0) / np.float32(_TURNS), logs=logs, own=own)


def is_close_up(seen: CloseUp, *, face_seen: bool) -> bool:
    """Return whether the picture is plainly of skin; face_seen: whether the detector believes in a face."""
    skin = seen.skin
    if skin.mean() < (_WITH_FACE if face_seen else _CLEARLY):
        return False
    where = skin > min(0.4, float(np.quantile(skin, 0.85)))
    steps = np.hypot(*np.gradient(seen.logs.mean(axis=-1)))[where]
    hues = -np.diff(seen.logs, axis=-1)[where]
    even = np.median(steps) < _ROUGH and bool(np.all(hues.std(axis=0) < _MOTLEY))
    return even and bool(np.median(hues[:, 0]) > _REDNESS)


def segment_close_up(picture: ImagePyramid, seen: CloseUp) -> LabelMap:
    """Return the parts of a close-up: all skin in view is face skin, hair is hair, the rest background."""
    size = (picture.frame.height, picture.frame.width)
    likely = _by_colour(seen)
    soft = guided_upsample(likely, picture.grey(), _EDGE * max(size))
    hair = resized(seen.shares[selfie_model.HAIR], size) > 0.5
    other = resized(seen.shares[[selfie_model.HAIR, selfie_model.CLOTHES, selfie_model.OTHER]].max(axis=0), size) > 0.5
    skin = fill_holes(soft > 0.5, but_not=other)
    parts = np.zeros(size, dtype=np.uint8)
    parts[hair] = SegmentationClass.HAIR
    parts[skin] = SegmentationClass.FACE_SKIN
    drawn = segmentation_model.facial_features(seen.own, size, least=_LEAST)
    parts[skin & (drawn > 0)] = drawn[skin & (drawn > 0)]
    return parts


def _by_colour(seen: CloseUp) -> FloatMap:
    """Return the probability of skin from the segmenter and from likeness to the surest skin, (256, 256)."""
    skin = seen.skin
    other = seen.shares[[selfie_model.HAIR, selfie_model.CLOTHES, selfie_model.OTHER]].max(axis=0)
    logs = seen.logs
    traits = np.stack([logs.mean(axis=-1), logs[..., 0] - logs[..., 1], logs[..., 1] - logs[..., 2]], axis=-1)
    sure = skin >= max(0.5, float(np.quantile(skin, 0.9)) * 0.8)
    if sure.mean() < 0.02:
        sure = _middle() & (other < 0.5) & (traits[..., 0] > np.log(0.06))
    if not sure.any():
        return np.zeros_like(skin)
    middle = np.median(traits[sure], axis=0)
    # Room for light and shade, for redness and for pigment, however even the surest skin looks.
    spread = np.maximum(1.4826 * np.median(np.abs(traits[sure] - middle), axis=0), (0.15, 0.08, 0.08))
    apart = (traits - middle) / spread * (0.7, 1.0, 1.0)
    apart[..., 1] = np.where(apart[..., 1] > 0, 0.4, 1.0) * apart[..., 1]  # lesions are redder than skin
    away = (apart**2).sum(axis=-1)
    like = np.exp(-away / (2 * _NEAR)).astype(np.float32)
    found: FloatMap = np.maximum(skin, like * (other < 0.6)).astype(np.float32)
    return found


def _middle() -> BoolMap:
    inside = np.zeros((_SIZE, _SIZE), dtype=np.bool_)
    inside[_SIZE // 4 : -_SIZE // 4, _SIZE // 4 : -_SIZE // 4] = True
    return inside
