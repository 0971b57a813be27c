"""`dermis spectra`: from a photo to a cube on disk, a few words or one line of JSON, and a page to look into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from dermis.cli.parser import JsonFlag, verb
from dermis.core import Photo
from dermis.core.arrays import BoolMap
from dermis.errors import UsageError
from dermis.formats.cubes.cube import check_out, write_cube
from dermis.formats.files import make_folder
from dermis.formats.images.masks import read_mask
from dermis.formats.images.photo import read_photo
from dermis.pipeline.spectra import reconstruct
from dermis.spectra.reconstruct import MeasuredBand, Reconstruction
from dermis.spectra.resample import band_grid

__all__ = ["SCHEMA", "spectra"]

SCHEMA = "dermis.spectra/2"
FEW = 0.5
"""Below this share of known colours the answer as a whole is doubted."""
SHOWN_NM = (450.0, 550.0, 650.0, 850.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Estimate the reflectance of skin in a photo, 400-1000 nm.

    Every pixel of skin gets its spectrum with 90 % intervals.

    \b
    dermis spectra selfie.jpg --out skin.npz --report page        an ordinary photo
    dermis spectra raw.png --out skin.h5 --linear --camera canon.csv --illuminant D65
    dermis spectra patches.tif --out p.npz --linear --camera "Nikon D5100" --illuminant lamp.csv --white 0.9 --mask all

    --linear: pixels proportional to light, white balance not applied (16-bit PNG or TIFF). Tables: a camera has
    wavelength_nm,red,green,blue, a light wavelength_nm,power; any grid that covers 420-680 nm. Pixels that are not in
    the mask are NaN in the cube. .npz and .h5 hold values, wavelengths_nm, mask, known, interval_scale and
    interval_half_width: an interval goes below and above the value by interval_scale[y, x, :, None] *
    interval_half_width, the lower side first.

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 the photo could not be used.
    """

    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The photo.")]
    out: Annotated[Path, "Where to write it: .npz, .h5, .mat, .hdr or .npy.", "CUBE"]
    camera: Annotated[str | None, "The camera, if known.", "NAME|CSV"] = None
    illuminant: Annotated[str | None, "The light, if known: D65, A, FL11, ...", "NAME|CSV"] = None
    linear: Annotated[bool, "Pixels are linear camera values."] = False
    white: Annotated[float | None, "Pixel value (0-1) of a white, in its brightest channel.", "V"] = None
    reference: Annotated[str | None, "A patch of known colour (grey card).", "X,Y,W,H=#RRGGBB"] = None
    mask: Annotated[str | None, "Every pixel, or where this picture is bright.", "all|PNG"] = None
    close_up: Annotated[bool, "Look for no face: take all skin in view."] = False
    band: Annotated[str | None, "A picture of the same pixels at one wavelength.", "NM=PICTURE"] = None
    site: Annotated[str, "Where the skin is: face or forearm.", "SITE"] = "face"
    bands: Annotated[str, "61, vis, nir, FIRST:LAST:STEP, A,B,C or a CSV; in 400-1000 nm.", "BANDS"] = "61"
    json: JsonFlag = False
    report: Annotated[Path | None, "Write spectra.html here: click a pixel, see it.", "DIR"] = None


@verb(Options)
def spectra(options: Options) -> None:
    """Reconstruct, write, say."""
    report = options.report
    start = perf_counter()
    if options.close_up and options.mask is not None:
        raise UsageError("--close-up and --mask were given.", advice="Give one; a mask says where the skin is.")
    check_out(options.out)
    grid = np.unique(band_grid(options.bands))
    # A single patch of colour is a picture, too; a face needs more.
    photo = read_photo(options.photo, linear=options.linear, fewest_px=1 if options.mask is not None else 64)
    read_s = perf_counter() - start
    found = reconstruct(
        photo,
        camera=options.camera,
        illuminant=options.illuminant,
        white=options.white,
        reference=options.reference,
        mask=_mask(options.mask, photo),
        close_up=options.close_up,
        wavelengths_nm=grid,
        band=_band(options.band),
        site=options.site,
    )
    estimated_s = perf_counter() - start - read_s
    written = write_cube(
        options.out,
        found,
        interval_scale=found.interval_scale,
        interval_half_width=found.interval_half_width,
        interval_level=found.level,
        mask=found.mask,
        known=found.known,
    )
    page = None
    if report is not None:
        from dermis.report.spectra import write_spectra_page  # late: it draws

        make_folder(report)
        page = write_spectra_page(found, photo, report / "spectra.html")
    total_s = perf_counter() - start
    seconds = {"read": read_s, "spectra": estimated_s, "write": total_s - read_s - estimated_s, "total": total_s}
    if options.json:
        said = spectra_object(found, photo, options.photo.name, written, page, seconds)
        print(json.dumps(said, ensure_ascii=False, allow_nan=False))
    else:
        _say(found, photo, written, page)


