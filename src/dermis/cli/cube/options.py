"""Options that several verbs of `dermis cube` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Bands", "Bandwidth", "CubeOut", "CubePath", "Fwhm", "Key", "Mask", "Points", "Wavelengths"]

CubePath = Annotated[Path, typer.Argument(metavar="CUBE", help="ENVI (.hdr or its data), .mat, .h5, .npz or .npy.")]
CubeOut = Annotated[Path, "Where to write it: .npz, .hdr, .mat, .h5 or .npy.", "FILE"]
Wavelengths = Annotated[str | None, "Wavelengths of the file, nm, where it names none.", "BANDS"]
Key = Annotated[str | None, "The array's name in .mat and .h5 files.", "NAME"]
Points = Annotated[
    tuple[str, ...], typer.Option("--point", metavar="X,Y", help="Show the spectrum of a pixel; may be repeated.")
]
Mask = Annotated[Path | None, "Only where this picture is bright.", "PNG"]
Bands = Annotated[
    str,
    "hyper-skin or 62 (400-700 and 700-1000 nm by 10), 61, vis, nir, all, FIRST:LAST:STEP, A,B,C or a CSV.",
    "BANDS",
]
Fwhm = Annotated[float | None, "Width of the sensor's bands, instead of the header's.", "NM"]
Bandwidth = Annotated[float | None, "Width of the new bands; their distance by default.", "NM"]
