"""The figures of a trial: each person's curve, each arm's mean with its interval, and who responded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from dermis.core.arrays import FloatMap
from dermis.report.plots import drawn_png
from dermis.study.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["curves_png", "difference_png", "responders_png", "trial_png"]

_COLOURS = ("#08685a", "#b5651d", "#5b6fa8", "#a03e6c", "#8a8f8c")

MOST_CURVES = 80
_LESS, _MORE, _NONE = (0.13, 0.40, 0.67), (0.70, 0.34, 0.09), 0.12


def difference_png(values: FloatMap, *, most: float) -> bytes:
    """Draw a map of differences (h, w): white where nothing changed, blue for less, brown for more, dark for unknown.

    most: the difference that has the full colour.
    """
    from PIL import Image  # late: 30 ms

    known = np.isfinite(values)
    share = np.clip(np.nan_to_num(values) / most, -1, 1)[..., None]
    ends = np.where(share < 0, np.array(_LESS), np.array(_MORE))
    shown = np.where(known[..., None], 1 - np.abs(share) * (1 - ends), _NONE)
    held = io.BytesIO()
    Image.fromarray(np.rint(255 * shown).astype(np.uint8)).save(held, format="PNG")
    return held.getvalue()


def trial_png(trial: Trial) -> bytes:
    """Draw the change from the first visit over the weeks, thin for people, thick for the means of arms, as PNG."""

    def draw(axes: Axes) -> None:
        arms = sorted({curve.arm for curve in trial.curves})
        for place, arm in enumerate(arms):
            colour = _COLOURS[place % len(_COLOURS)]
            for curve in (one for one in trial.curves if one.arm == arm and trial.baseline in one.values):
                change = [value - curve.values[trial.baseline] for value in curve.values.values()]
                axes.plot(list(curve.values), change, color=colour, alpha=0.15, linewidth=0.7)
            held = [one for one in trial.changes if one.arm == arm]
            shift = 0.12 * (place - (len(arms) - 1) / 2)
            half = np.array(
                [[0.0, *(one.mean - one.low for one in held)], [0.0, *(one.high - one.mean for one in held)]]
            )
            axes.errorbar(
                [trial.baseline, *(one.week + shift for one in held)],
                [0.0, *(one.mean for one in held)],
                yerr=np.nan_to_num(half),
                color=colour,
                linewidth=2.2,
                capsize=3,
                label=f"{arm or 'all'} (n = {max((one.n for one in held), default=0)})",
            )
        axes.axhline(0, color="#dae2de", linewidth=1, zorder=0)
        axes.set(xlabel="Week", ylabel=f"Change of {trial.task}, mean with {trial.level:.0%} interval")
        axes.legend(frameon=False, fontsize=9)

    return drawn_png(draw)


def responders_png(trial: Trial) -> bytes:
    """Draw the share of each arm that responded at each week with its interval, as PNG."""

    def draw(axes: Axes) -> None:
        arms = sorted({one.arm for one in trial.responders})
        weeks = sorted({one.week for one in trial.responders})
        width = 0.8 / max(len(arms), 1)
        for place, arm in enumerate(arms):
            held = [one for one in trial.responders if one.arm == arm]
            at = [weeks.index(one.week) + width * (place - (len(arms) - 1) / 2) for one in held]
            rates = np.array([one.rate for one in held])
            ends = np.array([[one.rate - one.low for one in held], [one.high - one.rate for one in held]])
            colour = _COLOURS[place % len(_COLOURS)]
            axes.bar(at, rates, 0.92 * width, color=colour, alpha=0.75, label=arm or "all")
            axes.errorbar(at, rates, yerr=np.maximum(ends, 0), fmt="none", ecolor="#14211d", capsize=3, linewidth=1)
            for x, one in zip(at, held, strict=True):
                axes.text(x, one.high + 0.015, f"{one.responders}/{one.n}", ha="center", fontsize=8, color="#51605a")
        axes.set_xticks(range(len(weeks)), [f"{week:g}" for week in weeks])
        axes.set(xlabel="Week", ylabel=f"Share with {trial.responds}", ylim=(0, 1.05))
        axes.legend(frameon=False, fontsize=9)

    return drawn_png(draw)


def curves_png(trial: Trial) -> bytes:
    """Draw each person's values over the weeks in a small picture of their own, as PNG; responders are thick.

    At most `MOST_CURVES` people, evenly from all.
    """

    def draw(axes: Axes) -> None:
        held = trial.curves
        shown = [
            held[place] for place in sorted(set(np.linspace(0, len(held) - 1, min(len(held), MOST_CURVES)).astype(int)))
        ]
        across = int(np.ceil(np.sqrt(1.4 * len(shown))))
        arms = sorted({one.arm for one in held})
        every = np.array([value for one in held for value in one.values.values()])
        weeks = np.array([week for one in held for week in one.values])
        low, high = float(every.min()), float(every.max())
        start, stop = float(weeks.min()), float(weeks.max())
        responded = {person.subject for person in trial.people if person.responded}
        for place, one in enumerate(shown):
            row, column = divmod(place, across)
            x = column + 0.1 + 0.8 * (np.array(list(one.values)) - start) / max(stop - start, 1e-9)
            y = -row + 0.1 + 0.62 * (np.array(list(one.values.values())) - low) / max(high - low, 1e-9)
            colour = _COLOURS[arms.index(one.arm) % len(_COLOURS)]
            thick = 2.0 if one.subject in responded else 0.9
            axes.plot(x, y, color=colour, linewidth=thick, marker="o", markersize=1.5 * thick)
            axes.text(column + 0.1, -row + 0.9, one.subject, fontsize=6, va="top")
        for place, arm in enumerate(arms):
            axes.plot([], [], color=_COLOURS[place % len(_COLOURS)], label=arm or "all")
        axes.set(xlim=(0, across), ylim=(-((len(shown) - 1) // across) - 0.05, 1.05))
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(
            f"{trial.task} {low:.3g} to {high:.3g}, weeks {start:g} to {stop:g}; thick: responded", fontsize=8
        )
        axes.legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1.0, 1.1), ncols=len(arms))

    return drawn_png(draw)
