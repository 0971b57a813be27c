"""Boxes in COCO's JSON beside their photos, as most marking tools export them.

    annotations.json                       or instances_*.json, or _annotations.coco.json
    images/anna.jpg                        photos in images, or beside the JSON
    train/_annotations.coco.json           exports in parts: folders train, valid and test, each with its own JSON

Each box is an item of its category. Where people are not told apart, each photo is a subject of its own; photos of
one person and copies are found by the recipe's split.duplicates = "alike". The parts of an export are mostly drawn by
photo, not by person: they are kept as the trait part, to be used knowingly.
"""

from __future__ import annotations

from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.annotations.annotated import AnnotatedPhoto
from dermis.formats.annotations.annotations import read_annotations
from dermis.lab.datasets.acne04 import item
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, reader

__all__ = ["DATASET", "index"]

_FILES = ("_annotations.coco.json", "annotations.json", "instances_*.json", "annotations/instances_*.json")
_PARTS = {"train": "train", "valid": "validate", "val": "validate", "test": "test"}


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with the label `acne_lesions`, the number of its boxes. Trait: part, where there are any.

    InputError says what was expected where: a JSON, its photos.
    """
    found: list[Sample] = []
    licence = licence_of(root, DATASET.licence)
    for folder, part in ((existing(root), ""), *((root / name, part) for name, part in _PARTS.items())):
        for file in [path for pattern in _FILES for path in sorted(folder.glob(pattern))]:
            found += [_sample(root, folder, one, part, licence) for one in read_annotations(file)]
    if not found:
        raise InputError(f"{root} has no COCO JSON with pictures.", advice="Expected annotations.json and its photos.")
    return found


def _sample(root: Path, folder: Path, one: AnnotatedPhoto, part: str, licence: str) -> Sample:
    places = (folder / one.photo, folder / "images" / one.photo, root / "images" / one.photo)
    photo = next((place for place in places if place.is_file()), None)
    if photo is None:
        raise InputError(f"{folder} lacks the photo {one.photo}.", advice=f"Expected it at {places[0]} or in images.")
    return Sample(
        key=SampleKey(dataset="coco", subject="/".join(filter(None, (part, one.photo)))),
        read=reader(photo),
        labels=(Label(task="acne_lesions", value=float(len(one.marked)), grader="reference"),),
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
)
