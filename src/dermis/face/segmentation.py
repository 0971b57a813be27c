"""The segmentation of a face at photo size: classes, skin, other people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, SegmentationClass, in_classes
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, window_of
from dermis.face import segmentation_model, selfie_model
from dermis.face.crop import to_frame
from dermis.face.detection import DetectedFace
from dermis.face.image_pyramid import ImagePyramid, Square, fill_holes, guided_upsample, resized, resized_part
from dermis.face.landmarks import (
    BROWS,
    CHIN,
    EYES,
    FOREHEAD_EDGE,
    LIPS,
    LOWER_FACE,
    MIDLINE,
    NOSE,
    NOSTRILS,
    OVAL,
    UPPER_CHEEKS,
    polygon_mask,
)
from dermis.face.pose import head_pose

__all__ = ["Parsing", "instance_mask", "nostrils_of", "segment_face"]

# Views around the head, their sides over the face's: the parser's one spans the head as far as it is analysed, the
# segmenter's are lifted a little to see the hair.
_OWN_VIEWS = (2.1,)
_OWN_LIFT = -0.075
_VIEWS = (1.8, 2.8)
# The segmenter, eight times the work of the parser, is asked where more than this share of the face's square is unsure.
_DOUBT, _UNSURE = 0.1, 0.2
_LEAST = 0.001  # smallest nose, mouth or eyes, over the frame
_DENSE = 0.5  # share of facial hair in hair that is a beard
_SEEN_BEARD_REACH = 0.05  # around the lower face, over its side
_LEAST_BEARD = 0.015  # over the skin
_HAIR_AT_ALL = 0.15  # the mesh's brows are believed where the network sees this share of hair
_FEATURES = (SegmentationClass.NOSE, SegmentationClass.LIPS, SegmentationClass.EYES)
_MESH_DRAWS_TO_DEG = 50.0  # turned farther, the mesh's brows and lips lie beside those of the picture
_LIFT = 0.1
_COARSE = 320
# Lengths over the side of the face.
_EDGE = 0.055
_LID = 0.02
_LIP = 0.008
_BROW = 0.012
_BROW_LOWER = 0.015
_FOREHEAD = 0.3
_BEARD_REACH = 0.12
# A beard is this much darker than the cheeks, in natural logarithms of sRGB, and greyer: red over green falls
# under this part of the cheeks'. Shade darkens skin without greying it. Nothing but a beard is much darker.
_BEARD_CONTRAST = 0.6
_BEARD_REDNESS = 0.8
_BEARD_DARKEST = 1.1
_BEARD_ON_CHIN = 0.3  # less of the chin than this is shade
# A brow is darker than the light part of its surroundings by this much, in natural logarithms of sRGB.
_BROW_CONTRAST = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsing:
    """parts: (h, w) uint8 of `SegmentationClass`; nostrils: (h, w) bool, part of the nose but not skin to be measured;
    confidence: (h, w) float32, the probability of skin or of not skin, whichever was taken.
    """

    parts: LabelMap
    nostrils: BoolMap
    confidence: FloatMap


def segment_face(picture: ImagePyramid, face: DetectedFace) -> Parsing:
    """Return the parts of a head on the picture's frame."""
    frame = picture.frame
    grey = picture.grey()
    own = segmentation_model.gather_views(picture, _squares(face, _OWN_VIEWS, _OWN_LIFT), _coarse(frame))
    shares = selfie_model.combine_probabilities(own, _second_opinion(picture, face, own))
    side = face.square.side_px / frame.factor
    skin = guided_upsample(shares[selfie_model.FACE_SKIN] + shares[selfie_model.BODY_SKIN], grey, _EDGE * side)
    parts = _coarse_parts(shares, skin)
    parts[_seen_beard(parts, own, face, frame)] = SegmentationClass.FACIAL_HAIR
    if face.landmarks is None or abs(head_pose(face.landmarks).yaw_deg) > _MESH_DRAWS_TO_DEG:
        _take_over(parts, own)
    else:
        points = to_frame(face.landmarks, frame)
        beard = _beard(parts, picture, points, side)
        if beard.any():
            # Hair where a beard grows is the beard's.
            beard |= (parts == SegmentationClass.HAIR) & polygon_mask([points[list(LOWER_FACE)]], frame)
        parts[beard] = SegmentationClass.FACIAL_HAIR
        _draw_parts(parts, grey, points, frame, side)
        brows = _brows(grey, points, frame, side) & (
            resized(own[SegmentationClass.HAIR], (frame.height, frame.width)) > _HAIR_AT_ALL
        )
        parts[in_classes(parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)) & brows] = (
            SegmentationClass.HAIR
        )
    confidence = np.clip(np.abs(skin - 0.5) + 0.5, 0.5, 1).astype(np.float32)
    return Parsing(parts=parts, nostrils=nostrils_of(face, frame), confidence=confidence)


