"""A face with lesions, brown marks, vessels and comedones at known places, without any network.

A portrait of a person who does not exist; its landmarks and parts are kept in `tests/vectors`, so that what is measured
on it is the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

import dermis
from dermis.colour.srgb import decode, encode
from dermis.core import (
    Box,
    Capture,
    CropFrame,
    Encoding,
    Face,
    FaceLesions,
    Finding,
    Lesions,
    Photo,
    Pose,
    SegmentationClass,
    Skin,
    View,
)
from dermis.face.crop import crop
from dermis.face.regions import map_regions
from dermis.formats.images.masks import reduce_by
from dermis.models.registry import fetch
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.acne.assign import place_lesions

VECTORS = Path(__file__).parents[1] / "vectors"
WIDTH_PX = 494.0
CORNER = 180, 320
"""Left and top of what is kept of the portrait; all places below are of the whole."""
RED, BROWN = (0.05, 0.24, 0.16), (0.14, 0.22, 0.26)
"""Density that blood and melanin add to red, green, blue where they are painted."""
LESIONS = (
    (930, 1130, 13),
    (985, 1075, 9),
    (720, 1060, 16),
    (700, 1130, 8),
    (850, 1270, 11),
    (800, 790, 10),
    (860, 960, 7),
)
"""Middle and radius in photo pixels, on both cheeks, chin, forehead and nose."""
MARKS = (
    (955, 1000, 5),
    (1000, 1010, 8),
    (690, 1010, 14),
    (760, 1110, 6),
    (880, 770, 22),
    (760, 760, 4),
    (905, 1180, 9),
)
VESSELS = ((940, 1040, 45, 0.3), (700, 1085, 60, 2.0), (990, 1120, 40, 1.2))
"""Middle, length in photo pixels and direction in radians."""
COMEDONES = (*((x, y, 3) for x in (800, 840, 880) for y in (720, 745, 815)), (715, 1105, 3), (960, 1160, 3))
SKIN = (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedFace:
    """photo: of which `face` is the face; skin: as the pipeline measures it; found: lesions as a network tells them."""

    photo: Photo
    face: Face
    skin: Skin
    found: Lesions


@cache
def painted_face(*, halved: bool = False) -> PaintedFace:
    """Return the face; halved: of the photo at half its size, whose frame has the photo's own pixels."""
    photo = _photo()
    landmarks = np.loadtxt(VECTORS / "face_landmarks.csv", delimiter=",", skiprows=1) - (*CORNER, 0)
    parts = np.asarray(Image.open(VECTORS / "face_parts.png"))
    height, width = parts.shape
    frame = CropFrame(x_px=216 - CORNER[0], y_px=352 - CORNER[1], width=width, height=height, factor=2)
    share = 1.0
    if halved:
        photo, share = replace(photo, pixels=reduce_by(photo.pixels, 2)), 0.5
        frame = replace(frame, x_px=frame.x_px // 2, y_px=frame.y_px // 2, factor=1)
    landmarks = (landmarks * share).astype(np.float32)
    skin = np.isin(parts, SKIN)
    (left, top), (right, bottom) = landmarks[:, :2].min(axis=0).tolist(), landmarks[:, :2].max(axis=0).tolist()
    face = Face(
        frame=frame,
        box=Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top),
        landmarks=landmarks,
        pose=Pose(yaw_deg=2.2, pitch_deg=-6.9, roll_deg=-3.4),
        view=View.FRONT,
        segmentation=parts,
        regions=map_regions(landmarks, frame, skin & (parts != SegmentationClass.OTHER_SKIN), View.FRONT),
        skin=skin,
        face_width_px=WIDTH_PX * share,
        confidence=(0.7 + 0.3 * np.linspace(0, 1, height * width).reshape(height, width)).astype(np.float32),
    )
    return PaintedFace(
        photo=photo, face=face, skin=measure_skin(crop(photo, frame), photo, face), found=_found(face, share)
    )


