"""`dermis cube`: its verbs and options. Everything heavy is imported when a verb runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cube_app"]

cube_app = typer.Typer(
    name="cube",
    help="Spectral cubes: look at them, calibrate raw scans, change bands, render, compare, map chromophores.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_CALIBRATE_HELP = """Turn a raw line scan into reflectance: (scan - dark) / (white - dark), in the bands you want.

SCAN is the scan's .raw or .hdr file, or the camera's folder: WHITEREF_NAME and DARKREF_NAME are found beside it.
Memory stays small whatever the size of the scan.

\b
dermis cube calibrate capture/p001.raw --out p001.npz
dermis cube calibrate 2024-05-03_001/ --out p001.hdr --bands 61 --panel 0.99
dermis cube calibrate a.raw --white w.raw --dark d.raw --out a.mat --bands 450:900:5 --fwhm 5.5

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 a file could not be used.
"""

CubePath = Annotated[Path, typer.Argument(metavar="CUBE", help="ENVI (.hdr or its data), .mat, .h5, .npz or .npy.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
Wavelengths = Annotated[
    str | None,
    typer.Option("--wavelengths", metavar="BANDS", help="Wavelengths of the file, nm, where it names none."),
]
Key = Annotated[str | None, typer.Option("--key", metavar="NAME", help="The array's name in .mat and .h5 files.")]
Points = Annotated[
    list[str] | None, typer.Option("--point", metavar="X,Y", help="Show the spectrum of a pixel; may be repeated.")
]
Pictures = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write pictures and tables here.")]
Mask = Annotated[Path | None, typer.Option("--mask", metavar="PNG", help="Only where this picture is bright.")]
Bands = Annotated[
    str,
    typer.Option(
        "--bands",
        metavar="BANDS",
        help="hyper-skin or 62 (400-700 and 700-1000 nm by 10), 61, vis, nir, all, FIRST:LAST:STEP, A,B,C or a CSV.",
    ),
]
Fwhm = Annotated[
    float | None, typer.Option("--fwhm", metavar="NM", help="Width of the sensor's bands, instead of the header's.")
]
Bandwidth = Annotated[
    float | None, typer.Option("--bandwidth", metavar="NM", help="Width of the new bands; their distance by default.")
]
CubeOut = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Where to write it: .npz, .hdr, .mat, .h5 or .npy.")
]


@cube_app.command()
def info(
    cube: CubePath,
    json: JsonFlag = False,
    wavelengths: Wavelengths = None,
    key: Key = None,
    point: Points = None,
    out: Pictures = None,
) -> None:
    """Say what a cube is; with --out, show it in colour, band by band, and the spectra of points."""
    from dermis.cli.cube_info import run_info

    run_info(cube, wavelengths=wavelengths, key=key, points=point or [], out=out, as_json=json)


@cube_app.command(help=_CALIBRATE_HELP)
def calibrate(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="A raw scan, or the folder the camera wrote.")],
    out: CubeOut,
    white: Annotated[
        Path | None, typer.Option("--white", metavar="FILE", help="Scan of the white panel, any height.")
    ] = None,
    dark: Annotated[
        Path | None, typer.Option("--dark", metavar="FILE", help="Scan with the shutter closed, any height.")
    ] = None,
    white_dark: Annotated[
        Path | None, typer.Option("--white-dark", metavar="FILE", help="A dark of the white's own exposure.")
    ] = None,
    bands: Bands = "hyper-skin",
    fwhm: Fwhm = None,
    bandwidth: Bandwidth = None,
    exposure_ratio: Annotated[
        float | None,
        typer.Option("--exposure-ratio", metavar="R", help="Exposure of the scan over the white's; else the headers'."),
    ] = None,
    panel: Annotated[
        str,
        typer.Option("--panel", metavar="R", help="Reflectance of the panel: a number, or a CSV with `reflectance`."),
    ] = "1.0",
    saturation: Annotated[
        float | None,
        typer.Option("--saturation", metavar="V", help="The raw value the sensor ends at; else the end of its bits."),
    ] = None,
    wavelengths: Wavelengths = None,
    point: Points = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Write pictures of the result here.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Turn a raw line scan into reflectance."""
    from dermis.cli.cube_calibrate import Wanted, run_calibrate

    wanted = Wanted(
        bands=bands,
        fwhm_nm=fwhm,
        bandwidth_nm=bandwidth,
        exposure_ratio=exposure_ratio,
        panel=panel,
        saturation=saturation,
        wavelengths=wavelengths,
    )
    references = {"white": white, "dark": dark, "white_dark": white_dark}
    run_calibrate(scan, out, references, wanted, points=point or [], pictures=pictures, as_json=json)


