"""`dermis annotate disagreements`: where label and model disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from dermis.cli.annotate.export import look_for_lesions
from dermis.cli.parser import verb
from dermis.core import Photo
from dermis.errors import InputError
from dermis.formats.annotations.annotated import AnnotatedPhoto
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import number_in, read_table, write_csv
from dermis.pipeline.batch import find_photos
from dermis.pipeline.pre_annotation import detections_of, disagreements_of
from dermis.report.disagreements import FlaggedPhoto, disagreements_page
from dermis.report.page import write

__all__ = ["disagreements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""List where labels and model disagree.

    The strongest evidence against the label comes first.

    LABELS is a file of any format that `annotate export` writes, or a folder of Pascal VOC files. Written are
    disagreements.html, a contact sheet, and disagreements.csv.

    \b
    dermis annotate disagreements labels.json photos/ --out doubts
    dermis annotate disagreements boxes.csv photos/ --out doubts --predictions drafts/boxes.csv
    """

    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="What people marked.")]
    photos: Annotated[tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")]
    out: Annotated[Path, "Where the sheet and the table are written.", "DIR"]
    predictions: Annotated[Path | None, "Boxes with scores, instead of asking our own model.", "FILE"] = None
    grades: Annotated[Path | None, "Columns photo and grade (0-3): doubt these too.", "CSV"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the model sees on photos: boxes by photo name, and the shares it gives to the grades."""

    boxes: Mapping[str, AnnotatedPhoto]
    shares: Mapping[str, NDArray[np.float32]]


@verb(Options)
def disagreements(options: Options) -> None:
    """Write where labels and model disagree: a contact sheet and a table, strongest evidence first."""
    held = read_annotations(options.labels)
    files = {path.name: path for path in find_photos(options.photos)}
    known = [one for one in held if one.photo in files]
    if not known:
        raise InputError(
            f"None of the {len(held)} pictures of {options.labels.name} is among the photos.",
            advice="Name the folder that holds them; file names must be the same.",
        )
    marked = [files[name] for name in {one.photo for one in known}]
    seen = _predicted(options.predictions) if options.predictions else _looked(marked)
    known = [one for one in known if one.photo in seen.boxes]
    cases = disagreements_of(
        known,
        [seen.boxes[one.photo] for one in known],
        grades=None if options.grades is None else _grades(options.grades),
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
    _write(doubts, files, options.out)
    print(f"{len(doubts)} disagreements on {len(known)} pictures: {options.out / 'disagreements.html'}")


def _looked(files: Sequence[Path]) -> _Seen:
    boxes, shares = {}, {}
    for analysis in look_for_lesions(files):
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
