"""Panels of a report: findings on their scales."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dermis.core import (
    Analysis,
    Count,
    Finding,
    Map,
    Measure,
    Ordinal,
    Presence,
    Region,
    Scale,
    Task,
    View,
)
from dermis.report.formatting import (
    hex_of_lab,
    map_colours,
    plain,
    range_words,
    region_title,
    shown_range,
    unit_name,
    value_words,
)

__all__ = [
    "Axis",
    "Panel",
    "RegionReading",
    "Row",
    "Tick",
    "axis_of",
    "lab_of",
    "panels_of",
    "rows_of",
    "whole_of",
]

INSET = 2.0
"""Percent left free at both ends, so that a marker at the end is drawn whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis and its words; `anchor` keeps the words of the ends inside the drawing."""

    at: str
    words: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A line from `low` to `high`, with marks."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()

    def share(self, value: float) -> float:
        """Return where a value stands, in percent from the left, cut to the line."""
        along = (value - self.low) / (self.high - self.low)
        return INSET + (100 - 2 * INSET) * min(1.0, max(0.0, along))

    def at(self, value: float) -> str:
        """Return `share` as a coordinate of SVG."""
        return f"{self.share(value):.2f}%"

    def length(self, start: float, end: float) -> str:
        """Return the width between two values as a coordinate of SVG, never quite nothing."""
        return f"{max(0.3, self.share(end) - self.share(start)):.2f}%"


def axis_of(scale: Scale, findings: Sequence[Finding] = ()) -> Axis:
    """Return the axis of a scale; a Count reaches as far as its findings."""
    match scale:
        case Presence():
            return _marked(0.0, 1.0, (0.0, 0.5, 1.0), scale)
        case Ordinal():
            return _marked(scale.lowest, scale.highest, _grades(scale), scale)
        case Count():
            top = max([10.0, *(max((f.value, *(shown_range(f)[0] or ()))) for f in findings)])
            return _rounded(0.0, top, scale)
        case Measure() | Map():
            return _rounded(scale.low, scale.high, scale)


def _rounded(low: float, high: float, scale: Scale) -> Axis:
    """Return an axis with marks at round numbers, fewer where their words would run into each other."""
    axis = _marked(low, high, _round_numbers(low, high), scale)
    if sum(len(tick.words) for tick in axis.ticks) <= _MOST_LETTERS:
        return axis
    return _marked(low, high, _round_numbers(low, high, parts=3), scale)


def _marked(low: float, high: float, values: Sequence[float], scale: Scale) -> Axis:
    bare = Axis(low=low, high=high)
    return Axis(low=low, high=high, ticks=tuple(_tick(bare, value, scale) for value in values))


def _tick(axis: Axis, value: float, scale: Scale) -> Tick:
    words = value_words(value, scale)
    if float(value).is_integer() and not isinstance(scale, Presence):
        words = words.replace(".00", "").replace(".0", "")
    share = axis.share(value)
    anchor = "start" if share < 8 else "end" if share > 92 else "middle"
    return Tick(at=axis.at(value), words=words, anchor=anchor)


def _grades(scale: Ordinal) -> list[float]:
    count = math.floor((scale.highest - scale.lowest) / scale.step + 1e-9)
    every = max(1, math.ceil(count / 10))
    return [scale.lowest + scale.step * index for index in range(0, count + 1, every)]


def _round_numbers(low: float, high: float, *, parts: int = 5) -> list[float]:
    """Return numbers of one, two or five times a power of ten from `low` to `high`, in at most so many parts."""
    rough = (high - low) / parts
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * index for index in range(first, last + 1)]


_MOST_LETTERS = 22
"""Letters that stand side by side under an axis of a card."""
AXIS_STOPS = 9
"""Colours of the gradient under a map's axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionReading:
    """One finding in words, and where its value and range stand on the task's axis.

    range: the interval, else the bounds, else the spread of the pixels; range_is says which. `start`, `length`, `range`
    and `range_is` are empty where the finding has none of these; `swatch` and `lab` where it has no colour.
    """

    region: Region
    title: str
    value: str
    label: str
    range: str
    range_is: str
    at: str
    start: str
    length: str
    swatch: str
    lab: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One task: its axis, its readings by region, the one that stands for all, and what was counted.

    gradient: the colours under its axis, none where the axis is not that of its map. colours: those of its map.
    """

    key: str
    title: str
    unit: str
    question: str
    reference: str
    model: str
    axis: Axis
    head: RegionReading
    readings: tuple[RegionReading, ...]
    gradient: tuple[str, ...]
    colours: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A region with one reading a panel, None where there is none."""

    title: str
    swatch: str
    lab: str
    readings: tuple[RegionReading | None, ...]


