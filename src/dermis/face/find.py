"""Photo -> Face: the largest face, or the skin of a close-up, or a mask or parts of the user's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermis.core import Box, CropFrame, Face, Photo, SegmentationClass, View, in_classes
from dermis.core.arrays import BoolMap, LabelMap
from dermis.errors import UsageError
from dermis.face import segmentation_model, selfie_model
from dermis.face.close_up import is_close_up, segment_close_up, view_close_up
from dermis.face.crop import frame_around, reduce_labels, reduce_mask
from dermis.face.detection import DetectedFace, detect_faces
from dermis.face.image_pyramid import build_pyramid
from dermis.face.pose import head_pose, view_of, width_between_cheeks
from dermis.face.regions import map_regions, regions_from_segmentation
from dermis.face.segmentation import Parsing, instance_mask, nostrils_of, segment_face
from dermis.models import registry
from dermis.models.weights import open_weights

__all__ = ["find_face", "models_used"]

_LONGEST = 1024
# The head around the face, over the face's side, counted from its centre: ears, hair and neck.
_ASIDE, _ABOVE, _BELOW = 0.95, 0.95, 1.1
_PROFILE = 0.7  # a detector score that is believed without landmarks
# Share of skin in the box of a face, with landmarks (hats, glasses and beards leave little) and without.
_SKIN_SEEN = 0.12
_SKIN_SEEN_PROFILE = 0.3
_TURNED = 0.2
_SKIN = (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE)


def find_face(
    photo: Photo, *, close_up: bool = False, mask: BoolMap | None = None, parts: LabelMap | None = None
) -> Face | None:
    """Return the largest face of a photo with its parts, regions and skin, or None where there is no skin.

    close_up: take all skin in view, whether or not there is a face. mask: (h, w) bool of photo size; it is
    the skin then, and a face only lends landmarks, regions and pose. parts: (h, w) uint8 of `SegmentationClass` of
    photo size, taken instead of what a parser would say; with close_up, no face is looked for in them. Without any
    of these, a photo that is plainly of skin is taken as a close-up. Raises UsageError for a mask or parts of
    another size or with numbers that are no part, and for both at once; ModelMissing where the networks are neither
    here nor to be fetched.
    """
    if parts is not None:
        if mask is not None:
            raise UsageError("A mask and parts were given.", advice="Give one; parts say which skin is whose.")
        return _by_own_parts(photo, parts, close_up=close_up)
    if mask is not None:
        return _masked(photo, mask)
    if close_up:
        return _close_up(photo, asked=True)
    faces = detect_faces(photo)
    for place, face in enumerate(faces):
        found = _face(photo, [face, *faces[:place], *faces[place + 1 :]])
        if found is not None:
            return found
    return _close_up(photo, asked=False, face_seen=bool(faces))


def models_used() -> dict[str, str]:
    """Return the networks behind a face, each with the package and version it comes from."""
    ours = open_weights(segmentation_model.NAME).meta
    asked = [row for row in registry.MODELS if row.name != "person_segmenter" or selfie_model.installed()]
    theirs = {row.name: f"{row.package} {row.version}" for row in asked}
    return {**theirs, segmentation_model.NAME: f"dermis {ours['dermis']}, recipe {ours['recipe']}"}


def _face(photo: Photo, faces: list[DetectedFace]) -> Face | None:
    """Parse the head around the first of the faces; None where there is too little skin for a face."""
    first, *rest = faces
    if first.landmarks is None and first.score < _PROFILE:
        return None
    frame = _head_frame(photo, first)
    parsing = segment_face(build_pyramid(photo, frame), first)
    skin = in_classes(parsing.parts, _SKIN) & ~parsing.nostrils
    skin = instance_mask(skin, frame, faces)
    if _share_in_box(skin, frame, first) < (_SKIN_SEEN_PROFILE if first.landmarks is None else _SKIN_SEEN):
        return None
    return _assembled(frame, first, [other.box for other in rest], parsing, skin)


def _assembled(frame: CropFrame, face: DetectedFace, others: list[Box], parsing: Parsing, skin: BoolMap) -> Face:
    pose = None if face.landmarks is None else head_pose(face.landmarks)
    view = _view_by_nose(face) if pose is None else view_of(pose)
    if face.landmarks is None:
        regions = regions_from_segmentation(parsing.parts, skin, roll_deg=face.square.roll_deg)
        width = None
    else:
        regions = map_regions(face.landmarks, frame, skin, view)
        width = width_between_cheeks(face.landmarks)
    return Face(
        frame=frame,
        box=face.box,
        landmarks=face.landmarks,
        pose=pose,
        view=view,
        segmentation=parsing.parts,
        regions=regions,
        skin=skin,
        confidence=parsing.confidence,
        face_width_px=width,
        others=tuple(others),
    )


def _view_by_nose(face: DetectedFace) -> View:
    if abs(face.facing) < _TURNED:
        return View.FRONT
    # A nose that points to the left of the picture shows the person's own left side.
    return View.LEFT if face.facing < 0 else View.RIGHT


def _close_up(photo: Photo, *, asked: bool, face_seen: bool = False) -> Face | None:
    """Take all skin in view; unless it was asked for, only where the photo is plainly of skin."""
    frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=_LONGEST)
    picture = build_pyramid(photo, frame)
    seen = view_close_up(picture)
    if not asked and not is_close_up(seen, face_seen=face_seen):
        return None
    parts = segment_close_up(picture, seen)
    skin = in_classes(parts, _SKIN)
    if not skin.any():
        return None
    return _without_face(frame, parts, skin)


def _by_own_parts(photo: Photo, parts: LabelMap, *, close_up: bool) -> Face | None:
    """Take the user's parts; the face that holds most of their skin lends landmarks, regions and pose."""
    _check_size(parts, photo, "parts")
    if parts.max(initial=0) >= len(SegmentationClass):
        raise UsageError(
            f"The parts hold {parts.max()}, which is no part.", advice=f"Parts are 0 to {len(SegmentationClass) - 1}."
        )
    skin = in_classes(parts, _SKIN)
    if not skin.any():
        return None
    whole = CropFrame(x_px=0, y_px=0, width=photo.width_px, height=photo.height_px, factor=1)
    faces = [] if close_up else [one for one in detect_faces(photo) if _share_in_box(skin, whole, one) > 0]
    if not faces:
        frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=_LONGEST)
        small = reduce_labels(parts, frame)
        return _without_face(frame, small, in_classes(small, _SKIN))
    first = max(faces, key=lambda one: _share_in_box(skin, whole, one) * one.square.side_px**2)
    rest = [one for one in faces if one is not first]
    frame = _head_frame(photo, first, beside=parts != SegmentationClass.BACKGROUND)
    small = reduce_labels(parts, frame)
    parsing = Parsing(parts=small, nostrils=nostrils_of(first, frame), confidence=np.ones(small.shape, np.float32))
    own = instance_mask(in_classes(small, _SKIN) & ~parsing.nostrils, frame, [first, *rest])
    return _assembled(frame, first, [other.box for other in rest], parsing, own)


