"""COCO's JSON of boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.annotated import AnnotatedPhoto, numbers_of
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
    """Return the marked pictures of COCO's JSON; `where` names the file. Raises InputError."""
    try:
        names = {one["id"]: str(one["name"]) for one in held.get("categories", ())}
        marked: dict[object, list[Marked]] = {one["id"]: [] for one in held["images"]}
        for thing in held["annotations"]:
            x, y, width, height = numbers_of(thing["bbox"], 4, f"{where}, annotation {thing.get('id', '?')}")
            score = thing.get("score")
            box = Box(x_px=x, y_px=y, width_px=width, height_px=height, score=None if score is None else float(score))
            marked[thing["image_id"]].append(Marked(name=names.get(thing.get("category_id"), "lesion"), box=box))
        return tuple(
            AnnotatedPhoto(
                photo=PurePosixPath(str(one["file_name"])).name,
                width_px=int(one.get("width") or 0),
                height_px=int(one.get("height") or 0),
                marked=tuple(marked[one["id"]]),
                grader=str(one.get("grader", "")),
            )
            for one in held["images"]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise InputError(
            f"{where} is no COCO file ({type(fault).__name__}: {fault}).",
            advice="Expected images, annotations with bbox and image_id, categories.",
        ) from None
