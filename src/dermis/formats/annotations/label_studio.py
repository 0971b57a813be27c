"""Label Studio's JSON: tasks with drafts as predictions, and what graders gave back as annotations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.annotated import AnnotatedPhoto, numbers_of
from dermis.formats.annotations.voc import Marked

__all__ = ["CONFIG", "from_label_studio", "label_studio_tasks"]

CONFIG = """<View>
  <Image name="image" value="$image" zoom="true" zoomControl="true"/>
  <RectangleLabels name="lesion" toName="image">
    <Label value="lesion"/>
    <Label value="comedone"/>
    <Label value="papule"/>
    <Label value="pustule"/>
    <Label value="nodule"/>
  </RectangleLabels>
</View>
"""
"""What Label Studio is to show: paste it as the labelling interface of the project."""
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")
_SIDES = ("x", "y", "width", "height")


def label_studio_tasks(held: Sequence[AnnotatedPhoto]) -> list[dict[str, Any]]:
    """Return a task a picture; marks with scores become a prediction, those of a grader an annotation.

    `data.image` is the photo's name: replace it by where your Label Studio finds the photos.
    """
    return [_task(number, one) for number, one in enumerate(held, 1)]


def _task(number: int, one: AnnotatedPhoto) -> dict[str, Any]:
    if one.width_px <= 0 or one.height_px <= 0:
        raise InputError(
            f"The size of {one.photo} is not known.", advice="Label Studio needs it: boxes are in percent."
        )
    scores = [thing.box.score for thing in one.marked]
    drafts = all(score is not None for score in scores)
    result = [_result(f"lesion-{place}", thing, one) for place, thing in enumerate(one.marked, 1)]
    if not drafts:
        grader = {"completed_by": one.grader} if one.grader else {}
        return {"id": number, "data": {"image": one.photo}, "annotations": [{"result": result, **grader}]}
    mean = sum(score for score in scores if score is not None) / max(len(scores), 1)
    prediction = {"model_version": one.grader, "score": round(mean, 4), "result": result}
    return {"id": number, "data": {"image": one.photo}, "predictions": [prediction]}


def _result(identity: str, thing: Marked, one: AnnotatedPhoto) -> dict[str, Any]:
    box = thing.box
    return {
        "id": identity,
        "type": "rectanglelabels",
        "from_name": "lesion",
        "to_name": "image",
        "original_width": one.width_px,
        "original_height": one.height_px,
        "image_rotation": 0,
        **({} if box.score is None else {"score": round(box.score, 4)}),
        "value": {
            "x": 100 * box.x_px / one.width_px,
            "y": 100 * box.y_px / one.height_px,
            "width": 100 * box.width_px / one.width_px,
            "height": 100 * box.height_px / one.height_px,
            "rotation": 0,
            "rectanglelabels": [thing.name],
        },
    }


def from_label_studio(held: object, where: str) -> tuple[AnnotatedPhoto, ...]:
    """Return one for each picture and grader; of a picture nobody has graded, its draft.

    held: the list that Label Studio exports as JSON. Annotations that a grader cancelled are passed over. A turned box
    becomes the upright one around it. Raises InputError.
    """
    if not isinstance(held, list):
        raise InputError(f"{where} is no list of tasks.", advice="Export as JSON from Label Studio.")
    try:
        return tuple(one for task in held for one in _pictures(task, where))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise InputError(
            f"{where} is no Label Studio file ({type(fault).__name__}: {fault}).",
            advice="Expected tasks with data.image and annotations, as exported in the format JSON.",
        ) from None


def _pictures(task: Mapping[str, Any], where: str) -> Iterator[AnnotatedPhoto]:
    photo = _photo_name(str(task["data"]["image"]))
    given = [one for one in task.get("annotations") or () if not one.get("was_cancelled")]
    sources = given or list(task.get("predictions") or ())[:1] or [{"result": []}]
    for one in sources:
        boxes = [result for result in one["result"] if result.get("type") == "rectanglelabels"]
        sizes = [(int(result["original_width"]), int(result["original_height"])) for result in boxes]
        yield AnnotatedPhoto(
            photo=photo,
            width_px=sizes[0][0] if sizes else 0,
            height_px=sizes[0][1] if sizes else 0,
            marked=tuple(_marked(result, draft=not given, where=f"{where}, {photo}") for result in boxes),
            grader=_grader(one.get("completed_by")) if given else str(one.get("model_version") or ""),
        )


def _photo_name(address: str) -> str:
    """Return the photo's own name out of where Label Studio keeps it: its uploads carry eight digits in front."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    name = PurePosixPath(unquote(local[0] if local else parts.path)).name
    return _UPLOADED.sub("", name) if "/upload/" in parts.path else name


def _grader(said: object) -> str:
    if isinstance(said, Mapping):
        return str(said.get("email") or said.get("id") or "")
    return "" if said is None else str(said)


def _marked(result: Mapping[str, Any], *, draft: bool, where: str) -> Marked:
    value = result["value"]
    wide, high = float(result["original_width"]), float(result["original_height"])
    x, y, width, height = numbers_of([value[side] for side in _SIDES], 4, where)
    corner, sides = (x * wide / 100, y * high / 100), (width * wide / 100, height * high / 100)
    left, top, across, down = _upright(corner, sides, float(value.get("rotation") or 0))
    score = result.get("score") if draft else None
    box = Box(x_px=left, y_px=top, width_px=across, height_px=down, score=None if score is None else float(score))
    return Marked(name=str((value.get("rectanglelabels") or ["lesion"])[0]), box=box)


def _upright(
    corner: tuple[float, float], sides: tuple[float, float], turned_deg: float
) -> tuple[float, float, float, float]:
    """Return left, top, width, height around a box that is turned clockwise about its upper left corner."""
    turn = math.radians(turned_deg)
    along, down = sides
    corners = [
        (corner[0] + a * math.cos(turn) - d * math.sin(turn), corner[1] + a * math.sin(turn) + d * math.cos(turn))
        for a, d in ((0, 0), (along, 0), (0, down), (along, down))
    ]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    return left, top, max(x for x, _ in corners) - left, max(y for _, y in corners) - top
