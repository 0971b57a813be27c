"""The work of `dermis cube compare|chromophores`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dermis.cli.cube_info import opened, points_in, print_object, warn, whole, write_comparison, write_maps
from dermis.core import Cube
from dermis.core.arrays import BoolMap
from dermis.errors import UsageError
from dermis.formats.cubes.cube import read_cube
from dermis.metrics.spectral import SpectralScores
from dermis.spectra.resample import band_grid

__all__ = ["run_chromophores", "run_compare"]


def run_compare(
    target: Path,
    predicted: Path,
    *,
    mask: Path | None,
    wavelengths: str | None,
    key: str | None,
    points: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Print how far `predicted` is from `target`."""
    from dermis.spectra.compare import compare_cubes

    grid = None if wavelengths is None else band_grid(wavelengths)
    true, said = (read_cube(path, wavelengths_nm=grid, key=key) for path in (target, predicted))
    places = points_in(points, true.values.shape)
    found = compare_cubes(true, said, _mask(mask, true))
    if found.excluded:
        warn(f"{found.excluded} pixels are left out: a value there is not finite.")
    for note in found.notes:
        warn(note)
    written: list[Path] = []
    if out is not None:
        written = write_comparison(found, places, out)
    if as_json:
        print_object(
            "compare",
            {
                "pixels": int(np.count_nonzero(found.mask)),
                "excluded": found.excluded,
                "bands": int(found.target.wavelengths_nm.size),
                "scores": asdict(found.scores),
                "challenge": asdict(found.challenge),
                "by_band": [
                    {"nm": float(nm), "rmse": float(rmse), "bias": float(bias), "mrae": float(mrae)}
                    for nm, rmse, bias, mrae in zip(
                        found.target.wavelengths_nm, found.bands.rmse, found.bands.bias, found.bands.mrae, strict=True
                    )
                ],
                "written": [str(one) for one in written],
            },
        )
        return
    _print_scores(found.scores, found.challenge, int(np.count_nonzero(found.mask)))


def _print_scores(scores: SpectralScores, challenge: SpectralScores, pixels: int) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("figure", "ours", "challenge", "where the challenge's differs"):
        table.add_column(title, justify="left" if title in ("figure", "where the challenge's differs") else "right")
    words = {
        "sam_rad": ("SAM, rad", "32 bits; pixels predicted as zero drop out"),
        "ssim": ("SSIM", "the background counts as equal; range of the two cubes"),
        "mrae": ("MRAE", "divides by a truth that may be zero"),
        "rmse": ("RMSE", "averages over the background, too"),
        "psnr_db": ("PSNR, dB", "half the squared error: 3.01 dB high"),
    }
    for name, (title, why) in words.items():
        table.add_row(title, f"{getattr(scores, name):.4f}", f"{getattr(challenge, name):.4f}", why)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{pixels} pixels.[/dim]")


def _mask(path: Path | None, cube: Cube) -> BoolMap | None:
    if path is None:
        return None
    from dermis.formats.images.masks import read_mask

    return read_mask(path, cube.values.shape[1], cube.values.shape[0])


def run_chromophores(
    path: Path,
    out: Path,
    *,
    mask: Path | None,
    method: str,
    wavelengths: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Write maps of what colours the skin, and print their medians."""
    from dermis.spectra.chromophore_maps import chromophore_maps, unmixed_maps

    methods = {"physical": chromophore_maps, "unmixing": unmixed_maps}
    if method not in methods:
        raise UsageError(f"No method is called {method!r}.", advice=f"Known: {', '.join(methods)}.")
    cube = whole(opened(path, wavelengths, key))
    if np.nanmax(cube.values) > 10:
        raise UsageError(f"{path.name} holds no reflectance.", advice="Calibrate it first: dermis cube calibrate.")
    maps = methods[method](cube, _mask(mask, cube))
    written = write_maps(maps, out)
    found = {
        name: {
            "median": float(np.nanmedian(values)),
            "low": float(np.nanmedian(maps.low[name])) if name in maps.low else None,
            "high": float(np.nanmedian(maps.high[name])) if name in maps.high else None,
            "identifiable_share": maps.identifiable.get(name),
        }
        for name, values in maps.values.items()
    }
    if as_json:
        print_object(
            "chromophores",
            {
                "method": method,
                "maps": found,
                "level": maps.level if maps.low else None,
                "written": [str(one) for one in written],
            },
        )
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("map", "median", "interval", "measured"):
        table.add_column(title)
    for name, one in found.items():
        interval = "-" if one["low"] is None else f"{one['low']:.3g} to {one['high']:.3g}"
        measured = "-" if one["identifiable_share"] is None else f"{one['identifiable_share']:.0%}"
        table.add_row(name, f"{one['median']:.3g}", interval, measured)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{out}: {', '.join(path.name for path in written)}[/dim]")