def _photo() -> Photo:
    left, top = CORNER
    pixels = np.array(dermis.read_photo(fetch("P002_selfie")).pixels[top:1790, left:1550])
    red, brown = np.zeros((2, *pixels.shape[:2]), np.float32)
    for x, y, radius in LESIONS:
        _spot(red, x - left, y - top, radius)
    for x, y, radius in (*MARKS, *COMEDONES):
        _spot(brown, x - left, y - top, radius)
    for x, y, length, angle in VESSELS:
        for step in np.linspace(-length / 2, length / 2, 2 * length):
            _spot(red, x - left + step * np.cos(angle), y - top + step * np.sin(angle), 1.6)
    there = (red > 0) | (brown > 0)
    added = red[there][:, None] * np.float32(RED) + brown[there][:, None] * np.float32(BROWN)
    pixels[there] = encode(np.asarray(decode(pixels[there])) * 10**-added)
    capture = Capture(iso=100, exposure_s=0.02, f_number=2.0, brightness_ev=4.5, flash_fired=False)
    return Photo(pixels=pixels, encoding=Encoding.SRGB, capture=capture)


def _spot(plane: np.ndarray, x: float, y: float, radius: float) -> None:
    reach = int(3 * radius) + 1
    rows, columns = slice(int(y) - reach, int(y) + reach + 1), slice(int(x) - reach, int(x) + reach + 1)
    down, across = np.arange(rows.start, rows.stop)[:, None] - y, np.arange(columns.start, columns.stop)[None] - x
    part = plane[rows, columns]
    np.maximum(part, np.exp(-(((down**2 + across**2) / radius**2) ** 2)), out=part)


def _found(face: Face, share: float) -> Lesions:
    """Return a box about each painted lesion, unsure ones, ones in hair, on lips and beside, and maps of them."""
    rng = np.random.default_rng(7)
    beside = ((620, 600, 12), (868, 1180, 14), (770, 905, 10), (1120, 1000, 12), (640, 1330, 12), (868, 1390, 20))
    middles = (np.array([*LESIONS, *MARKS, *beside], np.float64) - (*CORNER, 0)) * share
    half = 1.9 * middles[:, 2:] * (1, 0.85)
    boxes = np.concatenate([middles[:, :2] - half, middles[:, :2] + half], axis=1)
    scores = np.concatenate(
        [np.linspace(0.95, 0.55, len(LESIONS)), np.linspace(0.6, 0.15, len(MARKS)), np.full(6, 0.8)]
    )
    area = Box(
        x_px=(430 - CORNER[0]) * share, y_px=(560 - CORNER[1]) * share, width_px=880 * share, height_px=880 * share
    )
    density = 0.0004 * rng.random((64, 64))
    for (x, y, _), score in zip(middles, scores, strict=True):
        column, row = (x - area.x_px) / area.width_px * 64, (y - area.y_px) / area.height_px * 64
        near = np.exp(-0.5 * ((np.arange(64)[None] + 0.5 - column) ** 2 + (np.arange(64)[:, None] + 0.5 - row) ** 2))
        density += score * near / near.sum()
    return Lesions(
        boxes_px=boxes.astype(np.float32), scores=scores.astype(np.float32), density=density.astype(np.float32),
        density_inclusive=(1.7 * density).astype(np.float32), density_afar=(1.5 * density).astype(np.float32),
        area=area, model="painted@1", score_threshold=0.35, grade=1.1, grade_interval=(0.6, 1.7),
        grade_probabilities=np.array([0.2, 0.5, 0.2, 0.1], np.float32), count_interval=(4.0, 17.0),
        score_curve=(2.87, 3.04),
    )  # fmt: skip


def both_faces() -> dict[str, PaintedFace]:
    return {"reduced": painted_face(), "own pixels": painted_face(halved=True)}


def placed(held: PaintedFace, **changes: object) -> FaceLesions:
    return place_lesions(held.found, replace(held.face, **changes), held.skin)


def by_region(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {f"{one.task} {one.region.value}": replace(one, evidence=None) for one in findings}