def _second_opinion(picture: ImagePyramid, face: DetectedFace, own: FloatMap) -> FloatMap | None:
    """Return what the person segmenter says, (6, h, w), where the parser is in doubt; None where it is not or alone."""
    side = face.square.side_px / picture.frame.factor * own.shape[1] / picture.frame.height
    skin = own[[SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE]].sum(axis=0)
    if np.count_nonzero(np.abs(skin - 0.5) < _UNSURE) <= _DOUBT * side**2 or not selfie_model.installed():
        return None
    return selfie_model.segment(picture, _squares(face, _VIEWS, _LIFT), _coarse(picture.frame))


def _seen_beard(parts: LabelMap, own: FloatMap, face: DetectedFace, frame: CropFrame) -> BoolMap:
    """Return what the parser calls facial hair; not where it is little, nor beside the lower face: that is hair."""
    if not (own[SegmentationClass.FACIAL_HAIR] > _DENSE).any():
        return np.zeros(parts.shape, dtype=np.bool_)
    dense = (parts == SegmentationClass.HAIR) & (
        resized(own[SegmentationClass.FACIAL_HAIR], (frame.height, frame.width)) > _DENSE
    )
    if face.landmarks is not None:
        lower = to_frame(face.landmarks, frame)[list(LOWER_FACE)]
        dense &= polygon_mask([lower], frame, grow=_SEEN_BEARD_REACH * face.square.side_px / frame.factor)
    enough = (
        dense.sum()
        > _LEAST_BEARD * in_classes(parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)).sum()
    )
    return dense if enough else np.zeros_like(dense)


def nostrils_of(face: DetectedFace, frame: CropFrame) -> BoolMap:
    """Return where nostrils are, on a frame; nowhere without landmarks."""
    if face.landmarks is None:
        return np.zeros((frame.height, frame.width), dtype=np.bool_)
    points = to_frame(face.landmarks, frame)
    return polygon_mask([points[list(ring)] for ring in NOSTRILS], frame)


def _take_over(parts: LabelMap, own: FloatMap) -> None:
    """Draw into `parts` what the parser alone knows of a face."""
    size = (parts.shape[0], parts.shape[1])
    skin = (parts == SegmentationClass.FACE_SKIN) | (parts == SegmentationClass.OTHER_SKIN)
    neck = (
        resized(own[SegmentationClass.OTHER_SKIN] - own[[SegmentationClass.FACE_SKIN, *_FEATURES]].sum(axis=0), size)
        > 0
    )
    parts[skin] = np.where(neck[skin], SegmentationClass.OTHER_SKIN, SegmentationClass.FACE_SKIN)
    drawn = segmentation_model.facial_features(own, size, least=_LEAST)
    parts[skin & (drawn > 0)] = drawn[skin & (drawn > 0)]


def _squares(face: DetectedFace, views: Sequence[float], lift: float) -> list[Square]:
    around = face.square
    turn = np.deg2rad(around.roll_deg)
    up = lift * face.reach_px
    centred = replace(around, x_px=around.x_px + up * np.sin(turn), y_px=around.y_px - up * np.cos(turn))
    return [replace(centred, side_px=view * face.reach_px) for view in views]


def _coarse(frame: CropFrame) -> tuple[int, int]:
    shrink = max(1.0, max(frame.height, frame.width) / _COARSE)
    return max(1, round(frame.height / shrink)), max(1, round(frame.width / shrink))


