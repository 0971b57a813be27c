"""How the verbs of `dermis cube` answer: JSON, tables of points, folders of pictures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.errors import UsageError

if TYPE_CHECKING:
    from dermis.spectra.chromophores import ChromophoreMaps
    from dermis.spectra.compare import Comparison

__all__ = [
    "Points",
    "points_in",
    "print_object",
    "spectrum_rows",
    "warn",
    "write_comparison",
    "write_maps",
    "write_points",
]

Points = dict[str, tuple[int, int]]
"""Pixels (x, y) by the name they were asked for."""

_COLOURS = {"melanosome_fraction": "melanin", "blood_fraction": "haemoglobin", "oxygen_saturation": "redness"}


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
    print(json.dumps(_plain({"schema": "dermis.cube/1", "verb": verb, **found}), ensure_ascii=False))


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
    print(f"dermis: {text}", file=sys.stderr)


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
    from dermis.report.cube import spectra_png
    from dermis.report.files import write

    rows = spectrum_rows(spectra, wavelengths_nm)
    write_csv(out / "points.csv", ["wavelength_nm", *spectra], [list(row.values()) for row in rows])
    named = {name: np.asarray(spectrum, dtype=np.float64) for name, spectrum in spectra.items()}
    picture = write(out / "points.png", spectra_png(wavelengths_nm, named, label.capitalize()))
    return [picture, out / "points.csv"]


def write_comparison(found: Comparison, places: Points, out: Path) -> list[Path]:
    """Write both previews, the SAM map, the errors by band and the spectra of points into `out`; return them."""
    from dermis.formats.image import encode_png
    from dermis.formats.tables import write_csv
    from dermis.report.cube import band_errors_png, map_png, preview, scale_of
    from dermis.report.files import write

    out.mkdir(parents=True, exist_ok=True)
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


def write_maps(maps: ChromophoreMaps, out: Path) -> list[Path]:
    """Write maps.npz (NAME, NAME_low, NAME_high, residual) and a picture of each map into `out`; return them."""
    from dermis.report.cube import map_png, scale_of
    from dermis.report.files import write

    out.mkdir(parents=True, exist_ok=True)
    arrays = dict(maps.values) | {"residual": maps.residual}
    arrays |= {f"{name}_{side}": held for side in ("low", "high") for name, held in getattr(maps, side).items()}
    np.savez(out / "maps.npz", **arrays)  # type: ignore[arg-type]  # its stub forbids names in a mapping
    written = [out / "maps.npz"]
    for name, values in {**maps.values, "residual": maps.residual}.items():
        picture = map_png(values, *scale_of([values]), name.replace("_", " "), _COLOURS.get(name, ""))
        written.append(write(out / f"{name}.png", picture))
    return written
