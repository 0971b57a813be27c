"""`dermis cube compare`: how far a cube is from the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from dermis.cli.cube.options import Key, Mask, Wavelengths
from dermis.cli.cube.options import Points as PointsOption
from dermis.cli.cube.output import Points, mask_of, opened, points_in, print_object, warn, write_points
from dermis.cli.parser import JsonFlag, verb
from dermis.formats.cubes.cube import read_cube
from dermis.formats.files import make_folder
from dermis.formats.images.masks import encode_png
from dermis.formats.tables import write_csv
from dermis.metrics.spectral import SpectralScores
from dermis.report.page import write
from dermis.report.spectra import band_errors_png, map_png, preview, scale_of
from dermis.spectra.compare import CubeComparison, compare_cubes
from dermis.spectra.resample import band_grid

__all__ = ["compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Say how far a cube is from the truth.

    SAM, SSIM, MRAE, RMSE and PSNR, each in our counting and in that of the Hyper-Skin challenge;
    docs/concepts/cubes.md says where they differ and why.
    """

    target: Annotated[Path, typer.Argument(metavar="TRUTH", help="The cube that is true.")]
    predicted: Annotated[Path, typer.Argument(metavar="CUBE", help="The cube to judge.")]
    mask: Mask = None
    wavelengths: Wavelengths = None
    key: Key = None
    point: PointsOption = ()
    out: Annotated[Path | None, "Write pictures and tables here.", "DIR"] = None
    json: JsonFlag = False


@verb(Options)
def compare(options: Options) -> None:
    """Print how far a cube is from the truth."""
    grid = None if options.wavelengths is None else band_grid(options.wavelengths)
    for path in (options.target, options.predicted):
        opened(path, options.wavelengths, options.key, reflectance=True)
    true, said = (read_cube(path, wavelengths_nm=grid, key=options.key) for path in (options.target, options.predicted))
    places = points_in(options.point, true.values.shape)
    found = compare_cubes(true, said, mask_of(options.mask, true))
    if found.excluded:
        warn(f"{found.excluded} pixels are left out: a value there is not finite.")
    for note in found.notes:
        warn(note)
    written: list[Path] = []
    if options.out is not None:
        written = _write(found, places, options.out)
    if options.json:
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


def _write(found: CubeComparison, places: Points, out: Path) -> list[Path]:
    """Write both previews, the SAM map, the errors by band and the spectra of points into `out`; return them."""
    make_folder(out)
    nm = found.target.wavelengths_nm
    top = scale_of([found.angles_rad])[1]
    written = [
        write(out / "truth.png", encode_png(preview(found.target))),
        write(out / "cube.png", encode_png(preview(found.predicted))),
        write(out / "sam.png", map_png(found.angles_rad, 0.0, top, "Spectral angle, rad")),
        write(out / "bands.png", band_errors_png(nm, found.bands)),
    ]
    columns = ("wavelength_nm", "rmse", "bias", "mrae")
    write_csv(
        out / "bands.csv", columns, list(zip(nm, found.bands.rmse, found.bands.bias, found.bands.mrae, strict=True))
    )
    if places:
        both = {
            f"{name} {kind}": cube.values[y, x]
            for name, (x, y) in places.items()
            for kind, cube in (("truth", found.target), ("cube", found.predicted))
        }
        written += write_points(out, nm, both, found.target.quantity.value)
    return [*written, out / "bands.csv"]
