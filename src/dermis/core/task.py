"""A question asked of the skin, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dermis.core.face import Region
from dermis.core.finding import Detection, Finding

__all__ = [
    "AtlasBlock",
    "Band",
    "Block",
    "Count",
    "CropsBlock",
    "Map",
    "MapBlock",
    "Measure",
    "Ordinal",
    "OutlinesBlock",
    "PhotoNeed",
    "Presence",
    "Scale",
    "ScaleBlock",
    "SwatchesBlock",
    "TableBlock",
    "Task",
    "TextBlock",
]


class PhotoNeed(StrEnum):
    """What a task needs of the photo beyond skin in view; a problem of the photo spoils some of these."""

    COLOUR = "colour"
    """Colours are those of the skin under white light."""
    LEVEL = "level"
    """The skin is as bright as it is in truth: neither light nor exposure made it darker or brighter."""
    EVEN_LIGHT = "even light"
    """Places of the face are lit alike, so that they can be compared."""
    SIGNAL = "signal"
    """The skin lies within the camera's range, above its noise."""
    DETAIL = "detail"
    """Marks of a few millimetres can be seen."""
    MATTE = "matte skin"
    """Hardly any of the skin shines: gloss is as bright and pale as light between brown marks is."""
    WHOLE_FACE = "whole face"
    """The face is in view, uncovered and turned to the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Yes or no, as a probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinal:
    """Grades in order, from `lowest` in steps of `step`; `names` one a grade where they have names."""

    lowest: float
    highest: float
    step: float = 1.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A real number in `unit`; `low` and `high` bound what a plausible photo gives."""

    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are."""

    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A real number in `unit` at each pixel, summed up by region; `low` to `high` is its colour bar."""

    unit: str
    low: float
    high: float


Scale = Presence | Ordinal | Measure | Count | Map


@dataclass(frozen=True, slots=True, kw_only=True)
class MapBlock:
    """The map of the task over the photo, with its colour bar; nothing where the task gave no map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBlock:
    """One row a region: value, interval or spread, label, place on the scale."""

    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A named part of a scale, from `low` to `high`, in the colour #RRGGBB."""

    name: str
    low: float
    high: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBlock:
    """A scale from `low` to `high` divided into named bands, with the value of the face on it."""

    title: str
    low: float
    high: float
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwatchesBlock:
    """The measured colour (`detail["lab"]`) beside numbered colours #RRGGBB; `note` says how to read them.

    numbers: the entry of `detail` with the number of the nearest colour, or with the first and the last possible one;
    without it the nearest is looked for.
    """

    title: str
    colours: tuple[str, ...]
    note: str
    numbers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CropsBlock:
    """Pieces of the photo with the items of the face, at most `most`, those with the highest `rank` first."""

    title: str
    rank: Callable[[Detection], float]
    name: Callable[[Detection], str]
    most: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A fixed text; without one, the notes of the findings."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtlasBlock:
    """The face beside the made faces of the two nearest grades and of its tone."""

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinesBlock:
    """What the task `of` found, by its mask, outlined on the photo and over the map of the task `over`, if there."""

    title: str
    of: str
    over: str


Block = OutlinesBlock | AtlasBlock | MapBlock | TableBlock | ScaleBlock | SwatchesBlock | CropsBlock | TextBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One question: all that is particular to it, so that pipeline, report, docs and trainer need no `if`.

    name: its word everywhere. reference: where the scale comes from. metrics: what an evaluation computes, by their
    names in `dermis.metrics`. measure: takes the products named in `needs` by keyword and returns the findings.
    needs: products that the pipeline computes once a photo: "skin", "pigments", "redness_map", "fine_vessels", "marks",
    "lesions", or "output:NAME" for the answers of the network NAME. section: the blocks of its section in a report.
    colours: #RRGGBB from low to high, for maps. group: a name that stands for several tasks, as in `--tasks acne`.
    mask_of: what its mask shows, which names the mask's file; else its group, or itself.
    photo_needs: what has to hold of the photo; where it does not, the findings stand under a reservation or are
    withheld. on_request: asked only where it is named, since it is not yet right on everybody. smallest_change: of two
    values of a whole face the difference that is more than measuring again gives, where it goes with the values.
    """

    name: str
    title: str
    question: str
    scale: Scale
    regions: tuple[Region, ...]
    metrics: tuple[str, ...]
    reference: str
    measure: Callable[..., tuple[Finding, ...]]
    needs: tuple[str, ...] = ("skin",)
    section: tuple[Block, ...] = (MapBlock(), TableBlock(), TextBlock())
    colours: tuple[str, ...] = ("#f4f8c6", "#96d4a0", "#33a1a4", "#28659a", "#2f2563")
    group: str = ""
    mask_of: str = ""
    photo_needs: tuple[PhotoNeed, ...] = (PhotoNeed.SIGNAL, PhotoNeed.DETAIL)
    on_request: bool = False
    smallest_change: Callable[[float, float], float] | None = None