def _check_size(drawn: BoolMap | LabelMap, photo: Photo, what: str) -> None:
    height, width = drawn.shape
    if (height, width) != (photo.height_px, photo.width_px):
        raise UsageError(
            f"The {what} are {width} x {height} px, the photo {photo.width_px} x {photo.height_px} px.",
            advice=f"Save the {what} at the size of the photo.",
        )


def _masked(photo: Photo, mask: BoolMap) -> Face | None:
    """Take the user's mask as the skin, and from a face under it landmarks, regions and pose."""
    _check_size(mask, photo, "mask")
    if not mask.any():
        return None
    faces = [face for face in detect_faces(photo) if face.landmarks is not None]
    frame = _head_frame(photo, faces[0] if faces else None, beside=mask)
    skin = reduce_mask(mask, frame)
    if faces:
        # Where the user says skin, there is no doubt about it.
        parsing = replace(
            segment_face(build_pyramid(photo, frame), faces[0]), confidence=np.ones(skin.shape, dtype=np.float32)
        )
        return _assembled(frame, faces[0], [other.box for other in faces[1:]], parsing, skin)
    return _without_face(
        frame, np.where(skin, SegmentationClass.FACE_SKIN, SegmentationClass.BACKGROUND).astype(np.uint8), skin
    )


def _without_face(frame: CropFrame, parts: LabelMap, skin: BoolMap) -> Face:
    return Face(
        frame=frame,
        box=None,
        landmarks=None,
        pose=None,
        view=View.CLOSE_UP,
        segmentation=parts,
        regions=regions_from_segmentation(parts, skin),
        skin=skin,
    )


def _head_frame(photo: Photo, face: DetectedFace | None, *, beside: BoolMap | None = None) -> CropFrame:
    """Return the frame of the head around a face, whichever way it leans, and of what is set in `beside`."""
    x: list[float] = []
    y: list[float] = []
    if face is not None:
        square = face.square
        turn = np.deg2rad(square.roll_deg)
        corners = np.array([(x, y) for x in (-_ASIDE, _ASIDE) for y in (-_ABOVE, _BELOW)]) * face.reach_px
        cos, sin = np.cos(turn), np.sin(turn)
        x += (corners @ (cos, -sin) + square.x_px).tolist()
        y += (corners @ (sin, cos) + square.y_px).tolist()
    if beside is not None:
        rows, columns = np.flatnonzero(beside.any(axis=1)), np.flatnonzero(beside.any(axis=0))
        x += [float(columns[0]), float(columns[-1] + 1)]
        y += [float(rows[0]), float(rows[-1] + 1)]
    return frame_around(photo, min(x), min(y), max(x), max(y), longest=_LONGEST)


def _share_in_box(skin: BoolMap, frame: CropFrame, face: DetectedFace) -> float:
    """Return which part of the face's box is skin."""
    half = face.square.side_px / 2
    x0, x1 = ((face.square.x_px + d - frame.x_px) / frame.factor for d in (-half, half))
    y0, y1 = ((face.square.y_px + d - frame.y_px) / frame.factor for d in (-half, half))
    inside = skin[max(0, int(y0)) : max(0, int(y1)), max(0, int(x0)) : max(0, int(x1))]
    return float(inside.mean()) if inside.size else 0.0
