"""Boxes in COCO's JSON beside their photos, as most marking tools export them.

    annotations.json                       or instances_*.json, or _annotations.coco.json
    images/anna.jpg                        photos in images, or beside the JSON
    train/_annotations.coco.json           exports in parts: folders train, valid and test, each with its own JSON

Each box is an item of its category. Where people are not told apart, each photo is a subject of its own; photos of
one person and copies are found by the recipe's split.duplicates = "alike". The parts of an export are mostly drawn by
photo, not by person: they are kept as the trait part, to be used knowingly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.on_photos import fit_to_photo, frame_of_file, match_photos
from dermis.lab.datasets.acne04 import item
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader

__all__ = ["DATASET", "index", "notes"]

_FILES = ("_annotations.coco.json", "annotations.json", "instances_*.json", "annotations/instances_*.json")
_PARTS = {"train": "train", "valid": "validate", "val": "validate", "test": "test"}


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with the label `acne_lesions`, the number of its boxes. Trait: part, where there are any.

    A photo with marks that could not be read has its boxes and no number of lesions; one whose boxes were drawn on a
    picture of another shape has the number and no boxes. Boxes made on the photo as it is
    stored, or on a reduced copy, are brought onto the photo as it is read.
    InputError says what was expected where: a JSON, its photos.
    """
    licence = licence_of(root, DATASET.licence)
    found = [_sample(photo, one, count, part, licence) for photo, one, count, part in _photos(root)]
    if not found:
        raise InputError(f"{root} has no COCO JSON with pictures.", advice="Expected annotations.json and its photos.")
    return found


def notes(root: Path) -> list[str]:
    """Return which marks were turned, scaled, cut or left out."""
    return [line for _, one, _, _ in _photos(root) for line in one.left_out]


def _photos(root: Path) -> Iterator[tuple[Path, AnnotatedPhoto, int | None, str]]:
    """Yield each photo, its boxes as they lie on it, how many there are (None where some were not read), its part."""
    for folder, part in ((existing(root), ""), *((root / name, part) for name, part in _PARTS.items())):
        for file in [path for pattern in _FILES for path in sorted(folder.glob(pattern))]:
            for one in read_annotations(file):
                photo = _photo_of(root, folder, one.photo)
                fitted = fit_to_photo(one, frame_of_file(photo))
                count = len(fitted.marked) if not fitted.unread else len(one.marked)
                yield photo, fitted, None if one.unread else count, part


def _photo_of(root: Path, folder: Path, name: str) -> Path:
    places = [place / name for place in (folder, folder / "images", root / "images")]
    found = next((place for place in places if place.is_file()), None)
    if found is None:  # a name without its ending, or in another case
        beside = [file for place in {place.parent for place in places} if place.is_dir() for file in photos_in(place)]
        found = match_photos([name], beside, "The JSON").get(name)
    if found is None:
        raise InputError(f"{folder} lacks the photo {name}.", advice=f"Expected it at {places[0]} or in images.")
    return found


def _sample(photo: Path, one: AnnotatedPhoto, count: int | None, part: str, licence: str) -> Sample:
    grader = one.grader or "reference"
    return Sample(
        key=SampleKey(dataset="coco", subject="/".join(filter(None, (part, one.photo)))),
        read=reader(photo),
        labels=() if count is None else (Label(task="acne_lesions", value=float(count), grader=grader),),
        traits={"part": part} if part else {},
        licence=licence,
        items=tuple(item(thing.name, thing.box) for thing in one.marked),
    )


DATASET = Dataset(
    name="coco",
    title="Boxes as COCO JSON",
    about=__doc__ or "",
    licence="as your photos",
    citation="Lin et al.: Microsoft COCO: common objects in context, ECCV 2014 (the format); your own photos",
    public=False,
    index=index,
    notes=notes,
)
