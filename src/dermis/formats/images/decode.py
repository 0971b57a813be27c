"""Bytes of a picture file to a raster, through the image libraries, with their faults turned into refusals."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import DermisError, UnreadablePhoto
from dermis.formats.images.container import FEWEST_PX, Container, check_size, coded_end, raw_refusal, stated_size
from dermis.formats.images.exif import Tag, orientation_from_exif
from dermis.formats.images.metadata import check_scans, check_strips, exif_of, icc_of, orientation_of
from dermis.formats.images.rasters import (
    Inks,
    Raster,
    coding_points,
    deep_tiff,
    is_intact,
    is_raw,
    parted,
    unmultiplied,
    upright,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["ImageFrame", "decode", "decode_classes", "decodes_at_half", "frame_of"]

Check = Callable[..., None]

_SEVERAL = "The file holds several pictures; the first was read."
_ZEROS_THAT_CANNOT_BE = 1024  # in a row, at the end of a compressed picture
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_PLANAR = 258, 262, 284
_WHITE_IS_ZERO = 0
_STRIP_ROWS = 64

_OPENERS = {
    Container.JPEG: ("PIL.JpegImagePlugin", "JpegImageFile"),
    Container.PNG: ("PIL.PngImagePlugin", "PngImageFile"),
    Container.WEBP: ("PIL.WebPImagePlugin", "WebPImageFile"),
    Container.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    Container.AVIF: ("PIL.AvifImagePlugin", "AvifImageFile"),
    Container.GIF: ("PIL.GifImagePlugin", "GifImageFile"),
    Container.BMP: ("PIL.BmpImagePlugin", "BmpImageFile"),
}


def decode(data: bytes, container: Container, name: str, *, fewest_px: int = FEWEST_PX, half: bool = False) -> Raster:
    """Return the first picture in a file.

    name: for messages. fewest_px: the least that a side must have. half: at half its size, of a file that
    `decodes_at_half`.
    Raises UnreadablePhoto where the file is damaged, cut short, too large, too small, or of an unusual make.
    """
    check = partial(check_size, name=name, fewest_px=fewest_px, file_bytes=len(data))
    with _damage_refused(name):
        _check_whole(data, container, name, check)
        if container is Container.HEIF:
            return _heif(data, check)
        if container is Container.TIFF:
            return _tiff(data, name, check)
        return _by_library(_open(data, container), data, container, check, half=half)


def decodes_at_half(data: bytes, container: Container, name: str, *, from_px: int) -> bool:
    """Return whether a file is an RGB JPEG of `from_px` pixels and more whose halved pixels stand for two by two."""
    if container is not Container.JPEG:
        return False
    with _damage_refused(name):
        image = _open(data, container)
        width, height = image.size
        return image.mode == "RGB" and width * height >= from_px and width % 2 == height % 2 == 0


def decode_classes(data: bytes, container: Container, name: str) -> NDArray[np.uint8] | None:
    """Return the class numbers (h, w) of a grey or palette picture; None where it holds colours or is lossy.

    Raises UnreadablePhoto as `decode`.
    """
    if container not in (Container.PNG, Container.TIFF, Container.BMP):  # programs renumber the colours of a GIF
        return None
    check = partial(check_size, name=name, fewest_px=1, file_bytes=len(data))
    with _damage_refused(name):
        _check_whole(data, container, name, check)
        image = _open(data, container)
        check(*image.size)
        done = _turns_itself(image)
        image.load()
        if image.mode not in ("1", "L", "P"):
            return None
        classes: NDArray[np.uint8] = np.asarray(image).astype(np.uint8)
        exif = exif_of(data, container, image.info)
        return upright(classes, 1 if done else orientation_of(exif, data, container, image.info))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFrame:
    """The size of a picture as it stands upright, in px, and the orientation (1 to 8) by which its pixels were turned.

    An orientation of 5 or more means that width and height are exchanged in the file.
    """

    width_px: int
    height_px: int
    orientation: int


def frame_of(data: bytes, container: Container, name: str) -> ImageFrame:
    """Return the frame of the first picture in a file, without decoding its pixels. Raises UnreadablePhoto."""
    with _damage_refused(name):
        if container is Container.HEIF:
            import pillow_heif

            file = pillow_heif.open_heif(data)
            turned = orientation_from_exif(file.info.get("exif") or b"")
            return ImageFrame(width_px=file.size[0], height_px=file.size[1], orientation=turned)
        image = _open(data, container)
        turned = orientation_of(exif_of(data, container, image.info), data, container, image.info)
        width, height = image.size
        exchanged = _entry(image, Tag.ORIENTATION) in (5, 6, 7, 8)  # of a TIFF, by the library
        if turned >= 5 and not exchanged:
            width, height = height, width
        return ImageFrame(width_px=width, height_px=height, orientation=turned)


@contextmanager
def _damage_refused(name: str) -> Iterator[None]:
    """Turn whatever the decoders of others raise into a refusal; keep their warnings from the user."""
    for logger in (logging.getLogger("PIL"), logging.getLogger("tifffile")):
        if not logger.hasHandlers():
            logger.addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except DermisError:
            raise
        except MemoryError as fault:
            raise UnreadablePhoto(f"{name} needs more memory than there is.", advice="Reduce it.") from fault
        except Exception as fault:  # there is hardly a class that damaged bytes do not raise
            raise UnreadablePhoto(
                f"{name} is damaged, cut short, or of a make that is not read.",
                advice="Copy it again from the camera or phone, or export it as JPEG.",
            ) from fault


def _check_whole(data: bytes, container: Container, name: str, check: Check) -> None:
    """Refuse early what the decoders would let pass, or would refuse only after taking much memory."""
    size = stated_size(data[:64], container)
    if size is not None:
        check(*size)
    whole = True
    if container is Container.JPEG:
        check_scans(data, name)
    if container is Container.PNG:
        whole = is_intact(data)
    if container in (Container.WEBP, Container.HEIF, Container.AVIF):
        end = coded_end(data, container)
        whole = any(data[max(0, end - _ZEROS_THAT_CANNOT_BE) : end])
    if not whole:
        raise UnreadablePhoto(
            f"{name} is damaged or was copied only in part.", advice="Copy it again from the camera or phone."
        )


def _open(data: bytes, container: Container) -> ImageFile:
    # By its class and not by Image.open, whose size limit is a setting of the whole process.
    module, name = _OPENERS[container]
    image: ImageFile = getattr(import_module(module), name)(BytesIO(data))
    return image


def _by_library(image: ImageFile, data: bytes, container: Container, check: Check, *, half: bool = False) -> Raster:
    check(*image.size, len(image.getbands()) * (2 if ";16" in _raw_mode(image) else 1))
    if half:
        image.draft(None, (image.width // 2, image.height // 2))
    done = _turns_itself(image)
    raster, loaded = _sixteen_bits(image, data, container) or (_eight_bits(image), image)
    info = loaded.info  # of a picture that was decoded: some of it stands behind the pixels
    exif = exif_of(data, container, info)
    coding = None
    if container is Container.PNG:
        coding = coding_points(data)
    icc = icc_of(data, container, info)
    if container is Container.AVIF and not icc:  # beside a profile, the box is there for its luma matrix alone
        coding = _coding_box(data)
    return replace(
        raster,
        icc=icc,
        coding=coding,
        gamma=None if "srgb" in info else info.get("gamma"),
        chromaticities=info.get("chromaticity"),
        exif=exif,
        orientation=1 if done else orientation_of(exif, data, container, info),
        notes=(_SEVERAL,) if getattr(image, "is_animated", False) else (),
    )


def _turns_itself(image: ImageFile) -> bool:
    """Return whether the library turns a picture upright while loading it: a TIFF, where it knows its orientation."""
    return image.format == "TIFF" and image.getexif().get(Tag.ORIENTATION) in range(2, 9)


def _coding_box(data: bytes) -> tuple[int, int] | None:
    # ISO 14496-12, colr box of type nclx: primaries, transfer, matrix, 16 bits each.
    at = data.find(b"colrnclx")
    if at < 0:
        return None
    return int.from_bytes(data[at + 8 : at + 10], "big"), int.from_bytes(data[at + 10 : at + 12], "big")


def _eight_bits(image: ImageFile) -> Raster:
    """Return a picture of up to 8 bits a channel, or of one grey channel of 16."""
    image.load()
    if image.mode.startswith("I;16"):
        return Raster(values=np.asarray(image).astype(np.uint16), inks=Inks.GREY, white=65535, bits=16)
    if image.mode in ("CMYK", "LAB"):
        return Raster(values=np.asarray(image), inks=Inks(image.mode), white=255, bits=8)
    see_through = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa")
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if grey else "RGB") + ("A" if see_through else "")
    plain = image if image.mode == mode else image.convert(mode)
    return parted(_pixels(plain), white=255, bits=1 if image.mode == "1" else 8)


def _pixels(image: Image) -> NDArray[np.uint8]:
    """Return the numbers of a picture of 8-bit channels, strip by strip: half the time, as strips stay in the cache."""
    width, height = image.size
    if image.mode != "RGB" or height <= _STRIP_ROWS:
        return np.asarray(image)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        strip = image.crop((0, top, width, min(top + _STRIP_ROWS, height)))
        pixels[top : top + _STRIP_ROWS] = np.frombuffer(strip.tobytes(), np.uint8).reshape(strip.height, width, 3)
    return pixels


def _sixteen_bits(image: ImageFile, data: bytes, container: Container) -> tuple[Raster, ImageFile] | None:
    """Return a picture of several 16-bit channels, and a decoded copy of it; None where this is none.

    The library cannot hold such a picture, but it can unpack either byte of each number: told that the
    numbers are big-endian it keeps the first, told little-endian the second. So it decodes twice.
    """
    raw = _raw_mode(image)
    if raw == "LA;16B":
        copy = _unpacked(data, container, "RGBA")
        octets = np.ascontiguousarray(copy)
        return parted(octets.view(">u2").astype(np.uint16), white=65535, bits=16), copy
    channels, _, order = raw.partition(";16")
    if len(channels) < 3 or order not in ("B", "L", "N"):
        return None
    copy = _unpacked(data, container, channels.upper() + ";16B")
    first = np.asarray(copy).astype(np.uint16)
    second = np.asarray(_unpacked(data, container, channels.upper() + ";16L")).astype(np.uint16)
    little = order == "L" or (order == "N" and sys.byteorder == "little")
    values = second << 8 | first if little else first << 8 | second
    if channels == "CMYK":
        return Raster(values=values, inks=Inks.CMYK, white=65535, bits=16), copy
    if channels == "RGBa":
        values[..., :3] = unmultiplied(values[..., :3], values[..., 3], 65535)
    return parted(values, white=65535, bits=16), copy


def _raw_mode(image: ImageFile) -> str:
    arguments: Any = image.tile[0].args if image.tile else ""
    first = arguments[0] if isinstance(arguments, tuple) else arguments
    return first if isinstance(first, str) else ""


def _unpacked(data: bytes, container: Container, raw_mode: str) -> ImageFile:
    image = _open(data, container)
    image.tile = [
        part._replace(args=(raw_mode, *part.args[1:]) if isinstance(part.args, tuple) else raw_mode)
        for part in image.tile
    ]
    image.load()
    return image


def _tiff(data: bytes, name: str, check: Check) -> Raster:
    if is_raw(data):
        raise raw_refusal(name)
    try:
        image = _open(data, Container.TIFF)
    except SyntaxError:  # an arrangement of numbers that the library does not know
        image = None
    if image is None or image.mode in ("I", "F") or _planes_apart(image):
        raster = deep_tiff(data, name, check)
        return replace(raster, orientation=orientation_of(data, data, Container.TIFF, {}))
    check(*image.size)
    check_strips(image.tag_v2, len(data))  # type: ignore[attr-defined]
    raster = _by_library(image, data, Container.TIFF, check)
    if image.mode.startswith("I;16") and _entry(image, _TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        return replace(raster, values=65535 - raster.values)  # which the library forgets at this depth
    return raster


def _planes_apart(image: ImageFile) -> bool:
    bits = _entry(image, _TIFF_BITS) or (1,)
    return bool(_entry(image, _TIFF_PLANAR) == 2 and max(bits) > 8)


def _entry(image: ImageFile, tag: int) -> Any:  # noqa: ANN401 -- as various as TIFF
    return getattr(image, "tag_v2", {}).get(tag)


def _heif(data: bytes, check: Check) -> Raster:
    import pillow_heif  # late: only phones of some makers write it

    # The library turns the picture upright by the file's own boxes; EXIF repeats that and must not count.
    file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    check(*file.size, 2 * len(file.mode.partition(";")[0]))
    info: dict[str, Any] = file.info
    values = np.asarray(file[file.primary_index])
    bits = int(info["bit_depth"]) if values.dtype == np.uint16 else 8
    coding = info.get("nclx_profile")
    return replace(
        parted(values, white=2**bits - 1, bits=bits),
        icc=info.get("icc_profile") or b"",
        coding=(coding["color_primaries"], coding["transfer_characteristics"]) if coding else None,
        exif=info.get("exif") or b"",
        notes=(_SEVERAL,) if len(file) > 1 else (),
    )
