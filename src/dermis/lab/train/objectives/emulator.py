"""The fit of the fast model of tissue, `dermis.optics.forward`: Monte Carlo runs, and a small network fitted to them.

The reflectance of a turbid layer on an infinitely thick one depends on five plain numbers (see
`dermis.optics.forward`). A run draws three of them (scattering depth, refractive index, anisotropy), follows
photons without absorption and then serves any absorption by Beer-Lambert along the recorded paths. Runs come in
tiers of dermal absorption, since weak absorption needs long paths of few photons, strong absorption short paths
of many. 256 runs take ten minutes on one core, the fit one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.formats.files import write_arrays
from dermis.lab.monte_carlo import Layer, escape_paths_cm, reweighted_reflectance
from dermis.lab.train.recipe import Recipe
from dermis.optics.forward import EMULATOR_FILE, features

__all__ = ["fit_emulator", "fit_table", "monte_carlo_runs"]

_Floats = NDArray[np.float64]

DOMAIN = {
    "absorption_depth": (2e-4, 13.0),
    "scattering_depth": (4e-3, 4.0),
    "dermis_ratio": (2e-4, 14.0),
    "refractive_index": (1.355, 1.465),
    "anisotropy": (0.72, 0.915),
}
TIERS = ((2e-4, 2e-3, 3_000), (2e-3, 2e-2, 9_000), (2e-2, 0.2, 28_000), (0.2, 14.0, 90_000))
"""Dermal absorption from and to, and how many photons."""
DRAWS, HIDDEN, START_SEED, DECAY = 40, 16, 7, 1e-7
_KEPT_EVERY = 10


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the network to `out`; return how far it is off runs that it was not fitted to, as a share."""
    numbers = recipe.fit
    runs = monte_carlo_runs(int(numbers["runs"]), photons=numbers["photons"], seed=recipe.seed)
    arrays, figures = fit_emulator(runs, steps=int(numbers["steps"]))
    write_arrays(out / EMULATOR_FILE.name, arrays)
    return {"points": float(runs.shape[0] * runs.shape[1]), **figures}


def monte_carlo_runs(count: int, *, photons: float = 1.0, seed: int) -> _Floats:
    """Return points (count x tiers, draws, 7): the five numbers, the reflectance and its standard error.

    photons: share of those in `TIERS`.
    """
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    rows = []
    for share in qmc.Sobol(3, seed=seed).random(count):
        depth = float(_log_between(DOMAIN["scattering_depth"], share[0]))
        index, g = (
            low + part * (high - low)
            for part, (low, high) in zip(share[1:], (DOMAIN["refractive_index"], DOMAIN["anisotropy"]), strict=True)
        )
        for low, high, most in TIERS:
            many = max(round(most * photons), 10)
            paths = escape_paths_cm(
                _layers(low, depth, index, g), photons=many, seed=int(rng.integers(2**31)), depth=9.0
            )
            ratio = _log_between((low, high), rng.random(DRAWS))
            absorption = _log_between(DOMAIN["absorption_depth"], rng.random(DRAWS))
            mu_a = np.stack([absorption / depth, ratio], axis=-1)
            mean = reweighted_reflectance(paths, mu_a, many, 0.0)
            square = reweighted_reflectance(paths, 2.0 * mu_a, many, 0.0)
            error = np.sqrt(np.maximum(square - mean**2, 0.0) / many)
            same = np.ones(DRAWS)
            rows.append(np.stack([absorption, depth * same, ratio, index * same, g * same, mean, error], axis=-1))
    return np.array(rows, dtype=np.float64)


def fit_emulator(runs: _Floats, *, steps: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the arrays of `dermis.optics.forward.EMULATOR_FILE`, and the error on each tenth run, kept aside.

    By L-BFGS on squared errors over (noise of the run, 0.3 % of the value, 0.0002).
    """
    kept = np.arange(len(runs)) // len(TIERS) % _KEPT_EVERY == _KEPT_EVERY - 1
    shape = [(5, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN, 1), (1,)]
    x, goal, sigma = _table(runs[~kept].reshape(-1, 7))
    centre, scale = x.mean(axis=0), x.std(axis=0)
    weights = _minimised((x - centre) / scale, goal, sigma, shape, steps)
    figures = {}
    if kept.any():
        seen, right, _ = _table(runs[kept].reshape(-1, 7))
        off = _network(weights, (seen - centre) / scale)[-1] / right - 1.0
        figures = {"aside_rms": float(np.sqrt(np.mean(off[right > 0.02] ** 2)))}
    first = weights[0] / scale[:, None]
    arrays = {"w1": first, "b1": weights[1] - centre @ first, "w2": weights[2], "b2": weights[3]}
    arrays |= {"w3": weights[4][:, 0], "b3": weights[5][0]}
    return {name: np.asarray(value) for name, value in arrays.items()}, figures


def _log_between(bounds: tuple[float, float], share: _Floats) -> _Floats:
    low, high = np.log(bounds)
    return np.asarray(np.exp(low + share * (high - low)))


def _layers(ratio: float, depth: float, index: float, g: float) -> list[Layer]:
    """Two layers whose reduced scattering is 1 per cm, the upper `depth` thick."""
    mu_s = 1.0 / (1.0 - g)
    upper = Layer(mu_a_per_cm=0.0, mu_s_per_cm=mu_s, g=g, refractive_index=index, thickness_cm=depth)
    lower = Layer(mu_a_per_cm=ratio, mu_s_per_cm=mu_s, g=g, refractive_index=index, thickness_cm=np.inf)
    return [upper, lower]


def _table(rows: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    goal, noise = rows[:, 5], rows[:, 6]
    return features(*rows[:, :5].T), goal, np.sqrt(noise**2 + (0.003 * goal + 2e-4) ** 2)


def _network(weights: Sequence[_Floats], x: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    w1, b1, w2, b2, w3, b3 = weights
    one = np.tanh(x @ w1 + b1)
    two = np.tanh(one @ w2 + b2)
    return one, two, 1.0 / (1.0 + np.exp(-(two @ w3)[:, 0] - b3))


def _minimised(
    x: _Floats, goal: _Floats, sigma: _Floats, shape: Sequence[tuple[int, ...]], steps: int
) -> list[_Floats]:
    from scipy.optimize import minimize

    rng = np.random.default_rng(START_SEED)
    start = [rng.normal(0, s[0] ** -0.5, s) if len(s) == 2 else np.zeros(s) for s in shape]
    cuts = np.cumsum([part.size for part in start])[:-1]

    def unpack(flat: _Floats) -> list[_Floats]:
        return [part.reshape(s) for part, s in zip(np.split(flat, cuts), shape, strict=True)]

    def loss(flat: _Floats) -> tuple[float, _Floats]:
        weights = unpack(flat)
        one, two, out = _network(weights, x)
        off = (out - goal) / sigma
        back = (off / sigma * out * (1 - out) / goal.size)[:, None]
        to_two = (back @ weights[4].T) * (1 - two**2)
        to_one = (to_two @ weights[2].T) * (1 - one**2)
        slopes = [x.T @ to_one, to_one.sum(0), one.T @ to_two, to_two.sum(0), two.T @ back, back.sum(0)]
        slope = np.concatenate([part.ravel() for part in slopes]) + 2 * DECAY * flat
        return float(0.5 * np.mean(off**2) + DECAY * flat @ flat), slope

    found = minimize(
        loss, np.concatenate([p.ravel() for p in start]), jac=True, method="L-BFGS-B",
        options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": 30},
    )  # fmt: skip
    return unpack(found.x)
