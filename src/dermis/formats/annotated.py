"""A picture with what one grader, or a model, marked on it."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.formats.voc import Marked

__all__ = ["Annotated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One picture and its marks, in pixels of the picture.

    photo: the file's name. width_px, height_px: 0 where not told. marked: in order; a draft's box has a score, a
    grader's has none. grader: who marked it, "" where nobody says, or the model of a draft.
    """

    photo: str
    width_px: int
    height_px: int
    marked: tuple[Marked, ...]
    grader: str = ""
