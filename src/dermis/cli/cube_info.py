"""The work of `dermis cube info`, `resample` and `render`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from dermis.cli.terminal import progress
from dermis.core import Cube
from dermis.core.arrays import FloatMap
from dermis.errors import UsageError
from dermis.formats.cubes.cube import check_out, open_cube, rows_of, write_rows
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, increasing, row_blocks
from dermis.spectra.resample import band_grid, read_resampled, resampled_rows, resampling

if TYPE_CHECKING:
    from dermis.spectra.chromophore_maps import ChromophoreMaps
    from dermis.spectra.compare import Comparison

__all__ = [
    "Look",
    "Points",
    "opened",
    "points_in",
    "print_object",
    "run_info",
    "run_render",
    "run_resample",
    "shown_of",
    "spectrum_rows",
    "tracked",
    "warn",
    "whole",
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
    from dermis.report.page import write
    from dermis.report.spectra import spectra_png

    rows = spectrum_rows(spectra, wavelengths_nm)
    write_csv(out / "points.csv", ["wavelength_nm", *spectra], [list(row.values()) for row in rows])
    named = {name: np.asarray(spectrum, dtype=np.float64) for name, spectrum in spectra.items()}
    picture = write(out / "points.png", spectra_png(wavelengths_nm, named, label.capitalize()))
    return [picture, out / "points.csv"]


def write_comparison(found: Comparison, places: Points, out: Path) -> list[Path]:
    """Write both previews, the SAM map, the errors by band and the spectra of points into `out`; return them."""
    from dermis.formats.images.masks import encode_png
    from dermis.formats.tables import write_csv
    from dermis.report.page import write
    from dermis.report.spectra import band_errors_png, map_png, preview, scale_of

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
    from dermis.report.page import write
    from dermis.report.spectra import map_png, scale_of
    from dermis.tasks import TASKS

    out.mkdir(parents=True, exist_ok=True)
    arrays = dict(maps.values) | {"residual": maps.residual}
    arrays |= {f"{name}_{side}": held for side in ("low", "high") for name, held in getattr(maps, side).items()}
    np.savez(out / "maps.npz", **arrays)  # type: ignore[arg-type]  # its stub forbids names in a mapping
    written = [out / "maps.npz"]
    for name, values in {**maps.values, "residual": maps.residual}.items():
        picture = map_png(
            values,
            *scale_of([values]),
            name.replace("_", " "),
            *([TASKS[_COLOURS[name]].colours] if name in _COLOURS else []),
        )
        written.append(write(out / f"{name}.png", picture))
    return written


_SAMPLED_LINES = 64
_MOST_BANDS = 128
_PREVIEW_BANDS = 61
_PICTURES, _CHANNELS = (".png", ".jpg", ".jpeg"), (".npz", ".npy", ".mat")


def opened(path: Path, wavelengths: str | None, key: str | None) -> CubeFile:
    """Open a cube with the wavelengths that the user gave, if any."""
    return open_cube(path, wavelengths_nm=None if wavelengths is None else band_grid(wavelengths), key=key)


def run_info(
    path: Path, *, wavelengths: str | None, key: str | None, points: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """Print what a cube is, and write pictures of it into `out`."""
    file = opened(path, wavelengths, key)
    places = points_in(points, file.head.shape)
    found = _facts(file)
    for note in file.notes:
        warn(note)
    if places:
        found["points"] = spectrum_rows(_at(file, places), file.head.wavelengths_nm)
    if out is not None:
        found["written"] = [str(one) for one in shown_of(file, out, places)]
    if as_json:
        print_object("info", found)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.items():
        if name != "points":
            table.add_row(name.replace("_", " "), str(value))
    Console(highlight=False).print(table)
    if places and out is None:
        _print_points(places, found["points"])


def _facts(file: CubeFile) -> dict[str, object]:
    height, width, bands = file.head.shape
    nm = file.head.wavelengths_nm
    lines = np.unique(np.linspace(0, height - 1, _SAMPLED_LINES).astype(int))
    sampled = np.concatenate([np.asarray(file.stored(int(line), int(line) + 1)).reshape(-1) for line in lines])
    finite = sampled[np.isfinite(sampled)] if sampled.dtype.kind == "f" else sampled
    spread = np.diff(np.sort(nm))
    return {
        "file": file.path.name,
        "layout": file.layout,
        "height": height,
        "width": width,
        "bands": bands,
        "first_nm": float(nm.min()),
        "last_nm": float(nm.max()),
        "spacing_nm": float(np.median(spread)) if spread.size else None,
        "fwhm_nm": None if file.head.fwhm_nm is None else float(np.median(file.head.fwhm_nm)),
        "numbers": file.dtype.name,
        "quantity": file.head.quantity.value,
        "exposure_s": file.exposure_s,
        "megabytes": round(height * width * bands * file.dtype.itemsize / 1e6, 1),
        "lines_sampled": len(lines),
        "lowest": float(finite.min() / file.scale) if finite.size else None,
        "mean": float(finite.mean(dtype=np.float64) / file.scale) if finite.size else None,
        "highest": float(finite.max() / file.scale) if finite.size else None,
        "not_finite": int(sampled.size - finite.size),
    }


def _at(file: CubeFile, places: Points) -> dict[str, NDArray[np.float32]]:
    return {name: rows_of(file, y, y + 1)[0, x] for name, (x, y) in places.items()}


def _print_points(places: Points, rows: object) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("nm", *places):
        table.add_column(name, justify="right")
    assert isinstance(rows, list)
    for row in rows:
        table.add_row(*(f"{value:.4g}" for value in row.values()))
    Console(highlight=False).print(table)


def shown_of(file: CubeFile, out: Path, places: Points) -> list[Path]:
    """Write preview.png, bands.png and, for points, points.png and points.csv; return them."""
    from dermis.formats.images.masks import encode_png
    from dermis.report.page import write
    from dermis.report.spectra import band_grid_png, preview

    out.mkdir(parents=True, exist_ok=True)
    cube = whole(file)
    written = [write(out / "preview.png", encode_png(preview(cube)))]
    written.append(write(out / "bands.png", band_grid_png(cube)))
    if places:
        written += write_points(out, file.head.wavelengths_nm, _at(file, places), file.head.quantity.value)
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


def run_resample(
    path: Path,
    out: Path,
    bands: str,
    *,
    fwhm_nm: float | None,
    bandwidth_nm: float | None,
    wavelengths: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Write a cube in other bands."""
    file = opened(path, wavelengths, key)
    check_out(out)
    own = file.head.wavelengths_nm
    if bands.strip().lower() == "all":
        raise UsageError("`all` names the cube's own bands.", advice="Name others, such as --bands 61.")
    grid = band_grid(bands)
    weights = resampling(
        own, grid, fwhm_nm=file.head.fwhm_nm if fwhm_nm is None else fwhm_nm, bandwidth_nm=bandwidth_nm
    )
    head = CubeHead(shape=(*file.head.shape[:2], grid.size), wavelengths_nm=grid, quantity=file.head.quantity)
    write_rows(out, head, tracked(resampled_rows(file, weights), head.shape[0], "resampling"))
    found = {"out": str(out), "bands": int(grid.size), "first_nm": float(grid[0]), "last_nm": float(grid[-1])}
    if as_json:
        print_object("resample", found)
    else:
        print(f"{out}: {grid.size} bands, {grid[0]:g}-{grid[-1]:g} nm.")


