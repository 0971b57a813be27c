"""The blocks of a task's section, from their records to what the templates draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import hex_to_srgb
from dermis.colour.tone import hue_deg
from dermis.core import (
    Analysis,
    AtlasBlock,
    Band,
    Block,
    CropsBlock,
    Detection,
    Finding,
    MapBlock,
    Note,
    OutlinesBlock,
    Photo,
    Region,
    ScaleBlock,
    SwatchesBlock,
    TableBlock,
    Task,
    TextBlock,
)
from dermis.report.formatting import hex_of_lab, number, plain, region_title, shown_range
from dermis.report.panels import Axis, Tick, lab_of, whole_of
from dermis.report.photonumeric import nearest_pictures, tone_of
from dermis.report.pictures import crop_uri, face_uri, outlined_uri

__all__ = ["DrawnBand", "DrawnBlock", "DrawnCrop", "DrawnScale", "DrawnSwatches", "drawn_blocks", "notes_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBand:
    """One band of a scale, in coordinates of SVG."""

    name: str
    bounds: str
    start: str
    length: str
    colour: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScale:
    """A scale with its bands, the value of the face on it and, if known, its range."""

    title: str
    value: str
    bands: tuple[DrawnBand, ...]
    ticks: tuple[Tick, ...]
    at: str
    start: str
    length: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSwatches:
    """A measured colour beside numbered ones: those from `first` to `last` (from 1) are possible, `number` says so.

    Both are 0 where none is near. distance: ΔE00 to the nearest in words, "" where several are possible.
    """

    title: str
    swatch: str
    lab: tuple[str, str, str]
    hue: str
    colours: tuple[str, ...]
    first: int
    last: int
    number: str
    distance: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCrop:
    """A piece of the photo with one item in its middle, and what is known of it, in words."""

    uri: str
    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBlock:
    """One block as its template takes it; `kind` names the template's part."""

    kind: str
    title: str = ""
    scale: DrawnScale | None = None
    swatches: DrawnSwatches | None = None
    crops: tuple[DrawnCrop, ...] = ()
    notes: tuple[Note, ...] = ()


def drawn_blocks(task: Task, findings: Sequence[Finding], analysis: Analysis) -> tuple[DrawnBlock, ...]:
    """Return the blocks of a task's section that have something to show."""
    whole = whole_of(findings)
    drawn = (_drawn(task.name, block, whole, findings, analysis) for block in task.section)
    return tuple(block for block in drawn if block is not None)


def notes_of(findings: Sequence[Finding]) -> tuple[Note, ...]:
    """Return the notes of findings, each once, the urgent ones first."""
    notes = dict.fromkeys(note for finding in findings for note in finding.notes)
    return tuple(sorted(notes, key=lambda note: not note.urgent))


def _drawn(
    task: str, block: Block, whole: Finding, findings: Sequence[Finding], analysis: Analysis
) -> DrawnBlock | None:
    match block:
        case MapBlock():
            return DrawnBlock(kind="map")
        case TableBlock():
            return DrawnBlock(kind="table", title=block.title)
        case ScaleBlock():
            return DrawnBlock(kind="scale", scale=_scale(block, whole))
        case SwatchesBlock():
            swatches = _swatches(block, whole)
            return None if swatches is None else DrawnBlock(kind="swatches", swatches=swatches)
        case OutlinesBlock():
            crops = _outlined(block, findings, analysis)
            return DrawnBlock(kind="outlined", title=block.title, crops=crops) if crops else None
        case AtlasBlock():
            crops = _atlas(task, whole, analysis)
            return DrawnBlock(kind="crops", title=block.title, crops=crops) if crops else None
        case CropsBlock():
            crops = _crops(block, whole, analysis.photo)
            return DrawnBlock(kind="crops", title=block.title, crops=crops) if crops else None
        case TextBlock():
            notes = (Note(text=block.text),) if block.text else notes_of(findings)
            return DrawnBlock(kind="text", notes=notes) if notes else None


def _scale(block: ScaleBlock, finding: Finding) -> DrawnScale:
    axis = Axis(low=block.low, high=block.high)
    low, high = shown_range(finding)[0] or (finding.value, finding.value)
    edges = sorted(band.low for band in block.bands if band.low > -inf)
    return DrawnScale(
        title=block.title,
        value=f"{number(finding.value, 1)}°" if finding.unit.endswith("deg") else number(finding.value, 1),
        bands=tuple(_band(axis, band, finding.interval or (finding.value, finding.value)) for band in block.bands),
        ticks=tuple(Tick(at=axis.at(edge), words=f"{number(edge, 0)}°") for edge in edges),
        at=axis.at(finding.value),
        start=axis.at(low),
        length=axis.length(low, high),
    )