def warnings_of(found: Reconstruction, photo: Photo) -> list[str]:
    """Return what the user should know before the spectra are used."""
    said = []
    if found.known_share < 1:
        doubt = "This is hardly skin: do not use the spectra." if found.known_share < FEW else "Leave them out."
        share = 1 - found.known_share
        said.append(
            f"{share:.1%} of the pixels have colours that no skin was learnt to have; `known` marks the others. {doubt}"
        )
    if not found.level_known:
        said.append(
            "The level is the photo's own, exposure and tone curve included; the shape is what counts. "
            "A grey card (--reference) tells the level."
        )
    elif found.camera is None or found.light is None:
        said.append("Camera and light are not both known, so the spectra are wide guesses; see the intervals.")
    if found.wavelengths_nm[-1] > 720:
        said.append("Beyond 700 nm no camera looked: the spectra there are what skin of that colour usually has.")
    if found.values.shape[0] != photo.height_px:
        said.append(f"The photo was reduced to {found.values.shape[1]} x {found.values.shape[0]} px.")
    return said


def spectra_object(
    found: Reconstruction, photo: Photo, name: str, cube: Path, page: Path | None, seconds: dict[str, float]
) -> dict[str, Any]:
    """Return what was done and found as plain values, schema `dermis.spectra/2`."""
    height, width, bands = found.values.shape
    mean, low, high = _mean(found)
    half_width = None if low is None or high is None else (high - low) / 2
    return {
        "schema": SCHEMA,
        "photo": {
            "file": name,
            "sha256": photo.origin.sha256,
            "width_px": photo.width_px,
            "height_px": photo.height_px,
            "encoding": photo.encoding.value,
        },
        "camera": found.camera,
        "illuminant": found.light,
        "level_known": found.level_known,
        "cube": str(cube),
        "report": None if page is None else str(page),
        "height_px": height,
        "width_px": width,
        "bands": bands,
        "pixels": int(found.mask.sum()),
        "known_share": round(found.known_share, 4),
        "interval_level": found.level,
        "wavelengths_nm": [round(float(nm), 3) for nm in found.wavelengths_nm],
        "mean": _rounded(mean),
        "mean_half_width": _rounded(half_width),
        "mean_low": _rounded(low),
        "mean_high": _rounded(high),
        "warnings": warnings_of(found, photo),
        "seconds": {step: round(value, 4) for step, value in seconds.items()},
    }


def _mask(asked: str | None, photo: Photo) -> Any:  # noqa: ANN401 -- None, the word all, or an array
    if asked is None or asked == "all":
        return asked
    found: BoolMap = read_mask(Path(asked), photo.width_px, photo.height_px)
    return found


def _band(asked: str | None) -> MeasuredBand | None:
    """Return the picture in "960=band.png", its values over the full scale as reflectance."""
    if asked is None:
        return None
    wavelength, equals, file = asked.partition("=")
    try:
        wavelength_nm = float(wavelength)
    except ValueError:
        wavelength_nm = float("nan")
    if not equals or not np.isfinite(wavelength_nm):
        raise UsageError(f"--band {asked} is no band.", advice="Write --band 960=band.png: a wavelength and a picture.")
    pixels = read_photo(Path(file), linear=True, fewest_px=1).pixels
    return MeasuredBand(wavelength_nm=wavelength_nm, reflectance=np.ascontiguousarray(pixels.mean(axis=2)))


def _mean(found: Reconstruction) -> tuple[np.ndarray[Any, Any] | None, ...]:
    """Return means (band,) of spectra and of both ends of their intervals, over known pixels, over all without any."""
    where = found.mask & found.known
    where = where if where.any() else found.mask
    if not where.any():
        return None, None, None
    mean = found.values[where].mean(axis=0, dtype=np.float64)
    scale = found.interval_scale[where].mean(axis=0, dtype=np.float64)
    below, above = scale[:, None] * found.interval_half_width
    return mean, np.maximum(mean - below, 0), mean + above


def _rounded(values: np.ndarray[Any, Any] | None) -> list[float] | None:
    return None if values is None else [round(float(value), 5) for value in values]


def _say(found: Reconstruction, photo: Photo, cube: Path, page: Path | None) -> None:
    console = Console(highlight=False)
    height, width, bands = found.values.shape
    console.print(
        f"[bold]{escape(photo.origin.name)}[/bold]: {int(found.mask.sum())} of {width} x {height} px,", end=" "
    )
    console.print(f"{bands} bands, {found.known_share:.1%} of known colour")
    mean, low, high = _mean(found)
    if mean is not None and low is not None and high is not None:
        grid = found.wavelengths_nm
        shown = [nm for nm in SHOWN_NM if grid[0] <= nm <= grid[-1]]
        ends = {nm: [np.interp(nm, grid, one) for one in (mean, low, high)] for nm in shown}
        values = ", ".join(
            f"{nm:.0f} nm {mid:.3f} ({least:.3f} to {most:.3f})" for nm, (mid, least, most) in ends.items()
        )
        console.print(f"  mean reflectance: {values}, 90 %")
    for words in warnings_of(found, photo):
        console.print(f"  [yellow]note[/yellow] {escape(words)}")
    console.print(f"Cube: {escape(str(cube))}", soft_wrap=True)
    if page is not None:
        console.print(f"Page: {escape(str(page))}", soft_wrap=True)
