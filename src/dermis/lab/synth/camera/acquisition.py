"""How a set's photos are taken: light, camera, viewpoint and development drawn for each, as its recipe says."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import cache

import numpy as np

from dermis.colour.tone import ITA_CLASSES
from dermis.core import Pose
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.camera.scene import Shot
from dermis.lab.synth.camera.shading import draw_lamps
from dermis.lab.synth.camera.viewpoint import FRAMINGS, Viewpoint, draw_viewpoint
from dermis.lab.synth.head.head import Expression
from dermis.lab.synth.lesions.progression import PROFILES
from dermis.lab.synth.recipe import FacesRecipe, SubjectRecipe
from dermis.lab.synth.subjects import Subject, SubjectPopulation, draw_subject
from dermis.optics.camera import Camera, draw_camera, find_camera
from dermis.optics.illuminant import Illuminant, find_illuminant
from dermis.optics.isp import IspSettings
from dermis.optics.populations import ILLUMINANT_KINDS, draw_illuminant, draw_isp

__all__ = ["draw_everyday_shot", "draw_studio_shot", "everyday_isp", "stream", "studio_isp", "subject_of"]

YAW_DEG = {"front": 0.0, "left": -50.0, "right": 50.0}
"""The view of a person's left side shows them turned to their right."""
_SENSOR_PX = 3000


def stream(recipe_seed: int, *place: str | int) -> np.random.Generator:
    """Return the generator of one place in a set, the same whatever else the set holds."""
    numbers = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in place]
    return np.random.default_rng([recipe_seed, *numbers])


def subject_of(recipe: SubjectRecipe, number: int) -> Subject:
    """Return the set's person of that number; a set with more people holds the same ones first."""
    shares = {name: float(recipe.conditions.count(name)) for name in PROFILES if name in recipe.conditions}
    lowest, highest = _tones_of(recipe, number)
    population = SubjectPopulation(
        lowest_ita_deg=lowest,
        highest_ita_deg=highest,
        youngest_years=recipe.youngest_years,
        oldest_years=recipe.oldest_years,
        profiles=shares,
    )
    return draw_subject(int(stream(recipe.seed, "subject", number).integers(2**62)), population)


def _tones_of(recipe: SubjectRecipe, number: int) -> tuple[float, float]:
    """Return the lowest and the highest ITA that the set's person of that number may have."""
    low, high = recipe.lowest_ita_deg, recipe.highest_ita_deg
    if not isinstance(recipe, FacesRecipe) or not recipe.tone_classes:
        return low, high
    name = recipe.tone_classes[number % len(recipe.tone_classes)]
    place = [each for each, _ in ITA_CLASSES].index(name)
    return max(low, ITA_CLASSES[place][1]), min(high, ITA_CLASSES[place - 1][1] if place else high)


def draw_everyday_shot(
    rng: np.random.Generator, recipe: SubjectRecipe, view: str, expression: str, *, framing: str | None = None
) -> Shot:
    """Draw a photo as people take them: hand-held, any of the recipe's lights and cameras."""
    light = _light(rng, recipe)
    place = framing or str(rng.choice(["face", "face", "head"]))
    yaw_deg = YAW_DEG[view] if view in YAW_DEG else float(view)
    return Shot(
        viewpoint=draw_viewpoint(rng, place, yaw_deg=yaw_deg),
        expression=_expression(rng, expression),
        light=light,
        lamps=draw_lamps(rng, light.kind),
        camera=_camera(rng, recipe),
        size_px=recipe.size_px,
    )


