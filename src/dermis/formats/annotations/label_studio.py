"""Label Studio's JSON: tasks with drafts as predictions, and what graders gave back as annotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.marks import (
    AnnotatedPhoto,
    Marks,
    around,
    box_corners,
    ellipse_box,
    merged,
    numbers_of,
    photo_path,
    size_of,
)
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
_TURNED = "the grader had turned the picture, and which way its numbers count is not known"
_NO_SIZE = "the size of the picture is not stated"
_NO_BOX = "a brush stroke, a point, or an unknown shape"
_UNGRADED = "nobody has graded the picture"
_NOTHING: Mapping[str, Any] = {"result": []}
_PICTURES = re.compile(r"\.(?:jpe?g|png|webp|tiff?|heic|heif|avif|bmp|gif)(?:$|[?#&])", re.IGNORECASE)


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

    held: the list that Label Studio exports as JSON. Annotations that a grader cancelled are passed over. A turned box,
    an ellipse or a polygon becomes the upright box around it; other shapes are counted as unread. Raises InputError.
    """
    if not isinstance(held, list):
        raise InputError(f"{where} is no list of tasks.", advice="Export as JSON from Label Studio.")
    try:
        return merged([one for task in held for one in _pictures(task, where)])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise InputError(
            f"{where} is no Label Studio file ({type(fault).__name__}: {str(fault)[:80]}).",
            advice="Expected tasks with data.image and annotations, as exported in the format JSON.",
        ) from None


def _pictures(task: Mapping[str, Any], where: str) -> Iterator[AnnotatedPhoto]:
    photo = _photo_name(_address(task["data"]))
    given = [one for one in task.get("annotations") or () if not one.get("was_cancelled")]
    sources = given or list(task.get("predictions") or ())[:1] or [_NOTHING]
    for one in sources:
        marks = Marks()
        if one is _NOTHING:
            marks.unread[_UNGRADED] += 1
        results = list(one["result"])
        for parts in _by_mark(results):
            _add(marks, parts, draft=not given, where=f"{where}, {photo}")
        sizes = [(size_of(part.get("original_width")), size_of(part.get("original_height"))) for part in results]
        width_px, height_px = next((size for size in sizes if all(size)), (0, 0))
        grader = _grader(one.get("completed_by")) if given else str(one.get("model_version") or "")
        yield marks.photo(photo, width_px, height_px, grader)


def _address(data: Mapping[str, Any]) -> str:
    """Return where the picture of a task is; a project may call that other than `image`."""
    if "image" in data:
        return str(data["image"])
    pictures = [value for value in data.values() if isinstance(value, str) and _PICTURES.search(value)]
    if len(pictures) != 1:
        raise KeyError("image")
    return pictures[0]


def _by_mark(results: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the results that draw a mark; a shape and its labels are two results of one id."""
    found: dict[object, list[Mapping[str, Any]]] = {}
    for place, result in enumerate(results):
        value = result.get("value")
        if isinstance(value, Mapping) and ({"x", "points", "rle", "vertices"} & set(value)):
            found.setdefault(result.get("id") or place, []).append(result)
    return list(found.values())


def _photo_name(address: str) -> str:
    """Return the photo's path out of where Label Studio keeps it: its uploads carry eight digits in front."""
    parts = urlsplit(address.replace("\\", "/"))
    local = parse_qs(parts.query).get("d")
    path = photo_path(unquote(local[0] if local else parts.path))
    return _UPLOADED.sub("", PurePosixPath(path).name) if "/upload/" in parts.path else path


def _grader(said: object) -> str:
    if isinstance(said, Mapping):
        return str(said.get("email") or said.get("id") or "")
    return "" if said is None else str(said)


def _add(marks: Marks, parts: Sequence[Mapping[str, Any]], *, draft: bool, where: str) -> None:
    result = parts[0]
    size = size_of(result.get("original_width")), size_of(result.get("original_height"))
    if any(part.get("image_rotation") for part in parts):
        marks.unread[_TURNED] += 1
        return
    if not all(size):
        marks.unread[_NO_SIZE] += 1
        return
    box = _box(result["value"], size, where)
    if box is None:
        marks.unread[_NO_BOX] += 1
        return
    names = _names(parts)
    if len(names) > 1:
        marks.notes.append(f"a mark is called {', '.join(names)}; {names[0]} was kept.")
    score = result.get("score") if draft else None
    kept = Box(
        x_px=box.x_px,
        y_px=box.y_px,
        width_px=box.width_px,
        height_px=box.height_px,
        score=None if score is None else float(score),
    )
    marks.marked.append(Marked(name=names[0] if names else "lesion", box=kept))


def _names(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    lists = [
        value
        for part in parts
        for key, value in part["value"].items()
        if key.endswith(("labels", "choices")) and isinstance(value, list)
    ]
    return list(dict.fromkeys(str(name) for names in lists for name in names if str(name)))


def _box(value: Mapping[str, Any], size: tuple[int, int], where: str) -> Box | None:
    """Return the upright box around a shape, in pixels; Label Studio counts in percent of the picture."""
    across, down = size[0] / 100, size[1] / 100
    turned_deg = float(value.get("rotation") or 0)
    if "points" in value:
        return around((float(x) * across, float(y) * down) for x, y in value["points"])
    if "radiusX" in value:
        x, y, half_width, half_height = numbers_of([value[key] for key in ("x", "y", "radiusX", "radiusY")], 4, where)
        return ellipse_box(x * across, y * down, half_width * across, half_height * down, turned_deg)
    if not set(_SIDES) <= set(value):
        return None
    x, y, width, height = numbers_of([value[side] for side in _SIDES], 4, where)
    return around(box_corners(x * across, y * down, width * across, height * down, turned_deg))
