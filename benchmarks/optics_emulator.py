"""How good the fast model of tissue is: fresh Monte Carlo at tissues drawn evenly over all ranges.

    python benchmarks/optics_emulator.py        prints the card's table

The model itself comes from `dermis train emulator`.
"""

from __future__ import annotations

import time

import numpy as np

from dermis.lab.monte_carlo import layers as layers_of
from dermis.lab.monte_carlo import simulate
from dermis.optics.forward import reflectance
from dermis.optics.tissue import RANGES, Range, Tissue


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
    judge()
