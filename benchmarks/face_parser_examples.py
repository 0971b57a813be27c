"""The examples that teach the face parser; `benchmarks/face_parser.py collect` writes them."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from dermis.core import Photo, SegmentationClass
from dermis.face import selfie_model
from dermis.face.crop import frame_around, to_frame
from dermis.face.detection import DetectedFace, detect_faces
from dermis.face.image_pyramid import ImagePyramid, Square, build_pyramid
from dermis.face.landmarks import EYES, LIPS, NOSE, OVAL, polygon_mask
from dermis.face.pose import head_pose
from dermis.formats.images.photo import read_photo
from dermis.lab.datasets import acne04, fasseg
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, subject_of
from dermis.lab.synth.camera.scene import compose_scene, raw_of
from dermis.lab.synth.recipe import FacesRecipe
from dermis.lab.synth.subjects import build_person, visit_of
from dermis.lab.train.parser_views import ANY, Example, of_hand_made, of_parts, of_teacher, one_of
from dermis.optics.isp import develop

__all__ = ["collect", "photographed"]

LONGEST = 384
SHARPER, HEADS = 200, 320
SHOTS = (("face", 0, 30), ("head", 0, 60), ("head", 45, 90), ("head", 60, 90), ("close", 0, 90))
"""Framing, least and most yaw in degrees; more of the side views, of which there are few real ones."""
CLOSE = ("left_half", "right_half", "left_cheek", "right_cheek", "head", "face", "head")


def collect(work: Path, roots: argparse.Namespace) -> None:
    """Write the examples of each kind whose folder is given; what is there already stays."""
    kinds: dict[str, Callable[[], Iterator[Example]]] = {"heads": heads}
    if roots.fasseg:
        kinds |= {poses: partial(hand_made, roots.fasseg, poses) for poses in ("multipose", "frontal")}
    if roots.acne04:
        kinds["acne04"] = partial(taught_acne, roots.acne04)
    if roots.people:
        kinds["people"] = partial(taught_people, roots.people)
    if roots.others:
        kinds["others"] = partial(without_people, roots.others)
    for kind, examples in kinds.items():
        path = work / f"{kind}.pkl"
        if not path.exists():
            path.write_bytes(pickle.dumps(list(examples())))


def shrunk(picture: Image.Image) -> Image.Image:
    small = picture.convert("RGB")
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return small


def hand_made(root: Path, poses: str) -> Iterator[Example]:
    for sample in fasseg.index(root):
        if sample.traits["poses"] != poses:
            continue
        photo = sample.read()
        assert isinstance(photo, Photo)
        pixels = np.asarray(shrunk(Image.fromarray(np.uint8(np.rint(photo.pixels * 255)))))
        parts = Image.fromarray(np.asarray(sample.beside["parts"]()))
        small = np.asarray(parts.resize(pixels.shape[1::-1], Image.Resampling.NEAREST))
        yield Example(name=str(sample.key), person=sample.key.subject, pixels=pixels, sets=of_hand_made(small))


def taught_acne(root: Path) -> Iterator[Example]:
    """ACNE04 by its teachers, and some of its sharper squares; every sixth group of people is only looked at."""
    samples = [one for one in acne04.index(root) if int(one.key.subject.removeprefix("group-")) % 6]
    for sample in samples:
        photo = sample.read()
        assert isinstance(photo, Photo)
        yield of_photo(as_taken(photo, sample.traits), str(sample.key), sample.key.subject)
    sharper = [one for one in samples if "hires" in one.traits]
    for place in np.random.default_rng(1).permutation(len(sharper))[:SHARPER]:
        path = Path(str(sharper[place].traits["hires"]))
        yield of_photo(read_photo(path), f"sharper {path.name}", sharper[place].key.subject)


def as_taken(photo: Photo, traits: Mapping[str, object]) -> Photo:
    """Return a photo that was squeezed to a square as it was taken, where that is known."""
    wide, high = (traits.get(f"original_{side}_px") for side in ("width", "height"))
    if wide is None or high is None:
        return photo
    scale = max(photo.pixels.shape[:2]) / max(float(str(wide)), float(str(high)))
    size = (max(1, round(float(str(wide)) * scale)), max(1, round(float(str(high)) * scale)))
    whole = Image.fromarray(np.uint8(np.rint(photo.pixels * 255))).resize(size, Image.Resampling.BICUBIC)
    return Photo(pixels=np.asarray(whole, np.float32) / 255, encoding=photo.encoding)


def of_photo(photo: Photo, name: str, person: str) -> Example:
    faces = detect_faces(photo)
    return taught(photo, faces[0] if faces else None, name, person)


def taught_people(root: Path) -> Iterator[Example]:
    for path in sorted(root.glob("*/assets/*.jpg")):
        photo = read_photo(path)
        for face in detect_faces(photo)[:8]:
            side = 1.25 * face.square.side_px
            x0, y0 = (max(0, int(middle - side)) for middle in (face.square.x_px, face.square.y_px))
            x1, y1 = (int(middle + side) for middle in (face.square.x_px, face.square.y_px))
            cut = Photo(pixels=photo.pixels[y0:y1, x0:x1], encoding=photo.encoding)
            yield of_photo(cut, path.name, path.parts[-3])


def taught(photo: Photo, face: DetectedFace | None, name: str, person: str) -> Example:
    frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=LONGEST)
    picture = build_pyramid(photo, frame)
    side = float(max(photo.width_px, photo.height_px))
    whole = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=side)
    wide = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=1.5 * side)
    shares = np.moveaxis(selfie_model.segment(picture, [whole, wide], (frame.height, frame.width)), 0, -1)
    drawn, inside = drawn_parts(picture, face)
    sets = of_teacher(shares, drawn, inside)
    if face is None:
        # A close-up: the teacher knows skin and hair there, but takes lit and shaded skin for other things.
        sets[sets & one_of(SegmentationClass.BACKGROUND) > 0] = ANY
    return Example(name=name, person=person, pixels=np.asarray(picture.levels[0]), sets=sets)


def drawn_parts(picture: ImagePyramid, face: DetectedFace | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return what landmarks know of a face that is not turned too far."""
    if face is None or face.landmarks is None or abs(head_pose(face.landmarks).yaw_deg) > 50:
        return None, None
    points = to_frame(face.landmarks, picture.frame)
    parts = np.zeros((picture.frame.height, picture.frame.width), np.uint8)
    parts[polygon_mask([points[list(NOSE)]], picture.frame)] = SegmentationClass.NOSE
    parts[polygon_mask([points[list(LIPS)]], picture.frame)] = SegmentationClass.LIPS
    parts[polygon_mask([points[list(ring)] for ring in EYES], picture.frame)] = SegmentationClass.EYES
    return parts, polygon_mask([points[list(OVAL)]], picture.frame)