@cube_app.command()
def resample(
    cube: CubePath,
    out: CubeOut,
    bands: Bands = "hyper-skin",
    fwhm: Fwhm = None,
    bandwidth: Bandwidth = None,
    wavelengths: Wavelengths = None,
    key: Key = None,
    json: JsonFlag = False,
) -> None:
    """Put a cube into other bands, as a sensor with those bands would have measured it."""
    from dermis.cli.cube_info import run_resample

    run_resample(cube, out, bands, fwhm_nm=fwhm, bandwidth_nm=bandwidth, wavelengths=wavelengths, key=key, as_json=json)


@cube_app.command()
def render(
    cube: CubePath,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="A picture (.png of 16 bits, .jpg), or numbers (.npz, .npy, .mat)."),
    ],
    camera: Annotated[
        str, typer.Option("--camera", metavar="NAME|CSV", help="A camera by name or table; `eye` is sRGB as we see it.")
    ] = "eye",
    illuminant: Annotated[str, typer.Option("--illuminant", metavar="NAME|CSV", help="The light.")] = "D65",
    raw: Annotated[bool, typer.Option("--raw", help="The camera's own signal, white balance not applied.")] = False,
    linear: Annotated[bool, typer.Option("--linear", help="Pictures proportional to light, no sRGB curve.")] = False,
    stretch: Annotated[
        bool, typer.Option("--min-max", help="Stretch each picture from 0 to 1, as the challenge does.")
    ] = False,
    extra: Annotated[
        bool, typer.Option("--msi", help="RGB and the band at 960 nm, four channels (.npz, .npy, .mat).")
    ] = False,
    wavelengths: Wavelengths = None,
    key: Key = None,
) -> None:
    """Render a reflectance cube as a camera sees it under a light.

    The challenge's RGB: --camera "CIE 1931" --illuminant E --raw --linear --min-max.
    """
    from dermis.cli.cube_info import Look, run_render

    look = Look(camera=camera, illuminant=illuminant, raw=raw, linear=linear, min_max=stretch, msi=extra)
    run_render(cube, out, look, wavelengths=wavelengths, key=key)


@cube_app.command()
def compare(
    target: Annotated[Path, typer.Argument(metavar="TRUTH", help="The cube that is true.")],
    predicted: Annotated[Path, typer.Argument(metavar="CUBE", help="The cube to judge.")],
    mask: Mask = None,
    wavelengths: Wavelengths = None,
    key: Key = None,
    point: Points = None,
    out: Pictures = None,
    json: JsonFlag = False,
) -> None:
    """Say how far a cube is from the truth: SAM, SSIM, MRAE, RMSE, PSNR, ours and the Hyper-Skin challenge's.

    The table names both countings; docs/concepts/cubes.md says where they differ and why.
    """
    from dermis.cli.cube_compare import run_compare

    run_compare(
        target, predicted, mask=mask, wavelengths=wavelengths, key=key, points=point or [], out=out, as_json=json
    )


@cube_app.command()
def chromophores(
    cube: CubePath,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Write maps.npz and the maps as PNG here.")],
    mask: Mask = None,
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="physical, or unmixing: the linear baseline.")
    ] = "physical",
    wavelengths: Wavelengths = None,
    key: Key = None,
    json: JsonFlag = False,
) -> None:
    """Map melanin, blood, its oxygen and, where the cube reaches 950 nm, water."""
    from dermis.cli.cube_compare import run_chromophores

    run_chromophores(cube, out, mask=mask, method=method, wavelengths=wavelengths, key=key, as_json=json)
