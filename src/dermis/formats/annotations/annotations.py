"""Marked pictures in the formats of grading tools: COCO, Pascal VOC, Label Studio, and a table of our own.

    coco          annotations.json         images, annotations (bbox in pixels), categories
    label-studio  tasks.json, config.xml   drafts as predictions; what graders gave back as annotations
    voc           NAME.xml                 one file a picture, corners in whole pixels, no scores
    csv           boxes.csv                photo, class, x_px, y_px, width_px, height_px, score, grader

Drafts carry scores, graders' marks none. A picture on which nothing is marked is kept: it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dermis.core import Box
from dermis.errors import InputError, UsageError
from dermis.formats.annotations.annotated import AnnotatedPhoto, json_in, write_json
from dermis.formats.annotations.coco import coco_object, from_coco
from dermis.formats.annotations.label_studio import CONFIG, from_label_studio, label_studio_tasks
from dermis.formats.annotations.voc import Marked, read_voc, write_voc
from dermis.formats.tables import number_in, read_table, write_csv

__all__ = ["COLUMNS", "FORMATS", "read_annotations", "write_annotations"]

COLUMNS = ("photo", "class", "x_px", "y_px", "width_px", "height_px", "score", "grader", "photo_width_px",
           "photo_height_px")  # fmt: skip
_SIDES = ("x_px", "y_px", "width_px", "height_px")


def write_annotations(folder: Path, held: Sequence[AnnotatedPhoto], form: str) -> Path:
    """Write marked pictures into `folder`, which is made, and return the file, of VOC the folder.

    form: one of `FORMATS`. Raises UsageError for another one, or where it cannot be written.
    """
    if form not in FORMATS:
        raise UsageError(f"No format is called {form!r}.", advice=f"There are: {', '.join(FORMATS)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FORMATS[form](folder, held)
    except OSError as fault:
        raise UsageError(f"{folder} cannot be written: {fault.strerror}.", advice="Choose another folder.") from fault


def read_annotations(path: Path) -> tuple[AnnotatedPhoto, ...]:
    """Read marked pictures from a file of any of the formats, or a folder of VOC files; the format is told by content.

    Raises InputError: not there, of no known format, a box without its numbers.
    """
    if path.is_dir():
        files = sorted(path.glob("*.xml"))
        found = [_from_voc(file) for file in files if file.name != "config.xml"]
        if not found:
            raise InputError(f"{path} holds no XML files.", advice="Name the file, or a folder of Pascal VOC files.")
        return tuple(found)
    match path.suffix.lower():
        case ".xml":
            return (_from_voc(path),)
        case ".csv" | ".xlsx":
            return _from_table(path)
        case ".json":
            held = json_in(path)
            return from_coco(held, path.name) if isinstance(held, dict) else from_label_studio(held, path.name)
        case _:
            raise InputError(f"{path.name} is of no known format.", advice="Known: .json, .xml, .csv, .xlsx.")


def _write_coco(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    return write_json(folder / "annotations.json", coco_object(held))


def _write_label_studio(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    (folder / "config.xml").write_text(CONFIG, encoding="utf-8")
    return write_json(folder / "tasks.json", label_studio_tasks(held))


def _write_voc(folder: Path, held: Sequence[AnnotatedPhoto]) -> Path:
    stems = [Path(one.photo).stem for one in held]
    for one, stem in zip(held, stems, strict=True):
        file = folder / f"{stem if stems.count(stem) == 1 else one.photo}.xml"
        write_voc(file, picture=one.photo, width_px=one.width_px, height_px=one.height_px, marked=one.marked)
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


def _from_voc(path: Path) -> AnnotatedPhoto:
    held = read_voc(path)
    return AnnotatedPhoto(
        photo=held.picture, width_px=held.width_px or 0, height_px=held.height_px or 0, marked=held.marked, grader=""
    )


def _from_table(path: Path) -> tuple[AnnotatedPhoto, ...]:
    """Return one for each photo and grader, in the order of their first rows."""
    marked: dict[tuple[str, str], list[Marked]] = {}
    sizes: dict[tuple[str, str], tuple[int, int]] = {}
    for line, row in enumerate(read_table(path, needs=("photo", *_SIDES)), 2):
        key = row["photo"], row.get("grader", "")
        where = f"{path.name}, line {line}"
        things = marked.setdefault(key, [])
        size = (number_in(row, "photo_width_px", where) or 0, number_in(row, "photo_height_px", where) or 0)
        sizes.setdefault(key, (int(size[0]), int(size[1])))
        sides = [number_in(row, side, where) for side in _SIDES]
        if all(side is None for side in sides):
            continue
        if None in sides:
            raise InputError(f"{where}: a side of the box is missing.", advice=f"Expected {', '.join(_SIDES)}.")
        x, y, width, height = (float(side) for side in sides if side is not None)
        box = Box(x_px=x, y_px=y, width_px=width, height_px=height, score=number_in(row, "score", where))
        things.append(Marked(name=row.get("class", "") or "lesion", box=box))
    return tuple(
        AnnotatedPhoto(
            photo=key[0], width_px=sizes[key][0], height_px=sizes[key][1], marked=tuple(things), grader=key[1]
        )
        for key, things in marked.items()
    )
