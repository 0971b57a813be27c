"""A photo with the marks that somebody drew on it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.errors import InputError
from dermis.formats.annotations.voc import Marked
from dermis.formats.files import write_bytes

__all__ = ["AnnotatedPhoto", "json_in", "numbers_of", "write_json"]


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
