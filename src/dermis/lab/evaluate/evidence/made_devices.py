"""Made people photographed by a calibrated rig, and by flash pairs of a calibrated phone: what is said, and the truth.

Each person is photographed twice by a device of its own, which was calibrated once with a chart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Photo
from dermis.core.arrays import FloatMap
from dermis.errors import InputError
from dermis.formats.device_json import write_profile
from dermis.lab.evaluate.evidence.made_scenes import facing_light, true_truth
from dermis.lab.evaluate.evidence.readings import MADE, SKIN_TASKS, Reading, reading_of
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, stream
from dermis.lab.synth.camera.flash_pair import (
    chart_corners,
    chart_picture,
    draw_chart_pair,
    draw_device,
    draw_flash_pair,
    lit_chart,
)
from dermis.lab.synth.camera.scene import compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import STUDIO
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe, read_recipe
from dermis.lab.synth.skin.colour import COLOUR_NM
from dermis.optics.camera import draw_camera, response
from dermis.optics.illuminant import white_led
from dermis.optics.isp import develop, through_jpeg
from dermis.optics.populations import draw_isp
from dermis.pipeline.light.calibration import calibrate_flash, calibrate_rig
from dermis.pipeline.options import AS_IT_COMES
from dermis.pipeline.reference import ChartCorners

__all__ = ["pair_readings", "rig_readings"]

Step = Callable[[str], None]
SHOTS = 2
_CHART_MM = 300.0
_WHITE = 0.8
"""Share of the sensor's range that the chart's white reaches in the light of a rig."""
_LEVEL_SD = 0.03
"""By how much the light on a head in a rig differs from photo to photo, and from that on the chart."""


def rig_readings(*, people: int, seed: int, step: Step = lambda words: None) -> Iterator[Reading]:
    """Yield what is said of made people in rigs (`controlled`): soft lamps, fixed exposure, one profile each."""
    recipe = _everyday(seed)
    with tempfile.TemporaryDirectory() as aside:
        for number in range(people):
            rng = stream(seed, "rig", number)
            camera, light = draw_camera(rng), white_led(rng.uniform(4000, 6800), rng.normal(0, 0.003))
            isp = draw_isp(rng, camera, light, binning=max(1, round(3000 / recipe.size_px)), metered_reflectance=0.18)
            per_mm, turn_deg = recipe.size_px / _CHART_MM, float(rng.normal(0, 2))
            shown = chart_picture(recipe.size_px, per_mm, turn_deg=turn_deg)
            chart = facing_light(STUDIO) * lit_chart(shown, response(camera, light, COLOUR_NM))
            isp = replace(isp, exposure=_WHITE / float((chart * isp.white_balance).max()))
            corners = chart_corners(recipe.size_px, per_mm, turn_deg)
            try:
                profile = calibrate_rig(through_jpeg(develop(chart.astype(np.float32), isp, rng), isp), _at(corners))
            except InputError:
                continue
            path = write_profile(profile, Path(aside) / f"{number}.json")
            person, visit = person_at(recipe, number, "W00")
            for shot in range(SHOTS):
                drawn = draw_everyday_shot(rng, recipe, "front", "neutral")
                scene = compose_scene(person, visit, replace(drawn, camera=camera, light=light, lamps=STUDIO))
                raw = raw_of(scene) * np.float32(np.exp(rng.normal(0, _LEVEL_SD)))
                photo = through_jpeg(develop(raw, isp, rng), isp)
                lab = lab_of(scene)[skin_mask(scene) & (scene.buffers.regions > 0)]
                step(f"rig {number}, shot {shot}")
                yield from _read(photo, f"s{number:04d}", shot, lab, condition="controlled", device=path)


def pair_readings(*, people: int, seed: int, step: Step = lambda words: None) -> Iterator[Reading]:
    """Yield what is said of made people in flash pairs; nobody tells the distance of their pupils."""
    recipe = _everyday(seed)
    with tempfile.TemporaryDirectory() as aside:
        for number in range(people):
            rng = stream(seed, "flash pairs", number)
            device = draw_device(rng)
            ambient, flash, corners = draw_chart_pair(rng, device)
            try:
                profile = calibrate_flash(ambient, flash, _at(corners))
            except InputError:
                continue
            path = write_profile(profile, Path(aside) / f"{number}.json")
            person, visit = person_at(recipe, number, "W00")
            for shot in range(SHOTS):
                pair = draw_flash_pair(rng, device, person, visit)
                step(f"flash pair {number}, {shot}")
                lab = pair.lab[pair.face]
                yield from _read(pair.flash, f"s{number:04d}", shot, lab, device=path, ambient=pair.ambient)


def _read(
    photo: Photo,
    person: str,
    shot: int,
    lab: FloatMap,
    *,
    device: Path,
    condition: str | None = None,
    ambient: Photo | None = None,
) -> Iterator[Reading]:
    truth = true_truth(lab)
    if truth is None:
        return
    known: dict[str, Any] = {"source": MADE, "person": person, "shot": f"{person} {shot}", "truth": truth}
    try:
        yield reading_of(
            photo, replace(AS_IT_COMES, device=device, condition=condition), tasks=SKIN_TASKS, ambient=ambient, **known
        )
    except InputError:
        return  # the pair is useless, and the program says so


def _at(corners: NDArray[np.float64]) -> ChartCorners:
    return ChartCorners(corners_px=tuple(corners.ravel().tolist()))


def _everyday(seed: int) -> FacesRecipe:
    recipe = read_recipe("everyday", [f"seed={seed}"])
    if not isinstance(recipe, FacesRecipe):
        raise TypeError("The recipe everyday is one of faces.")
    return recipe
