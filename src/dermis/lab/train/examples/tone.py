"""What photos of synthetic people show of their skin, with its true colour: from this the tone network learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.core import Capture, CropFrame, Face, Region, SegmentationClass, Skin, View, region_mask
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import Scene, compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import draw_lamps
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.optics.camera import draw_camera
from dermis.optics.isp import develop, through_jpeg
from dermis.optics.populations import ILLUMINANT_KINDS, draw_illuminant
from dermis.pipeline.analyse import measure_skin

__all__ = ["CLUES", "Clues", "tone_clues", "tone_clues_of"]

_FEWEST_PX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """One photo of a synthetic person.

    pixels: (k,) what the photo shows, in the order of `CLUES`, NaN where it does not say. lab: (3,)
    the true colour of the skin under D65. light: kind of the illuminant.
    """

    name: str
    person: str
    pixels: NDArray[np.float32]
    lab: NDArray[np.float64]
    light: str


def tone_clues_of(root: Path, *, seed: int = 501, people: int = 200, photos: int = 10) -> Iterator[Clues]:
    """Yield `photos` photos of each of two views of `people` synthetic people; rendered here, from nothing."""
    recipe = read_recipe("faces", ["size_px=192", f"seed={seed}"])
    assert isinstance(recipe, FacesRecipe)
    kinds, share = list(ILLUMINANT_KINDS), np.array([row[0] for row in ILLUMINANT_KINDS.values()])
    share = share / share.sum()
    for number in range(people):
        person, visit = person_at(recipe, number, "W00")
        for view in range(2):
            rng = stream(seed, "clues", number, view)
            shot = draw_everyday_shot(rng, recipe, str(rng.choice(["front", "front", "left", "right"])), "neutral")
            kind = str(rng.choice(kinds, p=share))
            scene = compose_scene(person, visit, replace(shot, lamps=draw_lamps(rng, kind)))
            for place, (light, clues, lab) in enumerate(_photos(rng, scene, kinds, share, kind, photos)):
                who = f"{seed}-{number}"
                yield Clues(name=f"{who}-{view}-{place}", person=who, pixels=clues, lab=lab, light=light)


def _photos(
    rng: np.random.Generator, scene: Scene, kinds: list[str], share: NDArray[np.float64], first: str, photos: int
) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.float64]]]:
    """Yield kind of light, clues and true colour of each photo; nothing where too little skin is in view."""
    skin, regions, lab = skin_mask(scene), scene.buffers.regions, lab_of(scene)
    on = skin & (regions > 0)
    if on.sum() < _FEWEST_PX:
        return
    height, width = skin.shape
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=width, height=height, factor=1), box=None, landmarks=None, pose=None,
        view=View.FRONT, segmentation=scene.buffers.parts.astype(np.uint8), regions=regions.astype(np.uint8), skin=skin,
    )  # fmt: skip
    true = lab[on].mean(axis=0, dtype=np.float64)
    for place in range(photos):
        kind = first if place % 2 == 0 else str(rng.choice(kinds, p=share))
        shot = replace(scene.shot, light=draw_illuminant(rng, kind), camera=draw_camera(rng))
        raw = raw_of(replace(scene, shot=shot))
        isp = everyday_isp(rng, shot, raw, regions > 0)
        photo = through_jpeg(develop(raw, isp, rng), isp)
        seen = measure_skin(photo.pixels, photo, face)
        yield kind, tone_clues(seen, photo.capture, face.segmentation == SegmentationClass.EYES), true


_REGIONS = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN)
_EXPOSURE = ("iso_ev", "time_ev", "aperture_ev", "bias_ev", "brightness_ev", "wb_auto", "flash")
_FEWEST = 12
"""Fewer pixels than this say nothing."""
_MOST = 20_000
"""Of more pixels than this every second, third, ... is enough."""

CLUES: tuple[str, ...] = (
    *(f"skin_{c}" for c in "lab"),
    *(f"skin_{level}_{c}" for level in ("dark", "bright") for c in "lab"),
    *(f"{region.value}_{c}" for region in _REGIONS for c in "lab"),
    *(f"eye_white_{c}" for c in "lab"),
    *_EXPOSURE,
)
"""The names of the clues, in order: CIELAB (D65) as photographed, and exposure in stops."""


def tone_clues(skin: Skin, capture: Capture, eyes: BoolMap | None = None) -> NDArray[np.float32]:
    """Return the clues of one photo, (len(CLUES),), NaN where it does not tell one.

    eyes: (h, w) where the openings of the eyes are, None where that is not known well enough: their brightest third
    without highlights is taken for the white. The first three are the median of the face's well-lit
    skin, as `dermis.tasks.tone` measures it.
    """
    lab = np.asarray(linear_to_lab(skin.linear), dtype=np.float32)
    well_lit = _pixels(lab, skin.measured & region_mask(skin.regions, Region.FACE))
    parts = [
        _middle(well_lit, 50, 95),
        _middle(well_lit, 5, 25),
        _middle(well_lit, 90, 100),
        *(_middle(_pixels(lab, skin.measured & region_mask(skin.regions, region)), 50, 95) for region in _REGIONS),
        np.full(3, np.nan, np.float32) if eyes is None else _middle(_pixels(lab, eyes), 65, 97),
        _exposure(capture),
    ]
    return np.concatenate(parts).astype(np.float32)


def _pixels(lab: FloatMap, mask: BoolMap) -> FloatMap:
    found: FloatMap = lab[mask]
    return found[:: max(1, len(found) // _MOST)]


def _middle(pixels: FloatMap, low: float, high: float) -> NDArray[np.float32]:
    """Return the median colour (3,) of those pixels whose lightness lies between two percentiles."""
    if len(pixels) < _FEWEST:
        return np.full(3, np.nan, np.float32)
    least, most = np.percentile(pixels[:, 0], (low, high))
    inside = pixels[(pixels[:, 0] >= least) & (pixels[:, 0] <= most)]
    return np.asarray(np.median(inside, axis=0), np.float32)


def _exposure(capture: Capture) -> NDArray[np.float32]:
    """Return the exposure in stops, so that their sums mean something (APEX); NaN for what the photo does not say."""
    said = (
        None if not capture.iso else log2(capture.iso / 3.125),
        None if not capture.exposure_s else -log2(capture.exposure_s),
        None if not capture.f_number else 2 * log2(capture.f_number),
        capture.exposure_bias_ev,
        capture.brightness_ev,
        None if capture.white_balance_auto is None else float(capture.white_balance_auto),
        None if capture.flash_fired is None else float(capture.flash_fired),
    )
    return np.array([np.nan if value is None else value for value in said], np.float32)
