"""Made people photographed with a ColorChecker beside them, and without: what is said of each, and the truth.

The chart is held beside the face, turned to the camera, in the same light but for a few per cent; phone, light,
exposure and errors are those of the recipe `everyday`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import COLUMNS, ROWS, chart_linear
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import lab_to_linear
from dermis.colour.srgb import encode, srgb_to_hex
from dermis.core import Photo
from dermis.core.arrays import FloatMap
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.lab.evaluate.evidence.readings import MADE, SKIN_TASKS, Reading, reading_of, truth_of
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.flash_pair import chart_corners, chart_picture, lit_chart
from dermis.lab.synth.camera.scene import Scene, compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import SceneLight
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.lab.synth.skin.colour import COLOUR_NM
from dermis.optics.camera import response
from dermis.optics.isp import develop, through_jpeg
from dermis.pipeline.analyse import measure_skin
from dermis.pipeline.light.beside_chart import charted_clues
from dermis.pipeline.light.lighting import lighting_of
from dermis.pipeline.options import AS_IT_COMES, AnalyseOptions
from dermis.tasks.pigments import optical_density, unmix
from dermis.tasks.redness.redness import LEVEL
from dermis.tasks.redness.redness_map import above_calm_skin

__all__ = [
    "ChartedColourExample",
    "ChartedPhoto",
    "charted_examples",
    "charted_photo",
    "charted_readings",
    "facing_light",
    "true_truth",
]


VIEWS = ("front", "15", "-15")
SHOTS = 2
_CHART_MM = 300.0
"""Width of the picture at the chart, in millimetres: the chart fills it."""
_LEVEL_SD, _SLOPE_SD, _TURN_SD_DEG = 0.05, 0.03, 2.0
"""How far the light on the chart differs from that on the face, falls off across it, and how it is turned."""

_FEWEST_PX = 100
_GREY = 20
"""The patch of the chart, a light grey (L* 67), that stands for a grey card."""
_BRIGHTEST = (0.5, 0.95)
"""Between which shares of the sensor's range the chart's white lies at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedPhoto:
    """A photo with the chart below the face, the middles (4, 2) of its corner patches, and the same photo without."""

    charted: Photo
    corners_px: NDArray[np.float64]
    plain: Photo


