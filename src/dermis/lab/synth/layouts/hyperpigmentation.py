"""The clinical trial's layout; it is described and read in `dermis.lab.datasets.hyperpigmentation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dermis.core import SampleKey, SegmentationClass
from dermis.core.arrays import FloatMap
from dermis.formats.images.photo import write_photo
from dermis.formats.tables import write_xlsx
from dermis.lab.datasets.hyperpigmentation import BY_PHOTO, BY_VISIT, FIRST, GRADE, SECOND, VISITS, photo_name
from dermis.lab.synth.camera.acquisition import draw_studio_shot, stream, studio_isp
from dermis.lab.synth.camera.scene import Scene, compose_scene, raw_of, skin_mask
from dermis.lab.synth.layouts.layout import Job, Layout, person_at, record_of
from dermis.lab.synth.recipe import TrialRecipe
from dermis.lab.synth.record import Record
from dermis.optics.isp import develop

__all__ = ["LAYOUT"]

_SIDES = {"L": "left", "R": "right"}
_TURN_DEG = 42.0


def plan(recipe: TrialRecipe) -> list[Job]:
    """Return a job a person and visit: both sides."""
    return [
        Job(number=number, visit=visit, records=tuple(f"P{number + 1:04d}_{side}_{visit}" for side in _SIDES))
        for number in range(recipe.subjects)
        for visit in recipe.visits
    ]


def make(recipe: TrialRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Photograph sides of one person at one visit, all but their skin masked out."""
    person, visit = person_at(recipe, job.number, job.visit)
    place = FIRST if job.number < _first_part(recipe) else SECOND
    records = []
    for name in names:
        side = name.split("_")[1]
        rng = stream(recipe.seed, "photo", name)
        shot = draw_studio_shot(rng, recipe, _SIDES[side], "neutral", turn_deg=_TURN_DEG)
        scene = compose_scene(person, visit, shot)
        development = studio_isp(recipe, shot)
        photo = develop(raw_of(scene), development, rng)
        file = photo_name(job.number + 1, side, job.visit[1:])
        grade = visit.grades.mottled_left if side == "L" else visit.grades.mottled_right
        (folder / place).mkdir(parents=True, exist_ok=True)
        masked = replace(photo, pixels=photo.pixels * _kept(scene))
        write_photo(folder / place / file, masked, quality=max(development.jpeg_quality, 92))
        record, _ = record_of(
            scene,
            name=name,
            key=SampleKey(
                dataset="hyperpigmentation-trial",
                subject=f"P{job.number + 1:04d}",
                visit=f"week {job.visit[1:]}",
                view=_SIDES[side],
            ),
            photo=f"{place}/{file}",
            capture=photo.capture,
            traits={"side": _SIDES[side], "week": float(job.visit[1:]), "grade": grade},
        )
        records.append(record)
    return records


def _first_part(recipe: TrialRecipe) -> int:
    return recipe.subjects - round(recipe.subjects * recipe.second_share)


def _kept(scene: Scene) -> FloatMap:
    """Return (h, w, 1): 1 on the skin of the face and nose, 0 on hair, brows, eyes, mouth, neck and all else."""
    from scipy.ndimage import binary_opening, label  # late: a tenth of a second

    face = skin_mask(scene) & np.isin(scene.buffers.parts, (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE))
    pieces, count = label(binary_opening(face))
    largest = int(np.bincount(pieces.reshape(-1), minlength=2)[1:].argmax()) + 1 if count else 1
    return np.asarray((pieces == largest)[..., None], np.float32)


def finish(recipe: TrialRecipe, root: Path, records: Sequence[Record]) -> None:
    """Write the two sheets of grades."""
    first = sorted((r for r in records if r.photo.startswith(FIRST)), key=lambda record: record.photo)
    if first:
        graded: list[list[str | float | None]] = [
            [record.key.subject, float(record.traits["grade"])] for record in first
        ]
        write_xlsx(root / BY_PHOTO, [["Subject", GRADE], *graded])
    second = {
        (r.key.subject, r.key.view, r.key.visit): float(r.traits["grade"])
        for r in records
        if r.photo.startswith(SECOND)
    }
    if second:
        pairs = sorted({(subject, side) for subject, side, _ in second})
        rows: list[list[str | float | None]] = [
            [
                int(subject[1:]),
                side.capitalize(),
                *(second.get((subject, side, f"week {week}")) for week in VISITS.values()),
            ]
            for subject, side in pairs
        ]
        write_xlsx(root / BY_VISIT, [[f"{GRADE}, 0-9 in half steps"], ["Subject No.", "Side of Face", *VISITS], *rows])


LAYOUT = Layout(name="hyperpigmentation-trial", plan=plan, make=make, finish=finish)
