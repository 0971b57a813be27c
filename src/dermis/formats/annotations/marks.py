"""Photos with the marks that somebody drew on them, and what every format of such marks has in common."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.voc import Marked
from dermis.formats.files import write_bytes

__all__ = [
    "AnnotatedPhoto",
    "Marks",
    "around",
    "box_between",
    "box_corners",
    "ellipse_box",
    "inside",
    "json_in",
    "merged",
    "numbers_of",
    "photo_path",
    "size_of",
    "write_json",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedPhoto:
    """One picture and its marks, in pixels of the picture.

    photo: the file's path as far as it is told, with slashes. width_px, height_px: of the picture that was marked, 0
    where not told. marked: in order; a draft's box has a score, a grader's has none. grader: who marked it, "" where
    nobody says, or the model of a draft. unread: how many marks the file holds that could not be read; a picture with
    unread marks is not a clear one. left_out: these, and marks without area or outside the picture, in words.
    """

    photo: str
    width_px: int
    height_px: int
    marked: tuple[Marked, ...]
    grader: str = ""
    unread: int = 0
    left_out: tuple[str, ...] = ()


def json_in(path: Path) -> Any:  # noqa: ANN401 -- JSON is anything
    """Return what a JSON file holds; UTF-8 or UTF-16, with a byte order mark or without. Raises InputError."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, ValueError, RecursionError, MemoryError) as fault:
        raise InputError(
            f"{path.name} is no JSON ({str(fault)[:80]}).", advice="Export the annotations again."
        ) from None


def write_json(path: Path, held: object) -> Path:
    """Write JSON, indented, and return its path."""
    text = json.dumps(held, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return write_bytes(path, text.encode("utf-8", "replace"))


def numbers_of(values: Sequence[object], count: int, where: str) -> list[float]:
    """Return so many numbers; InputError names `where` for anything else."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != count or len(values) != count or not all(map(math.isfinite, numbers)):
        raise InputError(f"{where}: {str(list(values))[:80]} is no box.", advice=f"Expected {count} numbers.")
    return numbers


_PICTURE_FOLDERS = ("images", "JPEGImages")
_LARGEST_PX = 1_000_000


@dataclass(slots=True, kw_only=True)
class Marks:
    """The marks of one picture as they are read, and what of them could not be."""

    marked: list[Marked] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def photo(self, name: str, width_px: int, height_px: int, grader: str = "") -> AnnotatedPhoto:
        """Return the picture with its marks set right."""
        said = [f"{name}: {count} {_plural('mark', count)} not read: {why}." for why, count in self.unread.items()]
        one = AnnotatedPhoto(
            photo=name,
            width_px=width_px,
            height_px=height_px,
            marked=tuple(self.marked),
            grader=grader,
            unread=self.unread.total(),
            left_out=(*said, *(f"{name}: {note}" for note in self.notes)),
        )
        return inside(one, width_px, height_px)


def inside(one: AnnotatedPhoto, width_px: float, height_px: float) -> AnnotatedPhoto:
    """Return a picture whose boxes lie in it: cut at its edges; those without area or outside are left out and told.

    width_px, height_px: 0 where they are not known; then only boxes without area are left out. Where no box is left,
    they count as unread: the picture is not a clear one.
    """
    kept: list[Marked] = []
    for thing in one.marked:
        box = _cut(thing.box, width_px or math.inf, height_px or math.inf)
        if box is not None:
            kept.append(Marked(name=thing.name, box=box))
    lost = len(one.marked) - len(kept)
    if not lost:
        return replace(one, marked=tuple(kept))
    note = f"{one.photo}: {lost} {_plural('box', lost)} without area or outside the picture left out."
    unread = one.unread if kept else one.unread + lost
    return replace(one, marked=tuple(kept), unread=unread, left_out=(*one.left_out, note))


def _cut(box: Box, width_px: float, height_px: float) -> Box | None:
    left, right = sorted((box.x_px, box.x_px + box.width_px))
    top, bottom = sorted((box.y_px, box.y_px + box.height_px))
    if math.isinf(width_px):
        low_x, low_y = left, top
    else:
        low_x, low_y = max(left, 0.0), max(top, 0.0)
    across, down = min(right, width_px) - low_x, min(bottom, height_px) - low_y
    if not (across > 0 and down > 0 and math.isfinite(across) and math.isfinite(down)):
        return None
    return Box(x_px=low_x, y_px=low_y, width_px=across, height_px=down, score=box.score)


def around(points: Iterable[tuple[float, float]]) -> Box | None:
    """Return the upright box around points, None where there are fewer than two or one is no number."""
    held = list(points)
    xs, ys = [x for x, _ in held], [y for _, y in held]
    if len(held) < 2 or not all(map(math.isfinite, (*xs, *ys))):
        return None
    return box_between(min(xs), min(ys), max(xs), max(ys))


def box_between(left: float, top: float, right: float, bottom: float) -> Box:
    """Return the box between two corners, whichever they are."""
    left, right = sorted((left, right))
    top, bottom = sorted((top, bottom))
    return Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top)


def box_corners(
    x: float, y: float, width: float, height: float, turned_deg: float, *, about: tuple[float, float] | None = None
) -> list[tuple[float, float]]:
    """Return the corners of a box that is turned clockwise about a point, by default its upper left corner."""
    turn = math.radians(turned_deg)
    across, down = about or (x, y)
    return [
        (across + a * math.cos(turn) - d * math.sin(turn), down + a * math.sin(turn) + d * math.cos(turn))
        for a, d in ((left - across, top - down) for left in (x, x + width) for top in (y, y + height))
    ]


def ellipse_box(x: float, y: float, radius_x: float, radius_y: float, turned_deg: float) -> Box:
    """Return the upright box around an ellipse that is turned about its centre."""
    turn = math.radians(turned_deg)
    half_width = math.hypot(radius_x * math.cos(turn), radius_y * math.sin(turn))
    half_height = math.hypot(radius_x * math.sin(turn), radius_y * math.cos(turn))
    return box_between(x - half_width, y - half_height, x + half_width, y + half_height)


def photo_path(told: str) -> str:
    """Return the path of a photo as a file of annotations tells it: slashes, no drive, no way up, no `images` in front.

    What is written under such a name stays below its folder.
    """
    parts = PureWindowsPath(told.strip()).parts if "\\" in told else PurePosixPath(told.strip()).parts
    kept = [part for part in parts if part not in ("", ".", "..", "/", "\\") and not part.endswith((":", ":\\"))]
    if len(kept) > 1 and kept[0] in _PICTURE_FOLDERS:
        kept = kept[1:]
    return "/".join(kept)


def size_of(value: object) -> int:
    """Return a stated size in pixels, 0 where none is stated. Raises ValueError for one that no picture can have."""
    if value in (None, ""):
        return 0
    number = float(str(value))
    if not 0 <= number <= _LARGEST_PX:
        raise ValueError(f"a side of {value} pixels")
    return int(number)


def merged(found: Sequence[AnnotatedPhoto]) -> tuple[AnnotatedPhoto, ...]:
    """Return one for each picture and grader, in the order of their first."""
    by_key: dict[tuple[str, str], AnnotatedPhoto] = {}
    for one in found:
        key = one.photo, one.grader
        first = by_key.get(key)
        by_key[key] = one if first is None else replace(
            first,
            marked=(*first.marked, *one.marked),
            unread=first.unread + one.unread,
            left_out=(*first.left_out, *one.left_out),
        )  # fmt: skip
    return tuple(by_key.values())


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}es" if word.endswith("x") else f"{word}s"
