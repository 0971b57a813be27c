"""The work of `dermis cube info|resample|render`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from dermis.cli.cubing_say import Points, points_in, print_object, spectrum_rows, warn, write_points
from dermis.cli.terminal import progress
from dermis.core import Cube
from dermis.core.arrays import FloatMap
from dermis.errors import UsageError
from dermis.formats.cube import check_out, open_cube, rows_of, write_rows
from dermis.formats.cube_file import CubeFile, CubeHead, increasing, row_blocks
from dermis.spectra.resample import band_grid, read_resampled, resampled_rows, resampling

__all__ = ["Look", "opened", "run_info", "run_render", "run_resample", "shown_of", "tracked", "whole"]

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
    from dermis.formats.image import encode_png
    from dermis.report.cube import band_grid_png, preview
    from dermis.report.files import write

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
        from dermis.formats.cube_mat import write_mat

        write_mat(out, values)
    elif out.suffix.lower() == ".npy":
        np.save(out, values)
    else:
        np.savez(out, values=values, channels=np.array(["red", "green", "blue", "960 nm"][: values.shape[2]]))


def _rendered(file: CubeFile, look: Look) -> Iterator[FloatMap]:
    from dermis.optics.camera_names import find_camera
    from dermis.optics.light_names import find_light
    from dermis.spectra.render import camera_rgb, eye_rgb, msi

    light = find_light(look.illuminant)
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
    from dermis.formats.photo import write_photo

    shown = np.clip(np.nan_to_num(rgb), 0, 1)
    if not linear:
        from dermis.colour.srgb import encode

        shown = np.asarray(encode(shown), dtype=np.float32)
    bits = 16 if out.suffix.lower() == ".png" else 8
    # The pixels are final: the encoding only tells the writer to leave them as they are.
    write_photo(out, Photo(pixels=shown, encoding=Encoding.SRGB), bits=bits)
