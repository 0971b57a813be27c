"""The whole photo, small, with frames around what was found in it."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.core import Analysis, Box, Photo
from dermis.report.frames import window_of
from dermis.report.pictures import data_uri, shown

__all__ = ["Framed", "Thumbnail", "thumbnail_of"]

LONG_SIDE_PX = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A rectangle in pixels of the thumbnail; `kind` is face, other or patch."""

    kind: str
    words: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture of the whole photo and what is framed in it."""

    uri: str
    width: int
    height: int
    alt: str
    frames: tuple[Framed, ...]


def thumbnail_of(analysis: Analysis, photo: Photo) -> Thumbnail:
    """Return the whole photo with the measured face, other faces and the reference patch framed."""
    from dermis.formats.image import encode_jpeg  # late: with it comes the image library

    pixels = shown(photo, window_of(photo, None), LONG_SIDE_PX)
    height, width = pixels.shape[:2]
    scale = width / photo.width_px
    frames = tuple(_framed(kind, words, box, scale) for kind, words, box in _found(analysis))
    words = [frame.words.lower() for frame in frames]
    return Thumbnail(
        uri=data_uri("jpeg", encode_jpeg(pixels, quality=80)),
        width=width,
        height=height,
        alt=f"The whole photo. Framed in it: {', '.join(words)}." if words else "The whole photo.",
        frames=frames,
    )


def _found(analysis: Analysis) -> list[tuple[str, str, Box]]:
    found = []
    if analysis.face is not None:
        if analysis.face.box is not None:
            found.append(("face", "The face that was measured", analysis.face.box))
        found += [("other", "Another face, not measured", box) for box in analysis.face.others]
    if analysis.reference is not None:
        found.append(("patch", "The patch of known colour", analysis.reference.box))
    return found


def _framed(kind: str, words: str, box: Box, scale: float) -> Framed:
    x, y, width, height = (round(scale * side, 1) for side in (box.x_px, box.y_px, box.width_px, box.height_px))
    return Framed(kind=kind, words=words, x=x, y=y, width=width, height=height)
