"""Who there is: how the parameters of healthy adult skin are spread, and the scale on which they are normal.

Each parameter, put through a logistic squash onto its bounds (of its logarithm where ratios matter), is normal,
independent of the others, with the median `typical` and the slope there that `spread` asks for. Draws never leave
`RANGES`; the same distribution is the prior of the inverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.optics.tissue import PARAMETERS, RANGES, Array, Range, Tissue

__all__ = ["draw", "from_normal", "prior", "to_normal"]

Floats = NDArray[np.float64]


def to_normal(span: Range, value: ArrayLike) -> Floats:
    """Return where `value` lies on the unbounded scale; ValueError on or outside the bounds."""
    share = (_scale(span, value) - _scale(span, span.low)) / (_scale(span, span.high) - _scale(span, span.low))
    if np.any((share <= 0.0) | (share >= 1.0)):
        raise ValueError(f"Values must lie strictly between {span.low:g} and {span.high:g} {span.unit}.")
    return np.log(share / (1.0 - share))


def from_normal(span: Range, position: ArrayLike) -> Floats:
    """Return the value at a position on the unbounded scale."""
    share = 0.5 + 0.5 * np.tanh(0.5 * np.asarray(position, dtype=np.float64))
    low, high = _scale(span, span.low), _scale(span, span.high)
    scaled = low + share * (high - low)
    return np.exp(scaled) if span.logarithmic else scaled


def prior(spans: Sequence[Range]) -> tuple[Floats, Floats]:
    """Return mean (parameter,) and standard deviation (parameter,) of the prior on the unbounded scale."""
    mean = np.array([float(to_normal(span, span.typical)) for span in spans])
    share = 0.5 + 0.5 * np.tanh(0.5 * mean)
    width = np.array([float(_scale(span, span.high) - _scale(span, span.low)) for span in spans])
    slope = share * (1.0 - share) * width
    return mean, np.array([span.spread for span in spans]) / slope


def draw(n: int, seed: int, **known: Array) -> Tissue:
    """Return `n` healthy subjects (n,), the same for the same seed; `known` parameters are held at their values."""
    if unknown := set(known) - set(PARAMETERS):
        raise ValueError(f"Tissue has no {', '.join(sorted(unknown))}.")
    mean, spread = prior([RANGES[name] for name in PARAMETERS])
    positions = mean + spread * np.random.default_rng(seed).standard_normal((n, len(PARAMETERS)))
    drawn = {name: from_normal(RANGES[name], column) for name, column in zip(PARAMETERS, positions.T, strict=True)}
    return Tissue(**(drawn | known))


def _scale(span: Range, value: ArrayLike) -> Floats:
    numbers = np.asarray(value, dtype=np.float64)
    return np.log(np.maximum(numbers, math.ulp(0.0))) if span.logarithmic else numbers
