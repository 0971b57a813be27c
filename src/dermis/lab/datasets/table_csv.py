"""A table of labels: any photos, with what any number of graders said of them.

    labels.csv (or labels.xlsx)            photo (a path from here); subject, visit, view, grader where known;
                                           every other column of numbers is a task, such as acne_grade or acne_severity
    boxes.csv                              if wanted: photo, x_px, y_px, width_px, height_px, class (as
                                           `dermis annotate export --format csv` writes it)

A column `acne_grade@dr_a` is the answer of that grader; a row a grader, with the column grader, says the same. Names of
columns are compared without regard to case, blanks and underscores. Cells may be empty, or say NA, N/A, NaN or -.
Columns with words are traits; a column of numbers with a word among them is refused with its line. Without a column
subject each photo is a person of its own; a table that names a subject in some rows only is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dermis.core import Detection, Label, Sample, SampleKey
from dermis.core.subjects import alike_names
from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.on_photos import fit_to_photo, frame_of_file, match_photos
from dermis.formats.tables import Row, Table, folded, open_table
from dermis.lab.datasets.acne04 import item
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, reader
from dermis.tasks import TASKS

__all__ = ["DATASET", "index", "notes"]

TABLES = ("labels.csv", "labels.xlsx")
BOXES = "boxes.csv"
_KEYS = ("photo", "subject", "visit", "view", "grader")
_LABELS = frozenset({*TASKS, "acne_severity", "pigmentation_grade"})
_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labels:
    """A table with its columns told apart. tasks: by column, the task and its grader, "" where the row says."""

    table: Table
    tasks: Mapping[str, tuple[str, str]]
    traits: tuple[str, ...]


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with all labels of the table; items are the boxes, if there are any.

    InputError: no table, a photo that is not there, two subjects for one photo, subjects in some rows only.
    """
    labels = _labels_in(root)
    by_photo: dict[str, list[Row]] = defaultdict(list)
    for row, line in zip(labels.table.rows, labels.table.lines, strict=True):
        if not row["photo"]:
            raise InputError(f"{labels.table.name}, line {line} names no photo.", advice="Name it, or remove the row.")
        by_photo[_path(row["photo"])].append(row)
    boxes = _boxes(root, list(by_photo))
    licence = licence_of(root, DATASET.licence)
    return [_sample(root, labels, photo, held, boxes, licence) for photo, held in by_photo.items()]


def notes(root: Path) -> list[str]:
    """Return what each column was taken for, what stood for nothing, and what was left out."""
    labels = _labels_in(root)
    table = labels.table
    said = list(table.notes)
    for column in table.columns:
        count = sum(bool(row[column]) for row in table.rows)
        empty = ", ".join(f"{spelled!r} {times} times" for spelled, times in table.missing[column].items())
        said.append(f"{column}: {_meaning(labels, column)}, {count} cells" + (f"; empty: {empty}" if empty else ""))
        if table.dates[column]:
            lines = ", ".join(map(str, table.dates[column][:_LISTED]))
            said.append(f"{column}: dates in line {lines}; a spreadsheet may have made them of names such as 1-2.")
    alike = alike_names(row["subject"] for row in table.rows if row.get("subject"))
    said += [f"subject: {' and '.join(ways)} are taken for {len(ways)} people; is it one?" for ways in alike]
    photos = [_path(row["photo"]) for row in table.rows if row["photo"]]
    return said + [line for _, one in _fitted_marks(root, photos) for line in one.left_out]


def _meaning(labels: _Labels, column: str) -> str:
    if column in labels.tasks:
        task, grader = labels.tasks[column]
        return f"labels of {task}" + (f" by {grader}" if grader else "")
    return column if column in _KEYS else "a trait"


