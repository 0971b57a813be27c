"""Pictures that are no photo of a person's bare skin: what is said of them.

Pictures that come with a library, a drawn face, and faces in disguise: a face that somebody has, as a statue, behind a
mask, painted, drawn, printed, on a screen, or without colour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode
from dermis.core import Encoding, Face, Photo, SegmentationClass, in_classes
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.lab.evaluate.evidence.readings import MADE, Reading, reading_of
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import compose_scene, raw_of
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.optics.isp import develop

__all__ = ["DISGUISES", "PORTRAITS", "disguise_readings", "made_faces", "out_of_scope", "parts_on_photo"]

Step = Callable[[str], None]

_Colour = tuple[float, float, float]

_SMOOTH = 0.02
"""Over this share of a face's width what was on the skin does not show through stone or plastic."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SKIN = (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE)
_GRAIN = 0.006
"""Noise of the camera in a picture that was painted over, sRGB-encoded."""
_MOTTLED = {"stone": 0.03, "plastic": 0.01, "paint": 0.01}
"""By how much red and blue of a material differ from place to place, a standard deviation over its mean."""


def _statue(colour: _Colour) -> Callable[[FloatMap, LabelMap], FloatMap]:
    """Return what turns a person into stone or metal: one colour all over, shaded as the head is, eyes and hair too."""

    def carve(pixels: FloatMap, parts: LabelMap) -> FloatMap:
        person = parts != SegmentationClass.BACKGROUND
        return _covered(pixels, parts, person, colour, "stone", kept=0.35)

    return carve


def _mask(colour: _Colour) -> Callable[[FloatMap, LabelMap], FloatMap]:
    """Return what puts a smooth mask of plastic over the skin; eyes, hair and neck stay."""
    places = (*_SKIN, SegmentationClass.LIPS)
    return lambda pixels, parts: _covered(pixels, parts, in_classes(parts, places), colour, "plastic", kept=0.0)


def _paint(colour: _Colour) -> Callable[[FloatMap, LabelMap], FloatMap]:
    """Return what paints the skin of the face; a tenth of it shines through, eyes, lips, hair and neck stay."""

    def paint(pixels: FloatMap, parts: LabelMap) -> FloatMap:
        covered = _covered(pixels, parts, in_classes(parts, _SKIN), colour, "paint", kept=0.6)
        return np.asarray(0.1 * pixels + 0.9 * covered, np.float32)

    return paint


def _covered(
    pixels: FloatMap, parts: LabelMap, places: BoolMap, colour: _Colour, material: str, *, kept: float
) -> FloatMap:
    """Return the picture with places in one colour, shaded as they were; kept: share of the finest relief."""
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    luminance = np.asarray(decode(pixels) @ _LUMINANCE, np.float32)
    width = max(float(np.ptp(np.flatnonzero(in_classes(parts, _SKIN).any(axis=0)))), 20.0)
    smooth = gaussian_filter(luminance, _SMOOTH * width)
    relief = np.maximum(smooth + kept * (luminance - smooth), 0.0)
    shade = relief / max(float(np.percentile(relief[in_classes(parts, _SKIN)], 60)), 1e-3)
    linear = np.clip(shade, 0.02, 1.8)[..., None] * np.asarray(decode(np.array(colour)), np.float64)
    draw = np.random.default_rng(0)
    cloud = gaussian_filter(draw.standard_normal(pixels.shape), (0.06 * width, 0.06 * width, 0))
    linear *= np.exp(_MOTTLED[material] * cloud / cloud.std() * (1, 0, 1))
    noise = draw.normal(0, _GRAIN, pixels.shape)
    painted = np.clip(np.asarray(encode(np.clip(linear, 0, 1))) + noise, 0, 1)
    return np.asarray(np.where(places[..., None], painted, pixels), np.float32)


def _grey(tint: _Colour) -> Callable[[FloatMap, LabelMap], FloatMap]:
    def grey(pixels: FloatMap, parts: LabelMap) -> FloatMap:
        light = np.repeat((np.asarray(decode(pixels)) @ _LUMINANCE)[..., None], 3, axis=2)
        shown = np.asarray(encode(np.clip(light, 0, 1))) ** np.array(tint)
        return np.asarray(np.clip(shown, 0, 1), np.float32)

    return grey


