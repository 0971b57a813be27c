"""What spectra skin has: many normal distributions of log reflectance, each learnt on skin measured alike.

Measurements of skin differ by instrument, gloss, pressure and place as much as by person, and a photo is yet another
measurement. So skin that was measured alike stays together, and no set outweighs the others by its size alone.
Beyond 700 nm, where nothing was measured, the tissue model goes on. Learnt by `skin_prior_fit`; the card lies beside
the numbers, in inference/weights/skin-spectra.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.inference.weights import WEIGHTS

__all__ = ["PRIOR_FILE", "SkinPrior", "draw_skin", "read_prior"]

Floats = NDArray[np.float64]

PRIOR_FILE = WEIGHTS / "skin-spectra" / "prior.npz"
REACH = 2.5
"""Deviations beyond which no draw goes: a normal tail of a logarithm is no skin any more."""
BRIGHTEST = 0.95
SHADING = 0.08
"""Spread of the logarithm of the light that a patch of skin gets, for its tilt and the level of the white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinPrior:
    """Sets of skin that was measured alike, on `wavelengths_nm` (band,).

    means: (set, band) of the natural logarithm of the reflectance. axes: (set, rank, band), its principal axes, each
    as long as one deviation. weights: (set,), how much each counts, summing to 1.
    """

    wavelengths_nm: Floats
    means: Floats
    axes: Floats
    weights: Floats

    def __post_init__(self) -> None:
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(None,))
        bands, sets = len(self.wavelengths_nm), len(self.means)
        hold(self, "means", dtype=np.float64, shape=(None, bands))
        hold(self, "axes", dtype=np.float64, shape=(sets, None, bands))
        hold(self, "weights", dtype=np.float64, shape=(sets,))


@cache
def read_prior() -> SkinPrior:
    """Return the prior that comes with the package."""
    with np.load(PRIOR_FILE) as held:
        return SkinPrior(**{name: held[name].astype(np.float64) for name in SkinPrior.__slots__})


def draw_skin(
    prior: SkinPrior, per_set: int, rng: np.random.Generator, *, shading: float = SHADING
) -> tuple[Floats, Floats]:
    """Return reflectances (set x per_set, band) and their weights, summing to 1: the same number from each set."""
    sets, rank = prior.axes.shape[:2]
    deviations = np.clip(rng.standard_normal((sets, per_set, rank)), -REACH, REACH)
    logs = prior.means[:, None, :] + deviations @ prior.axes
    logs += shading * rng.standard_normal((sets, per_set, 1))
    np.minimum(logs, np.log(BRIGHTEST), out=logs)
    return np.exp(logs).reshape(-1, logs.shape[-1]), np.repeat(prior.weights / per_set, per_set)
