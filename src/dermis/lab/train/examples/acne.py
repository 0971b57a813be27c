"""What the network of acne lesions learns from: photos with boxes, crops with circles, made heads, drawn portraits."""

from __future__ import annotations

import math
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermis.core import Box, Cube, Encoding, Face, Photo, SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face import segmentation_model
from dermis.face.detection import detect_faces
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import Row, read_table
from dermis.lab.datasets import acne04
from dermis.lab.synth.head.uv import coarse
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.kinds import INFLAMMATORY, MarkKind, MarkSpec
from dermis.lab.synth.portrait import middle_tone, portrait_of, with_marks
from dermis.lab.train.lesion_views import Example
from dermis.tasks.acne.detect import face_extent, skin_of

__all__ = ["clear_portraits", "drawn_lesions", "graded_photos", "made_acne", "marked_crops", "parsed_skin", "person_of"]

_Pixels = NDArray[np.uint8]

USUAL_ASPECT = 3112 / 3456
LONGEST_PX, LONGEST_DRAWN_PX = 640, 1024
DRAWN_A_PICTURE = 3
FACE = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.LIPS,
    SegmentationClass.EYES,
    SegmentationClass.FACIAL_HAIR,
)
SKIN = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.OTHER_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.FACIAL_HAIR,
)
LESIONS = (MarkKind.PAPULE, MarkKind.PUSTULE, MarkKind.NODULE, MarkKind.OPEN_COMEDO, MarkKind.CLOSED_COMEDO)
OTHER_MARKS = (MarkKind.FRECKLE, MarkKind.LENTIGO, MarkKind.NAEVUS, MarkKind.PIH, MarkKind.PIE)


def graded_photos(root: Path) -> Iterator[Example]:
    """Yield the squeezed photos, with boxes, grade and the second team's number."""
    for sample in acne04.index(root):
        said = sample.traits
        width, height = said.get("original_width_px"), said.get("original_height_px")
        aspect = width / height if isinstance(width, float) and isinstance(height, float) else USUAL_ASPECT
        pixels = _bytes_of(sample.read())
        labels = {(label.task, label.grader): label.value for label in sample.labels}
        seen = _example(sample.key.view, sample.key.subject, pixels)
        yield replace(
            seen,
            stretch=aspect * pixels.shape[0] / pixels.shape[1],
            boxes=_corners([item.box for item in sample.items]),
            grade=float(labels[("acne_grade", "reference")]),
            count_all=float(labels.get(("acne_lesions", "second team"), np.nan)),
        )


def marked_crops(root: Path) -> Iterator[Example]:
    """Yield the clean square crops with boxes and circles; nothing says their grade."""
    boxes, circles = (_by_image(root / name) for name in ("boxes_hires.csv", "circles_hires.csv"))
    for sample in acne04.index(root):
        name = sample.key.view
        if name not in circles or "hires" not in sample.traits:
            continue
        pixels = np.asarray(Image.open(str(sample.traits["hires"])).convert("RGB"))
        own = [[float(row[key]) for key in ("xmin_px", "ymin_px", "xmax_px", "ymax_px")] for row in boxes.get(name, [])]
        drawn = [[float(row[key]) for key in ("x_px", "y_px", "radius_px")] for row in circles[name]]
        yield replace(
            _example(name, sample.key.subject, pixels),
            boxes=np.array(own, np.float32).reshape(-1, 4),
            circles=np.array(drawn, np.float32).reshape(-1, 3),
        )


def made_acne(root: Path) -> Iterator[Example]:
    """Yield synthetic people; a clear one has the grade 0, of the others only the lesions teach."""
    for sample in acne04.index(root):
        boxes = _corners([item.box for item in sample.items])
        seen = _example(sample.key.subject, f"made-{sample.key.subject}", _bytes_of(sample.read()))
        yield replace(seen, boxes=boxes, circles=None if len(boxes) else np.zeros((0, 3), np.float32),
                      grade=np.nan if len(boxes) else 0.0, count_all=np.nan if len(boxes) else 0.0)  # fmt: skip


