"""COCO's JSON of boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.marks import (
    AnnotatedPhoto,
    Marks,
    around,
    box_corners,
    merged,
    numbers_of,
    photo_path,
    size_of,
)
from dermis.formats.annotations.voc import Marked

__all__ = ["coco_object", "from_coco"]


def coco_object(held: Sequence[AnnotatedPhoto]) -> dict[str, Any]:
    """Return marked pictures as COCO's JSON; a draft's score stands beside its box, as in COCO's results."""
    names = sorted({thing.name for one in held for thing in one.marked})
    numbers = {name: number for number, name in enumerate(names, 1)}
    annotations: list[dict[str, Any]] = []
    for picture, one in enumerate(held, 1):
        for thing in one.marked:
            box = thing.box
            said: dict[str, Any] = {
                "id": len(annotations) + 1,
                "image_id": picture,
                "category_id": numbers[thing.name],
                "bbox": [round(side, 2) for side in (box.x_px, box.y_px, box.width_px, box.height_px)],
                "area": round(box.width_px * box.height_px, 2),
                "iscrowd": 0,
            }
            annotations.append(said | ({} if box.score is None else {"score": round(box.score, 4)}))
    return {
        "info": {"description": "lesions on skin", "version": "1"},
        "images": [
            {
                "id": number,
                "file_name": one.photo,
                "width": one.width_px,
                "height": one.height_px,
                **({"grader": one.grader} if one.grader else {}),
            }
            for number, one in enumerate(held, 1)
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name, "supercategory": "lesion"} for name, number in numbers.items()],
    }


def from_coco(held: Mapping[str, Any], where: str) -> tuple[AnnotatedPhoto, ...]:
    """Return the marked pictures of COCO's JSON; `where` names the file.

    A polygon without a box becomes the box around it; a mask by run lengths is counted as unread. Raises InputError,
    also for an id that two pictures or two categories have.
    """
    try:
        names = _by_id(held.get("categories") or (), "categories", where)
        images = _by_id(held["images"], "images", where)
        marks = {number: Marks() for number in images}
        for thing in held["annotations"]:
            _add(_of_image(marks, thing, where), thing, names, where)
        return merged(
            [
                marks[number].photo(
                    photo_path(str(one["file_name"])),
                    size_of(one.get("width")),
                    size_of(one.get("height")),
                    str(one.get("grader", "")),
                )
                for number, one in images.items()
            ]
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise InputError(
            f"{where} is no COCO file ({type(fault).__name__}: {str(fault)[:80]}).",
            advice="Expected images, annotations with bbox and image_id, categories.",
        ) from None


def _by_id(listed: Sequence[Mapping[str, Any]], what: str, where: str) -> dict[str, Mapping[str, Any]]:
    """Return what is listed by its id; some programs write ids as text here and as numbers there."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in listed:
        number = str(one["id"])
        if number in found and found[number] != one:
            raise InputError(f"{where}: two {what} have the id {number}.", advice="Give each its own, or export again.")
        found[number] = one
    return found


def _of_image(marks: Mapping[str, Marks], thing: Mapping[str, Any], where: str) -> Marks:
    number = str(thing["image_id"])
    if number not in marks:
        raise InputError(
            f"{where}: annotation {thing.get('id', '?')} is of image {number[:40]}, which is not there.",
            advice="Export again, with all images.",
        )
    return marks[number]


def _add(marks: Marks, thing: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]], where: str) -> None:
    box = _box(thing, where)
    if box is None:
        marks.unread["a mask without a box"] += 1
        return
    score = thing.get("score")
    kept = Box(
        x_px=box.x_px,
        y_px=box.y_px,
        width_px=box.width_px,
        height_px=box.height_px,
        score=None if score is None else float(score),
    )
    name = names.get(str(thing.get("category_id")), {}).get("name")
    marks.marked.append(Marked(name=str(name or "lesion"), box=kept))


def _box(thing: Mapping[str, Any], where: str) -> Box | None:
    if thing.get("bbox"):
        x, y, width, height = numbers_of(thing["bbox"], 4, f"{where}, annotation {thing.get('id', '?')}")
        turned_deg = _turned_deg(thing)
        if turned_deg:
            return around(box_corners(x, y, width, height, turned_deg, about=(x + width / 2, y + height / 2)))
        return Box(x_px=x, y_px=y, width_px=width, height_px=height)
    drawn = thing.get("segmentation")
    if not isinstance(drawn, list) or not drawn:
        return None
    flat = list(chain.from_iterable(drawn)) if isinstance(drawn[0], list) else drawn
    numbers = [float(value) for value in flat]
    return around(zip(numbers[::2], numbers[1::2], strict=True))


def _turned_deg(thing: Mapping[str, Any]) -> float:
    """Return by how much a box is turned about its centre, clockwise, as CVAT writes it."""
    attributes = thing.get("attributes")
    return float(attributes.get("rotation") or 0) if isinstance(attributes, Mapping) else 0.0
