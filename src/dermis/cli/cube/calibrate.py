"""`dermis cube calibrate`: a raw line scan to reflectance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from dermis.cli.cube.options import Bands, Bandwidth, CubeOut, Fwhm, Points, Wavelengths
from dermis.cli.cube.output import opened, points_in, print_object, shown_of, tracked
from dermis.cli.parser import JsonFlag, verb
from dermis.core import Problem, Severity
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import check_out, open_cube, write_rows
from dermis.formats.cubes.cube_file import CubeFile
from dermis.formats.cubes.scan import find_scan
from dermis.spectra.calibrate import Calibration, Clipping, calibrated_rows, calibration, check_columns, clipping
from dermis.spectra.resample import band_grid
from dermis.spectra.white_dark_reference import References, read_references

__all__ = ["calibrate"]

_SMILE_SHARE = 0.2
_CLIPPED_SHARE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Turn a raw line scan into reflectance.

    (scan - dark) / (white - dark), in the bands you want.

    SCAN is the scan's .raw or .hdr file, or the camera's folder: WHITEREF_NAME and DARKREF_NAME are found beside it.
    Memory stays small whatever the size of the scan.

    \b
    dermis cube calibrate capture/p001.raw --out p001.npz
    dermis cube calibrate 2024-05-03_001/ --out p001.hdr --bands 61 --panel 0.99
    dermis cube calibrate a.raw --white w.raw --dark d.raw --out a.mat --bands 450:900:5 --fwhm 5.5

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 a file could not be used.
    """

    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="A raw scan, or the folder the camera wrote.")]
    out: CubeOut
    white: Annotated[Path | None, "Scan of the white panel, any height.", "FILE"] = None
    dark: Annotated[Path | None, "Scan with the shutter closed, any height.", "FILE"] = None
    white_dark: Annotated[Path | None, "A dark of the white's own exposure.", "FILE"] = None
    bands: Bands = "hyper-skin"
    fwhm: Fwhm = None
    bandwidth: Bandwidth = None
    exposure_ratio: Annotated[float | None, "Exposure of the scan over the white's; else the headers'.", "R"] = None
    panel: Annotated[str, "Reflectance of the panel: a number, or a CSV with `reflectance`.", "R"] = "1.0"
    saturation: Annotated[float | None, "The raw value the sensor ends at; else the end of its bits.", "V"] = None
    wavelengths: Wavelengths = None
    point: Points = ()
    pictures: Annotated[Path | None, "Write pictures of the result here.", "DIR"] = None
    json: JsonFlag = False


@verb(Options)
def calibrate(options: Options) -> None:
    """Calibrate a scan into `out` and say what was found."""
    out, pictures, wavelengths = options.out, options.pictures, options.wavelengths
    check_out(out)
    found = find_scan(options.scan, white=options.white, dark=options.dark)
    raw, white, dark = (opened(path, wavelengths, None) for path in (found.raw, found.white, found.dark))
    places = points_in(options.point, raw.head.shape)
    own_dark = None if options.white_dark is None else opened(options.white_dark, wavelengths, None)
    read = read_references(raw, white, dark, white_dark=own_dark)
    plan = calibration(
        raw,
        read,
        None if options.bands.strip().lower() == "all" else band_grid(options.bands),
        fwhm_nm=options.fwhm,
        bandwidth_nm=options.bandwidth,
        exposure_ratio=options.exposure_ratio,
        panel=_panel(options.panel, raw.head.wavelengths_nm),
    )
    check_columns(plan)
    brightest = np.empty(raw.head.shape[:2], raw.dtype.newbyteorder("="))
    write_rows(
        out, plan.head, tracked(calibrated_rows(raw, plan, brightest=brightest), raw.head.shape[0], "calibrating")
    )
    clipped = clipping(brightest, saturation=options.saturation)
    written = [str(out), *_write_clipped(out, clipped)]
    if pictures is not None or places:
        written += [str(one) for one in shown_of(open_cube(out), pictures or out.parent, places)]
    problems = _problems(raw, read, plan, clipped)
    references = {"white": str(found.white), "dark": str(found.dark)}
    if options.json:
        facts = {**_facts(read, plan, clipped), "references": references}
        print_object("calibrate", {**facts, "problems": problems, "written": written})
        return
    height, width, bands = plan.head.shape
    print(f"{out}: {width} x {height} pixels, {bands} bands of reflectance.")
    print(f"White: {found.white.name}; dark: {found.dark.name}.")
    for problem in problems:
        print(f"  {problem['code']}: {problem['message']} {problem['advice']}")


