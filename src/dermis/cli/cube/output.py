"""What the verbs of `dermis cube` share: cubes opened, points read, what is printed and drawn."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.cli.streams import shown_text
from dermis.cli.terminal import progress
from dermis.core import Cube
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import UsageError
from dermis.formats.cubes.cube import open_cube, refuse_no_reflectance, rows_of
from dermis.formats.cubes.cube_file import CubeFile, increasing, row_blocks
from dermis.formats.files import make_folder
from dermis.spectra.resample import band_grid, read_resampled

__all__ = [
    "Points",
    "mask_of",
    "opened",
    "points_in",
    "print_object",
    "shown_of",
    "spectra_at",
    "spectrum_rows",
    "tracked",
    "warn",
    "whole",
    "write_points",
]

Points = dict[str, tuple[int, int]]
"""Pixels (x, y) by the name they were asked for."""


def points_in(texts: Sequence[str], shape: tuple[int, ...]) -> Points:
    """Return the pixels that `X,Y` name; UsageError where one is none or lies outside."""
    found: Points = {}
    for text in texts:
        parts = text.split(",")
        if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
            raise UsageError(f"--point {text} is no pixel.", advice="Write --point X,Y in pixels from the top left.")
        x, y = (int(part) for part in parts)
        if x >= shape[1] or y >= shape[0]:
            raise UsageError(
                f"--point {text} lies outside the cube.", advice=f"It has {shape[1]} columns and {shape[0]} lines."
            )
        found[f"{x},{y}"] = (x, y)
    return found


def print_object(verb: str, found: Mapping[str, object]) -> None:
    """Print one line of JSON; numbers that are not finite become null."""
    print(json.dumps(_plain({"schema": "dermis.cube/2", "verb": verb, **found}), ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def warn(text: str) -> None:
    """Print a remark on stderr."""
    print(f"dermis: {shown_text(text)}", file=sys.stderr)


def spectrum_rows(
    spectra: Mapping[str, NDArray[np.floating]], wavelengths_nm: NDArray[np.float64]
) -> list[dict[str, float]]:
    """Return a row a wavelength: `nm`, and the value of each point by its name."""
    columns = zip(*(spectrum.tolist() for spectrum in spectra.values()), strict=True)
    return [
        {"nm": float(nm), **dict(zip(spectra, map(float, values), strict=True))}
        for nm, values in zip(wavelengths_nm, columns, strict=True)
    ]


def write_points(
    out: Path, wavelengths_nm: NDArray[np.float64], spectra: Mapping[str, NDArray[np.floating]], label: str
) -> list[Path]:
    """Write points.png and points.csv into `out`; return them."""
    from dermis.formats.tables import write_csv
    from dermis.report.page import write
    from dermis.report.spectra import spectra_png

    rows = spectrum_rows(spectra, wavelengths_nm)
    write_csv(out / "points.csv", ["wavelength_nm", *spectra], [list(row.values()) for row in rows])
    named = {name: np.asarray(spectrum, dtype=np.float64) for name, spectrum in spectra.items()}
    picture = write(out / "points.png", spectra_png(wavelengths_nm, named, label.capitalize()))
    return [picture, out / "points.csv"]


_MOST_BANDS = 128
_PREVIEW_BANDS = 61


def opened(path: Path, wavelengths: str | None, key: str | None, *, reflectance: bool = False) -> CubeFile:
    """Open a cube with the wavelengths that the user gave, if any.

    reflectance: say what was decided, and raise InputError for one that calls itself reflectance and is percent or
    counts.
    """
    file = open_cube(path, wavelengths_nm=None if wavelengths is None else band_grid(wavelengths), key=key)
    if reflectance:
        for note in file.notes:
            warn(note)
        refuse_no_reflectance(file)
    return file


def spectra_at(file: CubeFile, places: Points) -> dict[str, NDArray[np.float32]]:
    """Return the spectrum of each point."""
    return {name: rows_of(file, y, y + 1)[0, x] for name, (x, y) in places.items()}


def shown_of(file: CubeFile, out: Path, places: Points) -> list[Path]:
    """Write preview.png, bands.png and, for points, points.png and points.csv; return them."""
    from dermis.formats.images.masks import encode_png
    from dermis.report.page import write
    from dermis.report.spectra import band_grid_png, preview

    make_folder(out)
    cube = whole(file)
    written = [write(out / "preview.png", encode_png(preview(cube)))]
    written.append(write(out / "bands.png", band_grid_png(cube)))
    if places:
        written += write_points(out, file.head.wavelengths_nm, spectra_at(file, places), file.head.quantity.value)
    return written


def whole(file: CubeFile) -> Cube:
    """Return a cube whole, one of very many bands in some sixty that are evenly apart."""
    nm = file.head.wavelengths_nm
    if file.head.shape[2] > _MOST_BANDS:
        inner = np.linspace(nm.min() + 2, nm.max() - 2, _PREVIEW_BANDS)
        return read_resampled(file, inner)
    bands = increasing(nm)
    values = np.concatenate([rows_of(file, at, at + len(block))[:, :, bands] for at, block in row_blocks(file)])
    return Cube(values=values, wavelengths_nm=nm[bands], quantity=file.head.quantity)


def tracked(blocks: Iterable[FloatMap], lines: int, label: str) -> Iterator[FloatMap]:
    """Yield `blocks` of rows behind a progress bar."""
    with progress(lines, label) as bar:
        for block in blocks:
            yield block
            bar.update(bar.task_ids[0], advance=len(block))


def mask_of(path: Path | None, cube: Cube) -> BoolMap | None:
    """Return the mask in a file as a map of the cube, None for none."""
    if path is None:
        return None
    from dermis.formats.images.masks import read_mask

    return read_mask(path, cube.values.shape[1], cube.values.shape[0])