def draw_studio_shot(
    rng: np.random.Generator, recipe: SubjectRecipe, view: str, expression: str, *, turn_deg: float | None = None
) -> Shot:
    """Draw a photo as clinics take them: head in a rest, one light, one camera, for the whole set.

    turn_deg: how far left and right views are turned.
    """
    light = _light(stream(recipe.seed, "light"), recipe)
    yaw_deg = YAW_DEG[view] if view in YAW_DEG else float(view)
    if turn_deg is not None:
        yaw_deg = float(np.sign(yaw_deg) * turn_deg)
    lean = np.clip(rng.normal(0, 1, 3), -2, 2) * (1.5, 1.0, 0.7)
    return Shot(
        viewpoint=Viewpoint(
            pose=Pose(
                yaw_deg=float(np.clip(yaw_deg + lean[0], -90, 90)), pitch_deg=float(lean[1]), roll_deg=float(lean[2])
            ),
            distance_mm=700.0,
            framing=FRAMINGS["face"],
        ),
        expression=_expression(rng, expression),
        light=light,
        lamps=draw_lamps(stream(recipe.seed, "lamps"), light.kind if "any" in recipe.lights else "studio"),
        camera=_camera(stream(recipe.seed, "camera"), recipe),
        size_px=recipe.size_px,
    )


def _light(rng: np.random.Generator, recipe: SubjectRecipe) -> Illuminant:
    name = str(rng.choice(recipe.lights))
    if name == "any":
        return draw_illuminant(rng)
    return draw_illuminant(rng, name) if name in ILLUMINANT_KINDS else _named_light(name)


@cache
def _named_light(name: str) -> Illuminant:
    return find_illuminant(name)


def _camera(rng: np.random.Generator, recipe: SubjectRecipe) -> Camera:
    name = str(rng.choice(recipe.cameras))
    return draw_camera(rng) if name == "drawn" else _named_camera(name)


@cache
def _named_camera(name: str) -> Camera:
    return find_camera(name)


def _expression(rng: np.random.Generator, name: str) -> Expression:
    gaze = np.clip(rng.normal(0, 3, 2), -8, 8)
    smile = float(rng.uniform(0.6, 1.0)) if name == "smile" else float(rng.uniform(0, 0.08))
    return Expression(smile=smile, gaze_deg=(float(gaze[0]), float(gaze[1])))


def everyday_isp(
    rng: np.random.Generator, shot: Shot, raw: FloatMap, face: BoolMap, faults: FacesRecipe | None = None
) -> IspSettings:
    """Draw how an automatic camera takes the picture: it looks at the face, and half makes up for its tone.

    raw: (h, w, 3). face: (h, w), the pixels it takes for the face; the whole picture where there are none. faults: a
    recipe that says how far exposure, white balance and tone curve are off beside that.
    """
    seen = float(raw[face].mean()) if face.any() else float(raw.mean())
    metered = 0.5 * np.sqrt(0.2 * max(seen, 1e-3)) * 2 ** float(rng.normal(0, 0.25))
    isp = draw_isp(
        rng,
        shot.camera,
        shot.light,
        binning=max(1, round(_SENSOR_PX / shot.size_px)),
        metered_reflectance=float(metered),
    )
    return isp if faults is None else _with_faults(rng, isp, faults)


def _with_faults(rng: np.random.Generator, isp: IspSettings, faults: FacesRecipe) -> IspSettings:
    """Return a development with exposure, white balance and tone curve off; the exposure data tell of the first."""
    if not (faults.exposure_sd_ev or faults.balance_sd or faults.curve_sd):
        return isp
    more = float(2 ** rng.normal(0, faults.exposure_sd_ev))
    warm, green = rng.normal(0, faults.balance_sd), rng.normal(0, faults.balance_sd / 2)
    gains = isp.white_balance * np.exp((warm, green, -warm))
    curve = rng.normal(0, faults.curve_sd, 2)
    return replace(
        isp,
        exposure=isp.exposure * more,
        exposure_s=isp.exposure_s * more,
        white_balance=gains / gains.min(),
        gamma=isp.gamma * float(np.exp(curve[0])),
        contrast=float(np.clip(isp.contrast + curve[1], 0, 0.45)),
    )


def studio_isp(recipe: SubjectRecipe, shot: Shot) -> IspSettings:
    """Return the one development of a set that is taken with fixed settings: a white in the light is not clipped."""
    return draw_isp(
        stream(recipe.seed, "development"),
        shot.camera,
        shot.light,
        binning=max(1, round(_SENSOR_PX / shot.size_px)),
        metered_reflectance=0.11,
    )
