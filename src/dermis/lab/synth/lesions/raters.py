"""People who grade: each with a bias, some noise, and photos they skip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dermis.core import Label, Measure, Ordinal

__all__ = ["NEUTRAL_ITA_DEG", "Grader", "count_by", "draw_panel", "grade_by"]

NEUTRAL_ITA_DEG = 30.0
"""Where a bias by tone is nought: intermediate skin, as most grading atlases show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grader:
    """One grader; `bias`, `noise_sd` and `tone_bias` are shares of the scale's whole range.

    bias: added to every grade. noise_sd: spread of the same grader over the same face. shrink: how much of the
    true distance from the scale's middle they show, 1 all of it. tone_bias: added for each 100 degrees of ITA
    that the face is darker than intermediate. missing_rate: share of photos left ungraded.
    """

    name: str
    bias: float = 0.0
    noise_sd: float = 0.0
    shrink: float = 1.0
    tone_bias: float = 0.0
    missing_rate: float = 0.0


def draw_panel(
    rng: np.random.Generator,
    count: int,
    *,
    bias_sd: float = 0.05,
    noise_sd: float = 0.10,
    tone_bias_sd: float = 0.03,
    missing_rate: float = 0.02,
) -> tuple[Grader, ...]:
    """Draw `count` graders.

    With the defaults a grader's root mean square error is near an eighth of the range: dermatologists were
    0.13 (worst of eleven on 1-5 acne grades) and 0.16 to 0.24 (seven doctors on Hayashi's four grades) of it
    from their references. noise_sd is the panel's mean; each grader's own lies within a third of it.
    """
    return tuple(
        Grader(
            name=f"grader_{number + 1:02d}",
            bias=float(rng.normal(0, bias_sd)),
            noise_sd=float(noise_sd * rng.uniform(2 / 3, 4 / 3)),
            shrink=float(rng.uniform(0.85, 1.0)),
            tone_bias=float(rng.normal(0, tone_bias_sd)),
            missing_rate=missing_rate,
        )
        for number in range(count)
    )


def grade_by(
    panel: Sequence[Grader],
    task: str,
    truth: float,
    scale: Ordinal | Measure,
    rng: np.random.Generator,
    *,
    ita_deg: float = NEUTRAL_ITA_DEG,
) -> tuple[Label, ...]:
    """Return the labels that `panel` gives one face whose true value is `truth`, fewer where some left it out.

    Give the truth as a real number where there is one, so that errors gather near the borders of grades. An
    ordinal label is rounded to the scale's step; all are held within the scale.
    """
    labels = []
    for grader in panel:
        present = rng.random() >= grader.missing_rate
        seen = _seen(grader, truth, scale, float(rng.normal()), ita_deg)
        if present:
            labels.append(Label(task=task, value=_on_scale(seen, scale), grader=grader.name))
    return tuple(labels)


def count_by(panel: Sequence[Grader], task: str, truth: int, rng: np.random.Generator) -> tuple[Label, ...]:
    """Return the counts that `panel` makes of `truth` things: off by a factor, bias and noise of its logarithm.

    A count of 0 stays 0. The grader's bias and noise are taken times three (chosen): a careful panel, for two
    teams who counted the same 963 ACNE04 photos differed by a factor of 3.5, spread 1.0 in its logarithm.
    """
    labels = []
    for grader in panel:
        present = rng.random() >= grader.missing_rate
        factor = np.exp(3 * (grader.bias + grader.noise_sd * rng.normal()))
        if present:
            labels.append(Label(task=task, value=float(np.floor(truth * factor + 0.5)), grader=grader.name))
    return tuple(labels)


def _bounds(scale: Ordinal | Measure) -> tuple[float, float]:
    return (scale.lowest, scale.highest) if isinstance(scale, Ordinal) else (scale.low, scale.high)


def _seen(grader: Grader, truth: float, scale: Ordinal | Measure, noise: float, ita_deg: float) -> float:
    low, high = _bounds(scale)
    middle, span = (low + high) / 2, high - low
    off = grader.bias + grader.tone_bias * (NEUTRAL_ITA_DEG - ita_deg) / 100 + grader.noise_sd * noise
    return middle + grader.shrink * (truth - middle) + span * off


def _on_scale(value: float, scale: Ordinal | Measure) -> float:
    low, high = _bounds(scale)
    if isinstance(scale, Ordinal):
        value = low + scale.step * np.floor((value - low) / scale.step + 0.5)
    return float(np.clip(value, low, high))
