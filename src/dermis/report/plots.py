"""Drawings of how good answers are, as PNG; the only user of matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.metrics.arrays import Floats
from dermis.metrics.calibration import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "HEIGHT_PX",
    "WIDTH_PX",
    "confusion_png",
    "coverage_png",
    "drawn_png",
    "gaps_png",
    "histogram_png",
    "models_png",
    "paired_png",
    "reliability_png",
    "scatter_png",
]

WIDTH_PX, HEIGHT_PX = 960, 720
_DPI = 160
_INK, _SOFT, _LINE, _ACCENT = "#14211d", "#51605a", "#dae2de", "#08685a"
_OTHERS = ("#b5651d", "#5b6fa8", "#8a8f8c", "#a03e6c")


def scatter_png(target: Floats, predicted: Floats, label: str) -> bytes:
    """Draw what was said against what is true, (n,) each; on the line both are equal."""

    def draw(axes: Axes) -> None:
        across = _spread(target)
        low, high = _span(np.concatenate([across, predicted]))
        axes.plot([low, high], [low, high], color=_LINE, linewidth=1.5, zorder=1)
        axes.scatter(across, predicted, s=14, color=_ACCENT, alpha=_alpha(len(target)), linewidths=0)
        axes.set(xlim=(low, high), ylim=(low, high), xlabel=f"True {label}", ylabel=f"Predicted {label}")

    return drawn_png(draw)


def histogram_png(errors: Mapping[str, Floats], label: str) -> bytes:
    """Draw how often answers are how far off, for each answerer by name, the filled one first.

    The scale ends a little above the first one's errors; the last bar holds all that lie beyond.
    """

    def draw(axes: Axes) -> None:
        first, *others = errors.values()
        nearest = min((float(np.median(one)) for one in others), default=0.0)
        most = 1.5 * max(float(np.quantile(first, 0.98)), nearest) or 1.0
        edges = np.linspace(0, most, 31)
        for (name, one), colour in zip(errors.items(), (_ACCENT, *_OTHERS), strict=False):
            shares = np.histogram(np.minimum(one, most), edges)[0] / len(one)
            own = one is first
            axes.stairs(shares, edges, label=name, color=colour, fill=own, alpha=0.55 if own else 1, linewidth=1.3)
        axes.set(xlim=(0, most), xlabel=f"Error, {label}" if label else "Error", ylabel="Share of samples")
        axes.legend(frameon=False, labelcolor=_SOFT)

    return drawn_png(draw)


def confusion_png(counts: NDArray[np.int64], grades: Floats) -> bytes:
    """Draw how often each grade (row) was called each grade (column); the shade is the share of the row."""

    def draw(axes: Axes) -> None:
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Greens", vmin=0, vmax=1, aspect="auto")
        for (row, column), count in np.ndenumerate(counts) if len(grades) <= 12 else ():
            ink = "white" if shares[row, column] > 0.6 else _INK
            axes.text(column, row, str(count), ha="center", va="center", color=ink)
        names = [f"{grade:g}" for grade in grades]
        axes.set_xticks(range(len(grades)), names)
        axes.set_yticks(range(len(grades)), names)
        axes.set(xlabel="Predicted grade", ylabel="True grade")

    return drawn_png(draw)


def reliability_png(found: Reliability) -> bytes:
    """Draw how often what was said with some probability came true; on the line it did as often as said."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_LINE, linewidth=1.5)
        axes.plot(found.probability, found.share, color=_ACCENT, linewidth=1.5)
        size = 20 + 180 * found.count / found.count.max()
        axes.scatter(found.probability, found.share, s=size, color=_ACCENT, alpha=0.7, linewidths=0)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Probability said", ylabel="Share that came true")

    return drawn_png(draw)


