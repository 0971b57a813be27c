"""ACNE04: 1457 photos of faces with acne, graded 0-3 by Hayashi's criterion, lesions boxed.

Two layouts are read. As its makers published it:

    Classification/JPEGImages/levle0_1.jpg                 the grade is the digit after "levle"
    Classification/NNEW_trainval_0.txt, NNEW_test_0.txt    lines "levle0_1.jpg grade count", five folds
    Detection/VOC2007/Annotations/levle0_1.xml             Pascal VOC, one box a lesion (also Detection/Annotations)

and as tables: `images.csv` (image, grade, group, file, hires_file, original_width_px, original_height_px, lesions_v2,
grade_* of single doctors), `boxes.csv` (image, lesion, xmin_px, ymin_px, xmax_px, ymax_px), `circles_v2.csv` (image,
x_px, y_px, radius_px, in pixels of the original photo, by a second team). There the class words of the boxes are the
grade in disguise, and `group` is the same number for pictures of one person; it is the subject, and splits must keep
it together. As published, the set does not say who is who: each photo is then a subject of its own, and many people
are in it twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Detection, Label, Region, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.annotations.voc import read_voc
from dermis.formats.tables import Row, number_in, read_table
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader, subfolder

__all__ = ["DATASET", "FOLDS", "index", "item"]

FOLDS = 5
_NAME = re.compile(r"levle([0-3])_(\d+)")
_CORNERS = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
_CIRCLE = ("x_px", "y_px", "radius_px")
_ONE_PERSON = (("levle3_127", "levle3_31"), ("levle0_144", "levle1_145"))
"""Photos whose groups are one person's: one shot that lies in two of them, and a man who was seen in two."""


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with labels `acne_grade` (each doctor's too, where given) and `acne_lesions`.

    items: the boxes. beside: `circles` (n, 3), x, y and radius in original pixels, where the tables have them.
    Traits: fold_0 ... fold_4 (train or test) as published; original_width_px, original_height_px, hires in the tables.
    InputError says what was expected where.
    """
    if (existing(root) / "images.csv").is_file():
        return _from_tables(root)
    return _as_published(root)


def item(kind: str, box: Box) -> Detection:
    """Return one marked lesion; where on the face it lies is not known here."""
    return Detection(kind=kind, box=box, region=Region.FACE, score=1.0)


def _as_published(root: Path) -> list[Sample]:
    pictures = subfolder(root, "Classification/JPEGImages", "JPEGImages")
    xml = next((root / name for name in ("Detection/VOC2007/Annotations", "Detection/Annotations", "Annotations")
                if (root / name).is_dir()), None)  # fmt: skip
    listed, counts = _folds(pictures.parent)
    licence = licence_of(root, DATASET.licence)
    found = [_published(photo, xml, listed.get(photo.name, {}), counts, licence) for photo in photos_in(pictures)]
    if not found:
        raise InputError(f"{pictures} holds no photos.", advice="Expected levle0_1.jpg and others.")
    return found


def _folds(folder: Path) -> tuple[dict[str, dict[str, str]], dict[str, float]]:
    """Return by photo its part in each fold, and its number of lesions, from the lists that are there."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    counts: dict[str, float] = {}
    for fold in range(FOLDS):
        for list_name, part in (("trainval", "train"), ("test", "test")):
            path = folder / f"NNEW_{list_name}_{fold}.txt"
            for number, line in enumerate(path.read_text().splitlines() if path.is_file() else (), 1):
                words = line.split()
                if words and (len(words) != 3 or not words[2].isdecimal()):
                    raise InputError(
                        f"{path.name}, line {number}: {line!r}.", advice='Expected "name.jpg grade count".'
                    )
                if words:
                    parts[words[0]][f"fold_{fold}"] = part
                    counts[words[0]] = float(words[2])
    return parts, counts


def _published(
    photo: Path, xml: Path | None, folds: Mapping[str, str], counts: Mapping[str, float], licence: str
) -> Sample:
    named = _NAME.fullmatch(photo.stem)
    if named is None:
        raise InputError(f"{photo.name} in {photo.parent} says no grade.", advice="Expected levle0_1.jpg.")
    boxes = xml / f"{photo.stem}.xml" if xml is not None else None
    marked = read_voc(boxes).marked if boxes is not None and boxes.is_file() else ()
    labels = [Label(task="acne_grade", value=float(named[1]), grader="reference")]
    if photo.name in counts:
        labels.append(Label(task="acne_lesions", value=counts[photo.name], grader="reference"))
    return Sample(
        key=SampleKey(dataset="acne04", subject=photo.stem),
        read=reader(photo),
        labels=tuple(labels),
        traits=dict(folds),
        licence=licence,
        items=tuple(item(thing.name, thing.box) for thing in marked),
    )


def _from_tables(root: Path) -> list[Sample]:
    boxes = _grouped(root / "boxes.csv", ("lesion", *_CORNERS))
    circles = _grouped(root / "circles_v2.csv", _CIRCLE)
    licence = licence_of(root, DATASET.licence)
    rows = read_table(root / "images.csv", needs=("image", "grade", "group", "file"))
    found = [_tabled(root, row, boxes, circles, licence) for row in _joined(rows) if row["file"]]
    if not found:
        raise InputError(f"{root / 'images.csv'} names no file.", advice="Expected paths in the column file.")
    return found


def _joined(rows: list[Row]) -> list[Row]:
    """Return the rows with one group for what is one person's."""
    group = {row["image"]: row["group"] for row in rows}
    same = {group[other]: group[one] for one, other in _ONE_PERSON if {one, other} <= group.keys()}
    return [{**row, "group": same.get(row["group"], row["group"])} for row in rows]


def _grouped(path: Path, needs: tuple[str, ...]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in read_table(path, needs=("image", *needs)) if path.is_file() else ():
        grouped[row["image"]].append(row)
    return grouped


def _tabled(
    root: Path, row: Row, boxes: Mapping[str, list[Row]], circles: Mapping[str, list[Row]], licence: str
) -> Sample:
    name, photo = row["image"], root / row["file"]
    if not photo.is_file():
        raise InputError(f"images.csv names {row['file']}.", advice=f"Expected it at {photo}.")
    marked = tuple(_boxed(box) for box in boxes.get(name, ()))
    second = circles.get(name)
    return Sample(
        key=SampleKey(dataset="acne04", subject=f"group-{row['group']}", view=name),
        read=reader(photo),
        labels=(*_grades(row), *_counts(row, len(marked) if boxes else None)),
        traits=_traits(root, row),
        licence=licence,
        items=marked,
        beside={} if second is None else {"circles": partial(_circles, second)},
    )


def _grades(row: Row) -> Iterable[Label]:
    for column in row:
        doctor = "reference" if column == "grade" else column.removeprefix("grade_")
        value = number_in(row, column, f"images.csv, {row['image']}") if column.startswith("grade") else None
        if value is not None:
            yield Label(task="acne_grade", value=value, grader=doctor)


def _counts(row: Row, boxed: int | None) -> Iterable[Label]:
    if boxed is not None:
        yield Label(task="acne_lesions", value=float(boxed), grader="reference")
    second = number_in(row, "lesions_v2", f"images.csv, {row['image']}")
    if second is not None:
        yield Label(task="acne_lesions", value=second, grader="second team")


def _traits(root: Path, row: Row) -> dict[str, str | float]:
    traits: dict[str, str | float] = {}
    for column in ("original_width_px", "original_height_px"):
        value = number_in(row, column, f"images.csv, {row['image']}")
        if value is not None:
            traits[column] = value
    if row.get("hires_file"):
        traits["hires"] = str(root / row["hires_file"])
    return traits


def _boxed(row: Row) -> Detection:
    left, top, right, bottom = (number_in(row, corner, f"boxes.csv, {row['image']}") or 0.0 for corner in _CORNERS)
    return item(row["lesion"], Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top))


def _circles(rows: list[Row]) -> NDArray[np.float32]:
    return np.array([[number_in(row, name, "circles_v2.csv") or 0.0 for name in _CIRCLE] for row in rows], np.float32)


DATASET = Dataset(
    name="acne04",
    title="ACNE04",
    about=__doc__ or "",
    licence="academic use; the 640 x 640 export CC BY 4.0",
    citation="Wu, Wen, Liang, Lai, She, Cheng, Yang: Joint Acne Image Grading and Counting via Label Distribution "
    "Learning, ICCV 2019",
    public=True,
    index=index,
)
