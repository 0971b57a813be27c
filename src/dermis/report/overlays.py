"""What can be laid over the photo in a report: measured skin, maps with their colours, marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dermis.core import Analysis, Box, Evidence, Face, Finding, Frame, Region, Skin, Task
from dermis.core.arrays import FloatMap
from dermis.report.colours import colour_table, map_colours
from dermis.report.frames import Window, cut, resized
from dermis.report.outlines import stage_scale
from dermis.report.pictures import data_uri, levels_of, palette_png
from dermis.report.words import number, plain, region_title

__all__ = ["Bar", "Mark", "Overlay", "Rectangle", "overlays_of"]

OVERLAY_LONG_SIDE_PX = 720
LEVELS = 64
"""Colours of an overlay inside a page: steps too fine to be seen, few enough to store small."""
LEAST_SPAN = 0.25
"""The colours of a map span at least this share of its scale, so that even skin is not painted as uneven."""
BAR_STOPS = 17
CLEAR_COLOUR = "#000000"
MEASURED_COLOUR, LEFT_OUT_COLOUR = "#57cdb6", "#8b1e5b"
"""Far apart in lightness, so that no kind of colour blindness confuses them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Where something lies on the stage, in stage units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A colour bar: its colours from low to high, and the words at both ends."""

    colours: tuple[str, ...]
    low: str
    high: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing found, framed on the stage."""

    place: Rectangle
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A layer: a picture at `place` or marks, what it shows in words, its colours' meaning."""

    key: str
    title: str
    alt: str
    note: str = ""
    uri: str = ""
    place: Rectangle | None = None
    bar: Bar | None = None
    keys: tuple[tuple[str, str], ...] = ()
    marks: tuple[Mark, ...] = ()


def overlays_of(analysis: Analysis, face: Face, window: Window, tasks: Mapping[str, Task]) -> Iterator[Overlay]:
    """Yield what can be laid over a face: the measured skin, each task's map, each task's marks."""
    if analysis.skin is not None:
        yield _measured_overlay(analysis.skin, face.frame, window)
    for name in dict.fromkeys(finding.task for finding in analysis.findings):
        findings = [finding for finding in analysis.findings if finding.task == name]
        title = tasks[name].title if name in tasks else plain(name)
        evidence = next((f.evidence for f in findings if f.evidence is not None), None)
        if evidence is not None and np.isfinite(evidence.values).any():
            yield _map_overlay(name, title, evidence, findings, face.frame, window)
        if any(finding.items for finding in findings):
            yield _marks_overlay(name, f"{title}, each" if evidence is not None else title, findings, window)


def _measured_overlay(skin: Skin, frame: Frame, window: Window) -> Overlay:
    whole = skin.visible.astype(np.uint8) * np.uint8(2)
    whole[skin.measured] = 1
    labels, frame = cut(whole, frame, window)
    step = max(1, round(max(labels.shape) / OVERLAY_LONG_SIDE_PX))
    share = float(np.count_nonzero(skin.measured)) / max(1, int(np.count_nonzero(skin.visible)))
    colours = colour_table([CLEAR_COLOUR, MEASURED_COLOUR, LEFT_OUT_COLOUR])
    return Overlay(
        key="measured",
        title="Measured skin",
        alt=f"The skin that was measured: {share:.0%} of all visible skin.",
        note="All numbers come from the measured skin alone.",
        uri=data_uri("png", palette_png(labels[::step, ::step], colours, clear=0)),
        place=_frame_on_stage(frame, window),
        keys=((MEASURED_COLOUR, "measured"), (LEFT_OUT_COLOUR, "visible, left out")),
    )


def _marks_overlay(name: str, title: str, findings: Sequence[Finding], window: Window) -> Overlay:
    items = dict.fromkeys(item for finding in findings for item in finding.items)
    return Overlay(
        key=f"{name}-marks",
        title=title,
        alt=f"{title}: {len(items)} marks on the skin.",
        note="Each frame is one mark; rest the pointer on it for its kind and score.",
        marks=tuple(
            Mark(place=_on_stage(item.box, window), words=f"{plain(item.kind)}, {number(item.score, 2)}")
            for item in items
        ),
    )


def _map_overlay(
    name: str, title: str, evidence: Evidence, findings: Sequence[Finding], frame: Frame, window: Window
) -> Overlay:
    low, high = _span(evidence)
    digits = 0 if high - low >= 10 else 1 if high - low >= 1 else 3
    colours = colour_table([CLEAR_COLOUR, *map_colours(name, LEVELS)])
    values, frame = cut(evidence.values, frame, window)
    levels = levels_of(_reduced(values), low, high, LEVELS)
    ends = f"{number(evidence.low, digits)} to {number(evidence.high, digits)}"
    whole = (low, high) == (evidence.low, evidence.high)
    return Overlay(
        key=name,
        title=title,
        alt=_map_alt(title, findings, digits),
        note="" if whole else f"Colours are spread over this photo; the whole scale is {ends}.",
        uri=data_uri("png", palette_png(levels, colours, clear=0)),
        place=_frame_on_stage(frame, window),
        bar=Bar(
            colours=map_colours(name, BAR_STOPS),
            low=number(low, digits),
            high=number(high, digits),
            unit=evidence.unit,
        ),
    )


def _span(evidence: Evidence) -> tuple[float, float]:
    """Return the range that the colours cover: the middle 96 % of the values, inside the task's scale."""
    whole = evidence.high - evidence.low
    first, last = np.nanpercentile(evidence.values, (2, 98))
    middle, half = (first + last) / 2, max(last - first, LEAST_SPAN * whole) / 2
    if half >= 0.4 * whole:
        return evidence.low, evidence.high
    middle = min(max(middle, evidence.low + half), evidence.high - half)
    digits = 0 if 2 * half >= 10 else 2
    return round(float(middle - half), digits), round(float(middle + half), digits)


def _map_alt(title: str, findings: Sequence[Finding], digits: int) -> str:
    regions = sorted((f for f in findings if f.region is not Region.FACE), key=lambda finding: finding.value)
    if len(regions) < 2:
        return f"{title} over the measured skin, as colours."
    low, high = regions[0], regions[-1]
    return (
        f"{title} over the face, as colours: lowest at the {region_title(low.region).lower()} "
        f"({number(low.value, digits)}), highest at the {region_title(high.region).lower()} "
        f"({number(high.value, digits)} {high.unit})."
    )


def _reduced(values: FloatMap) -> FloatMap:
    scale = OVERLAY_LONG_SIDE_PX / max(values.shape)
    if scale >= 1:
        return values
    return resized(values, (max(1, round(values.shape[0] * scale)), max(1, round(values.shape[1] * scale))))


def _frame_on_stage(frame: Frame, window: Window) -> Rectangle:
    box = Box(
        x_px=frame.x_px,
        y_px=frame.y_px,
        width_px=frame.width * frame.factor,
        height_px=frame.height * frame.factor,
    )
    return _on_stage(box, window)


def _on_stage(box: Box, window: Window) -> Rectangle:
    scale = stage_scale(window)
    sides = (box.x_px - window.x_px, box.y_px - window.y_px, box.width_px, box.height_px)
    x, y, width, height = (round(side * scale, 1) for side in sides)
    return Rectangle(x=x, y=y, width=width, height=height)