def _coarse_parts(shares: FloatMap, skin: FloatMap) -> LabelMap:
    """Turn class probabilities into parts; what is not skin is the likeliest of the rest."""
    hair, other, behind = (
        resized(plane, (skin.shape[0], skin.shape[1]))
        for plane in (
            shares[selfie_model.HAIR],
            shares[selfie_model.OTHER],
            shares[selfie_model.BACKGROUND] + shares[selfie_model.CLOTHES],
        )
    )
    parts = np.full(skin.shape, SegmentationClass.BACKGROUND, dtype=np.uint8)
    parts[other >= behind] = SegmentationClass.OCCLUDER
    parts[hair >= np.maximum(other, behind)] = SegmentationClass.HAIR
    is_skin = fill_holes(skin > 0.5, but_not=parts != SegmentationClass.BACKGROUND)
    of_face = (
        resized(shares[selfie_model.FACE_SKIN] - shares[selfie_model.BODY_SKIN], (skin.shape[0], skin.shape[1])) > 0
    )
    parts[is_skin] = SegmentationClass.OTHER_SKIN
    parts[is_skin & of_face] = SegmentationClass.FACE_SKIN
    return parts


def _draw_parts(parts: LabelMap, grey: FloatMap, points: NDArray[np.float64], frame: CropFrame, side: float) -> None:
    """Draw into `parts` what the landmarks know: the face's rim, nose, lips, eyes and brows."""
    up = _up(points)
    rim = points[list(OVAL)].copy()
    edge = [OVAL.index(point) for point in FOREHEAD_EDGE]
    arch = np.sin(np.linspace(0, np.pi, len(edge)))[:, None]  # the mesh ends below the hairline
    rim[np.array(edge)] = points[list(FOREHEAD_EDGE)] + up * arch * _FOREHEAD * side
    within = polygon_mask([rim], frame)
    skin = (parts == SegmentationClass.FACE_SKIN) | (parts == SegmentationClass.OTHER_SKIN)
    parts[skin] = np.where(within[skin], SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)
    parts[skin & polygon_mask([points[list(NOSE)]], frame)] = SegmentationClass.NOSE
    shown = (parts != SegmentationClass.OCCLUDER) & (parts != SegmentationClass.BACKGROUND)
    parts[shown & polygon_mask([points[list(LIPS)]], frame, grow=_LIP * side)] = SegmentationClass.LIPS
    parts[shown & polygon_mask([points[list(ring)] for ring in EYES], frame, grow=_LID * side)] = SegmentationClass.EYES


def _beard(parts: LabelMap, picture: ImagePyramid, points: NDArray[np.float64], side: float) -> BoolMap:
    """Return the skin below the nose that is dark and grey against the cheeks: beard and moustache."""
    from PIL import Image  # late: 30 ms
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    frame = picture.frame
    size = _coarse(frame)
    small = np.asarray(picture.levels[0].resize(size[::-1], Image.Resampling.BOX), dtype=np.float32) / 255
    blur = 0.012 * side * size[0] / frame.height
    light = gaussian_filter(np.log(small.mean(axis=-1) + 0.01), blur)
    linear = np.maximum(small[..., :2], 1 / 255) ** np.float32(2.2)
    redness = gaussian_filter(np.log(linear[..., 0] / linear[..., 1]), blur)
    cheeks = [
        polygon_mask([points[list(ring)]], frame) & (parts == SegmentationClass.FACE_SKIN) for ring in UPPER_CHEEKS
    ]
    if not all(cheek.any() for cheek in cheeks):
        cheeks = [cheeks[0] | cheeks[1]] * 2
    beard = np.zeros(parts.shape, dtype=np.bool_)
    if not cheeks[0].any():
        return beard
    below = polygon_mask([points[list(LOWER_FACE)]], frame, grow=_BEARD_REACH * side)
    part = window_of(below | cheeks[0] | cheeks[1])
    light, redness = (resized_part(plane, (frame.height, frame.width), part) for plane in (light, redness))
    # Light from one side darkens skin as much as a beard: each pixel is held to the cheek that it is nearer to.
    left = _leftness(points, part)
    lit, red = ([float(np.median(plane[cheek[part]])) for cheek in cheeks] for plane in (light, redness))
    darker = lit[0] + (lit[1] - lit[0]) * left - light
    grey = redness < _BEARD_REDNESS * (red[0] + (red[1] - red[0]) * left)
    skin = in_classes(parts[part], (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN))
    beard[part] = skin & below[part] & (((darker > _BEARD_CONTRAST) & grey) | (darker > _BEARD_DARKEST))
    chin = beard[polygon_mask([points[list(CHIN)]], frame)]
    return beard if chin.size and chin.mean() > _BEARD_ON_CHIN else np.zeros_like(beard)


