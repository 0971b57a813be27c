"""A page over the table of a batch: distributions, quality, drift over time, any column against any finding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Task
from dermis.report.formatting import number, percent, plain
from dermis.report.page import rendered, write

__all__ = ["BatchColumns", "write_batch_page"]

Floats = NDArray[np.float64]

BARS, STEPS = 24, 12
"""Bars of a distribution, and steps in time of a drift."""
_FEWEST = 5
_MOST_POINTS = 2000
_MOST_WORDS = 30
_WIDE, _HIGH = 360.0, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchColumns:
    """What a page is of: photos (n) with their columns, and what each question answers of the whole face.

    photos, usable: of all, also where the columns hold some of them. problems: how often each code. facts: words about
    the run. order: (n,) seconds since 1970 or NaN. columns: numbers (n,) or words, by name. findings: (n,) values by
    task, NaN where there is none. half_widths: the same of half the interval.
    """

    photos: int
    usable: int
    problems: Mapping[str, int]
    facts: Mapping[str, str]
    order: Floats
    columns: Mapping[str, Floats | Sequence[str | None]]
    findings: Mapping[str, Floats]
    half_widths: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar of a drawing, in coordinates of SVG."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One question over all faces: its figures in words, its bars, and its drift as a line in a band."""

    key: str
    title: str
    unit: str
    count: str
    median: str
    middle: str
    sure: str
    low: str
    high: str
    bars: tuple[Bar, ...]
    line: str
    band: str
    drift: str


def write_batch_page(path: Path, held: BatchColumns, tasks: Mapping[str, Task]) -> Path:
    """Write the page of a batch as one HTML file that needs no other; return its path. Raises UsageError."""
    content = {
        "photos": held.photos,
        "usable": held.usable,
        "share": percent(held.usable / held.photos) if held.photos else "none",
        "sampled": len(held.order) if len(held.order) < held.photos else 0,
        "facts": held.facts,
        "problems": [
            (code, count, percent(count / held.photos))
            for code, count in sorted(held.problems.items(), key=lambda one: -one[1])
        ],
        "distributions": [_distribution(name, held, tasks) for name in held.findings if _known(held.findings[name])],
        "measures": [_measure_row(name, values) for name, values in _quality(held).items()],
        "wide": _WIDE,
        "high": _HIGH,
        "said": json.dumps(_explorable(held, tasks), ensure_ascii=False, allow_nan=False),
    }
    return write(path, rendered("batch.html", content, script="batch.js").encode())


def _known(values: Floats) -> bool:
    return bool(np.isfinite(values).any())


def _distribution(name: str, held: BatchColumns, tasks: Mapping[str, Task]) -> Distribution:
    values, half = held.findings[name], held.half_widths[name]
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    line, band, drift = _drift(values, held.order)
    ends = np.percentile(known, [5, 95])
    task = tasks.get(name)
    return Distribution(
        key=name,
        title=plain(name) if task is None else task.title,
        unit=getattr(task.scale, "unit", "") if task is not None else "",
        count=str(len(known)),
        median=_short(float(np.median(known))),
        middle=f"{_short(ends[0])} to {_short(ends[1])}",
        sure=f"± {_short(float(np.nanmedian(half)))}" if _known(half) else "not known",
        low=_short(low),
        high=_short(high),
        bars=_bars(known, low, high),
        line=line,
        band=band,
        drift=drift,
    )


def _bars(known: Floats, low: float, high: float) -> tuple[Bar, ...]:
    counts, _ = np.histogram(known, BARS, (low, high) if high > low else (low - 0.5, high + 0.5))
    step = _WIDE / BARS
    heights = counts / max(1, counts.max()) * _HIGH
    return tuple(
        Bar(x=f"{place * step + 1:.1f}", y=f"{_HIGH - tall:.1f}", width=f"{step - 2:.1f}", height=f"{tall:.1f}")
        for place, tall in enumerate(heights)
        if tall > 0
    )


def _drift(values: Floats, order: Floats) -> tuple[str, str, str]:
    """Return the medians of equal numbers of photos in time as a line, their middle half as a band, and words."""
    known = np.isfinite(values) & np.isfinite(order)
    steps = min(STEPS, int(known.sum()) // _FEWEST)
    if steps < 2 or np.ptp(order[known]) == 0:
        return "", "", ""
    sorted_values = values[known][np.argsort(order[known], kind="stable")]
    parts = [np.percentile(part, [25, 50, 75]) for part in np.array_split(sorted_values, steps)]
    quartiles = np.array(parts)
    low, high = float(quartiles.min()), float(quartiles.max())
    across = np.linspace(0, _WIDE, steps)
    down = _HIGH - (quartiles - low) / ((high - low) or 1.0) * _HIGH
    edge = [*zip(across, down[:, 2], strict=True), *zip(across[::-1], down[::-1, 0], strict=True)]
    change = number(float(quartiles[-1, 1] - quartiles[0, 1]), 2)
    words = f"Median of the first part {_short(quartiles[0, 1])}, of the last {_short(quartiles[-1, 1])} ({change})."
    return _points(zip(across, down[:, 1], strict=True)), _points(edge), words


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _short(value: float) -> str:
    return number(float(value), 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _quality(held: BatchColumns) -> dict[str, Floats]:
    return {
        name.removeprefix("quality_"): values
        for name, values in held.columns.items()
        if name.startswith("quality_") and isinstance(values, np.ndarray) and _known(values)
    }


def _measure_row(name: str, values: Floats) -> tuple[str, ...]:
    known = values[np.isfinite(values)]
    return (plain(name), str(len(known)), *(_short(one) for one in np.percentile(known, [5, 50, 95])))


def _explorable(held: BatchColumns, tasks: Mapping[str, Task]) -> dict[str, object]:
    """Return what the page's script draws: columns and findings of some photos, evenly taken."""
    last = len(held.order) - 1
    chosen = np.unique(np.linspace(0, max(last, 0), _MOST_POINTS).astype(np.intp))[: last + 1]
    titles = {name: tasks[name].title if name in tasks else plain(name) for name in held.findings}
    columns = {name: one for name, values in held.columns.items() if (one := _column(values, chosen)) is not None}
    findings = {name: _numbers(values[chosen]) for name, values in held.findings.items() if _known(values)}
    order = held.order[chosen]
    if len(order) and np.isfinite(order).any() and np.nanmax(order) > np.nanmin(order):
        columns = {"days since the first": _numbers((order - np.nanmin(order)) / 86400), **columns}
    return {"columns": {**columns, **{titles[name]: values for name, values in findings.items()}},
            "findings": {titles[name]: values for name, values in findings.items()}}  # fmt: skip


def _column(values: Floats | Sequence[str | None], chosen: NDArray[np.intp]) -> list[object] | None:
    """Return a column as numbers or few words; None for one that says nothing or is different in every photo."""
    if isinstance(values, np.ndarray):
        return _numbers(values[chosen]) if _known(values) else None
    words = [values[place] for place in chosen.tolist()]
    kinds = Counter(word for word in words if word)
    return list(words) if 1 < len(kinds) <= _MOST_WORDS else None


def _numbers(values: Floats) -> list[object]:
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values]
