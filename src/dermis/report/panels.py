"""Panels of a report: findings on their scales."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dermis.core import (
    Analysis,
    Count,
    Finding,
    Map,
    Measure,
    Ordinal,
    Photo,
    Presence,
    Quality,
    Region,
    Scale,
    Severity,
    Skin,
    Task,
    View,
)
from dermis.report.formatting import (
    VIEW_WORDS,
    capture_rows,
    hex_of_lab,
    interval_words,
    map_colours,
    measure_words,
    number,
    percent,
    plain,
    range_words,
    region_title,
    unit_name,
    value_words,
)

__all__ = [
    "Axis",
    "ExcludedShare",
    "Panel",
    "RegionReading",
    "Row",
    "Share",
    "Tick",
    "Verdict",
    "axis_of",
    "excluded_of",
    "files_of",
    "lab_of",
    "measures_of",
    "panels_of",
    "rows_of",
    "summary_of",
    "verdict_of",
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
            top = max([10.0, *(max((f.value, *(f.interval or ()))) for f in findings)])
            return _marked(0.0, top, _round_numbers(0.0, top), scale)
        case Measure() | Map():
            return _marked(scale.low, scale.high, _round_numbers(scale.low, scale.high), scale)


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


def _round_numbers(low: float, high: float) -> list[float]:
    """Return three to six numbers of one, two or five times a power of ten from `low` to `high`."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * index for index in range(first, last + 1)]


AXIS_STOPS = 9
"""Colours of the gradient under a map's axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionReading:
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
    head: RegionReading
    readings: tuple[RegionReading, ...]
    gradient: tuple[str, ...]
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


def _reading(finding: Finding, scale: Scale, axis: Axis, view: View | None) -> RegionReading:
    lab = lab_of(finding)
    interval = finding.interval
    return RegionReading(
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


Pairs = tuple[tuple[str, str], ...]

LEFT_OUT_WORDS = {
    "clipped": "clipped by the camera",
    "specular": "glare",
    "shadow": "deep shadow",
    "border": "uncertain edge of the skin",
    "facial_hair": "beard and moustache",
    "beside_face": "beside the face: ears, neck, hands",
}
SEVERITY_WORDS = {Severity.REJECT: "Reason", Severity.WARN: "Reservation", Severity.INFO: "Note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to think of the photo; `state` is good, warn or bad."""

    state: str
    title: str
    lead: str
    problems: tuple[tuple[str, str, str, str], ...]
    """Each as (state, kind in words, message, advice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the visible skin: its words, its percentage, its length as a coordinate of SVG."""

    words: str
    percent: str
    length: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedShare:
    """How much of the visible skin was measured, and what took the rest away."""

    measured: Share
    reasons: tuple[Share, ...]


def verdict_of(quality: Quality, *, findings: int) -> Verdict:
    """Return the verdict on a photo; one without any finding is not called measured."""
    problems = tuple((_STATES[p.severity], SEVERITY_WORDS[p.severity], p.message, p.advice) for p in quality.problems)
    if not quality.usable:
        lead = "This photo was not measured, so this report holds no numbers about the skin."
        return Verdict(state="bad", title="Not usable", lead=lead, problems=problems)
    if not findings:
        lead = "The photo could be read, but nothing on it could be measured."
        return Verdict(state="warn", title="Nothing measured", lead=lead, problems=problems)
    if any(problem.severity is Severity.WARN for problem in quality.problems):
        lead = "The numbers hold with the reservations below. A better photo gives better numbers."
        return Verdict(state="warn", title="Measured with reservations", lead=lead, problems=problems)
    lead = "Light, sharpness and pose are good enough to measure the skin."
    return Verdict(state="good", title="Usable", lead=lead, problems=problems)


_STATES = {Severity.REJECT: "bad", Severity.WARN: "warn", Severity.INFO: "info"}


def excluded_of(skin: Skin) -> ExcludedShare | None:
    """Return the shares of the visible skin, the largest reason first; None where no skin is visible."""
    visible = int(np.count_nonzero(skin.visible))
    if visible == 0:
        return None
    # Facial hair hides skin: it lies beside what is visible.
    taken = {
        name: np.count_nonzero(mask) / np.count_nonzero(skin.visible | mask) for name, mask in skin.excluded.items()
    }
    names = sorted(taken, key=lambda name: taken[name], reverse=True)
    return ExcludedShare(
        measured=_share("measured", np.count_nonzero(skin.measured) / visible),
        reasons=tuple(_share(LEFT_OUT_WORDS.get(name, plain(name).lower()), taken[name]) for name in names),
    )


def summary_of(analysis: Analysis) -> Pairs:
    """Return what a reader should know of the photo before the numbers, in words."""
    face, skin = analysis.face, analysis.skin
    rows = []
    if skin is not None and skin.visible.any():
        share = np.count_nonzero(skin.measured) / np.count_nonzero(skin.visible)
        rows.append(("Measured", f"{percent(share)} of the visible skin"))
    if face is not None:
        rows.append(("View", VIEW_WORDS[face.view]))
        if face.face_width_px is not None:
            rows.append(("Face", f"{number(face.face_width_px, 0)} px between the cheeks"))
    if analysis.reference is not None:
        rows.append(("Light", "corrected by a patch of known colour"))
    elif skin is not None:
        rows.append(("Light", "as the camera balanced it"))
    return tuple(rows)


def measures_of(quality: Quality) -> Pairs:
    """Return what was measured to judge the photo, in words."""
    return tuple(measure_words(name, value) for name, value in quality.measures.items())


def files_of(analysis: Analysis) -> dict[str, Pairs]:
    """Return titled lists of facts about the photo, how it was taken, and what analysed it."""
    provenance = analysis.provenance
    lists = {
        "Photo": _photo_rows(analysis.name, analysis.photo),
        "Capture": () if analysis.photo is None else tuple(capture_rows(analysis.photo.capture).items()),
        "Analysis": (
            ("dermis", provenance.dermis),
            *((plain(name), model) for name, model in provenance.models.items()),
        ),
        "Seconds": tuple((plain(step), number(value, 2)) for step, value in provenance.seconds.items()),
    }
    return {title: tuple(rows) for title, rows in lists.items() if rows}


def _photo_rows(name: str, photo: Photo | None) -> Pairs:
    if photo is None:
        return (("File", name),)
    origin = photo.origin
    rows = {
        "File": name,
        "Size": f"{photo.width_px} × {photo.height_px} px",
        "Format": origin.container or "",
        "Depth": f"{origin.bits} bits a channel",
        "Colour profile": origin.profile or "",
        "SHA-256": origin.sha256 or "",
        "Reading": " ".join(origin.notes),
    }
    return tuple((title, words) for title, words in rows.items() if words)


def _share(words: str, share: float) -> Share:
    return Share(words=words, percent=percent(share), length=f"{100 * share:.2f}%")
