"""A raw scan of 1024 x 1024 x 448 (940 MB) to 62 bands of reflectance: seconds and peak memory beside reading the file.

    python benchmarks/cube_calibrate.py [--folder DIR] [--runs 3]

Each step runs in a process of its own, by turns, with the file out of the page cache (cold) and in it (warm); the best
of `runs` is told, as others may use the machine. `read` streams the file through one buffer of 4 MB, the fastest
reading there is; `load` is numpy.fromfile, the file as an array. `calibrate` is the calibration into an array of 62
bands, references included; `command` is `dermis cube calibrate` with its start and an .npz written.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

WIDTH, BANDS, LINES, REFERENCE_LINES = 1024, 448, 1024, 100
NM = np.linspace(397.0, 1004.0, BANDS)

STEPS = {
    "read": """
buffer = bytearray(1 << 22)
with open(folder / "scan.raw", "rb", buffering=0) as file:
    while file.readinto(buffer):
        pass
""",
    "load": """
import numpy as np
values = np.fromfile(folder / "scan.raw", "<u2")
""",
    "calibrate": """
import numpy as np
from dermis.formats.cubes.cube import open_cube
from dermis.spectra.calibrate import calibrated_rows, calibration
from dermis.spectra.white_dark_reference import read_references
from dermis.spectra.resample import GRIDS
scan, white, dark = (open_cube(folder / f"{name}scan.raw") for name in ("", "WHITEREF_", "DARKREF_"))
plan = calibration(scan, read_references(scan, white, dark), GRIDS["hyper-skin"], panel=0.99)
values, at = np.empty(plan.head.shape, np.float32), 0
for block in calibrated_rows(scan, plan, brightest=np.empty(plan.head.shape[:2], np.uint16)):
    values[at : at + len(block)] = block
    at += len(block)
""",
    "command": """
sys.argv = ["dermis", "cube", "calibrate", str(folder / "scan.raw"), "--out", str(folder / "out.npz")]
from dermis.cli import app
app(standalone_mode=False)
""",
}
HEAD = """
import resource, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
start = time.perf_counter()
"""
TAIL = """
seconds = time.perf_counter() - start
use = resource.getrusage(resource.RUSAGE_SELF)
print(seconds, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, file=sys.stderr)
"""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=None)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        folder = Path(place)
        make(folder)
        size = (folder / "scan.raw").stat().st_size
        print(f"{size / 1e6:.0f} MB, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        for state in ("cold", "warm"):
            found = {name: [] for name in STEPS}
            for _ in range(chosen.runs):
                for name in STEPS:
                    found[name].append(run(name, folder, cold=state == "cold"))
            best = {name: min(times) for name, times in found.items()}
            for name, (seconds, processor, peak) in best.items():
                ratios = f"{seconds / best['read'][0]:5.1f} x read {seconds / best['load'][0]:5.1f} x load"
                print(f"{state} {name:10s} {seconds:6.2f} s  {processor:5.2f} s of processor  {peak:6.0f} MB  {ratios}")


def make(folder):
    """Write a scan and its references: halogen light, uneven optics, noise of a 12-bit sensor."""
    rng = np.random.default_rng(0)
    light = 3000 * np.exp(-0.5 * ((NM - 720) / 180) ** 2) + 60
    signal = light[:, None] * (1 - 0.4 * np.linspace(-1, 1, WIDTH) ** 2)
    noise = rng.normal(0, 1, (8, BANDS, WIDTH))
    skin = (0.2 + 0.5 / (1 + np.exp(-(NM - 600) / 30)))[:, None]
    for name, lines, level in (
        ("DARKREF_scan", REFERENCE_LINES, lambda line: 0.0),
        ("WHITEREF_scan", REFERENCE_LINES, lambda line: 0.99),
        ("scan", LINES, lambda line: skin * (0.7 + 0.3 * np.sin(line / 90))),
    ):
        header = ["ENVI", f"samples = {WIDTH}", f"lines = {lines}", f"bands = {BANDS}", "data type = 12"]
        header += ["interleave = bil", "byte order = 0", "tint = 8.0", f"wavelength = {{{', '.join(map(str, NM))}}}"]
        (folder / f"{name}.hdr").write_text("\n".join([*header, f"fwhm = {{{', '.join(['5.5'] * BANDS)}}}", ""]))
        with (folder / f"{name}.raw").open("wb") as file:
            for line in range(lines):
                counts = 60 + signal * level(line) + 4 * noise[line % 8]
                file.write(np.clip(counts, 0, 4095).astype("<u2").tobytes())
            file.flush()
            os.fsync(file.fileno())


def run(name, folder, *, cold):
    """Return seconds, processor seconds and peak MB of one step in a process of its own."""
    if cold:
        for path in folder.glob("*.raw"):
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    done = subprocess.run(
        [sys.executable, "-c", HEAD + STEPS[name] + TAIL, str(folder)], capture_output=True, text=True, check=True
    )
    return tuple(map(float, done.stderr.split()[-3:]))


if __name__ == "__main__":
    main()
