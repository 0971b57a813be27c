"""What the face parser learns from: hand-made masks, photos labelled by teachers, synthetic heads, nobody at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermis.core import Photo, SegmentationClass
from dermis.core.arrays import BoolMap, LabelMap
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
from dermis.lab.train.examples.acne import person_of
from dermis.lab.train.parser_views import ANY, Example, of_hand_made, of_parts, of_teacher, one_of
from dermis.optics.isp import develop

__all__ = ["frontal", "made_heads", "photographed", "segmented_acne", "segmented_portraits", "turned", "without_people"]

LONGEST = 384
SHARPER = 200
SHOTS = (("face", 0, 30), ("head", 0, 60), ("head", 45, 90), ("head", 60, 90), ("close", 0, 90))
"""Framing, least and most yaw in degrees; more of the side views, of which there are few real ones."""
CLOSE = ("left_half", "right_half", "left_cheek", "right_cheek", "head", "face", "head")


def _shrunk(picture: Image.Image) -> Image.Image:
    small = picture.convert("RGB")
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return small


def turned(root: Path) -> Iterator[Example]:
    """Yield heads turned from -90 to 90 degrees, with hand-made masks."""
    yield from _hand_made(root, "multipose")


def frontal(root: Path) -> Iterator[Example]:
    """Yield frontal heads with hand-made masks."""
    yield from _hand_made(root, "frontal")


def _hand_made(root: Path, poses: str) -> Iterator[Example]:
    for sample in fasseg.index(root):
        if sample.traits["poses"] != poses:
            continue
        photo = sample.read()
        assert isinstance(photo, Photo)
        pixels = np.asarray(_shrunk(Image.fromarray(np.uint8(np.rint(photo.pixels * 255)))))
        parts = Image.fromarray(np.asarray(sample.beside["parts"]()))
        small = np.asarray(parts.resize(pixels.shape[1::-1], Image.Resampling.NEAREST))
        yield Example(name=str(sample.key), person=sample.key.subject, pixels=pixels, sets=of_hand_made(small))


def segmented_acne(root: Path) -> Iterator[Example]:
    """Yield ACNE04 by its teachers, and some of its sharper squares; every sixth group of people is only looked at."""
    samples = [one for one in acne04.index(root) if int(one.key.subject.removeprefix("group-")) % 6]
    for sample in samples:
        photo = sample.read()
        assert isinstance(photo, Photo)
        yield _of_photo(_as_taken(photo, sample.traits), str(sample.key), sample.key.subject)
    sharper = [one for one in samples if "hires" in one.traits]
    for place in np.random.default_rng(1).permutation(len(sharper))[:SHARPER]:
        path = Path(str(sharper[place].traits["hires"]))
        yield _of_photo(read_photo(path), f"sharper {path.name}", sharper[place].key.subject)


def _as_taken(photo: Photo, traits: Mapping[str, object]) -> Photo:
    """Return a photo that was squeezed to a square as it was taken, where that is known."""
    wide, high = (traits.get(f"original_{side}_px") for side in ("width", "height"))
    if wide is None or high is None:
        return photo
    scale = max(photo.pixels.shape[:2]) / max(float(str(wide)), float(str(high)))
    size = (max(1, round(float(str(wide)) * scale)), max(1, round(float(str(high)) * scale)))
    whole = Image.fromarray(np.uint8(np.rint(photo.pixels * 255))).resize(size, Image.Resampling.BICUBIC)
    return Photo(pixels=np.asarray(np.asarray(whole) / 255, np.float32), encoding=photo.encoding)


def _of_photo(photo: Photo, name: str, person: str) -> Example:
    faces = detect_faces(photo)
    return _labelled(photo, faces[0] if faces else None, name, person)


def segmented_portraits(root: Path) -> Iterator[Example]:
    """Yield portraits of people who do not exist, labelled by the segmenter and by landmarks."""
    for path in sorted(root.rglob("P0*.jpg")) or sorted(root.glob("*/assets/*.jpg")):
        photo = read_photo(path)
        for face in detect_faces(photo)[:8]:
            side = 1.25 * face.square.side_px
            x0, y0 = (max(0, int(middle - side)) for middle in (face.square.x_px, face.square.y_px))
            x1, y1 = (int(middle + side) for middle in (face.square.x_px, face.square.y_px))
            cut = Photo(pixels=photo.pixels[y0:y1, x0:x1], encoding=photo.encoding)
            yield _of_photo(cut, path.name, person_of(path))


def _labelled(photo: Photo, face: DetectedFace | None, name: str, person: str) -> Example:
    frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=LONGEST)
    picture = build_pyramid(photo, frame)
    side = float(max(photo.width_px, photo.height_px))
    whole = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=side)
    wide = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=1.5 * side)
    shares = np.moveaxis(selfie_model.segment(picture, [whole, wide], (frame.height, frame.width)), 0, -1)
    drawn, inside = _drawn_parts(picture, face)
    sets = of_teacher(shares, drawn, inside)
    if face is None:
        # A close-up: the teacher knows skin and hair there, but takes lit and shaded skin for other things.
        sets[sets & one_of(SegmentationClass.BACKGROUND) > 0] = ANY
    return Example(name=name, person=person, pixels=np.asarray(picture.levels[0]), sets=sets)


def _drawn_parts(picture: ImagePyramid, face: DetectedFace | None) -> tuple[LabelMap | None, BoolMap | None]:
    """Return what landmarks know of a face that is not turned too far."""
    if face is None or face.landmarks is None or abs(head_pose(face.landmarks).yaw_deg) > 50:
        return None, None
    points = to_frame(face.landmarks, picture.frame)
    parts = np.zeros((picture.frame.height, picture.frame.width), np.uint8)
    parts[polygon_mask([points[list(NOSE)]], picture.frame)] = SegmentationClass.NOSE
    parts[polygon_mask([points[list(LIPS)]], picture.frame)] = SegmentationClass.LIPS
    parts[polygon_mask([points[list(ring)] for ring in EYES], picture.frame)] = SegmentationClass.EYES
    return parts, polygon_mask([points[list(OVAL)]], picture.frame)


def made_heads(root: Path, *, seed: int = 77, people: int = 320) -> Iterator[Example]:
    """Yield synthetic heads with their exact parts; rendered here, from nothing."""
    for name, pixels, parts in photographed(seed=seed, count=people):
        yield Example(name=name, person=name.split("_")[0], pixels=pixels, sets=of_parts(parts))


def photographed(*, seed: int, count: int) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]]:
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
            pixels = np.rint(np.clip(photo.pixels, 0, 1) * 255).astype(np.uint8)
            yield f"head{number}_{place}", pixels, scene.buffers.parts


def without_people(root: Path, *, seed: int = 7, textures: int = 40) -> Iterator[Example]:
    """Yield pictures in which nobody is: every second one of scikit-image's, and drawn textures in colours of skin."""
    from skimage import data  # late: 0.3 s

    for name in WITHOUT_PEOPLE[::2]:
        pixels = np.atleast_3d(getattr(data, name)())
        colours = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3]
        yield _nobody(name, np.asarray(_shrunk(Image.fromarray(colours.astype(np.uint8)))))
    rng = np.random.default_rng(seed)
    for number in range(textures):
        yield _nobody(f"texture {number}", _texture(rng))


WITHOUT_PEOPLE = (
    "brick", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon", "page", "rocket", "text",
    "colorwheel",
)  # fmt: skip


def _texture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return noise of a drawn coarseness in a colour such as skin, sand and wood have, (256, 256, 3)."""
    coarse = int(rng.integers(4, 65))
    noise = Image.fromarray(rng.normal(0, 1, (coarse, coarse)).astype(np.float32))
    field = np.asarray(noise.resize((256, 256), Image.Resampling.BICUBIC))[..., None]
    base = np.array([205.0, 160.0, 130.0]) * rng.uniform(0.25, 1.2)
    return np.clip(base * (1 + rng.uniform(0.05, 0.3) * field), 0, 255).astype(np.uint8)


def _nobody(name: str, pixels: NDArray[np.uint8]) -> Example:
    nothing = one_of(SegmentationClass.BACKGROUND, SegmentationClass.OCCLUDER)
    return Example(name=name, person=name, pixels=pixels, sets=np.full(pixels.shape[:2], nothing, np.uint16))