def tracked(blocks: Iterable[FloatMap], lines: int, label: str) -> Iterator[FloatMap]:
    """Yield `blocks` of rows behind a progress bar."""
    with progress(lines, label) as bar:
        for block in blocks:
            yield block
            bar.update(bar.task_ids[0], advance=len(block))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a cube is rendered."""

    camera: str
    illuminant: str
    raw: bool
    linear: bool
    min_max: bool
    msi: bool


def run_render(path: Path, out: Path, look: Look, *, wavelengths: str | None, key: str | None) -> None:
    """Write a cube as a camera sees it."""
    file = opened(path, wavelengths, key)
    _check_render(out, look)
    rendered = np.concatenate(list(tracked(_rendered(file, look), file.head.shape[0], "rendering")))
    if look.min_max:
        from dermis.spectra.render import min_max

        rendered[..., :3] = min_max(rendered[..., :3])
    if out.suffix.lower() in _PICTURES:
        _write_picture(out, rendered, linear=look.linear)
    else:
        _write_channels(out, rendered)
    print(out)


def _check_render(out: Path, look: Look) -> None:
    ending = out.suffix.lower()
    if ending not in (*_PICTURES, *_CHANNELS):
        raise UsageError(
            f"{out.name}: nothing is rendered as {ending or 'a file without ending'}.",
            advice=f"Known endings: {', '.join((*_PICTURES, *_CHANNELS))}.",
        )
    if look.msi and ending in _PICTURES:
        raise UsageError(f"{out.name} holds three channels.", advice=f"Four are written as {', '.join(_CHANNELS)}.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"The folder {out.parent} does not exist.", advice="Make it, or choose another.")


def _write_channels(out: Path, values: FloatMap) -> None:
    """Write red, green, blue and, where there is one, the band at 960 nm, in this order."""
    if out.suffix.lower() == ".mat":
        from dermis.formats.cubes.arrays import write_mat

        write_mat(out, values)
    elif out.suffix.lower() == ".npy":
        np.save(out, values)
    else:
        np.savez(out, values=values, channels=np.array(["red", "green", "blue", "960 nm"][: values.shape[2]]))


def _rendered(file: CubeFile, look: Look) -> Iterator[FloatMap]:
    from dermis.optics.camera import find_camera
    from dermis.optics.illuminant import find_illuminant
    from dermis.spectra.render import camera_rgb, eye_rgb, msi

    light = find_illuminant(look.illuminant)
    camera = None if look.camera.strip().lower() == "eye" else find_camera(look.camera)
    bands = increasing(file.head.wavelengths_nm)
    nm = file.head.wavelengths_nm[bands]
    for first, block in row_blocks(file):
        values = rows_of(file, first, first + len(block))[:, :, bands]
        cube = Cube(values=values, wavelengths_nm=nm, quantity=file.head.quantity)
        rgb = eye_rgb(cube, light) if camera is None else camera_rgb(cube, camera, light, balanced=not look.raw)
        yield msi(cube, rgb) if look.msi else rgb


def _write_picture(out: Path, rgb: FloatMap, *, linear: bool) -> None:
    from dermis.core import Encoding, Photo
    from dermis.formats.images.photo import write_photo

    shown = np.clip(np.nan_to_num(rgb), 0, 1)
    if not linear:
        from dermis.colour.srgb import encode

        shown = np.asarray(encode(shown), dtype=np.float32)
    bits = 16 if out.suffix.lower() == ".png" else 8
    # The pixels are final: the encoding only tells the writer to leave them as they are.
    write_photo(out, Photo(pixels=shown, encoding=Encoding.SRGB), bits=bits)
