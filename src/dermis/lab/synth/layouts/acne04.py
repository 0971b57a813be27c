"""ACNE04's published layout; it is described and read in `dermis.lab.datasets.acne04`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dermis.core import Box, SampleKey
from dermis.formats.annotations.voc import Marked, write_voc
from dermis.formats.files import write_text
from dermis.formats.images.photo import write_photo
from dermis.lab.datasets.acne04 import FOLDS
from dermis.lab.synth.camera.acquisition import YAW_DEG, draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import compose_scene, raw_of
from dermis.lab.synth.camera.visible_marks import VisibleMark
from dermis.lab.synth.layouts.layout import Job, Layout, person_at, record_of
from dermis.lab.synth.lesions.grades import hayashi_grade
from dermis.lab.synth.lesions.ground_truth import Grades
from dermis.lab.synth.lesions.kinds import INFLAMMATORY
from dermis.lab.synth.recipe import AcneRecipe
from dermis.lab.synth.record import Record
from dermis.lab.synth.subjects import Person, Visit
from dermis.optics.isp import develop

__all__ = ["LAYOUT"]

PICTURES, BOXES, LISTS = "Classification/JPEGImages", "Detection/VOC2007/Annotations", "Classification"
_ROOM = 1.5
"""Boxes are drawn so many times as wide as the lesion, as people draw them."""


def plan(recipe: AcneRecipe) -> list[Job]:
    """Return a job a person: one photo each."""
    return [Job(number=number, visit="W00", records=(f"s{number:04d}",)) for number in range(recipe.subjects)]


def make(recipe: AcneRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Photograph one person and box the inflammatory lesions in view."""
    person, visit = person_at(recipe, job.number, job.visit)
    return [_photograph(recipe, job, name, person, visit, folder) for name in names]


def _photograph(recipe: AcneRecipe, job: Job, name: str, person: Person, visit: Visit, folder: Path) -> Record:
    rng = stream(recipe.seed, "photo", name)
    view = str(rng.choice(recipe.views))
    scene = compose_scene(person, visit, draw_everyday_shot(rng, recipe, view, "neutral", framing="face"))
    raw = raw_of(scene)
    development = everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0)
    photo = develop(raw, development, rng)
    grade = hayashi_grade(_on_seen_half(visit.grades, view))
    file = f"levle{grade}_{job.number}.jpg"
    record, sightings = record_of(
        scene,
        name=name,
        key=SampleKey(dataset="acne04", subject=name, visit=job.visit, view=view),
        photo=f"{PICTURES}/{file}",
        capture=photo.capture,
        traits={"grade": float(grade)},
    )
    boxed = [
        _marked(one, recipe.size_px) for one in sightings.seen if one.mark.kind in INFLAMMATORY and one.visible > 0.5
    ]
    for place in (PICTURES, BOXES):
        (folder / place).mkdir(parents=True, exist_ok=True)
    write_photo(folder / PICTURES / file, photo, quality=development.jpeg_quality)
    write_voc(
        folder / BOXES / f"{Path(file).stem}.xml",
        picture=file,
        width_px=recipe.size_px,
        height_px=recipe.size_px,
        marked=boxed,
    )
    return record


def _on_seen_half(grades: Grades, view: str) -> int:
    """Return the inflammatory lesions on the half that the picture shows; of both halves, the one with more."""
    yaw_deg = YAW_DEG[view] if view in YAW_DEG else float(view)
    if abs(yaw_deg) < 10:
        return max(grades.inflammatory_left, grades.inflammatory_right)
    return grades.inflammatory_right if yaw_deg > 0 else grades.inflammatory_left


def _marked(one: VisibleMark, size_px: int) -> Marked:
    box = one.box
    across, down = (max(_ROOM * length, length + 2) for length in (box.width_px, box.height_px))
    left = max(box.x_px - (across - box.width_px) / 2, 0.0)
    top = max(box.y_px - (down - box.height_px) / 2, 0.0)
    grown = Box(x_px=left, y_px=top, width_px=min(across, size_px - left), height_px=min(down, size_px - top))
    return Marked(name=one.mark.kind.value, box=grown)


def finish(recipe: AcneRecipe, root: Path, records: Sequence[Record]) -> None:
    """Write the lists of five folds: name, grade, number of boxes."""
    from dermis.formats.annotations.voc import read_voc

    order = stream(recipe.seed, "folds").permutation(len(records))
    fold_of = np.empty(len(records), dtype=np.intp)
    fold_of[order] = np.arange(len(records)) % FOLDS
    lines = []
    for record in records:
        file = Path(record.photo).name
        boxes = len(read_voc(root / BOXES / f"{Path(file).stem}.xml").marked)
        lines.append(f"{file}  {int(float(record.traits['grade']))}  {boxes}")
    for fold in range(FOLDS):
        for part, inside in (("trainval", fold_of != fold), ("test", fold_of == fold)):
            chosen = [line for line, wanted in zip(lines, inside, strict=True) if wanted]
            write_text(root / LISTS / f"NNEW_{part}_{fold}.txt", "".join(f"{line}\n" for line in chosen))


LAYOUT = Layout(name="acne04", plan=plan, make=make, finish=finish)
