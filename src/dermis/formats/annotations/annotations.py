"""Marked pictures in the formats of grading tools: COCO, Pascal VOC, Label Studio, and a table of our own.

    coco          annotations.json         images, annotations (bbox in pixels), categories
    label-studio  tasks.json, config.xml   drafts as predictions; what graders gave back as annotations
    voc           NAME.xml                 one file a picture, corners in whole pixels, no scores
    csv           boxes.csv                photo, class, x_px, y_px, width_px, height_px, score, grader

Drafts carry scores, graders' marks none. A picture on which nothing is marked is kept: it was looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from dermis.core import Box
from dermis.errors import InputError, UsageError
from dermis.formats.annotations.coco import coco_object, from_coco
from dermis.formats.annotations.label_studio import CONFIG, from_label_studio, label_studio_tasks
from dermis.formats.annotations.marks import AnnotatedPhoto, Marks, json_in, photo_path, size_of, write_json
from dermis.formats.annotations.voc import Marked, read_voc, write_voc
from dermis.formats.files import make_folder, refuse_write, write_bytes
from dermis.formats.tables import number_in, open_table, write_csv

__all__ = ["COLUMNS", "FORMATS", "read_annotations", "write_annotations"]

COLUMNS = ("photo", "class", "x_px", "y_px", "width_px", "height_px", "score", "grader", "photo_width_px",
           "photo_height_px")  # fmt: skip
_WORDS = ("photo", "class", "grader")
_SIDES = ("x_px", "y_px", "width_px", "height_px")


def write_annotations(folder: Path, held: Sequence[AnnotatedPhoto], form: str) -> Path:
    """Write marked pictures into `folder`, which is made, and return the file, of VOC the folder.

    form: one of `FORMATS`. Raises UsageError for another one, or where it cannot be written.
    """
    if form not in FORMATS:
        raise UsageError(f"No format is called {form!r}.", advice=f"There are: {', '.join(FORMATS)}.")
    make_folder(folder)
    try:
        return FORMATS[form](folder, held)
    except OSError as fault:
        raise refuse_write(folder, fault) from fault


def read_annotations(path: Path) -> tuple[AnnotatedPhoto, ...]:
    """Read marked pictures from a file of any of the formats, or a folder of VOC files; the format is told by content.

    Raises InputError: not there, of no known format, a box without its numbers.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.xml") if not file.name.startswith("."))
        found = [_from_voc(file, path) for file in files if file.name != "config.xml"]
        if not found:
            raise InputError(f"{path} holds no XML files.", advice="Name the file, or a folder of Pascal VOC files.")
        return tuple(found)
    match path.suffix.lower():
        case ".xml":
            return (_from_voc(path, path.parent),)
        case ".csv" | ".tsv" | ".xlsx" | ".xlsm":
            return _from_table(path)
        case ".json":
            held = json_in(path)
            return from_coco(held, path.name) if isinstance(held, dict) else from_label_studio(held, path.name)
        case _:
            raise InputError(f"{path.name} is of no known format.", advice="Known: .json, .xml, .csv, .xlsx.")


def _write_coco(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    return write_json(folder / "annotations.json", coco_object(held))


def _write_label_studio(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    write_bytes(folder / "config.xml", CONFIG.encode())
    return write_json(folder / "tasks.json", label_studio_tasks(held))


def _write_voc(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    paths = [PurePosixPath(photo_path(one.photo)) for one in held]
    stems = Counter(path.stem for path in paths)
    names = Counter(path.name for path in paths)
    for one, path in zip(held, paths, strict=True):
        # A name that two photos have keeps its folder; a stem that they have keeps its ending.
        kept = path if names[path.name] > 1 else PurePosixPath(path.name)
        file = folder / (f"{kept}.xml" if stems[path.stem] > 1 else f"{kept.stem}.xml")
        make_folder(file.parent)
        write_voc(file, picture=str(path), width_px=one.width_px, height_px=one.height_px, marked=one.marked)
    return folder


def _write_table(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    rows: list[tuple[object, ...]] = []
    for one in held:
        size = (one.width_px, one.height_px)
        for thing in one.marked:
            box = thing.box
            score = "" if box.score is None else round(box.score, 4)
            sides = (round(side, 2) for side in (box.x_px, box.y_px, box.width_px, box.height_px))
            rows.append((one.photo, thing.name, *sides, score, one.grader, *size))
        if not one.marked:
            rows.append((one.photo, "", "", "", "", "", "", one.grader, *size))
    write_csv(folder / "boxes.csv", COLUMNS, rows)
    return folder / "boxes.csv"


FORMATS: Mapping[str, Callable[[Path, Sequence[AnnotatedPhoto]], Path]] = {
    "coco": _write_coco,
    "label-studio": _write_label_studio,
    "voc": _write_voc,
    "csv": _write_table,
}
"""How each format is written."""


def _from_voc(path: Path, root: Path) -> AnnotatedPhoto:
    held = read_voc(path)
    name = photo_path(held.picture)
    if "/" not in name and path.parent != root:  # a folder of XML files lies as the photos do
        name = (PurePosixPath(*path.parent.relative_to(root).parts) / name).as_posix()
    marks = Marks(marked=list(held.marked))
    if held.unread:
        marks.unread["neither a box nor a polygon"] = held.unread
    return marks.photo(name, held.width_px or 0, held.height_px or 0)


def _from_table(path: Path) -> tuple[AnnotatedPhoto, ...]:
    """Return one for each photo and grader, in the order of their first rows."""
    marks: dict[tuple[str, str], Marks] = {}
    sizes: dict[tuple[str, str], tuple[int, int]] = {}
    table = open_table(path, needs=("photo", *_SIDES), words=_WORDS)
    for line, row in zip(table.lines, table.rows, strict=True):
        key = photo_path(row["photo"]), row.get("grader", "")
        where = f"{path.name}, line {line}"
        if not key[0]:
            raise InputError(f"{where} names no photo.", advice="Name it, or remove the row.")
        things = marks.setdefault(key, Marks())
        size = (number_in(row, "photo_width_px", where) or 0, number_in(row, "photo_height_px", where) or 0)
        sizes.setdefault(key, _size(size, where))
        sides = [number_in(row, side, where) for side in _SIDES]
        if all(side is None for side in sides):
            continue
        if None in sides:
            raise InputError(f"{where}: a side of the box is missing.", advice=f"Expected {', '.join(_SIDES)}.")
        x, y, width, height = (float(side) for side in sides if side is not None)
        box = Box(x_px=x, y_px=y, width_px=width, height_px=height, score=number_in(row, "score", where))
        things.marked.append(Marked(name=row.get("class", "") or "lesion", box=box))
    return tuple(things.photo(key[0], *sizes[key], key[1]) for key, things in marks.items())


def _size(size: tuple[float, float], where: str) -> tuple[int, int]:
    try:
        return size_of(size[0]), size_of(size[1])
    except ValueError as fault:
        raise InputError(f"{where}: {fault}.", advice="Correct photo_width_px and photo_height_px.") from None