def heads() -> Iterator[Example]:
    for name, pixels, parts in photographed(seed=77, count=HEADS):
        yield Example(name=name, person=name.split("_")[0], pixels=pixels, sets=of_parts(parts))


def photographed(*, seed: int, count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the photos of synthetic heads with a name, and their exact parts."""
    recipe = FacesRecipe(name="parser", layout="faces", seed=seed, size_px=288)
    rng = np.random.default_rng(seed - 72)
    for number in range(count):
        person = build_person(subject_of(recipe, number), texels=384)
        visit = visit_of(person, "W00")
        for place, (framing, least_deg, most_deg) in enumerate(SHOTS):
            yaw_deg = float(rng.choice([-1, 1]) * rng.uniform(least_deg, most_deg))
            named = str(rng.choice(CLOSE)) if framing == "close" else framing
            expression = str(rng.choice(["neutral", "smile"]))
            shot = draw_everyday_shot(rng, recipe, str(yaw_deg), expression, framing=named)
            scene = compose_scene(person, visit, shot)
            raw = raw_of(scene)
            photo = develop(raw, everyday_isp(rng, shot, raw, scene.buffers.regions > 0), rng)
            pixels = np.uint8(np.rint(np.clip(photo.pixels, 0, 1) * 255))
            yield f"head{number}_{place}", pixels, scene.buffers.parts


def without_people(root: Path) -> Iterator[Example]:
    """Every second picture of a folder; the others judge what is taken for skin."""
    for path in sorted(root.iterdir())[1::2]:
        pixels = np.asarray(shrunk(Image.open(path)))
        sets = np.full(pixels.shape[:2], one_of(SegmentationClass.BACKGROUND, SegmentationClass.OCCLUDER), np.uint16)
        yield Example(name=path.name, person=path.name, pixels=pixels, sets=sets)
