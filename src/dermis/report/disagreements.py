"""A contact sheet of places where label and model disagree, the strongest evidence first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermis.core import Box, Photo
from dermis.report.formatting import number
from dermis.report.page import rendered
from dermis.report.pictures import around, crop_uri, data_uri, shown, window_of

__all__ = ["FlaggedPhoto", "disagreements_page"]

MOST = 120
WORDS = {
    "unlabelled": "The model sees a lesion here; no label does.",
    "unseen": "A label marks a lesion here; the model sees none.",
    "name": "Both mark it, under two names.",
    "grade": "The model grades the photo otherwise.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedPhoto:
    """One disagreement as it is shown: photo by name, its box (None for a grade), kind, evidence, both sides' words."""

    photo: str
    kind: str
    evidence: float
    box: Box | None = None
    said: str = ""
    thought: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedCard:
    """A doubt with its picture and, in percent of the picture, the frame around what it is about."""

    uri: str
    photo: str
    kind: str
    words: str
    evidence: str
    frame: tuple[str, str, str, str] | None


def disagreements_page(doubts: Sequence[FlaggedPhoto], photos: Mapping[str, Photo]) -> str:
    """Return the page; `photos` by name, doubts on others are listed without a picture. The first 120 are shown."""
    kinds = {kind: sum(doubt.kind == kind for doubt in doubts) for kind in WORDS}
    content = {
        "total": len(doubts),
        "shown": min(len(doubts), MOST),
        "kinds": {kind: count for kind, count in kinds.items() if count},
        "cards": tuple(_card(doubt, photos.get(doubt.photo)) for doubt in doubts[:MOST]),
    }
    return rendered("disagreements.html", content)


def _card(doubt: FlaggedPhoto, photo: Photo | None) -> FlaggedCard:
    sides = f" Label: {doubt.said}; model: {doubt.thought}." if doubt.said else ""
    return FlaggedCard(
        uri="" if photo is None else _picture(photo, doubt.box),
        photo=doubt.photo,
        kind=doubt.kind,
        words=WORDS[doubt.kind] + sides,
        evidence=number(doubt.evidence, 1),
        frame=None if photo is None or doubt.box is None else _frame(photo, doubt.box),
    )


def _picture(photo: Photo, box: Box | None) -> str:
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    if box is not None:
        return crop_uri(photo, box)
    return data_uri("jpeg", encode_jpeg(shown(photo, window_of(photo, None), 320), quality=85))


def _frame(photo: Photo, box: Box) -> tuple[str, str, str, str]:
    window = around(photo, box)
    across, down = 100 / window.width_px, 100 / window.height_px
    return (
        f"{(box.x_px - window.x_px) * across:.2f}%",
        f"{(box.y_px - window.y_px) * down:.2f}%",
        f"{box.width_px * across:.2f}%",
        f"{box.height_px * down:.2f}%",
    )