def coverage_png(said: Floats, held: Floats, level: float) -> bytes:
    """Draw which share of targets lies inside (`held`) intervals of each level (`said`), in [0, 1]."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_LINE, linewidth=1.5)
        axes.plot(said, held, color=_ACCENT, linewidth=1.5)
        axes.axvline(level, color=_SOFT, linewidth=0.8, linestyle=":")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Level of the intervals", ylabel="Share of targets inside")

    return drawn_png(draw)


def gaps_png(gains: Floats, label: str) -> bytes:
    """Draw gains (n,) in order: above 0 the second is better, below the first."""

    def draw(axes: Axes) -> None:
        order = np.sort(gains)[::-1]
        place = np.arange(len(order))
        for side, colour in ((order > 0, _ACCENT), (order < 0, _OTHERS[0])):
            axes.bar(place[side], order[side], width=1.0, color=colour)
        axes.axhline(0, color=_SOFT, linewidth=0.8)
        axes.set(xlim=(-0.5, len(order) - 0.5), xlabel="Samples in order", ylabel=label)

    return drawn_png(draw)


def paired_png(first: Floats, second: Floats, first_name: str, second_name: str) -> bytes:
    """Draw the errors (n,) of two answerers on the same samples; below the line the second is nearer."""

    def draw(axes: Axes) -> None:
        high = 1.04 * float(max(first.max(), second.max())) or 1.0
        axes.plot([0, high], [0, high], color=_LINE, linewidth=1.5, zorder=1)
        axes.scatter(first, second, s=14, color=_ACCENT, alpha=_alpha(len(first)), linewidths=0)
        axes.set(xlim=(0, high), ylim=(0, high), xlabel=f"Error of {first_name}", ylabel=f"Error of {second_name}")

    return drawn_png(draw)


def models_png(
    names: Sequence[str],
    accuracy: Mapping[str, Sequence[float]],
    errors: Sequence[tuple[float, float, float]],
    trivial: float,
) -> bytes:
    """Draw models beside each other: accuracy by part, and the error of the grade with its interval.

    accuracy: by part, one a model, in [0, 1]. errors: value, low and high of each. trivial: error of the middle grade.
    """

    def accuracies(axes: Axes) -> None:
        wide = 0.8 / len(accuracy)
        for place, (part, values) in enumerate(accuracy.items()):
            colour = (_LINE, _OTHERS[2], _ACCENT)[place % 3]
            axes.barh(np.arange(len(names)) + wide * (place - 1), values, height=wide, color=colour, label=part)
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(0, 1), xlabel="Accuracy in seven classes")
        axes.invert_yaxis()
        axes.legend(frameon=False, labelcolor=_SOFT, fontsize=8)

    def deviations(axes: Axes) -> None:
        value, low, high = np.array(errors).T
        places = np.arange(len(names))
        axes.barh(places, value, height=0.6, color=_ACCENT, xerr=[value - low, high - value], ecolor=_SOFT)
        axes.axvline(trivial, color=_OTHERS[0], linewidth=1, linestyle=":")
        axes.text(trivial, -0.7, " the middle grade", color=_OTHERS[0], fontsize=8, ha="right")
        axes.set_yticks(places, [])
        axes.set(xlim=(0, None), xlabel="RMSE of the grade, 0 to 9, by people never seen")
        axes.invert_yaxis()

    return drawn_png(accuracies, deviations)


def drawn_png(*draw: Callable[[Axes], None]) -> bytes:
    """Return what each `draw` draws on plain axes, beside each other, as a PNG: one of `WIDTH_PX` x `HEIGHT_PX`."""
    from matplotlib.figure import Figure  # late: half a second

    size = ((1 + 0.6 * (len(draw) - 1)) * WIDTH_PX / _DPI, HEIGHT_PX / _DPI)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained", facecolor="white")
    for axes, one in zip(figure.subplots(1, len(draw), squeeze=False)[0], draw, strict=True):
        one(axes)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(_LINE)
        axes.tick_params(colors=_SOFT, labelsize=9)
        axes.xaxis.label.set_color(_SOFT)
        axes.yaxis.label.set_color(_SOFT)
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


def _span(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def _spread(values: Floats) -> Floats:
    """Return values moved a little apart where there are few distinct ones, so that points do not hide each other."""
    distinct = np.unique(values)
    if len(distinct) > 20 or len(distinct) < 2:
        return values
    room = 0.15 * float(np.diff(distinct).min())
    return values + np.random.default_rng(0).uniform(-room, room, len(values))


def _alpha(count: int) -> float:
    return float(np.clip(60 / max(count, 1), 0.12, 0.7))
