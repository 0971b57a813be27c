"""A table of labels: any photos, with what any number of graders said of them.

    labels.csv (or labels.xlsx)            photo (a path from here); subject, visit, view, grader where known;
                                           every other column of numbers is a task, such as acne_grade or acne_severity
    boxes.csv                              if wanted: photo, x_px, y_px, width_px, height_px, class (as
                                           `dermis annotate export --format csv` writes it)

A column `acne_grade@dr_a` is the answer of that grader; a row a grader, with the column grader, says the same. Cells
may be empty. Columns with words are traits. Without a subject each photo is a person of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from dermis.core import Detection, Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.tables import Row, read_table
from dermis.lab.datasets.acne04 import item
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, reader

__all__ = ["DATASET", "index"]

TABLES = ("labels.csv", "labels.xlsx")
BOXES = "boxes.csv"
_KEYS = ("photo", "subject", "visit", "view", "grader")


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with all labels of the table; items are the boxes, if there are any.

    InputError: no table, a photo that is not there, two subjects for one photo.
    """
    table = next((root / name for name in TABLES if (existing(root) / name).is_file()), None)
    if table is None:
        raise InputError(f"{root} has no {TABLES[0]}.", advice="Expected a table with the column photo.")
    rows = read_table(table, needs=("photo",))
    if not rows:
        raise InputError(f"{table} has no rows.", advice="Expected one row a photo.")
    by_photo: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_photo[row["photo"]].append(row)
    tasks = [column for column in rows[0] if column and column not in _KEYS and _is_numbers(rows, column)]
    words = [column for column in rows[0] if column and column not in (*_KEYS, *tasks)]
    boxes = _boxes(root / BOXES, list(by_photo))
    licence = licence_of(root, DATASET.licence)
    return [_sample(root, table, photo, held, tasks, words, boxes, licence) for photo, held in by_photo.items()]


def _is_numbers(rows: Sequence[Row], column: str) -> bool:
    cells = [row[column] for row in rows if row[column]]
    return bool(cells) and all(_number(cell) is not None for cell in cells)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _boxes(path: Path, photos: Sequence[str]) -> Mapping[str, tuple[Detection, ...]]:
    """Return the marked boxes by photo; of several graders, all. A bare file name is enough where one photo has it."""
    found: dict[str, list[Detection]] = defaultdict(list)
    for one in read_annotations(path) if path.is_file() else ():
        meant = [photo for photo in photos if one.photo in (photo, Path(photo).name)]
        exact = [photo for photo in meant if photo == one.photo] or meant
        if len(exact) != 1:
            raise InputError(
                f"{path.name} marks {one.photo}, which is {len(exact)} photos of the table.",
                advice="Name it as the table does.",
            )
        found[exact[0]] += [item(thing.name, thing.box) for thing in one.marked]
    return {photo: tuple(items) for photo, items in found.items()}


def _sample(
    root: Path,
    table: Path,
    photo: str,
    rows: Sequence[Row],
    tasks: Sequence[str],
    words: Sequence[str],
    boxes: Mapping[str, tuple[Detection, ...]],
    licence: str,
) -> Sample:
    if not (root / photo).is_file():
        raise InputError(f"{table.name} names {photo}.", advice=f"Expected it at {root / photo}.")
    keys = {tuple(row.get(name, "") for name in ("subject", "visit", "view")) for row in rows}
    if len(keys) > 1:
        raise InputError(f"{table.name} gives {photo} two subjects, visits or views.", advice="Make its rows agree.")
    subject, visit, view = keys.pop()
    first = rows[0]
    return Sample(
        key=SampleKey(dataset="photo-table", subject=subject or photo, visit=visit, view=view or photo),
        read=reader(root / photo),
        labels=tuple(label for row in rows for label in _labels(row, tasks)),
        traits={name: first[name] for name in words if first[name]},
        licence=licence,
        items=boxes.get(photo, ()),
    )


def _labels(row: Row, tasks: Sequence[str]) -> list[Label]:
    labels = []
    for column in tasks:
        task, _, grader = column.partition("@")
        value = _number(row[column])
        if value is not None:
            labels.append(Label(task=task, value=value, grader=grader or row.get("grader") or "reference"))
    return labels


DATASET = Dataset(
    name="photo-table",
    title="A table of labels",
    about=__doc__ or "",
    licence="as your photos",
    citation="your own photos",
    public=False,
    index=index,
)
