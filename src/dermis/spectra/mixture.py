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
_CORNERS = np.array([[red, green, blue] for red in (0, 1) for green in (0, 1) for blue in (0, 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRegression:
    """The kinds (k): log weight, middle (k, 3), precision (k, 3, 3) of the inputs, line (k, 4, output) from them."""

    log_weight: Floats
    middle: Floats
    precision: Floats
    line: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """Return the expected outputs (n, output) at `inputs` (n, 3)."""
        share = np.empty((len(self.middle), len(inputs)))
        said = np.empty((len(self.middle), len(inputs), self.line.shape[2]))
        for kind, (weight, middle, precision, line) in enumerate(
            zip(self.log_weight, self.middle, self.precision, self.line, strict=True)
        ):
            off = inputs - middle
            squared = np.einsum("ni,ij,nj->n", off, precision, off)
            share[kind] = weight - 0.5 * squared
            off *= np.minimum(1.0, FURTHEST / np.sqrt(np.maximum(squared, 1e-9)))[:, None]
            said[kind] = line[0] + off @ line[1:]
        share = np.exp(share - share.max(axis=0))
        share /= share.sum(axis=0)
        return np.asarray(np.einsum("kn,kno->no", share, said))


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


def look_up(table: FloatMap, reach: float, inputs: FloatMap) -> FloatMap:
    """Return the outputs (n, output) at `inputs` (n, 3) within `reach`, straight between the places of the table."""
    from scipy.sparse import csr_array  # late: only spectra need it

    side = len(table)
    position = (inputs + np.float32(reach)) * np.float32((side - 1) / (2.0 * reach))
    np.clip(position, 0, np.float32(side - 1.001), out=position)
    whole = position.astype(np.int32)
    part = position - whole
    strides = np.array([side * side, side, 1], dtype=np.int32)
    index = (whole @ strides)[:, None] + (_CORNERS @ strides).astype(np.int32)
    ends = np.stack([1 - part, part])
    weight = (ends[:, None, None, :, 0] * ends[None, :, None, :, 1] * ends[None, None, :, :, 2]).reshape(8, -1).T
    starts = np.arange(0, 8 * len(inputs) + 1, 8, dtype=np.int32)
    lookup = csr_array((np.ascontiguousarray(weight).ravel(), index.ravel(), starts), shape=(len(inputs), side**3))
    return np.asarray(lookup @ table.reshape(side**3, -1), dtype=np.float32)
