"""Findings as a reader wants them: values in words, places on an axis, a panel a task, one table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermis.core import Analysis, Finding, Map, Measure, Ordinal, Region, Scale, Task, View
from dermis.report.axis import Axis, axis_of
from dermis.report.colours import hex_of_lab, map_colours
from dermis.report.words import interval_words, plain, range_words, region_title, unit_name, value_words

__all__ = ["Panel", "Reading", "Row", "lab_of", "panels_of", "rows_of"]

AXIS_STOPS = 9
"""Colours of the gradient under a map's axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One finding in words, and where its value and interval stand on the task's axis.

    `start`, `length` and `interval` are empty where the finding has no interval; `swatch` and `lab` where it
    has no colour.
    """

    region: Region
    title: str
    value: str
    label: str
    interval: str
    interval_is: str
    at: str
    start: str
    length: str
    swatch: str
    lab: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One task: its axis, its readings by region, the one that stands for all, and what was counted."""

    key: str
    title: str
    unit: str
    question: str
    reference: str
    model: str
    axis: Axis
    head: Reading
    readings: tuple[Reading, ...]
    gradient: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A region with one reading a panel, None where there is none."""

    title: str
    swatch: str
    lab: str
    readings: tuple[Reading | None, ...]


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
    first = findings[0]
    scale = task.scale if task is not None else _plain_scale(findings)
    axis = axis_of(scale, findings)
    readings = tuple(_reading(finding, scale, axis, view) for finding in findings)
    kinds = Counter(plain(item.kind) for item in _whole(findings).items)
    return Panel(
        key=first.task,
        title=task.title if task is not None else plain(first.task),
        unit=unit_name(scale),
        question=task.question if task is not None else "",
        reference=task.reference if task is not None else "",
        model=first.model,
        axis=axis,
        head=readings[findings.index(_whole(findings))],
        readings=readings,
        gradient=map_colours(first.task, AXIS_STOPS) if isinstance(scale, Map) else (),
        kinds=tuple(kinds.most_common()),
    )


def _reading(finding: Finding, scale: Scale, axis: Axis, view: View | None) -> Reading:
    lab = lab_of(finding)
    interval = finding.interval
    return Reading(
        region=finding.region,
        title=region_title(finding.region, view),
        value=value_words(finding.value, scale),
        label=finding.label or _grade_name(finding.value, scale),
        interval="" if interval is None else range_words(interval, scale),
        interval_is="" if interval is None else interval_words(finding),
        at=axis.at(finding.value),
        start="" if interval is None else axis.at(interval[0]),
        length="" if interval is None else axis.length(*interval),
        swatch="" if lab is None else hex_of_lab(lab),
        lab="" if lab is None else " / ".join(f"{channel:.1f}" for channel in lab),
    )


def _whole(findings: Sequence[Finding]) -> Finding:
    """Return the finding that stands for all: the whole face's, else the first."""
    return next((finding for finding in findings if finding.region is Region.FACE), findings[0])


def _grade_name(value: float, scale: Scale) -> str:
    if not isinstance(scale, Ordinal) or not scale.names:
        return ""
    index = round((value - scale.lowest) / scale.step)
    return scale.names[min(max(index, 0), len(scale.names) - 1)]


def _plain_scale(findings: Sequence[Finding]) -> Scale:
    """Return a scale around the values of a task that is not listed."""
    ends = [0.0, *(end for finding in findings for end in (finding.value, *(finding.interval or ())))]
    return Measure(unit=findings[0].unit, low=min(ends), high=max(max(ends), min(ends) + 1e-3))
