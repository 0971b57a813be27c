"""Fitting `tasks/data`: confidence belts on photos whose truth is known, repeatability on photos taken apart."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dermis.colour.tone import ita_deg
from dermis.core import CaptureCondition
from dermis.formats.files import write_text
from dermis.lab.belts import fit_belt, keep_belt
from dermis.lab.evaluate.evidence.made_scenes import ChartedColourExample
from dermis.lab.evaluate.evidence.readings import MADE, SKIN_TASKS, TASKS_READ, Reading
from dermis.pipeline.light.beside_chart import ChartedColour
from dermis.tasks.intervals import LIGHTNESS, Belt
from dermis.tasks.repeatability import Repeatability, read_repeatability, repeatabilities

__all__ = [
    "BELTED",
    "charted_by_others",
    "commit_of_code",
    "fit_charted_colour",
    "fit_repeatability",
    "fitted_repeatabilities",
    "repeatability_rows",
    "repeatability_table",
    "write_charted_colour",
    "write_intervals",
    "write_repeatability",
]

BELTED = ("skin_tone", LIGHTNESS, "melanin", "haemoglobin")
"""What belts are fitted for here. Made skin is hardly red: redness is painted on real faces (`grade_belts`)."""
_OWN = (("skin_tone", "unknown"), (LIGHTNESS, "unknown"))
"""These belts are fitted with the estimate, to more people and photos (`dermis train tone-posterior`)."""
_RIDGE, _FOLDS = 0.01, 5
FEWEST_PHOTOS, FEWEST_REPEATS, FEWEST_PEOPLE = 60, 20, 5


def commit_of_code() -> str:
    """Return the commit of the code that runs, "unknown" outside of its repository."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def fit_repeatability(readings: Sequence[Reading], task: str) -> Repeatability | None:
    """Return how photos of one person agree, pooled over people with two or more; None where too few were read.

    The readings are of one capture condition.
    """
    by_person: dict[tuple[str, str], list[float]] = {}
    for one in readings:
        if task in one.values and not one.changed_ev:
            by_person.setdefault((one.source, one.person), []).append(one.values[task])
    repeated = [values for values in by_person.values() if len(values) > 1]
    photos = sum(len(values) for values in repeated)
    if photos < FEWEST_REPEATS or len(repeated) < FEWEST_PEOPLE:
        return None
    squares = sum(float(np.square(np.subtract(values, np.mean(values))).sum()) for values in repeated)
    return Repeatability(
        task=task,
        condition=readings[0].condition,
        sd=round(float(np.sqrt(squares / (photos - len(repeated)))), 3),
        people=len(repeated),
        photos=photos,
        of=" and ".join(sorted({source for source, _ in by_person})),
        commit=commit_of_code(),
    )


def fitted_repeatabilities(readings: Sequence[Reading]) -> list[Repeatability]:
    """Return a row for each task of the skin, capture condition and source that has enough repeats."""
    kinds = sorted({(one.condition, one.source) for one in readings}, key=lambda kind: (kind[0] != "unknown", kind))
    found = [
        fit_repeatability([one for one in readings if (one.condition, one.source) == kind], task)
        for task in SKIN_TASKS
        for kind in kinds
    ]
    return [one for one in found if one is not None]


def write_repeatability(path: Path, rows: Sequence[Repeatability]) -> None:
    """Write the table: the rows given, and those that stood there of other conditions and sources."""
    held = read_repeatability(path) if path.is_file() else ()
    new = {(one.task, one.condition, one.of): one for one in rows}
    kept = [one for one in held if (one.task, one.condition, one.of) not in new]
    order = {name: place for place, name in enumerate(TASKS_READ)}
    every = sorted(
        [*kept, *rows], key=lambda one: (order.get(one.task, len(order)), one.condition != "unknown", one.of)
    )
    lines = ["task,condition,repeatability_sd,people,photos,of,commit"]
    lines += [f"{one.task},{one.condition},{one.sd:g},{one.people},{one.photos},{one.of},{one.commit}" for one in every]
    write_text(path, "\n".join([*lines, ""]))


def fit_charted_colour(examples: Sequence[ChartedColourExample]) -> ChartedColour:
    """Return the line from what a chart tells of a face to its true colour, by ridge regression."""
    clues = np.array([one.clues for one in examples])
    missing = np.array([one.lab for one in examples]) - clues[:, :3]
    mean, sd = clues.mean(axis=0), clues.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(clues)), (clues - mean) / sd])
    ridge = _RIDGE * len(clues) * np.diag([0.0, *np.ones(clues.shape[1])])
    return ChartedColour(
        slopes=np.linalg.solve(design.T @ design + ridge, design.T @ missing),
        mean=mean,
        sd=sd,
        low=clues.min(axis=0),
        high=clues.max(axis=0),
        people=len({one.person for one in examples}),
        photos=len(examples),
    )


def charted_by_others(examples: Sequence[ChartedColourExample]) -> list[Reading]:
    """Return the tone of each example by a line that was fitted to other people's."""
    people = sorted({one.person for one in examples})
    fold = {person: number % _FOLDS for number, person in enumerate(people)}
    found = []
    for held in range(min(_FOLDS, len(people))):
        line = fit_charted_colour([one for one in examples if fold[one.person] != held])
        for number, one in enumerate(examples):
            if fold[one.person] == held:
                told, truth = (
                    {"skin_tone": float(ita_deg(lab)), LIGHTNESS: float(lab[0])}
                    for lab in (line.corrected(one.clues), one.lab)
                )
                found.append(
                    Reading(source=MADE, person=f"line {one.person}", shot=f"line {number}",
                            condition=CaptureCondition.REFERENCED.value, values=told, truth=truth)
                )  # fmt: skip
    return found


def write_charted_colour(path: Path, line: ChartedColour) -> None:
    """Write the line as JSON."""
    told: dict[str, Any] = {"people": line.people, "photos": line.photos}
    told |= {name: np.round(getattr(line, name), 5).tolist() for name in ("mean", "sd", "low", "high", "slopes")}
    write_text(path, json.dumps(told, indent=1) + "\n")


def repeatability_rows() -> list[tuple[str, ...]]:
    """Return the table as it ships, in words: task, condition, sd, MDC95, photos, people, whose, commit."""
    return [
        (one.task, one.condition, f"{one.sd:.2f}", f"{one.mdc95:.2f}", str(one.photos), str(one.people), one.of,
         f"`{one.commit}`")
        for one in repeatabilities()
    ]  # fmt: skip


def repeatability_table() -> str:
    """Return the table as it ships, in Markdown."""
    lines = [
        "| task | condition | repeatability sd | MDC95 | photos | people | of | commit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in repeatability_rows())])


def write_intervals(folder: Path, made: Sequence[Reading]) -> list[Path]:
    """Write one JSON a task: belts from photos of known truth, by condition.

    What cannot be fitted is left as it stood, and so are the belts of ITA and L* in an unknown light.
    """
    written = []
    for task in BELTED:
        for condition in sorted({one.condition for one in made}):
            if (task, condition) in _OWN:
                continue
            belt = _belt_of([one for one in made if one.condition == condition], task)
            if belt is not None:
                keep_belt(folder, task, condition, belt)
                written.append(folder / f"{task}.json")
    return list(dict.fromkeys(written))


def _belt_of(readings: Sequence[Reading], task: str) -> Belt | None:
    known = [one for one in readings if task in one.values and task in one.truth]
    if len(known) < FEWEST_PHOTOS:
        return None
    truth, said = np.array([(one.truth[task], one.values[task]) for one in known]).T
    return fit_belt(truth, said, people=[one.person for one in known])
