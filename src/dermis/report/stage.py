"""The stage of a report: the photo, and the layers that can be laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dermis.core import Analysis, Face, Photo, Task
from dermis.report.frames import window_of
from dermis.report.outlines import STAGE_WIDTH, Outline, outlines_of, stage_scale
from dermis.report.overlays import Overlay, overlays_of
from dermis.report.pictures import data_uri, shown
from dermis.report.words import VIEW_WORDS

__all__ = ["Stage", "stage_of"]

PHOTO_LONG_SIDE_PX = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The window of the photo in stage units, with all that can be laid over it."""

    height: float
    uri: str
    alt: str
    outlines: tuple[Outline, ...]
    overlays: tuple[Overlay, ...]
    width: int = STAGE_WIDTH


def stage_of(analysis: Analysis, photo: Photo, tasks: Mapping[str, Task]) -> Stage:
    """Return the stage of a photo; without a face the whole photo, bare, and so where it was rejected."""
    from dermis.formats.image import encode_jpeg  # late: with it comes the image library

    face = analysis.face
    window = window_of(photo, face)
    pixels = shown(photo, window, PHOTO_LONG_SIDE_PX)
    measured = face is not None and analysis.quality.usable
    return Stage(
        height=round(window.height_px * stage_scale(window), 1),
        uri=data_uri("jpeg", encode_jpeg(pixels, quality=85)),
        alt=_photo_alt(face),
        outlines=outlines_of(face.regions, face.frame, window) if face is not None and measured else (),
        overlays=tuple(overlays_of(analysis, face, window, tasks)) if face is not None and measured else (),
    )


def _photo_alt(face: Face | None) -> str:
    if face is None:
        return "The photo; no face was found in it."
    if face.box is None:
        return "The photo: a close-up of skin."
    return f"The part of the photo with the face, seen {VIEW_WORDS[face.view]}."
