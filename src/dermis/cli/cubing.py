"""The work of `dermis cube info|resample|render|compare|chromophores`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from dermis.cli.cubing_say import Points, points_in, print_object, spectrum_rows, warn, write_points
from dermis.cli.terminal import progress
from dermis.core import Cube
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import UsageError
from dermis.formats.cube import check_out, open_cube, read_cube, rows_of, write_rows
from dermis.formats.cube_file import CubeFile, CubeHead, increasing, row_blocks
from dermis.metrics.spectral import SpectralScores
from dermis.spectra.resample import band_grid, read_resampled, resampled_rows, resampling

__all__ = ["Look", "opened", "run_chromophores", "run_compare", "run_info", "run_render", "run_resample", "shown_of"]

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
    cube = _cube_of(file)
    written = [write(out / "preview.png", encode_png(preview(cube)))]
    written.append(write(out / "bands.png", band_grid_png(cube)))
    if places:
        written += write_points(out, file.head.wavelengths_nm, _at(file, places), file.head.quantity.value)
    return written


def _cube_of(file: CubeFile) -> Cube:
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


def run_compare(
    target: Path,
    predicted: Path,
    *,
    mask: Path | None,
    wavelengths: str | None,
    key: str | None,
    points: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Print how far `predicted` is from `target`."""
    from dermis.spectra.compare import compare_cubes

    grid = None if wavelengths is None else band_grid(wavelengths)
    true, said = (read_cube(path, wavelengths_nm=grid, key=key) for path in (target, predicted))
    places = points_in(points, true.values.shape)
    found = compare_cubes(true, said, _mask(mask, true))
    if found.left_out:
        warn(f"{found.left_out} pixels are left out: a value there is not finite.")
    for note in found.notes:
        warn(note)
    written: list[Path] = []
    if out is not None:
        from dermis.cli.cubing_say import write_comparison

        written = write_comparison(found, places, out)
    if as_json:
        print_object(
            "compare",
            {
                "pixels": int(np.count_nonzero(found.mask)),
                "left_out": found.left_out,
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


def _mask(path: Path | None, cube: Cube) -> BoolMap | None:
    if path is None:
        return None
    from dermis.formats.image import read_mask

    return read_mask(path, cube.values.shape[1], cube.values.shape[0])


def run_chromophores(
    path: Path,
    out: Path,
    *,
    mask: Path | None,
    method: str,
    wavelengths: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Write maps of what colours the skin, and print their medians."""
    from dermis.cli.cubing_say import write_maps
    from dermis.spectra.chromophores import chromophore_maps, unmixed_maps

    methods = {"physical": chromophore_maps, "unmixing": unmixed_maps}
    if method not in methods:
        raise UsageError(f"No method is called {method!r}.", advice=f"Known: {', '.join(methods)}.")
    cube = _cube_of(opened(path, wavelengths, key))
    if np.nanmax(cube.values) > 10:
        raise UsageError(f"{path.name} holds no reflectance.", advice="Calibrate it first: dermis cube calibrate.")
    maps = methods[method](cube, _mask(mask, cube))
    written = write_maps(maps, out)
    found = {
        name: {
            "median": float(np.nanmedian(values)),
            "low": float(np.nanmedian(maps.low[name])) if name in maps.low else None,
            "high": float(np.nanmedian(maps.high[name])) if name in maps.high else None,
            "identifiable_share": maps.identifiable.get(name),
        }
        for name, values in maps.values.items()
    }
    if as_json:
        print_object(
            "chromophores",
            {"method": method, "maps": found, "level": maps.level, "written": [str(one) for one in written]},
        )
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("map", "median", "interval", "measured"):
        table.add_column(title)
    for name, one in found.items():
        interval = "-" if one["low"] is None else f"{one['low']:.3g} to {one['high']:.3g}"
        measured = "-" if one["identifiable_share"] is None else f"{one['identifiable_share']:.0%}"
        table.add_row(name, f"{one['median']:.3g}", interval, measured)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{out}: {', '.join(path.name for path in written)}[/dim]")
