"""The clinical trial's layout; it is described and read in `dermis.lab.datasets.hyperpigmentation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dermis.core import Label, Ordinal, Photo, SampleKey, SegmentationClass
from dermis.core.arrays import FloatMap
from dermis.formats.images.photo import write_photo
from dermis.formats.tables import write_csv, write_xlsx
from dermis.lab.datasets.hyperpigmentation import (
    BY_PHOTO,
    BY_VISIT,
    FIRST,
    GRADE,
    GRADERS,
    SECOND,
    SUBJECTS,
    VISITS,
    photo_name,
)
from dermis.lab.synth.camera.acquisition import (
    draw_everyday_shot,
    draw_studio_shot,
    everyday_isp,
    stream,
    studio_isp,
)
from dermis.lab.synth.camera.scene import Scene, compose_scene, raw_of, skin_mask
from dermis.lab.synth.layouts.layout import Job, Layout, person_at, record_of
from dermis.lab.synth.lesions.raters import draw_panel, grade_by
from dermis.lab.synth.recipe import TrialRecipe
from dermis.lab.synth.record import Record
from dermis.lab.synth.subjects import Person, Visit
from dermis.optics.isp import develop

__all__ = ["LAYOUT", "photograph_side", "side_grades"]

_SIDES = {"L": "left", "R": "right"}
_TURN_DEG = 42.0
_SCALE = Ordinal(lowest=0, highest=9, step=0.5)
_PANEL = {"bias_sd": 0.03, "noise_sd": 0.05, "missing_rate": 0.0}
"""Shares of the scale: trained graders are a quarter grade off and half a grade unsure (chosen)."""

_Cell = str | float | None


def plan(recipe: TrialRecipe) -> list[Job]:
    """Return a job a person and visit: both sides."""
    return [
        Job(number=number, visit=visit, records=tuple(_record_names(recipe, number, visit)))
        for number in range(recipe.subjects)
        for visit in recipe.visits
    ]


def _record_names(recipe: TrialRecipe, number: int, visit: str) -> Iterator[str]:
    """Yield P0001_L_W00 for each side; a second photo of it has _2 behind that."""
    for side in _SIDES:
        for shot in range(recipe.repeats + 1):
            yield f"P{number + 1:04d}_{side}_{visit}" + (f"_{shot + 1}" if shot else "")


def make(recipe: TrialRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Photograph sides of one person at one visit, all but their skin masked out."""
    person, visit = person_at(recipe, job.number, job.visit, treated=_arm(recipe, job.number) == "treated")
    place = FIRST if job.number < _first_part(recipe) else SECOND
    (folder / place).mkdir(parents=True, exist_ok=True)
    return [_photographed(recipe, job, person, visit, name, folder, place) for name in names]


def _photographed(
    recipe: TrialRecipe, job: Job, person: Person, visit: Visit, name: str, folder: Path, place: str
) -> Record:
    _, side, _, *more = name.split("_")
    week, again = job.visit[1:], int(more[0]) - 1 if more else 0
    draw = stream(recipe.seed, "photo", name)
    scene, photo, quality = photograph_side(draw, recipe, job.number, person, visit, side)
    file = photo_name(job.number + 1, side, week, again)
    write_photo(folder / place / file, photo, quality=quality)
    grade, real = side_grades(visit, side)
    record, _ = record_of(
        scene,
        name=name,
        key=SampleKey(
            dataset="hyperpigmentation-trial",
            subject=f"P{job.number + 1:04d}",
            visit=f"week {week}",
            view=_SIDES[side] + (f" {again + 1}" if again else ""),
        ),
        photo=f"{place}/{file}",
        capture=photo.capture,
        labels=_graders(recipe, "_".join(name.split("_")[:3]), real),
        traits={
            "side": _SIDES[side],
            "week": float(week),
            "grade": grade,
            "true_grade": round(real, 3),
            "arm": _arm(recipe, job.number),
            "taken": "phone" if _by_phone(recipe, job.number) else "studio",
        },
    )
    return record


