"""`dermis cube info`: what a cube is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from rich.console import Console
from rich.table import Table

from dermis.cli.cube.options import CubePath, Key, Wavelengths
from dermis.cli.cube.options import Points as PointsOption
from dermis.cli.cube.output import Points, opened, points_in, print_object, shown_of, spectra_at, spectrum_rows, warn
from dermis.cli.parser import JsonFlag, verb
from dermis.formats.cubes.cube import check_reflectance, rows_of
from dermis.formats.cubes.cube_file import CubeFile

__all__ = ["info"]

_SAMPLED_LINES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Say what a cube is, and show it.

    With --out: in colour, band by band, and the spectra of points.
    """

    cube: CubePath
    json: JsonFlag = False
    wavelengths: Wavelengths = None
    key: Key = None
    point: PointsOption = ()
    out: Annotated[Path | None, "Write pictures and tables here.", "DIR"] = None


@verb(Options)
def info(options: Options) -> None:
    """Print what a cube is, and write pictures of it."""
    out = options.out
    file = opened(options.cube, options.wavelengths, options.key)
    places = points_in(options.point, file.head.shape)
    found = _facts(file)
    for note in (*file.notes, *filter(None, [check_reflectance(file)])):
        warn(note)
    if places:
        found["points"] = spectrum_rows(spectra_at(file, places), file.head.wavelengths_nm)
    if out is not None:
        found["written"] = [str(one) for one in shown_of(file, out, places)]
    if options.json:
        print_object("info", found)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.items():
        if name != "points":
            table.add_row(name.replace("_", " "), str(value))
    Console(highlight=False).print(table)
    if places and out is None:
        _print_points(places, found["points"])


def _facts(file: CubeFile) -> dict[str, object]:
    height, width, bands = file.head.shape
    nm = file.head.wavelengths_nm
    lines = np.unique(np.linspace(0, height - 1, _SAMPLED_LINES).astype(int))
    sampled = np.concatenate([rows_of(file, int(line), int(line) + 1).reshape(-1) for line in lines])
    finite = sampled[np.isfinite(sampled)]
    spread = np.diff(np.sort(nm))
    return {
        "file": file.path.name,
        "layout": file.layout,
        "height": height,
        "width": width,
        "bands": bands,
        "first_nm": float(nm.min()),
        "last_nm": float(nm.max()),
        "spacing_nm": float(np.median(spread)) if spread.size else None,
        "fwhm_nm": None if file.head.fwhm_nm is None else float(np.median(file.head.fwhm_nm)),
        "numbers": file.dtype.name,
        "quantity": file.head.quantity.value,
        "exposure_s": file.exposure_s,
        "megabytes": round(height * width * bands * file.dtype.itemsize / 1e6, 1),
        "lines_sampled": len(lines),
        "lowest": float(finite.min()) if finite.size else None,
        "mean": float(finite.mean(dtype=np.float64)) if finite.size else None,
        "highest": float(finite.max()) if finite.size else None,
        "not_finite": int(sampled.size - finite.size),
    }


def _print_points(places: Points, rows: object) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("nm", *places):
        table.add_column(name, justify="right")
    assert isinstance(rows, list)
    for row in rows:
        table.add_row(*(f"{value:.4g}" for value in row.values()))
    Console(highlight=False).print(table)