def clear_portraits(root: Path, longest_px: int = LONGEST_PX) -> Iterator[Example]:
    """Yield portraits of people who do not exist and have no acne."""
    for path in sorted(root.rglob("P0*.jpg")) or sorted(root.glob("*/assets/*.jpg")):
        photo, person = read_photo(path), person_of(path)
        for place, face in enumerate(detect_faces(photo)[:6]):
            side = face.square.side_px
            if side < 180:
                continue
            x, y, reach = face.square.x_px, face.square.y_px, 0.95 * side
            box = [max(0, int(value)) for value in (x - reach, y - reach, x + reach, y + reach)]
            cut = Image.fromarray(_bytes_of(photo)).crop(
                (box[0], box[1], min(box[2], photo.width_px), min(box[3], photo.height_px))
            )
            cut.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
            yield replace(
                _example(f"{person}-{path.stem}-{place}", person, np.asarray(cut)),
                boxes=np.zeros((0, 4), np.float32), circles=np.zeros((0, 3), np.float32), grade=0.0, count_all=0.0,
            )  # fmt: skip


def drawn_lesions(root: Path) -> Iterator[Example]:
    """Yield portraits of people who do not exist, with marks drawn on them."""
    for clear in clear_portraits(root, LONGEST_DRAWN_PX):
        yield from _drawn(clear)


def _drawn(clear: Example) -> Iterator[Example]:
    """Portraits with lesions drawn on them, and with marks that are none: the same person before and after."""
    photo = Photo(pixels=(clear.pixels / 255).astype(np.float32), encoding=Encoding.SRGB)
    face = find_face(photo)
    if face is None or not face.skin.any():
        return
    portrait = portrait_of(photo, face)
    grid = coarse(portrait.atlas)
    tone = middle_tone(portrait)
    for turn in range(DRAWN_A_PICTURE):
        rng = np.random.default_rng([zlib.crc32(clear.name.encode()), turn])
        specs: tuple[MarkSpec, ...] = ()
        for kind in rng.choice(np.array(OTHER_MARKS, object), 2, replace=False):
            specs += draw_marks(rng, kind, int(rng.integers(0, 8)), tone, grid, first=len(specs), taken=specs)
        for kind in rng.choice(np.array(LESIONS, object), 3, replace=False) if turn else ():
            specs += draw_marks(rng, kind, int(np.exp(rng.uniform(0, 2.3))), tone, grid, first=len(specs), taken=specs)
        after, marks = with_marks(portrait, specs)
        boxed = np.array([_grown(mark.box) for mark in marks if mark.kind in INFLAMMATORY], np.float32).reshape(-1, 4)
        every = [(box[0] + box[2], box[1] + box[3], box[2] - box[0])
                 for box in (_grown(mark.box) for mark in marks if mark.kind in LESIONS)]  # fmt: skip
        yield replace(
            clear, name=f"{clear.name}-{turn}", pixels=_bytes_of(after), boxes=boxed,
            circles=(np.array(every, np.float32).reshape(-1, 3) / 2).astype(np.float32),
            grade=math.nan if every else 0.0, count_all=float(len(every)),
        )  # fmt: skip


