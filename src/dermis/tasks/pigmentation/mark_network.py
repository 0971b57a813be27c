"""What a pixel's clues say: how likely it lies in a brown mark, and how much melanin is there beyond the skin around.

A small perceptron over the clues of each pixel, taught on clear faces on which marks of known density were painted,
beside shadows, redness, hairs and moles (`dermis.lab.train.brown_marks`). No outlined mark of a real person taught it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core.tables import load_table
from dermis.tasks.pigmentation.skin_grid import CLUES

__all__ = ["FILE", "MODEL", "MarkNetwork", "mark_network"]

FILE = Path(__file__).parents[1] / "data" / "brown_marks.npz"
MODEL = "brown-marks@4"
_FARTHEST = 6.0
"""A clue counts up to so many standard deviations from its mean."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkNetwork:
    """mean, spread: (k,) of the clues. layers: weights (in, out) and offsets (out,); the last gives two answers."""

    mean: Floats
    spread: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    def answer(self, clues: Floats) -> tuple[Floats, Floats]:
        """Return for clues (n, k) the chance of a mark, 0 to 1, and 100 x green density of its melanin, both (n,)."""
        weights, offsets = self.layers[-1]
        values = self.hidden(clues) @ weights + offsets
        chance = 1 / (1 + np.exp(-np.clip(values[:, 0], -30, 30)))
        return chance.astype(np.float32), np.logaddexp(0, values[:, 1]).astype(np.float32)

    def hidden(self, clues: Floats) -> Floats:
        """Return what the last hidden layer (n, m) makes of clues (n, k)."""
        values = np.clip(np.nan_to_num((clues - self.mean) / self.spread), -_FARTHEST, _FARTHEST)
        for weights, offsets in self.layers[:-1]:
            values = np.maximum(values @ weights + offsets, 0)
        return np.asarray(values, np.float32)


@cache
def mark_network() -> MarkNetwork:
    """Return the network that ships."""
    held = load_table(FILE)
    if tuple(held["clues"].tolist()) != CLUES:
        raise ValueError("brown_marks.npz was fitted to other clues; fit it anew: dermis train brown-marks.")
    count = sum(name.startswith("weights_") for name in held)
    layers = tuple((held[f"weights_{place}"], held[f"offsets_{place}"]) for place in range(count))
    return MarkNetwork(mean=held["mean"], spread=held["spread"], layers=layers)