def _cartoon(pixels: FloatMap, parts: LabelMap) -> FloatMap:
    """Return the picture in few flat colours with dark outlines."""
    from scipy.ndimage import gaussian_gradient_magnitude, median_filter  # late: 40 ms

    side = max(3, round(0.02 * pixels.shape[1]) | 1)
    flat = np.stack([median_filter(pixels[..., k], side) for k in range(3)], axis=-1)
    few = np.round(flat * 5) / 5
    lines = gaussian_gradient_magnitude(few @ _LUMINANCE, 1.5) > 0.06
    return np.asarray(np.where(lines[..., None], 0.1, few), np.float32)


def _printed(pixels: FloatMap, parts: LabelMap) -> FloatMap:
    """Return the picture as a press prints it: cyan, magenta and yellow dots on grids of their own."""
    rows, columns = np.indices(pixels.shape[:2])
    pitch_px = max(4.0, 0.012 * pixels.shape[1])
    ink, light = np.ones_like(pixels), np.asarray(decode(pixels))
    for channel, degrees in enumerate((15.0, 75.0, 0.0)):
        turn = np.radians(degrees)
        along, down = columns * np.cos(turn) + rows * np.sin(turn), rows * np.cos(turn) - columns * np.sin(turn)
        wave = (np.cos(2 * np.pi * along / pitch_px) + np.cos(2 * np.pi * down / pitch_px)) / 4 + 0.5
        edge = np.clip((light[..., channel] - wave) * 3 + 0.5, 0, 1)
        ink[..., channel] = 0.12 + 0.83 * edge
    return np.asarray(encode(ink), np.float32)


def _on_screen(pixels: FloatMap, parts: LabelMap) -> FloatMap:
    """Return the picture with the stripes of a screen's subpixels, which beat with the camera's."""
    columns = np.arange(pixels.shape[1])
    stripes = np.stack([0.75 + 0.25 * np.cos(2 * np.pi * (columns / 2.9 + turn / 3)) for turn in range(3)], axis=-1)
    shown: FloatMap = np.clip(pixels * stripes[None], 0, 1).astype(np.float32)
    return shown


DISGUISES: Mapping[str, Callable[[FloatMap, LabelMap], FloatMap]] = {
    "statue of marble": _statue((0.9, 0.88, 0.84)),
    "statue of sandstone": _statue((0.8, 0.68, 0.5)),
    "statue of clay": _statue((0.72, 0.47, 0.34)),
    "statue of bronze": _statue((0.45, 0.33, 0.2)),
    "statue of dark wood": _statue((0.3, 0.18, 0.11)),
    "white mask": _mask((0.9, 0.88, 0.86)),
    "skin-coloured mask": _mask((0.85, 0.66, 0.55)),
    "brown mask": _mask((0.45, 0.29, 0.2)),
    "painted white": _paint((0.93, 0.93, 0.94)),
    "painted green": _paint((0.3, 0.6, 0.25)),
    "painted blue": _paint((0.25, 0.35, 0.8)),
    "painted black": _paint((0.12, 0.12, 0.12)),
    "black and white": _grey((1.0, 1.0, 1.0)),
    "sepia": _grey((0.8, 1.0, 1.3)),
    "cartoon": _cartoon,
    "printed": _printed,
    "photo of a screen": _on_screen,
}
"""By name, what makes a picture out of scope from pixels (h, w, 3), sRGB-encoded, and the parts (h, w) of the face."""


PORTRAITS = "portraits"
_LONGEST_PX = 1000


def disguise_readings(
    people: int, portraits: Iterable[Path] = (), *, step: Step = lambda words: None
) -> Iterator[Reading]:
    """Yield what is said of faces in each disguise: made people of each ITA class in turn, and portraits.

    shot: the disguise. source: "made people, CLASS" or "portraits".
    """
    made = ((f"{MADE}, {tone}", f"{number}", photo) for number, (tone, photo) in enumerate(made_faces(people)))
    real = ((PORTRAITS, path.stem, _smaller(read_photo(path))) for path in portraits)
    for source, person, photo in chain(made, real):
        for name, shown in _disguised(photo):
            step(f"{person}, {name}")
            yield reading_of(shown, tasks=("skin_tone",), source=source, person=person, shot=name)