def photograph_side(
    rng: np.random.Generator, recipe: TrialRecipe, number: int, person: Person, visit: Visit, side: str
) -> tuple[Scene, Photo, int]:
    """Return the scene, the masked photo and its JPEG quality of side L or R of a person of the trial."""
    phone = _by_phone(recipe, number)
    if phone:
        own = replace(recipe, lights=("any",), cameras=("drawn",))
        shot = draw_everyday_shot(rng, own, f"{-_TURN_DEG if side == 'L' else _TURN_DEG}", "neutral", framing="face")
    else:
        shot = draw_studio_shot(rng, recipe, _SIDES[side], "neutral", turn_deg=_TURN_DEG)
    scene = compose_scene(person, visit, shot)
    raw = raw_of(scene)
    development = everyday_isp(rng, shot, raw, scene.buffers.regions > 0) if phone else studio_isp(recipe, shot)
    photo = develop(raw, development, rng)
    return scene, replace(photo, pixels=photo.pixels * _kept(scene)), max(development.jpeg_quality, 92)


def side_grades(visit: Visit, side: str) -> tuple[float, float]:
    """Return the true grade of side L or R, in half steps and as a real number."""
    grades = visit.grades
    if side == "L":
        return grades.mottled_left, grades.mottled_left_real
    return grades.mottled_right, grades.mottled_right_real


def _graders(recipe: TrialRecipe, name: str, real: float) -> tuple[Label, ...]:
    panel = draw_panel(stream(recipe.seed, "panel"), recipe.graders, **_PANEL)
    return grade_by(panel, "pigmentation_grade_side", real, _SCALE, stream(recipe.seed, "graders", name))


def _arm(recipe: TrialRecipe, number: int) -> str:
    return "vehicle" if stream(recipe.seed, "arm", number).random() < recipe.vehicle_share else "treated"


def _by_phone(recipe: TrialRecipe, number: int) -> bool:
    return bool(stream(recipe.seed, "phone", number).random() < recipe.phone_share)


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
    """Write the two sheets of grades; where people graded, also a sheet each, and one of the subjects' arms."""
    first = sorted((r for r in records if r.photo.startswith(FIRST)), key=lambda record: record.photo)
    if first:
        graded: list[list[_Cell]] = [[record.key.subject, _sheet_grade(record)] for record in first]
        write_xlsx(root / BY_PHOTO, [["Subject", GRADE], *graded])
    second = {_address(r): _sheet_grade(r) for r in records if r.photo.startswith(SECOND)}
    if second:
        pairs = sorted({(subject, side) for subject, side, _ in second})
        rows: list[list[_Cell]] = [
            [int(subject[1:]), side.capitalize(), *(second.get((subject, side, week)) for week in VISITS.values())]
            for subject, side in pairs
        ]
        write_xlsx(root / BY_VISIT, [[f"{GRADE}, 0-9 in half steps"], ["Subject No.", "Side of Face", *VISITS], *rows])
    if recipe.graders:
        _write_panel(root, records)


def _address(record: Record) -> tuple[str, str, str]:
    return record.key.subject, str(record.traits["side"]), record.key.visit.removeprefix("week ")


def _sheet_grade(record: Record) -> float:
    """Return what the sheet says of a photo: the mean of the graders in half steps, the truth where nobody graded."""
    given = [label.value for label in record.labels if label.task == "pigmentation_grade_side"]
    return float(np.floor(2 * np.mean(given) + 0.5) / 2) if given else float(record.traits["grade"])


def _write_panel(root: Path, records: Sequence[Record]) -> None:
    given: dict[str, dict[tuple[str, str, str], float]] = {}
    for record in records:
        for label in record.labels:
            if label.task == "pigmentation_grade_side":
                given.setdefault(label.grader, {})[_address(record)] = label.value
    visits = {week: name for name, week in VISITS.items()}
    (root / GRADERS).mkdir(exist_ok=True)
    for grader, held in given.items():
        rows: list[list[_Cell]] = [
            [subject, visits[week], *(held.get((subject, side, week)) for side in _SIDES.values())]
            for subject, week in sorted({(subject, week) for subject, _, week in held})
        ]
        write_xlsx(root / GRADERS / f"{grader}.xlsx", [["ID", "Visit", "MH_Left", "MH_Right"], *rows])
    arms: Mapping[str, object] = {r.key.subject: r.traits["arm"] for r in records}
    write_csv(root / SUBJECTS, ("subject", "arm"), sorted(arms.items()))


LAYOUT = Layout(name="hyperpigmentation-trial", plan=plan, make=make, finish=finish)
