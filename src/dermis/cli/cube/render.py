"""`dermis cube render`: a cube as a camera sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from dermis.cli.cube.options import CubePath, Key, Wavelengths
from dermis.cli.cube.output import opened, tracked
from dermis.cli.parser import verb
from dermis.core import Cube
from dermis.core.arrays import FloatMap
from dermis.errors import UsageError
from dermis.formats.cubes.cube import rows_of
from dermis.formats.cubes.cube_file import CubeFile, increasing, row_blocks
from dermis.formats.files import write_with

__all__ = ["render"]

_PICTURES, _CHANNELS = (".png", ".jpg", ".jpeg"), (".npz", ".npy", ".mat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Render a reflectance cube as a camera sees it.

    The challenge's RGB: --camera "CIE 1931" --illuminant E --raw --linear --min-max.
    """

    cube: CubePath
    out: Annotated[Path, "A picture (.png of 16 bits, .jpg), or numbers (.npz, .npy, .mat).", "FILE"]
    camera: Annotated[str, "A camera by name or table; `eye` is sRGB as we see it.", "NAME|CSV"] = "eye"
    illuminant: Annotated[str, "The light.", "NAME|CSV"] = "D65"
    raw: Annotated[bool, "The camera's own signal, white balance not applied."] = False
    linear: Annotated[bool, "Pictures proportional to light, no sRGB curve."] = False
    min_max: Annotated[bool, "Stretch each picture from 0 to 1, as the challenge does."] = False
    msi: Annotated[bool, "RGB and the band at 960 nm, four channels (.npz, .npy, .mat)."] = False
    wavelengths: Wavelengths = None
    key: Key = None


@verb(Options)
def render(options: Options) -> None:
    """Write a cube as a camera sees it."""
    out = options.out
    file = opened(options.cube, options.wavelengths, options.key, reflectance=True)
    _check(options)
    rendered = np.concatenate(list(tracked(_rendered(file, options), file.head.shape[0], "rendering")))
    if options.min_max:
        from dermis.spectra.render import min_max

        rendered[..., :3] = min_max(rendered[..., :3])
    if out.suffix.lower() in _PICTURES:
        _write_picture(out, rendered, linear=options.linear)
    else:
        _write_channels(out, rendered)
    print(out)


def _check(options: Options) -> None:
    out = options.out
    ending = out.suffix.lower()
    if ending not in (*_PICTURES, *_CHANNELS):
        raise UsageError(
            f"{out.name}: nothing is rendered as {ending or 'a file without ending'}.",
            advice=f"Known endings: {', '.join((*_PICTURES, *_CHANNELS))}.",
        )
    if options.msi and ending in _PICTURES:
        raise UsageError(f"{out.name} holds three channels.", advice=f"Four are written as {', '.join(_CHANNELS)}.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"The folder {out.parent} does not exist.", advice="Make it, or choose another.")


def _write_channels(out: Path, values: FloatMap) -> None:
    """Write red, green, blue and, where there is one, the band at 960 nm, in this order."""
    if out.suffix.lower() == ".mat":
        from dermis.formats.cubes.arrays import write_mat

        write_with(out, lambda draft: write_mat(draft, values))
    elif out.suffix.lower() == ".npy":
        write_with(out, lambda draft: np.save(draft, values))
    else:
        names = np.array(["red", "green", "blue", "960 nm"][: values.shape[2]])
        write_with(out, lambda draft: np.savez(draft, values=values, channels=names))


def _rendered(file: CubeFile, options: Options) -> Iterator[FloatMap]:
    from dermis.optics.camera import find_camera
    from dermis.optics.illuminant import find_illuminant
    from dermis.spectra.render import camera_rgb, eye_rgb, msi

    light = find_illuminant(options.illuminant)
    camera = None if options.camera.strip().lower() == "eye" else find_camera(options.camera)
    bands = increasing(file.head.wavelengths_nm)
    nm = file.head.wavelengths_nm[bands]
    for first, block in row_blocks(file):
        values = rows_of(file, first, first + len(block))[:, :, bands]
        cube = Cube(values=values, wavelengths_nm=nm, quantity=file.head.quantity)
        rgb = eye_rgb(cube, light) if camera is None else camera_rgb(cube, camera, light, balanced=not options.raw)
        yield msi(cube, rgb) if options.msi else rgb


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