def _disguised(photo: Photo) -> Iterator[tuple[str, Photo]]:
    """Yield name and picture of each disguise of the face in a photo; none where no face is found."""
    face = find_face(photo)
    if face is None or face.landmarks is None:
        return
    parts = parts_on_photo(face, photo)
    for name, disguise in DISGUISES.items():
        yield name, replace(photo, pixels=np.clip(disguise(photo.pixels, parts), 0, 1).astype(np.float32))


def parts_on_photo(face: Face, photo: Photo) -> LabelMap:
    """Return the parts of a face on the pixels of its photo (h, w)."""
    frame = face.frame
    parts = np.zeros(photo.pixels.shape[:2], np.uint8)
    big = face.segmentation.repeat(frame.factor, axis=0).repeat(frame.factor, axis=1)
    window = parts[frame.y_px : frame.y_px + big.shape[0], frame.x_px : frame.x_px + big.shape[1]]
    window[:] = big[: window.shape[0], : window.shape[1]]
    return parts


def _smaller(photo: Photo) -> Photo:
    from skimage.transform import rescale  # late: 0.2 s

    share = _LONGEST_PX / max(photo.pixels.shape[:2])
    if share >= 1:
        return photo
    pixels = rescale(photo.pixels, share, channel_axis=2, anti_aliasing=True)
    return replace(photo, pixels=np.clip(pixels, 0, 1).astype(np.float32))


def made_faces(
    people: int, *, seed: int = 1, size_px: int = 400, pitch_deg: float = 0.0, tones: Sequence[str] = ()
) -> Iterator[tuple[str, Photo]]:
    """Yield the ITA class and a photo of made people, the classes of the recipe `everyday` in turn.

    pitch_deg: how far the heads are tilted back. tones: make those of these classes alone, of all where there is none.
    """
    recipe = read_recipe("everyday", [f"seed={seed}", f"size_px={size_px}"])
    if not isinstance(recipe, FacesRecipe):
        raise TypeError("The recipe everyday is one of faces.")
    for number in range(people):
        tone = recipe.tone_classes[number % len(recipe.tone_classes)]
        if tones and tone not in tones:
            continue
        person, visit = person_at(recipe, number, "W00")
        rng = stream(seed, "disguised", number)
        shot = draw_everyday_shot(rng, recipe, "front", "neutral")
        if pitch_deg:
            pose = replace(shot.viewpoint.pose, pitch_deg=pitch_deg)
            shot = replace(shot, viewpoint=replace(shot.viewpoint, pose=pose))
        scene = compose_scene(person, visit, shot)
        raw = raw_of(scene)
        photo = develop(raw, everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0), rng)
        yield tone, photo


def out_of_scope() -> Iterator[tuple[str, Photo]]:
    """Yield name and picture of what is no face of a person: pictures of a library, and a drawing."""
    from skimage import data  # late, and only here

    for name in ("chelsea", "coffee", "rocket", "coins", "brick", "clock"):
        yield name, _photo(getattr(data, name)())
    yield "drawing", _photo(_drawing())


def _photo(pixels: NDArray[Any]) -> Photo:
    rgb = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3]
    return Photo(pixels=(rgb / 255).astype(np.float32), encoding=Encoding.SRGB)


def _drawing() -> NDArray[Any]:
    """Return a face of flat colours: an oval, two eyes, a mouth."""
    from PIL import Image, ImageDraw  # late: only here

    picture = Image.new("RGB", (400, 400), (120, 180, 220))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((90, 50, 310, 360), fill=(250, 210, 60), outline=(0, 0, 0), width=5)
    for x in (150, 220):
        draw.ellipse((x, 140, x + 35, 190), fill=(255, 255, 255), outline=(0, 0, 0), width=4)
        draw.ellipse((x + 12, 155, x + 24, 175), fill=(0, 0, 0))
    draw.arc((140, 220, 260, 310), 10, 170, fill=(180, 0, 0), width=8)
    return np.asarray(picture)