def panels_of(analysis: Analysis, tasks: Mapping[str, Task]) -> tuple[Panel, ...]:
    """Return a panel for each task with findings, in the order of `tasks`; none where the photo was rejected."""
    if not analysis.quality.usable:
        return ()
    found = dict.fromkeys(finding.task for finding in analysis.findings)
    order = dict.fromkeys([*(name for name in tasks if name in found), *found])
    view = None if analysis.face is None else analysis.face.view
    return tuple(_panel([f for f in analysis.findings if f.task == name], tasks.get(name), view) for name in order)


def rows_of(panels: Sequence[Panel]) -> tuple[Row, ...]:
    """Return the table of all readings: a row for each region that has one, in the order of `Region`."""
    rows = []
    for region in Region:
        here = [next((r for r in panel.readings if r.region is region), None) for panel in panels]
        present = [reading for reading in here if reading is not None]
        if present:
            coloured = next((reading for reading in present if reading.swatch), present[0])
            rows.append(
                Row(
                    title=coloured.title,
                    swatch=coloured.swatch,
                    lab=coloured.lab,
                    readings=tuple(here),
                )
            )
    return tuple(rows)


def lab_of(finding: Finding) -> tuple[float, float, float] | None:
    """Return the CIELAB colour that a finding carries, None where it carries none."""
    lab = finding.detail.get("lab")
    if not isinstance(lab, Sequence) or isinstance(lab, str) or len(lab) != 3:
        return None
    return float(lab[0]), float(lab[1]), float(lab[2])


def _panel(findings: Sequence[Finding], task: Task | None, view: View | None) -> Panel:
    findings = _of_one_range(findings)
    first = findings[0]
    scale = task.scale if task is not None else _plain_scale(findings)
    axis = axis_of(scale, findings)
    readings = tuple(_reading(finding, scale, axis, view) for finding in findings)
    colours = () if task is None else tuple(map_colours(task.colours, AXIS_STOPS))
    kinds = Counter(plain(item.kind) for item in whole_of(findings).items)
    return Panel(
        key=first.task,
        title=task.title if task is not None else plain(first.task),
        unit=unit_name(scale),
        question=task.question if task is not None else "",
        reference=task.reference if task is not None else "",
        model=first.model,
        axis=axis,
        head=readings[findings.index(whole_of(findings))],
        readings=readings,
        gradient=colours if isinstance(scale, Map) else (),
        colours=colours,
        kinds=tuple(kinds.most_common()),
    )


def _of_one_range(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return the findings without their spread where one has an interval: one column never shows both."""
    if all(finding.interval is None for finding in findings):
        return findings
    return [replace(finding, spread=None) for finding in findings]


def _reading(finding: Finding, scale: Scale, axis: Axis, view: View | None) -> RegionReading:
    lab = lab_of(finding)
    ends, meaning = shown_range(finding)
    return RegionReading(
        region=finding.region,
        title=region_title(finding.region, view),
        value=value_words(finding.value, scale),
        label=_label(finding, scale),
        range="" if ends is None else range_words(ends, scale),
        range_is=meaning,
        at=axis.at(finding.value),
        start="" if ends is None else axis.at(ends[0]),
        length="" if ends is None else axis.length(*ends),
        swatch="" if lab is None else hex_of_lab(lab),
        lab="" if lab is None else " / ".join(f"{channel:.1f}" for channel in lab),
    )


def whole_of(findings: Sequence[Finding]) -> Finding:
    """Return the finding that stands for all: the whole face's, else the first."""
    return next((finding for finding in findings if finding.region is Region.FACE), findings[0])


def _label(finding: Finding, scale: Scale) -> str:
    """Return the class of a value, or the classes that are possible: "moderate to severe"."""
    if finding.label is not None:
        return finding.label
    if len(finding.labels) > 1:
        return f"{finding.labels[0]} to {finding.labels[-1]}"
    return _grade_name(finding.value, scale)


def _grade_name(value: float, scale: Scale) -> str:
    if not isinstance(scale, Ordinal) or not scale.names:
        return ""
    index = round((value - scale.lowest) / scale.step)
    return scale.names[min(max(index, 0), len(scale.names) - 1)]


def _plain_scale(findings: Sequence[Finding]) -> Scale:
    """Return a scale around the values of a task that is not listed."""
    ends = [0.0, *(end for finding in findings for end in (finding.value, *(shown_range(finding)[0] or ())))]
    return Measure(unit=findings[0].unit, low=min(ends), high=max(max(ends), min(ends) + 1e-3))
