"""The figure of a trial: each person's curve, and each arm's mean with its interval."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from dermis.core.arrays import FloatMap
from dermis.report.plots import drawn_png
from dermis.study.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["difference_png", "trial_png"]

_COLOURS = ("#08685a", "#b5651d", "#5b6fa8", "#a03e6c", "#8a8f8c")

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
