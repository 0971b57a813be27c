"""Pictures that are no photo of a person's bare skin: what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dermis.core import Encoding, Photo, SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import compose_scene, raw_of
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.optics.isp import develop

__all__ = ["out_of_scope"]

_SMOOTH_PX = 4.0
"""What was on the skin does not show through."""
_STONE, _CLAY = (0.95, 0.92, 0.85), (0.85, 0.55, 0.4)
_PLASTIC, _WHITE, _BLUE = (0.93, 0.9, 0.86), (0.95, 0.95, 0.97), (0.25, 0.35, 0.85)


def out_of_scope() -> Iterator[tuple[str, str, Photo]]:
    """Yield name, what should happen, and the picture: "none" no numbers at all, "grey" no colour, "told" any."""
    from skimage import data  # late, and only here

    for name in ("chelsea", "coffee", "rocket", "coins", "brick", "clock"):
        yield name, "none", _photo(getattr(data, name)())
    portrait = _photo(data.astronaut()[:220, 130:330])
    yield "cartoon", "none", _photo(_cartoon())
    grey = np.repeat(portrait.pixels @ np.array([[0.3], [0.6], [0.1]], np.float32), 3, axis=2)
    yield "black and white", "grey", replace(portrait, pixels=grey)
    yield "painted green", "told", replace(portrait, pixels=portrait.pixels * np.array([0.5, 1.0, 0.5], np.float32))
    yield from _disguised()
    yield "photo of a screen", "told", replace(portrait, pixels=_on_screen(portrait.pixels))


def _disguised() -> Iterator[tuple[str, str, Photo]]:
    """Yield a made face as a bust of stone and of clay, behind a mask of plastic, and painted in two colours."""
    recipe = read_recipe("everyday", ["seed=1", "size_px=400"])
    if not isinstance(recipe, FacesRecipe):
        raise TypeError("The recipe everyday is one of faces.")
    person, visit = person_at(recipe, 4, "W00")
    rng = stream(1, "disguised")
    scene = compose_scene(person, visit, draw_everyday_shot(rng, recipe, "front", "neutral"))
    raw = raw_of(scene)
    photo = develop(raw, everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0), rng)
    face = np.isin(scene.buffers.parts, (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE))
    person_px = np.isfinite(scene.buffers.depth_mm)
    left = face & (np.arange(face.shape[1]) < np.median(np.nonzero(face)[1]))
    for name, places, colour in (
        ("statue of stone", person_px, _STONE), ("statue of clay", person_px, _CLAY), ("mask", face, _PLASTIC)
    ):  # fmt: skip
        yield name, "told", replace(photo, pixels=_painted(photo.pixels, places, colour))
    two = _painted(_painted(photo.pixels, face & ~left, _WHITE), left, _BLUE)
    yield "painted in two colours", "told", replace(photo, pixels=two)


def _painted(pixels: FloatMap, places: BoolMap, colour: tuple[float, float, float]) -> FloatMap:
    """Return the picture with places in one colour, shaded as they were."""
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    light = gaussian_filter(pixels.mean(axis=2, keepdims=True), (_SMOOTH_PX, _SMOOTH_PX, 0))
    usual = max(float(np.median(light[places])), 1e-3)
    shade = np.clip(light / usual, 0, 1.2) * np.array(colour, np.float32) * 0.85
    return np.where(places[..., None], np.clip(shade, 0, 1), pixels).astype(np.float32)


def _photo(pixels: np.ndarray[Any, Any]) -> Photo:
    rgb = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3]
    return Photo(pixels=(rgb / 255).astype(np.float32), encoding=Encoding.SRGB)


def _cartoon() -> np.ndarray[Any, Any]:
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


def _on_screen(pixels: FloatMap) -> FloatMap:
    """Return the picture with the stripes of a screen's subpixels, which beat with the camera's."""
    columns = np.arange(pixels.shape[1])
    stripes = np.stack([0.75 + 0.25 * np.cos(2 * np.pi * (columns / 2.9 + turn / 3)) for turn in range(3)], axis=-1)
    shown: FloatMap = np.clip(pixels * stripes[None], 0, 1).astype(np.float32)
    return shown
