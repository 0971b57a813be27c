"""Many photos on one page: a card for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from dermis.core import Analysis, Task
from dermis.report.frames import window_of
from dermis.report.pictures import data_uri, shown
from dermis.report.readings import Panel, panels_of
from dermis.report.sections import Verdict, verdict_of

__all__ = ["Card", "card_of"]

PICTURE_LONG_SIDE_PX = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One photo: its picture, its verdict, its key numbers and the way to its report."""

    name: str
    link: str
    uri: str
    verdict: Verdict
    panels: tuple[Panel, ...]


def card_of(analysis: Analysis, link: str, tasks: Mapping[str, Task]) -> Card:
    """Return the card of a photo; `link` is a path, whatever characters its folders have."""
    panels = panels_of(analysis, tasks)
    return Card(
        name=analysis.name,
        link=quote(link),
        uri=_picture(analysis),
        verdict=verdict_of(analysis.quality, findings=len(panels)),
        panels=panels,
    )


def _picture(analysis: Analysis) -> str:
    from dermis.formats.image import encode_jpeg  # late: with it comes the image library

    if analysis.photo is None:
        return ""
    window = window_of(analysis.photo, analysis.face)
    return data_uri("jpeg", encode_jpeg(shown(analysis.photo, window, PICTURE_LONG_SIDE_PX), quality=80))