def charted_readings(
    *,
    people: int,
    seed: int,
    shots: int = SHOTS,
    first: int = 0,
    plain: bool = True,
    patch: bool = True,
    step: Callable[[str], None] = lambda words: None,
) -> Iterator[Reading]:
    """Yield what is said of photos of made people by a chart (`referenced`), by one of its greys alone
    (`referenced_patch`), and without (`unknown`).

    Every shot of a person is by another phone in another light. first: number of the first person. plain, patch:
    read the photos without a chart and by one grey, too.
    """
    for person, shot, scene, photo in _charted_photos(people, seed, shots, first):
        lab = _true_lab(scene)
        truth = true_truth(lab)
        if truth is not None:
            step(f"{person}, shot {shot}")
            found = list(_read(photo, person, f"{person} {shot}", truth, plain=plain, patch=patch))
            yield from (_with_difference(one, np.nanmedian(lab, axis=0)) for one in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedColourExample:
    """What a chart tells of a made person's face, and its true colour. clues: (7,), see `beside_chart`; lab: (3,)."""

    person: str
    clues: NDArray[np.float64]
    lab: NDArray[np.float64]


def charted_examples(
    *, people: int, seed: int, step: Callable[[str], None] = lambda words: None
) -> Iterator[ChartedColourExample]:
    """Yield the clues and the true colour of made people with a chart, before anything is corrected by them."""
    for person, shot, scene, photo in _charted_photos(people, seed, SHOTS, 0):
        step(f"chart, {person}, shot {shot}")
        lab, face = _true_lab(scene), find_face(photo.charted)
        if true_truth(lab) is None or face is None:
            continue
        try:
            lighting = lighting_of(photo.charted, _by_chart(photo))
        except InputError:
            continue
        clues = charted_clues(measure_skin(crop(photo.charted, face.frame), photo.charted, face, lighting), face)
        if clues is not None:
            yield ChartedColourExample(person=person, clues=clues, lab=np.nanmedian(lab, axis=0).astype(np.float64))


def _charted_photos(people: int, seed: int, shots: int, first: int) -> Iterator[tuple[str, int, Scene, ChartedPhoto]]:
    recipe = read_recipe("everyday", [f"seed={seed}"])
    if not isinstance(recipe, FacesRecipe):
        raise TypeError("The recipe everyday is one of faces.")
    for number in range(first, first + people):
        person, visit = person_at(recipe, number, "W00")
        for shot in range(shots):
            rng = stream(recipe.seed, "charted", number, shot)
            scene = compose_scene(person, visit, draw_everyday_shot(rng, recipe, VIEWS[shot % len(VIEWS)], "neutral"))
            yield f"s{number:04d}", shot, scene, charted_photo(rng, recipe, scene)


def _by_chart(photo: ChartedPhoto) -> AnalyseOptions:
    return replace(AS_IT_COMES, reference="chart:" + ",".join(f"{value:.1f}" for value in photo.corners_px.ravel()))


def _by_grey(photo: ChartedPhoto) -> AnalyseOptions:
    """Return the options that name one grey patch of the chart alone, as a grey card is named."""
    first, last, _, below = photo.corners_px
    along, down = (last - first) / (COLUMNS - 1), (below - first) / (ROWS - 1)
    x, y = first + _GREY % COLUMNS * along + _GREY // COLUMNS * down
    side = 0.5 * float(np.hypot(*along))
    colour = srgb_to_hex(encode(np.clip(chart_linear()[_GREY], 0, 1)))
    return replace(AS_IT_COMES, reference=f"{x - side / 2:.0f},{y - side / 2:.0f},{side:.0f},{side:.0f}={colour}")


def _with_difference(reading: Reading, lab: FloatMap) -> Reading:
    if reading.lab is None:
        return reading
    return replace(reading, difference=float(delta_e_00(np.array(reading.lab), np.asarray(lab, np.float64))))


def _read(
    photo: ChartedPhoto, person: str, shot: str, truth: Mapping[str, float], *, plain: bool, patch: bool
) -> Iterator[Reading]:
    known: dict[str, Any] = {"source": MADE, "person": person, "shot": shot, "truth": truth, "tasks": SKIN_TASKS}
    if plain:
        yield reading_of(photo.plain, **known)
    for reference in (_by_chart(photo), *((_by_grey(photo),) if patch else ())):
        try:
            yield reading_of(photo.charted, reference, **known)
        except InputError:
            continue  # it is too dark or clipped to say anything, and the program says so


def charted_photo(rng: np.random.Generator, recipe: FacesRecipe, scene: Scene) -> ChartedPhoto:
    """Photograph a scene, with a chart below the face and without."""
    size_px = recipe.size_px
    raw = raw_of(scene)
    px_per_mm, turn_deg = size_px / _CHART_MM, float(rng.normal(0, _TURN_SD_DEG))
    shown = chart_picture(size_px, px_per_mm, turn_deg=turn_deg)
    level = facing_light(scene.shot.lamps) * float(np.exp(rng.normal(0, _LEVEL_SD)))
    along = np.linspace(-1, 1, size_px, dtype=np.float32)
    slopes = rng.normal(0, _SLOPE_SD, 2)
    falloff = 1 + slopes[0] * along[None, :, None] + slopes[1] * along[:, None, None]
    chart = level * falloff * lit_chart(shown, response(scene.shot.camera, scene.shot.light, COLOUR_NM))
    isp = everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0, recipe)
    both = np.concatenate([raw, chart.astype(np.float32)])
    # Whoever uses a chart exposes for it: what is brightest of it does not clip.
    brightest = float((chart * isp.white_balance).max()) * isp.exposure
    less = min(float(rng.uniform(*_BRIGHTEST)) / brightest, 1.0)
    darker = replace(isp, exposure=isp.exposure * less, exposure_s=isp.exposure_s * less)
    return ChartedPhoto(
        charted=through_jpeg(develop(both, darker, rng), darker),
        corners_px=np.add(chart_corners(size_px, px_per_mm, turn_deg), (0, size_px)),
        plain=through_jpeg(develop(raw, isp, rng), isp),
    )


def facing_light(lamps: Sequence[SceneLight]) -> float:
    """Return what arrives on a flat surface that faces the camera, as `irradiance` has it for skin."""
    total = 0.0
    for lamp in lamps:
        cosine = float(lamp.way[2])
        soft = 0.08 + 0.35 * float(np.sin(np.radians(min(lamp.size_deg, 120) / 2)))
        arrives = 0.62 + 0.38 * cosine if lamp.everywhere else max((cosine + soft) / (1 + soft), 0.0)
        total += lamp.strength * arrives
    return max(total, 0.05)


def _true_lab(scene: Scene) -> FloatMap:
    """Return the true colours (n, 3) of the face in a scene, without light, shade and gloss; some may be NaN."""
    return lab_of(scene)[skin_mask(scene) & (scene.buffers.regions > 0)]


def true_truth(lab: FloatMap) -> dict[str, float] | None:
    """Return what the tasks should say of a face of these true colours (n, 3), None where they are too few."""
    lab = lab[np.isfinite(lab).all(axis=1)]
    if len(lab) < _FEWEST_PX:
        return None
    return {**truth_of(np.median(lab, axis=0).astype(np.float64)), "redness": _true_redness(lab)}


def _true_redness(lab: FloatMap) -> float:
    linear = np.asarray(lab_to_linear(lab), dtype=np.float32)
    excess = above_calm_skin(unmix(linear).haemoglobin, 100 * optical_density(linear)[:, 0])
    return float(np.percentile(excess, LEVEL))
