"""How fast the tissue model and its inverses are: the table of speed in docs/concepts/tissue.md.

    python benchmarks/optics_speed.py

How well they do is told by `dermis evaluate --table tissue` and `tissue-emulator`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from dermis.optics.camera_inverse import from_rgb
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import xyz_weights
from dermis.optics.inverse import from_spectrum
from dermis.optics.tissue import PARAMETERS, Tissue


def print_speed() -> None:
    grid = np.linspace(400.0, 1000.0, 61)
    people = draw(100_000, 3)
    single = Tissue(**{name: getattr(people, name).astype(np.float32) for name in PARAMETERS})
    print("| what | rate |\n|---|---|")
    for name, tissue in (("float32", single), ("float64", people)):
        rate = 60 * 100_000 / seconds(lambda tissue=tissue: reflectance(tissue, grid))
        print(f"| forward, 61 bands 400-1000 nm, all parameters vary, {name} | {rate / 1e6:.1f} M spectra a minute |")
    bands = np.arange(400.0, 701.0, 10.0)
    seen = reflectance(draw(2000, 4), bands)
    rate = 2000 / seconds(lambda: from_spectrum(seen, bands))
    print(f"| from_spectrum, 31 bands | {rate:.0f} spectra a second |")
    response = xyz_weights(bands)
    pixels = np.tile(seen @ response, (100, 1))
    print(f"| from_rgb | {len(pixels) / seconds(lambda: from_rgb(pixels, response, bands)):.0f} pixels a second |")


def seconds(task: Callable[[], object]) -> float:
    """Return the shortest of five runs: what the machine can, not what else it was busy with."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        task()
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    print_speed()
