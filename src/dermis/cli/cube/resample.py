"""`dermis cube resample`: a cube in other bands."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.cli.cube.options import Bands, Bandwidth, CubeOut, CubePath, Fwhm, Key, Wavelengths
from dermis.cli.cube.output import opened, print_object, tracked
from dermis.cli.parser import JsonFlag, verb
from dermis.errors import UsageError
from dermis.formats.cubes.cube import check_out, write_rows
from dermis.formats.cubes.cube_file import CubeHead
from dermis.spectra.resample import band_grid, resampled_rows, resampling

__all__ = ["resample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Put a cube into other bands.

    As a sensor with those bands would have measured it.
    """

    cube: CubePath
    out: CubeOut
    bands: Bands = "hyper-skin"
    fwhm: Fwhm = None
    bandwidth: Bandwidth = None
    wavelengths: Wavelengths = None
    key: Key = None
    json: JsonFlag = False


@verb(Options)
def resample(options: Options) -> None:
    """Write a cube in other bands."""
    out, bands = options.out, options.bands
    file = opened(options.cube, options.wavelengths, options.key)
    check_out(out)
    own = file.head.wavelengths_nm
    if bands.strip().lower() == "all":
        raise UsageError("`all` names the cube's own bands.", advice="Name others, such as --bands 61.")
    grid = band_grid(bands)
    weights = resampling(
        own, grid, fwhm_nm=file.head.fwhm_nm if options.fwhm is None else options.fwhm, bandwidth_nm=options.bandwidth
    )
    head = CubeHead(shape=(*file.head.shape[:2], grid.size), wavelengths_nm=grid, quantity=file.head.quantity)
    write_rows(out, head, tracked(resampled_rows(file, weights), head.shape[0], "resampling"))
    found = {"out": str(out), "bands": int(grid.size), "first_nm": float(grid[0]), "last_nm": float(grid[-1])}
    if options.json:
        print_object("resample", found)
    else:
        print(f"{out}: {grid.size} bands, {grid[0]:g}-{grid[-1]:g} nm.")