def _leftness(points: NDArray[np.float64], part: tuple[slice, slice]) -> FloatMap:
    """Return 0 from the middle of the right cheek outwards, 1 from that of the left, and between between.

    part: the rows and columns of the frame that are asked for.
    """
    right, left = (points[list(ring)].mean(axis=0) for ring in UPPER_CHEEKS)
    across = (left - right) / max(float(((left - right) ** 2).sum()), 1e-6)
    rows, columns = np.ogrid[part]
    along = ((columns + 0.5 - right[0]) * across[0]).astype(np.float32)
    along = along + ((rows + 0.5 - right[1]) * across[1]).astype(np.float32)
    left_share: FloatMap = np.clip(along, 0, 1)
    return left_share


def _brows(grey: FloatMap, points: NDArray[np.float64], frame: CropFrame, side: float) -> BoolMap:
    """Return the dark hair in and just below the outline of the brows, which the mesh draws a little high."""
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    found = np.zeros(grey.shape, dtype=np.bool_)
    down = -_up(points) * _BROW_LOWER * side
    for ring in BROWS:
        outline = points[list(ring)]
        near = polygon_mask([outline, outline + down], frame, grow=_BROW * side)
        rows, columns = np.nonzero(near)
        if rows.size == 0:
            continue
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        dark = gaussian_filter(np.log(np.maximum(grey[box], 0.004)), 0.006 * side)
        light = np.percentile(dark[near[box]], 85)
        found[box] |= near[box] & (dark < light - _BROW_CONTRAST)
    return found


def _up(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vector from the chin to the forehead, in the picture."""
    top, bottom = (points[list(half)].mean(axis=0) for half in MIDLINE)
    along = top - bottom
    unit: NDArray[np.float64] = along / max(float(np.linalg.norm(along)), 1e-6)
    return unit


_NEAR = 0.75  # pieces within this distance of the face's centre belong to it, over its side: ears behind hair
_SPECK = 0.002  # smaller pieces are dropped, over the face's area


def instance_mask(skin: BoolMap, frame: CropFrame, faces: Sequence[DetectedFace]) -> BoolMap:
    """Return the skin that hangs together with the first face, or lies beside it, and is nearer to no other."""
    from scipy.ndimage import label  # late: 40 ms

    part, kept = window_of(skin), np.zeros_like(skin)
    own = _distance(frame, faces[0])[part]
    mine = skin[part].copy()
    for other in faces[1:]:
        mine &= own <= _distance(frame, other)[part]
    names, count = label(mine)
    if count == 0:
        return kept
    sizes = np.bincount(names.ravel(), minlength=count + 1)
    core = np.bincount(names[own < _NEAR], minlength=count + 1)
    side = faces[0].square.side_px / frame.factor
    keep = (core > 0.5 * sizes) | (core > 0.1 * side**2)
    keep &= sizes > _SPECK * side**2
    keep[0] = False
    kept[part] = keep[names]
    return kept


def _distance(frame: CropFrame, face: DetectedFace) -> NDArray[np.float32]:
    """Return the distance of each frame pixel from the face's centre, over the face's side."""
    rows, columns = np.ogrid[: frame.height, : frame.width]
    x = (face.square.x_px - frame.x_px) / frame.factor - 0.5
    y = (face.square.y_px - frame.y_px) / frame.factor - 0.5
    side = face.square.side_px / frame.factor
    across, down = ((columns - x) / side).astype(np.float32), ((rows - y) / side).astype(np.float32)
    away: NDArray[np.float32] = np.sqrt(across**2 + down**2)
    return away
