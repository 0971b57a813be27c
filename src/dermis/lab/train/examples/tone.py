"""What photos of synthetic people show of their skin, with its true colour: from this the tone network learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Face, SegmentationClass, View
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import Scene, compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import draw_lamps
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.optics.camera import draw_camera
from dermis.optics.isp import develop, through_jpeg
from dermis.optics.populations import ILLUMINANT_KINDS, draw_illuminant
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.tone import tone_clues

__all__ = ["Clues", "tone_clues_of"]

_FEWEST_PX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """One photo of a synthetic person.

    pixels: (k,) what the photo shows, in the order of `dermis.tasks.tone.CLUES`, NaN where it does not say. lab: (3,)
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
