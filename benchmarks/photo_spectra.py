"""How fast photos become spectra: the table of speed in docs/concepts/spectra.md.

    python benchmarks/photo_spectra.py

How well they do is told by `dermis evaluate --table spectra-people` and `spectra-photos`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import resource
import time
from collections.abc import Callable

import numpy as np

from dermis.core import Encoding, Origin, Photo
from dermis.lab.train.objectives.skin_prior import ALL_NM
from dermis.optics.camera import find_camera, response
from dermis.optics.illuminant import find_illuminant
from dermis.spectra.prior import draw_skin, read_prior
from dermis.spectra.reconstruct import reconstruct_skin

SEED = 7


def large_photo() -> Photo:
    spectra, _ = draw_skin(read_prior(), 200, np.random.default_rng(SEED))
    pixels = spectra @ response(find_camera("Nikon D5100"), find_illuminant("D65"), ALL_NM)
    rows = np.random.default_rng(SEED).integers(len(pixels), size=1024 * 1024)
    return Photo(
        pixels=pixels[rows].reshape(1024, 1024, 3).astype(np.float32),
        encoding=Encoding.CAMERA_LINEAR,
        origin=Origin(bits=16),
    )


def print_speed() -> None:
    """1024 x 1024 pixels to 61 bands: ours, then MST++ in PyTorch, in one run."""
    photo, mask = large_photo(), np.ones((1024, 1024), dtype=np.bool_)
    camera, light = find_camera("Nikon D5100"), find_illuminant("D65")
    ours_s = [timed(lambda: reconstruct_skin(photo, mask, camera=camera, light=light)) for _ in range(7)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("### 1024 x 1024 to 61 bands, two processor cores\n")
    print("| method | seconds: median, least | processor seconds, median | peak memory, GB |\n|---|---|---|---|")
    print(f"| ours, with learning the estimator for camera and light | {said(ours_s)} | {peak:.2f} |")

    import torch

    from dermis.lab.networks.spectral import mst_plus_plus

    torch.set_num_threads(2)
    network = mst_plus_plus(3, 61).eval()
    # A sixteenth of the picture: the network's work grows with the pixels, its attention is between bands.
    piece = np.ascontiguousarray(photo.pixels[:256, :256].transpose(2, 0, 1))
    picture = torch.from_numpy(piece)[None]
    with torch.inference_mode():
        network(picture)
        network_s = [tuple(16 * np.array(timed(lambda: network(picture)))) for _ in range(3)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| MST++ in PyTorch, 32 bits, 16 times a piece of 256 x 256 | {said(network_s)} | {peak:.2f} |")
    times, works = (np.median(np.array(network_s), axis=0) / np.median(np.array(ours_s), axis=0))[:2]
    print(f"\nOurs takes a {times:.0f}th of the time and a {works:.0f}th of the work of the processor.\n")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that passed and the seconds that the processor worked."""
    start, worked = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - worked


def said(seconds: list[tuple[float, float]]) -> str:
    passed, worked = np.array(seconds).T
    return f"{np.median(passed):.2f}, {passed.min():.2f} | {np.median(worked):.2f}"


if __name__ == "__main__":
    print_speed()
