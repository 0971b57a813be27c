"""What a layout is, and the portraits that several layouts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dermis.core import Capture, Label, SampleKey
from dermis.lab.synth.camera.acquisition import subject_of
from dermis.lab.synth.camera.scene import Scene, lab_of, skin_mask
from dermis.lab.synth.camera.visible_marks import VisibleMarks, find_visible_marks
from dermis.lab.synth.lesions.ground_truth import truth_labels
from dermis.lab.synth.recipe import SubjectRecipe
from dermis.lab.synth.record import Record, capture_object, colours_by_region, grades_object, items_of, landmarks_of
from dermis.lab.synth.subjects import Person, Visit, build_person, visit_of
from dermis.optics.illuminant import cct_duv, white_xyz

__all__ = ["Job", "Layout", "person_at", "record_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is made in one go: `number` of the person or set, at one `visit`; `records` names what comes out."""

    number: int
    visit: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way that files lie.

    plan: recipe -> all jobs, quickly. make: (recipe, job, names, folder) writes the pictures of the job that have those
    record names, with all that lies beside them, under `folder` as in the set, and returns their records. finish:
    (recipe, set, records) writes what all have in common. The recipe is of the layout's kind.
    """

    name: str
    plan: Callable[[Any], list[Job]]
    make: Callable[[Any, Job, Sequence[str], Path], list[Record]]
    finish: Callable[[Any, Path, Sequence[Record]], None]


def person_at(recipe: SubjectRecipe, number: int, visit: str, *, treated: bool = True) -> tuple[Person, Visit]:
    """Return the set's person of that number and their skin at a visit, as finely drawn as the pictures need.

    treated: False for one to whom nothing was given that works.
    """
    person = _person(recipe, number, treated=treated)
    return person, visit_of(person, visit)


@lru_cache(maxsize=1)  # a trial's visits of one person follow each other
def _person(recipe: SubjectRecipe, number: int, *, treated: bool) -> Person:
    subject = subject_of(recipe, number)
    if not treated:
        subject = replace(subject, response=0.0)
    return build_person(subject, texels=_texels(recipe.size_px))


def _texels(size_px: int) -> int:
    """Return the side of the atlas: 1024, a third of a millimetre on the face, for pictures of 512 pixels."""
    return int(np.clip(2 ** np.ceil(np.log2(1.5 * size_px)), 128, 2048))


def record_of(
    scene: Scene,
    *,
    name: str,
    key: SampleKey,
    photo: str,
    capture: Capture,
    labels: tuple[Label, ...] = (),
    traits: Mapping[str, str | float] | None = None,
    files: Mapping[str, Any] | None = None,
) -> tuple[Record, VisibleMarks]:
    """Return the record of `scene` once photographed, and the marks in view. labels: beside the truth's own."""
    buffers, subject = scene.buffers, scene.person.subject
    sightings = find_visible_marks(scene.visit.marks, buffers, scene.person.atlas)
    colours = colours_by_region(lab_of(scene), skin_mask(scene), buffers.regions)
    pose = scene.shot.viewpoint.pose
    common: dict[str, str | float] = {
        "ita_deg": colours.get("face", {}).get("ita_deg", float("nan")),
        "age_years": round(subject.age_years, 1),
        "profile": subject.profile.name,
        "camera": scene.shot.camera.name,
        "light": scene.shot.light.kind,
        "cct_k": round(float(cct_duv(white_xyz(scene.shot.light))[0])),
        "yaw_deg": round(pose.yaw_deg, 2),
        "expression": "smile" if scene.shot.expression.smile > 0.5 else "neutral",
    }
    known = {name: value for name, value in common.items() if not (isinstance(value, float) and np.isnan(value))}
    record = Record(
        name=name,
        key=key,
        photo=photo,
        labels=(*truth_labels(scene.visit.grades), *labels),
        traits=known | dict(traits or {}),
        items=items_of(sightings),
        files=dict(files or {}),
        detail={
            "subject": _subject_object(scene),
            "tissue": asdict(scene.person.tissue),
            "grades": grades_object(scene.visit.grades),
            "colours": colours,
            "pose": {"yaw_deg": pose.yaw_deg, "pitch_deg": pose.pitch_deg, "roll_deg": pose.roll_deg},
            "landmarks": landmarks_of(buffers),
            "light": {"name": scene.shot.light.name, "illuminance_lux": scene.shot.light.illuminance_lux},
            "capture": capture_object(capture),
        },
    )
    return record, sightings


def _subject_object(scene: Scene) -> dict[str, Any]:
    subject = scene.person.subject
    return {
        "seed": subject.seed,
        "melanosome_fraction": round(subject.tone.melanosome_fraction, 5),
        "blood_fraction": round(subject.tone.blood_fraction, 5),
        "oxygen_saturation": round(subject.tone.oxygen_saturation, 4),
        "response": round(subject.response, 4),
    }