def _band(axis: Axis, band: Band, within: tuple[float, float]) -> DrawnBand:
    """Return a band; it is `here` where the true value may lie in it."""
    start, end = max(band.low, axis.low), min(band.high, axis.high)
    return DrawnBand(
        name=band.name,
        bounds=_bounds(band.low, band.high),
        start=axis.at(start),
        length=axis.length(start, end),
        colour=band.colour,
        here=band.low < within[1] and within[0] <= band.high,
    )


def _bounds(low: float, high: float) -> str:
    if high == inf:
        return f"above {number(low, 0)}°"
    if low == -inf:
        return f"below {number(high, 0)}°"
    return f"{number(low, 0)}° to {number(high, 0)}°"


def _swatches(block: SwatchesBlock, finding: Finding) -> DrawnSwatches | None:
    measured = lab_of(finding)
    if measured is None:
        return None
    lab = np.asarray(measured)
    others = [np.asarray(srgb_to_lab(hex_to_srgb(colour))) for colour in block.colours]
    distances = [float(delta_e_00(lab, other)) for other in others]
    told = finding.detail.get(block.numbers, int(np.argmin(distances)) + 1)
    first, last = told if isinstance(told, list | tuple) else (told or 0, told or 0)
    possible = str(first) if first == last else f"{first} to {last}"
    return DrawnSwatches(
        title=block.title,
        swatch=hex_of_lab(lab.tolist()),
        lab=(number(lab[0], 1), number(lab[1], 1), number(lab[2], 1)),
        hue=number(float(hue_deg(lab)), 0),
        colours=block.colours,
        first=first,
        last=last,
        number=possible if first else "",
        distance=number(min(distances), 1) if first == last else "",
        note=block.note,
    )


def _crops(block: CropsBlock, finding: Finding, photo: Photo | None) -> tuple[DrawnCrop, ...]:
    if photo is None or finding.region is not Region.FACE:
        return ()
    ranked = sorted(finding.items, key=block.rank, reverse=True)[: block.most]
    return tuple(
        DrawnCrop(
            uri=crop_uri(photo, item.box),
            title=f"{block.name(item)}, {region_title(item.region).lower()}",
            facts=_facts(item),
        )
        for item in ranked
    )


def _outlined(block: OutlinesBlock, findings: Sequence[Finding], analysis: Analysis) -> tuple[DrawnCrop, ...]:
    """Return the photo and the map, each with what was found outlined."""
    photo, face = analysis.photo, analysis.face
    mask = next((one.mask for one in analysis.findings if one.task == block.of and one.mask is not None), None)
    if photo is None or face is None or mask is None:
        return ()
    count = sum(len(one.items) for one in findings)
    facts = (f"{count} mark{'' if count == 1 else 's'}",)
    drawn = [DrawnCrop(uri=outlined_uri(photo, face, mask), title="On the photo", facts=facts)]
    over = next((one.evidence for one in analysis.findings if one.task == block.over and one.evidence), None)
    if over is not None and np.isfinite(over.values).any():
        low, high = np.nanpercentile(over.values, (2, 98))
        facts = (f"{over.unit} {number(low, 0)}, pale, to {number(high, 0)}, dark",)
        uri = outlined_uri(photo, face, mask, replace(over, low=float(low), high=float(max(high, low + 1))))
        drawn.append(DrawnCrop(uri=uri, title=f"On the map of {plain(block.over).lower()}", facts=facts))
    return tuple(drawn)


def _atlas(task: str, finding: Finding, analysis: Analysis) -> tuple[DrawnCrop, ...]:
    """Return the face and the made faces of the two nearest grades."""
    if analysis.photo is None or analysis.face is None or finding.region is not Region.FACE:
        return ()
    pictures = nearest_pictures(task, finding.value, tone_of(_ita_deg(analysis)))
    if not pictures:
        return ()
    mine = DrawnCrop(
        uri=face_uri(analysis.photo, analysis.face), title=f"This face, {number(finding.value, 1)}", facts=()
    )
    made = [
        DrawnCrop(uri=one.uri, title=f"Grade {one.grade}, {one.word}", facts=(f"Made face, {one.tone} skin",))
        for one in pictures
    ]
    return (mine, *made)


def _ita_deg(analysis: Analysis) -> float:
    """Return the ITA of the face, medium where none was asked."""
    said = [one.value for one in analysis.findings if one.unit == "ITA deg" and one.region is Region.FACE]
    return said[0] if said else 15.0


def _facts(item: Detection) -> tuple[str, ...]:
    facts = [f"score {number(item.score, 2)}"]
    if item.size_face_widths is not None:
        facts.append(f"{number(100 * item.size_face_widths, 1)} % of the face's width")
    if item.redness is not None:
        facts.append(f"redness {'+' if item.redness > 0 else ''}{number(item.redness, 1)}")
    return tuple(facts)
