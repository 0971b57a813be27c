"""Print what each step gives on a painted face.

`python tests/fakes/frozen_steps.py > tests/contracts/frozen_steps.json`

Between the pixels and the finding stand places, areas, maps and clues; their figures move where a constant of geometry
does, which the finding may not show. Printed anew only where a change is meant; the change then says why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from dermis.core import (
    CaptureCondition,
    Detection,
    FaceLesions,
    Region,
    Task,
    View,
)
from dermis.tasks import TASKS
from dermis.tasks.acne.assign import place_lesions, regions_at
from dermis.tasks.acne.comedones import comedo_candidates, comedo_interval, comedo_trees, with_comedones
from dermis.tasks.acne.count import smallest_count_change
from dermis.tasks.acne.detect import _share_of_near, crop_face_square, find_lesions, misses_face
from dermis.tasks.acne.hayashi import grade_of_count
from dermis.tasks.acne.presence import with_presence
from dermis.tasks.intervals import FOLDER, interval_belts
from dermis.tasks.pigment_index import skin_pigments
from dermis.tasks.pigmentation.grade import grade_of_burden
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.pigmentation.skin_grid import CLUES, clues_of, like_melanin, skin_grid
from dermis.tasks.pigments import literature_indices
from dermis.tasks.redness.grade import grade_of_flush
from dermis.tasks.redness.redness_map import redness_map
from dermis.tasks.redness.vessel_lines import _line_filter, find_vessels
from dermis.tasks.tone_posterior import posterior_tone, relighting, relit_level, tone_posterior_clues
from fakes import edge_light_steps, edge_shape_steps, edge_steps, figure_steps, pipeline_steps
from fakes.painted_face import both_faces, by_region, painted_face, placed

Told = Mapping[str, object]
UNTOLD = ("notes", "model", "unit", "task", "title", "colours", "text", "name", "level", "derived", "bounds_are",
          "types_are", "note", "of", "over")  # fmt: skip
"""Words, which other tests read."""


def steps() -> dict[str, Callable[[], object]]:
    """Return each step by its name."""
    return {
        "scales": lambda: {name: _scale(task) for name, task in TASKS.items()},
        "grades": _grades,
        "skin": pipeline_steps.skin,
        "quality": pipeline_steps.quality,
        "lesions": _lesions,
        "lesions in doubt": _doubt,
        "what the network is shown": lambda: crop_face_square(painted_face().photo, painted_face().face, 128),
        "what a network told": _told_by_network,
        "comedones": _comedones,
        "acne": _acne,
        "brown marks": _marks,
        "redness": _redness,
        "vessels": _vessels,
        "pigments": _pigments,
        "tone": _tone,
        "intervals": _intervals,
        "alignment": pipeline_steps.alignment,
        "beside a chart": pipeline_steps.beside,
        "flash pair": pipeline_steps.flash,
        "calibration": pipeline_steps.calibration,
        "visits": pipeline_steps.visits,
        "several photos": pipeline_steps.several_photos,
        "colour": figure_steps.colour,
        "charts": figure_steps.charts,
        "numbers": figure_steps.numbers,
        "places": figure_steps.places,
        "evaluations": figure_steps.evaluations,
        "lesions at the edge": edge_steps.lesions,
        "looks of lesions": edge_steps.looks,
        "limits of scales of acne": edge_steps.acne_scales,
        "maps of comedones": edge_steps.comedo_maps,
        "brown marks at the edge": edge_steps.brown,
        "redness at the edge": edge_shape_steps.redness,
        "lines of vessels": edge_shape_steps.lines,
        "tones at the edge": edge_light_steps.tones,
        "light at the edge": edge_light_steps.light,
        "living skin at the edge": edge_light_steps.living,
        "flash at the edge": edge_light_steps.flash,
        "moved": edge_shape_steps.moved,
        "parts of a chart": edge_shape_steps.chart_parts,
    }


def figures(name: str) -> object:
    """Return the figures of a step: of an array its mean, spread, middle and ends, all of anything else."""
    return numbers(steps()[name]())


def numbers(thing: object) -> object:
    """Return what JSON holds of a result; words, and what is told elsewhere, are left out."""
    if isinstance(thing, np.ndarray):
        return _of_array(thing)
    if is_dataclass(thing):
        return numbers({one.name: getattr(thing, one.name) for one in fields(thing) if one.name not in UNTOLD})
    if isinstance(thing, Mapping):
        return {str(key): numbers(held) for key, held in thing.items() if key not in UNTOLD and held is not None}
    if isinstance(thing, tuple) and thing and isinstance(thing[0], Detection):
        return _of_items(thing)
    if isinstance(thing, slice):
        return [thing.start, thing.stop]
    if isinstance(thing, tuple | list):
        return [numbers(one) for one in thing]
    if isinstance(thing, Enum | str | bool | int) or thing is None:
        return thing
    return rounded(thing)


def rounded(number: float) -> float:
    return float(f"{float(number):.6g}")


def _of_array(values: np.ndarray) -> list[float]:
    """Return share that is told, mean, spread, lowest, highest, and where the weight lies, down and across."""
    values = np.atleast_2d(values).astype(np.float64)
    if values.size <= 8:
        return [rounded(one) for one in values.ravel()]
    told = np.isfinite(values)
    seen = values[told] if told.any() else np.zeros(1)
    held = np.where(told, values, 0.0)
    down, across = np.linspace(0, 1, held.shape[0])[:, None], np.linspace(0, 1, held.shape[1])[None]
    across = across if held.ndim == 2 else across[..., None]
    down = down if held.ndim == 2 else down[..., None]
    told = [told.mean(), seen.mean(), seen.std(), seen.min(), seen.max(), (held * down).mean(), (held * across).mean()]
    return [rounded(one) for one in told]


def _of_items(items: tuple[Detection, ...]) -> object:
    """Return how many items there are of each kind and region, the first one, and the mean of each figure of all."""
    about = ("score", "size_face_widths", "redness", "relief", "contrast")
    rows = [[*(getattr(one.box, side) for side in ("x_px", "y_px", "width_px", "height_px")),
             *(getattr(one, name) or 0.0 for name in about)] for one in items]  # fmt: skip
    counted = Counter(f"{one.kind} {one.region.value}" for one in items)
    return [
        dict(sorted(counted.items())),
        [rounded(one) for one in rows[0]],
        [rounded(one) for one in np.mean(rows, 0)],
    ]


def _grades() -> Told:
    """Return the grades of a burden of marks, a flush and a count, at their knots and between them."""
    return {
        "pigmentation": [
            grade_of_burden(x) for x in (0, 0.01, 0.02, 0.03, 0.05, 0.09, 0.12, 0.18, 0.3, 0.5, 0.9, 1.3, 2)
        ],
        "redness": [grade_of_flush(x) for x in (10, 14, 18, 24, 35, 41, 50)],
        "acne": [grade_of_count(x) for x in (0, 2, 10, 30, 70, 90, 200)],
    }


def _scale(task: Task) -> object:
    numbered = [block for block in task.section if not callable(getattr(block, "rank", None))]
    return {"scale": task.scale, "blocks": numbered, "regions": len(task.regions), "on request": task.on_request}


def _told(lesions: FaceLesions) -> Told:
    left = ("found", "view", "graded_halves")
    return {one.name: getattr(lesions, one.name) for one in fields(lesions) if one.name not in left}


def _lesions() -> Told:
    whole, small = painted_face(), painted_face(halved=True)
    turned = replace(whole.face.pose, yaw_deg=41.0)
    grid = np.stack(np.meshgrid(np.arange(250, 1250, 29.0), np.arange(250, 1250, 29.0)), -1).reshape(-1, 2)
    return {
        "reduced": _told(placed(whole)),
        "own pixels": _told(placed(small)),
        "own area": _told(place_lesions(whole.found, whole.face, whole.skin, own_area=True)),
        "turned": _told(placed(whole, pose=turned, view=View.RIGHT)),
        "without landmarks": _told(placed(whole, landmarks=None, box=None)),
        "regions": np.bincount(regions_at(grid, whole.face) + 1, minlength=9),
        "regions, own area": np.bincount(regions_at(grid, whole.face, own_area=True) + 1, minlength=9),
    }


def _doubt() -> Told:
    whole = placed(painted_face())
    told = {}
    for share in (0.02, 0.08, 0.15, 0.25, 0.5, 1.0):
        counts, counts_all = ({region: share * one for region, one in held.items()} for held in
                              (whole.counts, whole.counts_all))  # fmt: skip
        found = replace(whole.found, grade=2.2 * share, grade_interval=(1.5 * share, 2.9 * share))
        halves = (0.3 * share * whole.counts[Region.FACE], 0.7 * share * whole.counts[Region.FACE])
        now = replace(whole, counts=counts, counts_all=counts_all, halves=halves, found=found, count_afar=None)
        for name, alone, view in (
            ("", True, View.FRONT),
            ("own area ", False, View.FRONT),
            ("near ", True, View.CLOSE_UP),
        ):
            after = with_presence(replace(now, view=view), whole=alone)
            told[f"{name}{share}"] = [
                after.found.presence, after.found.grade, after.found.grade_interval, after.counts[Region.FACE],
                after.counts_all[Region.CHIN], after.halves, len(after.items), after.involved,
            ]  # fmt: skip
    return told


def _answers(image: np.ndarray, skin: np.ndarray) -> dict[str, np.ndarray]:
    """Stand in for the network: cells are lesions in so far as they are red, reach farther the darker they are."""
    size = image.shape[-1] // 4
    cells = image[0].reshape(3, size, 4, size, 4).mean(axis=(2, 4))
    red = np.clip(3 * (cells[0] - cells[1]) - 0.3, 0, 1) * skin[0, 0]
    slope = np.linspace(0.5, 1.5, size)[None] * np.linspace(0.8, 1.2, size)[:, None]
    reaches = np.stack([4 + 3 * share * (1 - cells[1]) for share in (1.0, 2.0, 3.0, 1.5)])
    told = {"density": 0.05 * red * slope, "density_all": 0.1 * red, "centres": red * slope / 1.5, "reaches": reaches}
    return {
        **{name: one[None].astype(np.float32) for name, one in told.items()},
        "grade": np.array([[1.0, -0.5, -3.0]]),
    }


def _told_by_network() -> Told:
    calibration = {"score_from": 0.3, "count_factor": 1.1, "count_all_factor": 0.9, "grade_limits": [0.6, 1.4, 2.4],
                   "grade_error": 0.7, "count_error_log": 0.4, "level": 0.9, "presence": [-2, 1, 0.5, 0.8]}  # fmt: skip
    told: dict[str, object] = {}
    for name, held in both_faces().items():
        for size in (128, 64):
            shown, network = SimpleNamespace(size_px=size), SimpleNamespace(run=_answers)
            weights = SimpleNamespace(
                meta={"calibration": calibration, "version": "1"}, shown=shown, network=network, model=""
            )
            with patch("dermis.tasks.acne.detect._weights", return_value=weights):
                face = replace(held.face, others=(held.face.box,) * (size == 64))
                told[f"{name} {size}"] = find_lesions(held.photo, face)
    few = np.zeros((16, 16), np.float32)
    few[4:12, 4:12] = 1
    inside, outside = [[20.0, 20, 28, 28]], [[0.0, 0, 8, 8]]
    told["beside"] = [misses_face(few, np.float32(inside * some + outside * others))
                      for some, others in ((1, 10), (1, 11), (4, 12), (4, 13))]  # fmt: skip
    told["near"] = [_share_of_near(count) for count in (1.0, 3.0, 7.0)]
    return told


def _comedones() -> Told:
    told: dict[str, object] = {"interval": [comedo_interval(number) for number in (0, 3, 40)]}
    for name, held in both_faces().items():
        seen = comedo_candidates(held.face, held.skin)
        told[name] = {"places": seen.places_px, "radii": seen.radii_px, "chances": comedo_trees().chances(seen.clues),
                      "clues": [*seen.clues.T]}  # fmt: skip
        after = with_comedones(replace(placed(held), found=replace(held.found, presence=0.9)), held.face, held.skin)
        told[f"{name}, counted"] = [after.comedones, after.open_share]
    return told


def _acne() -> Told:
    held = painted_face()
    front = with_comedones(placed(held), held.face, held.skin)
    shaded = replace(front, seen={**front.seen, Region.FACE: 0.4, Region.CHIN: 0.5, Region.NOSE: 0.1})
    told: dict[str, object] = {"changes": [smallest_count_change(*pair) for pair in ((3, 9), (9, 3), (0, 0), (-1, 2))]}
    for name, lesions in {"front": front, "hidden": shaded, "aside": replace(front, view=View.LEFT)}.items():
        for task in TASKS.values():
            if task.needs == ("lesions",):
                told[f"{name} {task.name}"] = by_region(task.measure(lesions=lesions))
    return told


def _marks() -> Told:
    held = painted_face()
    grid = skin_grid(held.face, held.skin)
    clues = clues_of(grid)
    marks = find_marks(held.face, held.skin)
    told: dict[str, object] = {
        "grid": grid, "clues": dict(zip(CLUES, clues.T, strict=True)), "like melanin": like_melanin(clues),
        "marks": marks,
    }  # fmt: skip
    for task in TASKS.values():
        if "marks" in task.needs:
            told[task.name] = by_region(task.measure(skin=held.skin, marks=marks))
    left = find_marks(replace(held.face, landmarks=None), replace(held.skin, view=View.LEFT))
    told["aside"] = by_region(TASKS["pigmentation_grade"].measure(skin=replace(held.skin, view=View.LEFT), marks=left))
    return told


def _redness() -> Told:
    held = painted_face(halved=True)
    found = redness_map(held.skin, held.face.frame)
    whole = TASKS["redness"].measure(skin=held.skin, redness_map=found)
    graded = TASKS["redness_grade"].measure(skin=held.skin, redness_map=found, lesions=placed(held))
    return {"map": found, "redness": by_region(whole), "grade": by_region(graded),
            "shown": [one.evidence for one in (*whole, *graded)]}  # fmt: skip


def _vessels() -> Told:
    held = painted_face()
    found = find_vessels(held.face, held.skin)
    answers = _line_filter(held.skin.linear, held.skin.visible, 1.7)
    return {
        "found": found,
        "answers": answers,
        **by_region(TASKS["vessels"].measure(skin=held.skin, fine_vessels=found)),
    }


def _pigments() -> Told:
    skin = painted_face(halved=True).skin
    told: dict[str, object] = {"literature": literature_indices(skin.linear[skin.measured])}
    for name, known in (("known light", True), ("unknown light", False)):
        lit = replace(skin, light_known=known)
        maps = skin_pigments(lit)
        told[name] = {"maps": maps, "told": [by_region(TASKS[task].measure(skin=lit, pigments=maps))
                                             for task in ("melanin", "haemoglobin")]}  # fmt: skip
    return told


def _tone() -> Told:
    held = painted_face()
    estimate = posterior_tone(held.skin, held.face, held.photo)
    dim = replace(held.photo, capture=replace(held.photo.capture, white_balance_auto=True, exposure_bias_ev=-0.5))
    told: dict[str, object] = {
        "clues": tone_posterior_clues(held.skin, held.face, held.photo).reshape(-1, 1).tolist(),
        "other exposure": tone_posterior_clues(held.skin, held.face, dim)[-4:],
        "estimate": estimate, "relighting": relighting(estimate), "level": relit_level(estimate),
    }  # fmt: skip
    lights = {"estimated": {"tone": estimate}, "balanced": {}}
    lights |= {one.value: {"light_known": True, "measured_as": one.value} for one in CaptureCondition}
    for name, changes in lights.items():
        findings = TASKS["skin_tone"].measure(skin=replace(held.skin, **changes))
        told[name] = by_region(tuple(one for one in findings if one.region in list(Region)[:3]))
    return told


def _intervals() -> Told:
    told = {}
    for path in sorted(FOLDER.glob("*.json")):
        for name, belt in interval_belts(path.stem).items():
            ends = np.linspace(belt.truth[0], belt.truth[-1], 5)
            told[f"{path.stem} {name}"] = [
                belt.interval(value) for value in (ends[0] - 1, ends[1], ends[3], ends[4] + 1)
            ]
    return told


def printed(told: Mapping[str, object]) -> str:
    """Return JSON with a line for each part of a step, so that a change is seen where it is."""
    parts = []
    for name, step in told.items():
        lines = [f"  {json.dumps(key)}: {json.dumps(held)}" for key, held in step.items()]
        parts.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}"


if __name__ == "__main__":
    print(printed({name: figures(name) for name in steps()}))
