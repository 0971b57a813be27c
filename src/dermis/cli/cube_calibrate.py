"""The work of `dermis cube calibrate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.cli.cube_info import opened, points_in, print_object, shown_of, tracked
from dermis.core import Problem, Severity
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import check_out, find_scan, open_cube, write_rows
from dermis.formats.cubes.cube_file import CubeFile
from dermis.spectra.calibrate import Calibration, Clipping, calibrated_rows, calibration, check_columns, clipping
from dermis.spectra.resample import band_grid
from dermis.spectra.white_dark_reference import References, read_references

__all__ = ["Wanted", "run_calibrate"]

_SMILE_SHARE = 0.2
_CLIPPED_SHARE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for, in words."""

    bands: str
    fwhm_nm: float | None
    bandwidth_nm: float | None
    exposure_ratio: float | None
    panel: str
    saturation: float | None
    wavelengths: str | None


def run_calibrate(
    scan: Path,
    out: Path,
    references: Mapping[str, Path | None],
    wanted: Wanted,
    *,
    points: Sequence[str],
    pictures: Path | None,
    as_json: bool,
) -> None:
    """Calibrate a scan into `out` and say what was found."""
    check_out(out)
    found = find_scan(scan, white=references["white"], dark=references["dark"])
    raw, white, dark = (opened(path, wanted.wavelengths, None) for path in (found.raw, found.white, found.dark))
    own_dark = references["white_dark"]
    places = points_in(points, raw.head.shape)
    read = read_references(
        raw, white, dark, white_dark=None if own_dark is None else opened(own_dark, wanted.wavelengths, None)
    )
    plan = calibration(
        raw,
        read,
        None if wanted.bands.strip().lower() == "all" else band_grid(wanted.bands),
        fwhm_nm=wanted.fwhm_nm,
        bandwidth_nm=wanted.bandwidth_nm,
        exposure_ratio=wanted.exposure_ratio,
        panel=_panel(wanted.panel, raw.head.wavelengths_nm),
    )
    check_columns(plan)
    brightest = np.empty(raw.head.shape[:2], raw.dtype.newbyteorder("="))
    write_rows(
        out, plan.head, tracked(calibrated_rows(raw, plan, brightest=brightest), raw.head.shape[0], "calibrating")
    )
    clipped = clipping(brightest, saturation=wanted.saturation)
    written = [str(out), *_write_clipped(out, clipped)]
    if pictures is not None or places:
        written += [str(one) for one in shown_of(open_cube(out), pictures or out.parent, places)]
    problems = _problems(raw, read, plan, clipped)
    if as_json:
        print_object("calibrate", {**_facts(read, plan, clipped), "problems": problems, "written": written})
        return
    height, width, bands = plan.head.shape
    print(f"{out}: {width} x {height} pixels, {bands} bands of reflectance.")
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