def _grown(box: Box) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a box with the room that annotators leave."""
    middle = (box.x_px + box.width_px / 2, box.y_px + box.height_px / 2)
    reach = [max(0.7 * length, length / 2 + 1) for length in (box.width_px, box.height_px)]
    return middle[0] - reach[0], middle[1] - reach[1], middle[0] + reach[0], middle[1] + reach[1]


def parsed_skin(photo: Photo) -> BoolMap:
    """Return which pixels (h, w) of a photo that a face fills are skin, as our parser sees it."""
    skin = _shares(_bytes_of(photo))[..., list(SKIN)].sum(axis=-1)
    size = (photo.width_px, photo.height_px)
    return np.asarray(Image.fromarray(np.float32(skin)).resize(size, Image.Resampling.BILINEAR)) > 0.5


def _shares(pixels: _Pixels) -> FloatMap:
    """Return the probability of each part on the square that the parser sees, (side, side, parts)."""
    side = (segmentation_model.SIZE, segmentation_model.SIZE)
    view = Image.fromarray(pixels).resize(side, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return segmentation_model.class_probabilities(np.asarray(view))


def _example(name: str, person: str, pixels: _Pixels) -> Example:
    """Return a picture with its face and skin, as they are found when lesions are looked for, and nothing marked.

    The parser alone, on the whole picture, takes an ear for a face and severe acne for no skin. Where no face is found
    it has to do.
    """
    photo = Photo(pixels=(pixels / 255).astype(np.float32), encoding=Encoding.SRGB)
    face = find_face(photo)
    if face is None or not face.skin.any():
        return _parsed_example(name, person, pixels)
    held = face_extent(face)
    sides = (held.x_px, held.y_px, held.x_px + held.width_px, held.y_px + held.height_px)
    return Example(name=name, person=person, pixels=pixels, skin=_quarter(face, photo), face=sides)


def _quarter(face: Face, photo: Photo) -> _Pixels:
    """Return the skin of a face over the whole photo at a quarter of its size, 0 to 255."""
    frame = face.frame
    skin = Image.fromarray(skin_of(face).astype(np.uint8) * 255)
    whole = Image.new("L", (photo.width_px, photo.height_px))
    side = (round(frame.width * frame.factor), round(frame.height * frame.factor))
    whole.paste(skin.resize(side, Image.Resampling.BILINEAR), (round(frame.x_px), round(frame.y_px)))
    return np.asarray(whole.resize(_quarter_of(photo.width_px, photo.height_px), Image.Resampling.BOX))


def _quarter_of(width: int, height: int) -> tuple[int, int]:
    return round(width / 4), round(height / 4)


def _parsed_example(name: str, person: str, pixels: _Pixels) -> Example:
    shares = _shares(pixels)
    skin = np.uint8(np.rint(255 * shares[..., list(SKIN)].sum(axis=-1).clip(0, 1)))
    face = _face_box(shares[..., list(FACE)].sum(axis=-1) > 0.5, pixels.shape[1], pixels.shape[0])
    size = _quarter_of(pixels.shape[1], pixels.shape[0])
    small = np.asarray(Image.fromarray(skin).resize(size, Image.Resampling.BILINEAR))
    return Example(name=name, person=person, pixels=pixels, skin=small, face=face)


def _face_box(mask: NDArray[np.bool_], width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box of all but the outermost hundredths of `mask`, or the whole picture where there is no face."""
    if mask.mean() < 0.04:
        return 0.0, 0.0, float(width), float(height)
    ends = []
    for axis, length in ((0, width), (1, height)):
        share = np.cumsum(mask.sum(axis=axis)) / mask.sum()
        first, last = np.searchsorted(share, (0.01, 0.99))
        ends.append((first * length / mask.shape[1 - axis], (last + 1) * length / mask.shape[1 - axis]))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def person_of(path: Path) -> str:
    """Return whose portrait a file of openpeople is, such as P001."""
    found = re.search(r"P\d{3}", str(path))
    return found[0] if found else path.stem


def _corners(boxes: list[Box]) -> NDArray[np.float32]:
    rows = [(box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px) for box in boxes]
    return np.array(rows, np.float32).reshape(-1, 4)


def _by_image(path: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in read_table(path, needs=("image",)):
        found[row["image"]].append(row)
    return found


def _bytes_of(photo: Photo | Cube) -> _Pixels:
    assert isinstance(photo, Photo)
    return np.rint(np.clip(photo.pixels, 0, 1) * 255).astype(np.uint8)
