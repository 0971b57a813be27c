"""Regression by a mixture of normal distributions, kept as a table that a million pixels are looked up in.

Each kind of skin gives a line from a pixel to a spectrum, as good as skin of that kind is alike. A pixel gets the mean
of the lines, each by how probable a pixel like it is among skin of its kind: the expectation under the mixture
(Ghahramani and Jordan, NIPS 1993). What it gives is smooth, so a table with straight lines between its places does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap

__all__ = ["SIDE", "MixtureRegression", "fit_mixture", "look_up", "tabulate"]

Floats = NDArray[np.float64]

SIDE = 25
"""Places of the table along each of its three axes."""
SHRINK = 1e-4
"""How much of a line is given up where a kind of skin does not spread."""
SPREAD = 1e-4
FURTHEST = 4.0
"""Deviations from the middle of a kind of skin beyond which its line is not continued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRegression:
    """The kinds (k): log weight, middle (k, 3), precision (k, 3, 3) of the inputs, line (k, 4, output) from them."""

    log_weight: Floats
    middle: Floats
    precision: Floats
    line: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """Return the expected outputs (n, output) at `inputs` (n, 3)."""
        kinds, _, outputs = self.line.shape
        # All kinds at once: a squared distance is linear in the products of the inputs, a line in the inputs.
        powers = np.concatenate([np.einsum("ni,nj->nij", inputs, inputs).reshape(-1, 9), inputs], axis=1)
        towards = np.einsum("kij,kj->ki", self.precision, self.middle)
        by_power = np.concatenate([self.precision.reshape(kinds, 9), -2.0 * towards], axis=1)
        squared = powers @ by_power.T + np.einsum("ki,ki->k", towards, self.middle)
        share = self.log_weight - 0.5 * squared
        share = np.exp((share - share.max(axis=1, keepdims=True)).astype(np.float32))
        share /= share.sum(axis=1, keepdims=True)
        held = share * np.sqrt(np.minimum(1.0, FURTHEST**2 / np.maximum(squared, 1e-9)).astype(np.float32))
        at_zero = -np.einsum("ki,kio->ko", self.middle, self.line[:, 1:])
        slopes = np.concatenate([at_zero[:, None], self.line[:, 1:]], axis=1)
        moved = (held @ slopes.reshape(kinds, -1).astype(np.float32)).reshape(-1, 4, outputs)
        return np.asarray(share @ self.line[:, 0] + moved[:, 0] + np.einsum("ni,nio->no", inputs, moved[:, 1:]))


def fit_mixture(inputs: Floats, outputs: Floats, kind: NDArray[np.intp], weights: Floats) -> MixtureRegression:
    """Return the regression of `outputs` (n, output) on `inputs` (n, 3), a normal distribution for each kind (n,)."""
    found = [_fit_kind(inputs[kind == one], outputs[kind == one]) for one in np.unique(kind)]
    total = np.array([weights[kind == one].sum() for one in np.unique(kind)])
    middle, covariance, line = (np.stack(column) for column in zip(*found, strict=True))
    return MixtureRegression(
        log_weight=np.log(total) - 0.5 * np.linalg.slogdet(covariance)[1],
        middle=middle,
        precision=np.linalg.inv(covariance),
        line=line,
    )


def _fit_kind(inputs: Floats, outputs: Floats) -> tuple[Floats, Floats, Floats]:
    middle, level = inputs.mean(axis=0), outputs.mean(axis=0)
    off = inputs - middle
    covariance = off.T @ off / len(off) + SPREAD * np.eye(3)
    slopes = np.linalg.solve(covariance + SHRINK * np.diag(np.diag(covariance)), off.T @ (outputs - level) / len(off))
    return middle, covariance, np.concatenate([level[None], slopes])


def tabulate(mixture: MixtureRegression, reach: float, side: int = SIDE) -> FloatMap:
    """Return the outputs (side, side, side, output) at even places from -reach to reach along each input."""
    axis = np.linspace(-reach, reach, side)
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    # Corners that no look-up comes near stay at 0.
    near = np.square(places).sum(axis=1) <= (reach + 2.0 * (axis[1] - axis[0])) ** 2
    table = np.zeros((len(places), mixture.line.shape[2]), dtype=np.float32)
    asked = places[near]
    table[near] = np.concatenate([mixture(part) for part in np.array_split(asked, max(1, len(asked) // 2048))])
    return table.reshape(side, side, side, -1)


def look_up(table: FloatMap, reach: float, inputs: FloatMap, level: FloatMap) -> FloatMap:
    """Return the outputs (n, output) at `inputs` (3, n) within `reach`, times `level` (n,).

    Straight between the four places of the table whose tetrahedron holds the input.
    """
    from scipy.sparse import csr_array  # late: only spectra need it

    side, count = len(table), inputs.shape[1]
    position = (inputs + np.float32(reach)) * np.float32((side - 1) / (2.0 * reach))
    np.clip(position, 0, np.float32(side - 1.001), out=position)
    whole = position.astype(np.int32)
    red, green, blue = position - whole
    # From the cell's first corner to its last, along the axis of the largest part first and of the smallest last.
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    between = np.maximum(np.minimum(red, green), np.minimum(np.maximum(red, green), blue))
    steps, last = (np.int32(side * side), np.int32(side), np.int32(1)), np.int32(side * side + side + 1)
    index, weight = np.empty((count, 4), dtype=np.int32), np.empty((count, 4), dtype=np.float32)
    index[:, 0] = first = whole[0] * steps[0] + whole[1] * steps[1] + whole[2]
    index[:, 1] = first + np.where(red == most, steps[0], np.where(green == most, steps[1], steps[2]))
    index[:, 2] = first + last - np.where(blue == least, steps[2], np.where(green == least, steps[1], steps[0]))
    index[:, 3] = first + last
    for corner, share in enumerate((1 - most, most - between, between - least, least)):
        np.multiply(share, level, out=weight[:, corner])
    starts = np.arange(0, 4 * count + 1, 4, dtype=np.int32)
    lookup = csr_array((weight.ravel(), index.ravel(), starts), shape=(count, side**3))
    return np.asarray(lookup @ table.reshape(side**3, -1), dtype=np.float32)
