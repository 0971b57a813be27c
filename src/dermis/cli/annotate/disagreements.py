"""`dermis annotate disagreements`: where label and model disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from dermis.cli.annotate.export import look_for_lesions
from dermis.cli.annotate.read import tell_left_out
from dermis.cli.parser import verb
from dermis.core import Photo
from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.on_photos import fit_to_photo, frame_of_file, match_photos, short_names
from dermis.formats.files import make_folder
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import open_table, write_csv
from dermis.pipeline.batch import find_photos
from dermis.pipeline.pre_annotation import called_scores, detections_of, disagreements_of
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
    files = find_photos(options.photos)
    names = short_names(files)
    by_name = {name: file for file, name in names.items()}
    known = [one for one in _on_photos(options.labels, files, names) if not one.unread]
    marked = [by_name[name] for name in dict.fromkeys(one.photo for one in known)]
    seen = _predicted(options.predictions, files, names) if options.predictions else _looked(marked, names)
    known = [one for one in known if one.photo in seen.boxes]
    cases = disagreements_of(
        known,
        [seen.boxes[one.photo] for one in known],
        grades=None if options.grades is None else _grades(options.grades, files, names),
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
    _write(doubts, by_name, options.out)
    print(f"{len(doubts)} disagreements on {len(known)} pictures: {options.out / 'disagreements.html'}")


def _on_photos(path: Path, files: Sequence[Path], names: Mapping[Path, str]) -> list[AnnotatedPhoto]:
    """Return the marks of a file on the photos they were drawn on, under the names of these; tell what was left out."""
    held = read_annotations(path)
    meant = match_photos([one.photo for one in held], files, path.name)
    if not meant:
        raise InputError(
            f"None of the {len(held)} pictures of {path.name} is among the photos.",
            advice="Name the folder that holds them; file names must be the same.",
        )
    frames = {file: frame_of_file(file) for file in set(meant.values())}
    found = [
        replace(fit_to_photo(one, frames[meant[one.photo]]), photo=names[meant[one.photo]])
        for one in held
        if one.photo in meant
    ]
    tell_left_out(found)
    return found


def _looked(files: Sequence[Path], names: Mapping[Path, str]) -> _Seen:
    boxes, shares = {}, {}
    for file, analysis in zip(files, look_for_lesions(files), strict=True):
        if analysis.lesions is not None:
            boxes[names[file]] = replace(detections_of(analysis), photo=names[file])
            told = analysis.lesions.found.grade_probabilities
            if told is not None:
                shares[names[file]] = told
    return _Seen(boxes=boxes, shares=shares)


def _predicted(path: Path, files: Sequence[Path], names: Mapping[Path, str]) -> _Seen:
    """Return the boxes of a file of predictions: each is one that the model calls, the least sure one barely."""
    held = _on_photos(path, files, names)
    scores = [thing.box.score for one in held for thing in one.marked]
    bare = next((one.photo for one in held for thing in one.marked if thing.box.score is None), None)
    if bare is not None:
        raise InputError(f"{path.name} gives no score for boxes on {bare}.", advice="Predictions need scores.")
    least = min((score for score in scores if score is not None), default=0.5)
    return _Seen(boxes={one.photo: _called(one, min(least, 0.5)) for one in held}, shares={})


def _called(one: AnnotatedPhoto, score_from: float) -> AnnotatedPhoto:
    moved = called_scores([thing.box.score or 0.0 for thing in one.marked], score_from)
    marked = tuple(
        replace(thing, box=replace(thing.box, score=float(score)))
        for thing, score in zip(one.marked, moved, strict=True)
    )
    return replace(one, marked=marked)


def _grades(path: Path, files: Sequence[Path], names: Mapping[Path, str]) -> dict[str, float]:
    table = open_table(path, needs=("photo", "grade"), words=("photo",))
    meant = match_photos([row["photo"] for row in table.rows if row["photo"]], files, path.name)
    told = zip(table.rows, table.numbers("grade"), strict=True)
    return {names[meant[row["photo"]]]: grade for row, grade in told if grade is not None and row["photo"] in meant}


def _write(doubts: Sequence[FlaggedPhoto], files: Mapping[str, Path], out: Path) -> None:
    make_folder(out)
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