def _panel(text: str, wavelengths_nm: NDArray[np.float64]) -> NDArray[np.float64] | float:
    if not text.lower().endswith(".csv"):
        try:
            return float(text)
        except ValueError:
            raise UsageError(
                f"--panel {text} is no number.", advice="Write 0.99, or a CSV with wavelength_nm,reflectance."
            ) from None
    from dermis.optics.spectral_grid import read_numbers

    table = read_numbers(Path(text), ("reflectance",))
    if table[0, 0] > wavelengths_nm.min() + 20 or table[-1, 0] < wavelengths_nm.max() - 20:
        raise InputError(
            f"{Path(text).name} covers {table[0, 0]:g}-{table[-1, 0]:g} nm.",
            advice=f"The scan needs {wavelengths_nm.min():g}-{wavelengths_nm.max():g} nm.",
        )
    return np.interp(wavelengths_nm, table[:, 0], table[:, 1])


def _write_clipped(out: Path, clipped: Clipping | None) -> list[str]:
    if clipped is None or not clipped.mask.any():
        return []
    from dermis.formats.images.masks import write_png

    path = out.with_name(f"{out.stem}_clipped.png")
    write_png(path, clipped.mask)
    return [str(path)]


def _facts(read: References, plan: Calibration, clipped: Clipping | None) -> dict[str, object]:
    height, width, bands = plan.head.shape
    return {
        "height": height,
        "width": width,
        "bands": bands,
        "wavelengths_nm": plan.head.wavelengths_nm.tolist(),
        "dead_pixels": int(read.dead.sum()),
        "dead_filled": plan.filled,
        "smile_nm": read.smile.bend_nm,
        "smile_error_nm": read.smile.error_nm,
        "clipped_share": None if clipped is None else clipped.share,
        "full_scale": None if clipped is None else clipped.full_scale,
    }


def _problems(raw: CubeFile, read: References, plan: Calibration, clipped: Clipping | None) -> list[dict[str, str]]:
    width_nm = float(np.median(raw.head.fwhm_nm)) if raw.head.fwhm_nm is not None else 5.0
    found: list[Problem] = [_warn("references", note, "Repeat the white reference.") for note in read.notes]
    if clipped is not None and clipped.share > _CLIPPED_SHARE:
        found.append(
            _warn(
                "clipped",
                f"{clipped.share:.1%} of the pixels reach the sensor's full scale of {clipped.full_scale:g}.",
                "Expose shorter; leave out what NAME_clipped.png shows.",
            )
        )
    if read.smile.certain and read.smile.bend_nm > _SMILE_SHARE * width_nm:
        found.append(
            _warn(
                "smile",
                f"The wavelengths bend by {read.smile.bend_nm:.1f} nm over the columns.",
                "Have the camera's wavelengths calibrated; spectra at its edges are shifted.",
            )
        )
    if plan.lost.any():
        columns = int(np.count_nonzero(plan.lost.any(axis=0)))
        found.append(
            _warn("no_white", f"The white tells nothing in {columns} columns; they are NaN.", "Use a wider panel.")
        )
    return [
        {"code": one.code, "severity": one.severity.value, "message": one.message, "advice": one.advice}
        for one in found
    ]


def _warn(code: str, message: str, advice: str) -> Problem:
    return Problem(code=code, severity=Severity.WARN, message=message, advice=advice)
