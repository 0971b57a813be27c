"""From the colours of a file to sRGB.

A space that is one matrix and a curve a channel (every camera, phone and screen) is converted here, in one
step from the file's own numbers to float, whatever their depth. Profiles that work by tables (printers) go
through LittleCMS at 8 bits. Conversion is relative colorimetric: the file's white becomes white. What lies
outside sRGB is cut off channel by channel in linear light.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core.arrays import FloatMap, LabelMap
from dermis.formats.images.icc import SAMPLES, ColourSpace, declared_space, read_icc, space_of_profile
from dermis.formats.images.rasters import Inks, Numbers, Raster

__all__ = ["Converted", "as_they_are", "to_srgb"]

_TOP = SAMPLES - 1
_ROWS = 32  # converted at a time, so that what is in between stays in the cache
_INVISIBLE = 1 / 255

_DAMAGED = "The embedded colour profile is damaged and was ignored; the colours were read as sRGB."
_MISPLACED = "The embedded colour profile is for other channels and was ignored."
_COARSE = "The embedded colour profile works by tables: the colours were converted with 8 bits."
_NO_PROFILE = "A CMYK picture without a colour profile: the colours are a guess."


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """`pixels` (h, w, 3) float32 in [0, 1], the profile's name, and what the user should know.

    levels: what stands for `pixels` where the file holds 8 bits of sRGB, (h, w, 3) uint8.
    """

    pixels: FloatMap | None = None
    levels: LabelMap | None = None
    profile: str | None = None
    notes: tuple[str, ...] = ()


def as_they_are(raster: Raster) -> FloatMap:
    """Return the numbers over their full scale as (h, w, 3) float32, nothing converted but ink to light."""
    values = raster.values
    if raster.inks is Inks.GREY:
        values = np.broadcast_to(values[..., None], (*values.shape, 3))
    if raster.inks in (Inks.CMYK, Inks.LAB):
        return _by_library(raster, None)
    return _unit(values, raster.white)


def to_srgb(raster: Raster) -> Converted:
    """Return the picture in sRGB.

    What says most is believed first: the coding points, the embedded profile, the camera's mark for Adobe
    RGB, the gamma of a PNG. Without any of them the numbers are sRGB already.
    """
    if raster.coding is None and raster.icc:
        return _by_profile(raster)
    if raster.inks in (Inks.CMYK, Inks.LAB):
        notes = (_NO_PROFILE,) if raster.inks is Inks.CMYK else ()
        return Converted(pixels=_by_library(raster, None), notes=notes)
    space = declared_space(raster)
    return _unchanged(raster) if space is None else _by_space(raster, space)


def _unchanged(raster: Raster, profile: str | None = None, notes: tuple[str, ...] = ()) -> Converted:
    """Return what is sRGB already, as levels where nothing else is to be done."""
    plain = raster.inks is Inks.RGB and raster.white == 255 and raster.alpha is None
    if plain and raster.values.dtype == np.uint8:
        return Converted(levels=np.ascontiguousarray(raster.values), profile=profile, notes=notes)
    return Converted(pixels=as_they_are(raster), profile=profile, notes=notes)


def _by_profile(raster: Raster) -> Converted:
    try:
        profile = read_icc(raster.icc)
    except ValueError:
        return _without(raster, _DAMAGED)
    fits = profile.inks is raster.inks or (profile.inks is Inks.RGB and raster.inks is Inks.GREY)
    if not fits:
        return _without(raster, _MISPLACED)
    space = space_of_profile(profile)
    if space is not None:
        return _by_space(raster, space)
    try:
        pixels = _by_library(raster, raster.icc)
    except (OSError, ValueError):
        return _without(raster, _DAMAGED)
    notes = (_COARSE,) if raster.white != 255 else ()
    return Converted(pixels=pixels, profile=profile.name, notes=notes)


def _without(raster: Raster, note: str) -> Converted:
    pixels = _by_library(raster, None) if raster.inks in (Inks.CMYK, Inks.LAB) else as_they_are(raster)
    return Converted(pixels=pixels, notes=(note,))


def _by_space(raster: Raster, space: ColourSpace) -> Converted:
    if _changes_nothing(space):
        return _unchanged(raster, space.name, space.notes)
    values = raster.values
    if raster.inks is Inks.GREY:
        values = np.broadcast_to(values[..., None], (*values.shape, 3))
    pixels = _converted(values, raster.white, space)
    return Converted(pixels=pixels, profile=space.name, notes=space.notes)


def _changes_nothing(space: ColourSpace) -> bool:
    """Return whether the space is sRGB, whatever it is called: no 8-bit colour would be another."""
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    return bool(np.abs(_converted(lattice, 255, space) - lattice / 255).max() < _INVISIBLE)


def _converted(values: Numbers, white: float, space: ColourSpace) -> FloatMap:
    tables = _tables(space.curves, values.dtype, white)
    matrix = space.to_srgb.T.astype(np.float32)
    encoded = _looked_up if values.dtype == np.uint8 else encode
    pixels = np.empty(values.shape, np.float32)
    for row in range(0, len(values), _ROWS):
        part = values[row : row + _ROWS]
        index = part if part.dtype.kind == "u" else np.rint(part * _TOP).astype(np.uint16)
        if len(tables) == 1:
            light = tables[0][index]
        else:
            light = np.stack([table[index[..., i]] for i, table in enumerate(tables)], axis=-1)
        pixels[row : row + _ROWS] = encoded(np.clip(light @ matrix, 0, 1))
    return pixels


def _tables(
    curves: tuple[NDArray[np.float32], ...], dtype: np.dtype[np.generic], white: float
) -> list[NDArray[np.float32]]:
    if dtype.kind == "u":
        levels = np.rint(np.arange(white + 1) * (_TOP / white)).astype(np.intp)
        curves = tuple(curve[levels] for curve in curves)
    alike = all(np.array_equal(curve, curves[0]) for curve in curves[1:])
    return [curves[0]] if alike else list(curves)


def _looked_up(light: FloatMap) -> FloatMap:
    # A sample every 1/65535 of light errs by 0.0001 at black, where the curve is steepest: a fortieth of
    # an 8-bit step, and ten times as fast as the formula.
    return _encoding()[np.rint(light * _TOP).astype(np.intp)]


@cache
def _encoding() -> NDArray[np.float32]:
    light = np.linspace(0, 1, SAMPLES)
    return np.asarray(encode(np.stack([light] * 3, axis=-1))[:, 0], dtype=np.float32)


def _by_library(raster: Raster, icc: bytes | None) -> FloatMap:
    """Convert with LittleCMS, or without a profile as the image library does, at 8 bits."""
    from PIL import Image, ImageCms

    values = raster.values
    if raster.white != 255:
        values = np.rint(values * (255 / raster.white)).astype(np.uint8)
    mode = raster.inks.value
    image = Image.frombytes(mode, values.shape[1::-1], np.ascontiguousarray(values).tobytes())
    if icc is None and raster.inks is not Inks.LAB:
        return _unit(np.asarray(image.convert("RGB")), 255)
    try:
        source = ImageCms.createProfile("LAB") if icc is None else ImageCms.getOpenProfile(BytesIO(icc))
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        converted = ImageCms.applyTransform(image, transform)
    except ImageCms.PyCMSError as fault:
        raise ValueError("LittleCMS refused the profile.") from fault
    return _unit(np.asarray(converted), 255)


def _unit(values: Numbers, white: float) -> FloatMap:
    pixels: FloatMap = np.divide(values, np.float32(white), dtype=np.float32, order="C")
    return pixels
