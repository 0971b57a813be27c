"""How the fast model was made: Monte Carlo runs, a small network fitted to them, and its figures.

    python benchmarks/optics_emulator.py runs runs.npz          about 10 minutes on one core
    python benchmarks/optics_emulator.py train runs.npz         writes src/dermis/optics/data/emulator.npz
    python benchmarks/optics_emulator.py judge                  prints the card's table

The reflectance of a turbid layer on an infinitely thick one depends on five plain numbers (see
`dermis.optics.forward`). A run draws three of them (scattering depth, refractive index, anisotropy), follows
photons without absorption and then serves any absorption by Beer-Lambert along the recorded paths. Runs come in
tiers of dermal absorption, since weak absorption needs long paths of few photons, strong absorption short paths
of many.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from dermis.lab.monte_carlo import Layer, escape_paths_cm, reweighted_reflectance, simulate
from dermis.lab.monte_carlo import layers as layers_of
from dermis.optics.forward import EMULATOR_FILE, features, reflectance
from dermis.optics.tissue import RANGES, Range, Tissue

DOMAIN = {
    "absorption_depth": (2e-4, 13.0),
    "scattering_depth": (4e-3, 4.0),
    "dermis_ratio": (2e-4, 14.0),
    "refractive_index": (1.355, 1.465),
    "anisotropy": (0.72, 0.915),
}
TIERS = ((2e-4, 2e-3, 3_000), (2e-3, 2e-2, 9_000), (2e-2, 0.2, 28_000), (0.2, 14.0, 90_000))
RUNS, DRAWS, HIDDEN = 256, 40, 16


def log_between(bounds: tuple[float, float], share: np.ndarray) -> np.ndarray:
    low, high = np.log(bounds)
    return np.exp(low + share * (high - low))


def layers(ratio: float, depth: float, index: float, g: float, absorption: float = 0.0) -> list[Layer]:
    """Two layers whose reduced scattering is 1 per cm, the upper `depth` thick."""
    mu_s = 1.0 / (1.0 - g)
    upper = Layer(mu_a_per_cm=absorption / depth, mu_s_per_cm=mu_s, g=g, refractive_index=index, thickness_cm=depth)
    lower = Layer(mu_a_per_cm=ratio, mu_s_per_cm=mu_s, g=g, refractive_index=index, thickness_cm=np.inf)
    return [upper, lower]


def make_runs(path: Path) -> None:
    from scipy.stats import qmc

    rng = np.random.default_rng(20250)
    rows, begun = [], time.time()
    for share in qmc.Sobol(3, seed=20250).random(RUNS):
        depth = float(log_between(DOMAIN["scattering_depth"], share[0]))
        index, g = (
            low + part * (high - low)
            for part, (low, high) in zip(share[1:], (DOMAIN["refractive_index"], DOMAIN["anisotropy"]), strict=True)
        )
        for low, high, photons in TIERS:
            paths = escape_paths_cm(
                layers(low, depth, index, g), photons=photons, seed=int(rng.integers(2**31)), depth=9.0
            )
            ratio = log_between((low, high), rng.random(DRAWS))
            absorption = log_between(DOMAIN["absorption_depth"], rng.random(DRAWS))
            mu_a = np.stack([absorption / depth, ratio], axis=-1)
            mean = reweighted_reflectance(paths, mu_a, photons, 0.0)
            square = reweighted_reflectance(paths, 2.0 * mu_a, photons, 0.0)
            error = np.sqrt(np.maximum(square - mean**2, 0.0) / photons)
            same = np.ones(DRAWS)
            rows.append(np.stack([absorption, depth * same, ratio, index * same, g * same, mean, error], axis=-1))
    np.savez_compressed(path, runs=np.array(rows, dtype=np.float64))
    print(f"{RUNS} runs, {time.time() - begun:.0f} s")


def train(path: Path, hidden: int = HIDDEN, target: Path = EMULATOR_FILE) -> None:
    """Fit the network by L-BFGS on squared errors over the noise of the runs; the last tenth stops it."""
    runs = np.load(path)["runs"].reshape(RUNS, -1, 7)
    held = np.arange(RUNS) % 10 == 9
    shape = [(5, hidden), (hidden,), (hidden, hidden), (hidden,), (hidden, 1), (1,)]
    x, goal, sigma = table(runs[~held].reshape(-1, 7))
    centre, scale = x.mean(axis=0), x.std(axis=0)
    weights = minimise((x - centre) / scale, goal, sigma, shape, iterations=4000)
    x_held, goal_held, _ = table(runs[held].reshape(-1, 7))
    residual = network(weights, (x_held - centre) / scale)[-1] / goal_held - 1.0
    print(f"held-out runs, diffuse > 0.02: RMS {np.sqrt(np.mean(residual[goal_held > 0.02] ** 2)):.4f}")
    first = weights[0] / scale[:, None]
    arrays = {"w1": first, "b1": weights[1] - centre @ first, "w2": weights[2], "b2": weights[3]}
    arrays |= {"w3": weights[4][:, 0], "b3": weights[5][0]}
    np.savez_compressed(target, **{name: np.asarray(value) for name, value in arrays.items()})


def table(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = features(*rows[:, :5].T)
    goal, noise = rows[:, 5], rows[:, 6]
    return x, goal, np.sqrt(noise**2 + (0.003 * goal + 2e-4) ** 2)


def network(weights: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    w1, b1, w2, b2, w3, b3 = weights
    one = np.tanh(x @ w1 + b1)
    two = np.tanh(one @ w2 + b2)
    return one, two, 1.0 / (1.0 + np.exp(-(two @ w3)[:, 0] - b3))


def minimise(
    x: np.ndarray, goal: np.ndarray, sigma: np.ndarray, shape: list[tuple[int, ...]], iterations: int
) -> list[np.ndarray]:
    from scipy.optimize import minimize

    rng = np.random.default_rng(7)
    start = [rng.normal(0, s[0] ** -0.5, s) if len(s) == 2 else np.zeros(s) for s in shape]
    cuts = np.cumsum([part.size for part in start])[:-1]

    def unpack(flat: np.ndarray) -> list[np.ndarray]:
        return [part.reshape(s) for part, s in zip(np.split(flat, cuts), shape, strict=True)]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = unpack(flat)
        one, two, out = network(weights, x)
        off = (out - goal) / sigma
        back = (off / sigma * out * (1 - out) / goal.size)[:, None]
        to_two = (back @ weights[4].T) * (1 - two**2)
        to_one = (to_two @ weights[2].T) * (1 - one**2)
        slopes = [x.T @ to_one, to_one.sum(0), one.T @ to_two, to_two.sum(0), two.T @ back, back.sum(0)]
        decay = 1e-7
        slope = np.concatenate([part.ravel() for part in slopes]) + 2 * decay * flat
        return float(0.5 * np.mean(off**2) + decay * flat @ flat), slope

    options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30}
    found = minimize(loss, np.concatenate([p.ravel() for p in start]), jac=True, method="L-BFGS-B", options=options)
    print(f"loss {found.fun:.4f} after {found.nit} steps")
    return unpack(found.x)


def judge(points: int = 200, photons: int = 100_000, seed: int = 99) -> None:
    """Compare `forward.reflectance` with fresh Monte Carlo at tissues drawn evenly over all of RANGES."""
    rng = np.random.default_rng(seed)
    begun = time.time()
    rows = np.array([compare(rng, photons) for _ in range(points)])
    fast, reference, error, specular = rows.T
    print(f"{points} tissues and wavelengths, {photons} photons each, {time.time() - begun:.0f} s\n")
    print("| quantity | points | RMS of relative difference | of that, Monte Carlo noise | 95th percentile |")
    print("|---|---|---|---|---|")
    for name, offset, least in (
        ("reflectance, specular included", 0.0, 0.0),
        ("diffuse only, above 0.02", 1.0, 0.02),
    ):
        seen = reference - offset * specular
        kept = seen > least
        off, noise = ((fast - reference) / seen)[kept], (error / seen)[kept]
        figures = np.sqrt(np.mean(off**2)), np.sqrt(np.mean(noise**2)), np.percentile(np.abs(off), 95)
        print(f"| {name} | {kept.sum()} | " + " | ".join(f"{100 * figure:.2f} %" for figure in figures) + " |")
    print(f"\nabsolute: RMS {np.sqrt(np.mean((fast - reference) ** 2)):.5f}, bias {np.mean(fast - reference):+.5f}")


def compare(rng: np.random.Generator, photons: int) -> tuple[float, float, float, float]:
    """Return fast and reference reflectance, the latter's standard error, and the specular part."""
    tissue = Tissue(**{name: evenly(span, rng.random()) for name, span in RANGES.items()})
    wavelength = rng.uniform(400.0, 1000.0)
    flux = simulate(layers_of(tissue, wavelength), photons=photons, seed=int(rng.integers(2**31)))
    fast = float(reflectance(tissue, [wavelength])[0])
    return fast, flux.reflectance, flux.diffuse_error, flux.specular


def evenly(span: Range, share: float) -> float:
    if span.logarithmic:
        return float(span.low * (span.high / span.low) ** share)
    return span.low + share * (span.high - span.low)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["runs", path]:
            make_runs(Path(path))
        case ["train", path]:
            train(Path(path))
        case ["judge"]:
            judge()
        case _:
            sys.exit(__doc__)
