"""`dermis annotate`: photos with drafts for graders, what they gave back, and where label and model disagree."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from dermis.cli.tables import fetch_with_progress
from dermis.cli.terminal import progress
from dermis.core import Analysis, Photo
from dermis.errors import InputError, UsageError
from dermis.formats.annotations.annotated import AnnotatedPhoto
from dermis.formats.annotations.annotations import FORMATS, read_annotations, write_annotations
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import number_in, read_table, write_csv
from dermis.models.registry import MODELS
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch import find_photos
from dermis.pipeline.pre_annotation import detections_of, disagreements_of, draft_of
from dermis.pipeline.products import need
from dermis.report.disagreements import FlaggedPhoto, disagreements_page
from dermis.report.page import write
from dermis.tasks import TASKS

__all__ = ["run_disagreements", "run_export", "run_read"]

_EXIT_NOTHING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the model sees on photos: boxes by photo name, and the shares it gives to the grades."""

    boxes: Mapping[str, AnnotatedPhoto]
    shares: Mapping[str, NDArray[np.float32]]


def run_export(photos: Sequence[Path], out: Path, form: str) -> int:
    """Write the model's lesions on photos as drafts; a photo that cannot be measured goes out unmarked."""
    if form not in FORMATS:
        raise UsageError(f"No format is called {form!r}.", advice=f"There are: {', '.join(FORMATS)}.")
    files = find_photos(photos)
    drafts = []
    for analysis in _analysed(files):
        if analysis.lesions is None:
            reasons = "; ".join(problem.message for problem in analysis.quality.problems)
            print(f"{analysis.name}: nothing drafted. {reasons}", file=sys.stderr)
        if analysis.photo is not None:
            drafts.append(draft_of(analysis))
    if not drafts:
        return _EXIT_NOTHING
    written = write_annotations(out, drafts, form)
    lesions = sum(len(one.marked) for one in drafts)
    print(f"{lesions} lesions drafted on {len(drafts)} photos: {written}")
    return 0


def run_read(path: Path, *, as_json: bool) -> None:
    """Print what a file of annotations holds: photos, graders, marks by name."""
    held = read_annotations(path)
    if as_json:
        print(json.dumps([_object(one) for one in held], ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold")
    for column in ("photo", "grader", "marks", "kinds"):
        table.add_column(column, overflow="fold")
    for one in held:
        names = [thing.name for thing in one.marked]
        kinds = ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names)))
        table.add_row(one.photo, one.grader, str(len(names)), kinds)
    Console(highlight=False).print(table)


def run_disagreements(
    labels: Path, photos: Sequence[Path], out: Path, *, predictions: Path | None, grades: Path | None
) -> int:
    """Write where labels and model disagree: a contact sheet and a table, strongest evidence first."""
    held = read_annotations(labels)
    files = {path.name: path for path in find_photos(photos)}
    known = [one for one in held if one.photo in files]
    if not known:
        raise InputError(
            f"None of the {len(held)} pictures of {labels.name} is among the photos.",
            advice="Name the folder that holds them; file names must be the same.",
        )
    seen = _predicted(predictions) if predictions else _looked([files[name] for name in {one.photo for one in known}])
    known = [one for one in known if one.photo in seen.boxes]
    cases = disagreements_of(
        known,
        [seen.boxes[one.photo] for one in known],
        grades=None if grades is None else _grades(grades),
        shares=seen.shares,
    )
    doubts = []
    for case in cases:
        one = known[case.photo]
        rows = seen.boxes[one.photo].marked if case.kind == "unlabelled" else one.marked
        box = rows[case.row].box if case.row >= 0 else None
        doubts.append(
            FlaggedPhoto(
                photo=one.photo, kind=case.kind, evidence=case.evidence, box=box, said=case.said, thought=case.thought
            )
        )
    _write(doubts, files, out)
    print(f"{len(doubts)} disagreements on {len(known)} pictures: {out / 'disagreements.html'}")
    return 0


def _analysed(files: Sequence[Path]) -> list[Analysis]:
    wanted = (TASKS["acne_lesions"],)
    need(wanted)
    fetch_with_progress([model.name for model in MODELS])
    done = []
    with progress(len(files), "looking") as bar:
        for file in files:
            done.append(analyse_file(file, tasks=wanted))
            bar.update(bar.task_ids[0], advance=1, description=file.name)
    return done


def _looked(files: Sequence[Path]) -> _Seen:
    boxes, shares = {}, {}
    for analysis in _analysed(files):
        if analysis.lesions is not None:
            boxes[analysis.name] = detections_of(analysis)
            told = analysis.lesions.found.grade_probabilities
            if told is not None:
                shares[analysis.name] = told
    return _Seen(boxes=boxes, shares=shares)


def _predicted(path: Path) -> _Seen:
    held = {one.photo: one for one in read_annotations(path)}
    bare = [one.photo for one in held.values() for thing in one.marked if thing.box.score is None]
    if bare:
        raise InputError(f"{path.name} gives no score for boxes on {bare[0]}.", advice="Predictions need scores.")
    return _Seen(boxes=held, shares={})


def _grades(path: Path) -> dict[str, float]:
    rows = read_table(path, needs=("photo", "grade"))
    told = {row["photo"]: number_in(row, "grade", f"{path.name}, {row['photo']}") for row in rows}
    return {photo: grade for photo, grade in told.items() if grade is not None}


def _write(doubts: Sequence[FlaggedPhoto], files: Mapping[str, Path], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Photo] = {}
    for name in dict.fromkeys(doubt.photo for doubt in doubts[:120]):
        photo = read_photo(files[name])
        pictures[name] = photo
    write(out / "disagreements.html", disagreements_page(doubts, pictures).encode())
    rows = []
    for doubt in doubts:
        box = doubt.box
        sides = ("", "", "", "") if box is None else (box.x_px, box.y_px, box.width_px, box.height_px)
        rows.append((doubt.photo, doubt.kind, round(doubt.evidence, 3), *sides, doubt.said, doubt.thought))
    columns = ("photo", "kind", "evidence", "x_px", "y_px", "width_px", "height_px", "label", "model")
    write_csv(out / "disagreements.csv", columns, rows)


def _object(one: AnnotatedPhoto) -> dict[str, object]:
    return {
        "photo": one.photo,
        "width_px": one.width_px,
        "height_px": one.height_px,
        "grader": one.grader,
        "marked": [
            {
                "class": thing.name,
                "box_px": [thing.box.x_px, thing.box.y_px, thing.box.width_px, thing.box.height_px],
                "score": thing.box.score,
            }
            for thing in one.marked
        ],
    }
