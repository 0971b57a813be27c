"""Photo files to `Photo`, upright and in sRGB, and back."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np

from dermis.core import Capture, Encoding, Origin, Photo
from dermis.core.arrays import FloatMap
from dermis.errors import UnreadablePhoto
from dermis.formats.files import write_bytes
from dermis.formats.images.container import FEWEST_PX, HEAD_BYTES, SUFFIXES, Container, identify, plain_name
from dermis.formats.images.convert import Converted, as_they_are, to_srgb
from dermis.formats.images.decode import decode, decodes_at_half
from dermis.formats.images.exif import capture_from_exif, exif_from_capture
from dermis.formats.images.rasters import Raster, upright, write_png16

__all__ = ["SUFFIXES", "photo_from_bytes", "read_bytes", "read_photo", "write_photo"]

_ON_WHITE = "Transparent parts were laid on white."
_ROWS = 64
_MOST_BYTES = 1 << 30
_LARGE_PX = 20_000_000


def read_photo(path: str | Path, *, linear: bool = False, fewest_px: int = FEWEST_PX) -> Photo:
    """Read a photo: JPEG, PNG, WebP, TIFF, HEIC, AVIF, GIF or BMP; of several pictures in a file, the first.

    The photo stands upright (EXIF orientation) and in sRGB (embedded profile, relative colorimetric);
    `origin.notes` says what else was decided. Transparent parts are laid on white. Places, owners and serial
    numbers in the file are never looked at.

    linear: take the file's numbers as proportional to light at the sensor, whatever profile it names
    (`Encoding.CAMERA_LINEAR`). fewest_px: the least that a side must have.
    Raises UnreadablePhoto for what is not a photo, damaged, cut short, empty, over 150 megapixels, too small.
    """
    path = Path(path)
    return photo_from_bytes(read_bytes(path), path.name, linear=linear, fewest_px=fewest_px)


def photo_from_bytes(data: bytes, name: str, *, linear: bool = False, fewest_px: int = FEWEST_PX) -> Photo:
    """Read a photo that is in memory, as `read_photo`; `name` is what messages and `origin` call it.

    A large JPEG is decoded at half its size, and whole when somebody asks for more.
    """
    name = plain_name(name)
    container = identify(data[:HEAD_BYTES], name)
    if linear or not decodes_at_half(data, container, name, from_px=_LARGE_PX):
        return _decoded(data, container, name, linear=linear, fewest_px=fewest_px)
    half = _decoded(data, container, name, fewest_px=fewest_px, half=True)
    whole = partial(_decoded, data, container, name, fewest_px=fewest_px)
    return Photo(encoding=half.encoding, capture=half.capture, origin=half.origin, half=half, decode=whole)


def _decoded(
    data: bytes, container: Container, name: str, *, linear: bool = False, fewest_px: int, half: bool = False
) -> Photo:
    raster = decode(data, container, name, fewest_px=fewest_px, half=half)
    raster = replace(raster, values=upright(raster.values, raster.orientation))
    converted = Converted(pixels=as_they_are(raster)) if linear else to_srgb(raster)
    notes = (*raster.notes, *converted.notes)
    if raster.alpha is not None and converted.pixels is not None:
        _lay_on_white(converted.pixels, raster)
        notes = (*notes, _ON_WHITE)
    return Photo(
        **({"levels": converted.levels} if converted.pixels is None else {"pixels": converted.pixels}),
        encoding=Encoding.CAMERA_LINEAR if linear else Encoding.SRGB,
        capture=capture_from_exif(raster.exif),
        origin=Origin(
            name=name,
            sha256=hashlib.sha256(data).hexdigest(),
            container=container.value,
            bits=raster.bits,
            profile=converted.profile,
            notes=notes,
        ),
    )


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file that may hold a picture; other kinds are refused by their first bytes.

    Raises UnreadablePhoto for what is missing, not a file, locked, or not a picture.
    """
    name = plain_name(path)
    try:
        if path.is_dir():
            raise UnreadablePhoto(f"{name} is a folder.", advice="Name a photo in it.")
        if path.exists() and not path.is_file():
            raise UnreadablePhoto(f"{name} is not an ordinary file.", advice="Save the photo to a file first.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            identify(head, name)
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                raise UnreadablePhoto(f"{name} is larger than any photo.", advice="Export it as JPEG.")
            return head + file.read()
    except FileNotFoundError as fault:
        raise UnreadablePhoto(f"{name} does not exist.", advice="Check the name and the folder.") from fault
    except PermissionError as fault:
        raise UnreadablePhoto(f"{name} may not be read.", advice="Allow it for your user account.") from fault
    except (OSError, ValueError, MemoryError) as fault:  # a failing disk, a name that no file can have
        raise UnreadablePhoto(f"{name} cannot be read from the disk.", advice="Copy it elsewhere.") from fault


def write_photo(path: str | Path, photo: Photo, *, quality: int = 92, bits: int = 8) -> None:
    """Write a photo as JPEG or PNG, told by the suffix, with its capture as EXIF, if it has any.

    quality: of a JPEG, 1 to 100; its colour is not subsampled. bits: 8, or 16 for a PNG.
    Raises ValueError for linear sRGB, for camera-linear values in a JPEG, and for other suffixes and depths;
    UsageError where the file cannot be written.
    """
    path = Path(path)
    data = _written(photo, path.suffix.lower(), quality, bits)
    write_bytes(path, data)


def _written(photo: Photo, suffix: str, quality: int, bits: int) -> bytes:
    from PIL import Image

    exif = exif_from_capture(photo.capture)
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}.get(suffix)
    if kind is None or bits not in (8, 16) or (kind == "JPEG" and bits == 16):
        raise ValueError(f"A photo is written as .jpg with 8 bits or .png with 8 or 16, not {suffix} with {bits}.")
    if photo.encoding is Encoding.LINEAR_SRGB or (kind == "JPEG" and photo.encoding is not Encoding.SRGB):
        raise ValueError(f"A {kind} does not hold {photo.encoding} values; encode them first.")
    if bits == 16:
        numbers = _whole_numbers(photo.pixels, 65535)
        return write_png16(numbers.astype(np.uint16), exif[6:], srgb=photo.encoding is Encoding.SRGB)
    image = Image.fromarray(_whole_numbers(photo.pixels, 255).astype(np.uint8))
    buffer = BytesIO()
    image.save(buffer, kind, exif=b"" if photo.capture == Capture() else exif, quality=quality, subsampling=0)
    return buffer.getvalue()


def _whole_numbers(pixels: FloatMap, top: int) -> FloatMap:
    numbers: FloatMap = np.rint(np.clip(pixels, 0, 1) * np.float32(top))
    return numbers


def _lay_on_white(pixels: FloatMap, raster: Raster) -> None:
    if raster.alpha is None:
        return
    alpha = upright(raster.alpha, raster.orientation)
    for row in range(0, len(pixels), _ROWS):
        rows = slice(row, row + _ROWS)
        cover = alpha[rows, :, None].astype(np.float32) / np.float32(raster.white)
        pixels[rows] = pixels[rows] * cover + (1 - cover)