def _labels_in(root: Path) -> _Labels:
    path = next((root / name for name in TABLES if (existing(root) / name).is_file()), None)
    if path is None:
        raise InputError(f"{root} has no {TABLES[0]}.", advice="Expected a table with the column photo.")
    table = open_table(path, needs=("photo",), words=_KEYS)
    if not table.rows:
        raise InputError(f"{path} has no rows.", advice="Expected one row a photo.")
    _check_subjects(table)
    tasks: dict[str, tuple[str, str]] = {}
    for column in table.columns:
        name, _, grader = column.partition("@")
        task = folded(name) if folded(name) in _LABELS else name.strip()
        if column not in _KEYS and (_holds_labels(table, column) or table.is_numbers(column)):
            table.numbers(column)
            tasks[column] = task, grader.strip()
    traits = tuple(column for column in table.columns if column not in (*_KEYS, *tasks))
    return _Labels(table=table, tasks=tasks, traits=traits)


def _holds_labels(table: Table, column: str) -> bool:
    """Return whether a column holds numbers by its name alone, so that a word in it is a mistake."""
    name, at, _ = column.partition("@")
    return (bool(at) or folded(name) in _LABELS) and any(row[column] for row in table.rows)


def _check_subjects(table: Table) -> None:
    if "subject" not in table.columns:
        return
    without = [line for row, line in zip(table.rows, table.lines, strict=True) if not row["subject"]]
    if without and len(without) < len(table.rows):
        raise InputError(
            f"{table.name}: line {', '.join(map(str, without[:_LISTED]))} names no subject, and other lines do.",
            advice="Name the person in each row: photos of one person must stay together.",
        )


def _path(name: str) -> str:
    """Return a photo's path with slashes, as no file of ours has backslashes in its name."""
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def _boxes(root: Path, photos: Sequence[str]) -> Mapping[str, tuple[Detection, ...]]:
    """Return the marked boxes by photo; of several graders, all."""
    found: dict[str, list[Detection]] = defaultdict(list)
    for photo, one in _fitted_marks(root, photos):
        found[photo] += [item(thing.name, thing.box) for thing in one.marked]
    return {photo: tuple(items) for photo, items in found.items()}


def _fitted_marks(root: Path, photos: Sequence[str]) -> Iterator[tuple[str, AnnotatedPhoto]]:
    """Yield the marks of boxes.csv on the photos they lie on. A bare file name is enough where one photo has it."""
    path = root / BOXES
    if not path.is_file():
        return
    held = read_annotations(path)
    files = {(root / photo).absolute(): photo for photo in photos}
    named = match_photos([one.photo for one in held], list(files), path.name)
    for one in held:
        if one.photo not in named:
            raise InputError(
                f"{path.name} marks {one.photo}, which is no photo of the table.", advice="Name it as the table does."
            )
        photo = named[one.photo]
        if photo.is_file():  # else the table's own refusal says it better
            yield files[photo], fit_to_photo(one, frame_of_file(photo))


def _sample(
    root: Path,
    labels: _Labels,
    photo: str,
    rows: Sequence[Row],
    boxes: Mapping[str, tuple[Detection, ...]],
    licence: str,
) -> Sample:
    name = labels.table.name
    if not (root / photo).is_file():
        raise InputError(f"{name} names {photo}.", advice=f"Expected it at {root / photo}.")
    keys = {tuple(row.get(key, "") for key in ("subject", "visit", "view")) for row in rows}
    if len(keys) > 1:
        raise InputError(f"{name} gives {photo} two subjects, visits or views.", advice="Make its rows agree.")
    subject, visit, view = keys.pop()
    first = rows[0]
    return Sample(
        key=SampleKey(dataset="photo-table", subject=subject or photo, visit=visit, view=view or photo),
        read=reader(root / photo),
        labels=tuple(label for row in rows for label in _row_labels(row, labels.tasks)),
        traits={trait: first[trait] for trait in labels.traits if first[trait]},
        licence=licence,
        items=boxes.get(photo, ()),
    )


def _row_labels(row: Row, tasks: Mapping[str, tuple[str, str]]) -> list[Label]:
    return [
        Label(task=task, value=float(row[column]), grader=grader or row.get("grader") or "reference")
        for column, (task, grader) in tasks.items()
        if row[column]
    ]


DATASET = Dataset(
    name="photo-table",
    title="A table of labels",
    about=__doc__ or "",
    licence="as your photos",
    citation="your own photos",
    public=False,
    index=index,
    notes=notes,
)
