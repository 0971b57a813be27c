"""A face in a photo: where it is, how it is turned, what its parts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold

__all__ = ["Box", "CropFrame", "Face", "Pose", "Region", "SegmentationClass", "View", "in_classes", "region_mask"]


class View(StrEnum):
    """Which side the camera sees; left and right are the person's own."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    CLOSE_UP = "close-up"


class SegmentationClass(IntEnum):
    """The classes of a parts map."""

    BACKGROUND = 0
    FACE_SKIN = 1
    OTHER_SKIN = 2
    HAIR = 3
    FACIAL_HAIR = 4
    NOSE = 5
    LIPS = 6
    EYES = 7
    OCCLUDER = 8


class Region(StrEnum):
    """The named places of a face; left and right are the person's own."""

    FACE = "face"
    FOREHEAD = "forehead"
    LEFT_CHEEK = "left_cheek"
    RIGHT_CHEEK = "right_cheek"
    NOSE = "nose"
    CHIN = "chin"
    LEFT_UNDER_EYE = "left_under_eye"
    RIGHT_UNDER_EYE = "right_under_eye"

    @property
    def code(self) -> int:
        """The value of this region in a regions map; 0 there is no region, FACE has none of its own."""
        return list(Region).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in photo pixels, x to the right, y down; `score` in [0, 1] where a detector gave one."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How the head is turned, in degrees, as the camera sees it.

    yaw_deg: positive when the person looks to their own left, so that their right side faces the camera.
    pitch_deg: positive when looking up. roll_deg: positive when the head leans clockwise in the picture.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CropFrame:
    """The part of a photo that is analysed: a crop, reduced by a whole number.

    Frame pixel (row, column) covers the `factor` x `factor` photo pixels from
    (y_px + row * factor, x_px + column * factor).
    """

    x_px: int
    y_px: int
    width: int
    height: int
    factor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face, or the skin of a close-up (then `box`, `landmarks` and `pose` are None).

    A profile may have a box and no landmarks. Nostrils are left out of `skin`, not of `parts`.

    landmarks: (478, 3) float32 in photo pixels (x, y, depth in the same unit), in the face mesh's order.
    segmentation: (h, w) uint8 of `SegmentationClass` on `frame`.
    regions: (h, w) uint8 of `Region.code` on `frame`, 0 elsewhere.
    skin: (h, w) bool on `frame`, all visible skin of the person: face, nose, ears, neck.
    confidence: (h, w) float32 on `frame`, 0.5 to 1, how sure it is that a pixel is skin, or is none; None where nothing
    was parsed.
    face_width_px: width of the face between its cheeks in photo pixels, foreshortening undone where the
    pose allows it.
    """

    frame: CropFrame
    box: Box | None
    landmarks: FloatMap | None
    pose: Pose | None
    view: View
    segmentation: LabelMap
    regions: LabelMap
    skin: BoolMap
    face_width_px: float | None = None
    others: tuple[Box, ...] = ()
    confidence: FloatMap | None = None

    def __post_init__(self) -> None:
        shape = (self.frame.height, self.frame.width)
        hold(self, "segmentation", dtype=np.uint8, shape=shape)
        hold(self, "regions", dtype=np.uint8, shape=shape)
        hold(self, "skin", dtype=np.bool_, shape=shape)
        if self.confidence is not None:
            hold(self, "confidence", dtype=np.float32, shape=shape)
        if self.landmarks is not None:
            hold(self, "landmarks", dtype=np.float32, shape=(478, 3))


def in_classes(parts: LabelMap, classes: Sequence[SegmentationClass]) -> BoolMap:
    """Return where `parts` names one of `classes`; many times as fast as `np.isin`."""
    found = np.zeros(parts.shape, dtype=np.bool_)
    for one in classes:
        found |= parts == one
    return found


def region_mask(regions: LabelMap, region: Region) -> BoolMap:
    """Return where `regions` names `region`; `Region.FACE` is everywhere, to be cut by the skin mask."""
    if region is Region.FACE:
        return np.ones(regions.shape, dtype=np.bool_)
    return np.equal(regions, region.code)
