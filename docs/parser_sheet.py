"""Draw the contact sheet of docs/concepts/parser.md: 48 pictures of people who do not exist, each beside its parts.

    python docs/parser_sheet.py docs/images/parser.jpg --people DIR

`--people` is the folder `data/curated` of the package openpeople: 20 pictures, selfie and portrait of each. The other
28 are synthetic heads that taught nothing, from all sides and close up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from dermis.core import Encoding, Photo
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, subject_of
from dermis.lab.synth.camera.scene import compose_scene, raw_of
from dermis.lab.synth.recipe import FacesRecipe
from dermis.lab.synth.subjects import build_person, visit_of
from dermis.optics.isp import develop

TILE_PX, COLUMNS, HEADS, MOST_BYTES = 140, 6, 14, 480_000
YAWS_DEG = (-90, -75, -60, -45, 45, 60, 75, 90)
CLOSE = ("left_half", "right_half", "left_cheek", "right_cheek", "face", "left_half", "right_half")
COLOURS = np.array(
    [
        (0, 0, 0),
        (244, 190, 150),
        (200, 140, 220),
        (120, 80, 45),
        (40, 150, 90),
        (255, 215, 60),
        (235, 60, 90),
        (60, 130, 250),
        (255, 255, 255),
    ],
    np.float32,
)
"""By `Part`: nothing, face skin, other skin violet, hair brown, facial hair green, nose, lips, eyes, things white."""


def people(root: Path) -> Iterator[Photo]:
    """Yield selfie and portrait of each person below `root`."""
    for folder in sorted(root.iterdir()):
        for name in ("amateur_selfie.jpg", "studio_portrait.jpg"):
            yield read_photo(folder / "assets" / name)


def heads() -> Iterator[Photo]:
    """Yield synthetic heads that taught nothing."""
    recipe, rng = FacesRecipe(name="sheet", layout="faces", seed=901, size_px=512), np.random.default_rng(8)
    for number in range(HEADS):
        person = build_person(subject_of(recipe, number), texels=768)
        close = CLOSE[number % len(CLOSE)]
        aside = -35.0 if close.startswith("left") else 35.0 if close.startswith("right") else 0.0
        for framing, yaw_deg in (("head", float(YAWS_DEG[2 * number % 8])), (close, aside)):
            shot = draw_everyday_shot(rng, recipe, str(yaw_deg), "neutral", framing=framing)
            scene = compose_scene(person, visit_of(person, "W00"), shot)
            raw = raw_of(scene)
            photo = develop(raw, everyday_isp(rng, shot, raw, scene.buffers.regions > 0), rng)
            yield Photo(pixels=np.clip(photo.pixels, 0, 1).astype(np.float32), encoding=Encoding.SRGB)


def pair(photo: Photo) -> np.ndarray:
    """Return the analysed part of a photo and, beside it, its parts in colour."""
    picture = Image.fromarray(np.uint8(np.rint(np.clip(photo.pixels, 0, 1) * 255)))
    parts = np.zeros(photo.pixels.shape[:2], np.uint8)
    box = (0, 0, photo.width_px, photo.height_px)
    face = find_face(photo)
    if face is not None:
        frame = face.frame
        big = np.repeat(np.repeat(face.segmentation, frame.factor, axis=0), frame.factor, axis=1)
        box = (frame.x_px, frame.y_px, frame.x_px + big.shape[1], frame.y_px + big.shape[0])
        parts[box[1] : box[3], box[0] : box[2]] = big
    half = max(box[2] - box[0], box[3] - box[1]) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    square = (int(x - half), int(y - half), int(x + half), int(y + half))
    size = (2 * TILE_PX, 2 * TILE_PX)
    seen = np.asarray(picture.crop(square).resize(size, Image.Resampling.LANCZOS), np.float32)
    drawn = np.asarray(Image.fromarray(parts).crop(square).resize(size, Image.Resampling.NEAREST))
    shown = np.where((drawn > 0)[..., None], 0.45 * seen + 0.55 * COLOURS[drawn], 0.75 * seen)
    both = Image.fromarray(np.uint8(np.concatenate([seen, shown], axis=1)))
    return np.asarray(both.resize((2 * TILE_PX, TILE_PX), Image.Resampling.LANCZOS))


def main() -> None:
    """Write the sheet."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("out", type=Path)
    asked.add_argument("--people", type=Path, required=True)
    given = asked.parse_args()
    pairs = [pair(photo) for photo in (*people(given.people), *heads())]
    rows = [np.concatenate(pairs[start : start + COLUMNS], axis=1) for start in range(0, len(pairs), COLUMNS)]
    sheet = Image.fromarray(np.concatenate(rows))
    for quality in range(85, 40, -5):
        sheet.save(given.out, quality=quality, optimize=True)
        if given.out.stat().st_size < MOST_BYTES:
            break


if __name__ == "__main__":
    main()
