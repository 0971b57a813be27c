"""TIFF as scanners, cameras of science and raw developers write it: float, 32 bits, planes apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from dermis.errors import UnreadablePhoto
from dermis.formats.exif import Tag, read_exif
from dermis.formats.raster import Numbers, Raster, parted, unmultiplied

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["deep_tiff", "is_raw"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_ICC = 34675
_MOST_OTHERS = 5
_MULTIPLIED_ALPHA, _ALPHA = 1, 2
_SEVERAL = "The file holds several pictures; the first was read."


def is_raw(data: bytes) -> bool:
    """Return whether a TIFF holds the undeveloped numbers of a camera (DNG and its kin)."""
    entries = read_exif(data)
    photometric = entries.get(Tag.PHOTOMETRIC, ())
    kind = photometric[0][0] if isinstance(photometric, tuple) and photometric else None
    return Tag.DNG_VERSION in entries or kind in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW)


def deep_tiff(data: bytes, name: str, check: Callable[[int, int], None]) -> Raster:
    """Return the first page of a grey or RGB TIFF of any depth, its channels together or apart.

    Floats are taken as they are, 0 for black and 1 for white; what lies outside is cut off and noted.
    check: called with width and height in px before the pixels are decoded.
    Raises UnreadablePhoto for other kinds of numbers.
    """
    import tifffile  # late: few photos need it

    with tifffile.TiffFile(BytesIO(data)) as file:
        page = file.pages.first
        check(page.imagewidth, page.imagelength)
        channels = _channels(page)
        if not channels:
            raise _unusual(name)
        if not _all_there(page):
            raise ValueError("A strip is missing.")  # the library would fill it with black
        values = page.asarray(maxworkers=1)
        profile = page.tags.get(_ICC)
        several = len(file.pages) > 1
    if page.axes == "SYX":
        values = values.transpose(1, 2, 0)
    raster = _scaled(values[..., :channels] if values.ndim == 3 else values, name)
    if page.photometric == _WHITE_IS_ZERO:
        raster = replace(raster, values=raster.values.dtype.type(raster.white) - raster.values)
    if raster.alpha is not None and page.extrasamples[0] == _MULTIPLIED_ALPHA:
        raster = replace(raster, values=unmultiplied(raster.values, raster.alpha, raster.white))
    notes = (*raster.notes, _SEVERAL) if several else raster.notes
    return replace(raster, icc=bytes(profile.value) if profile else b"", exif=data, notes=notes)


def _channels(page: TiffPage) -> int:
    """Return how many channels to read: grey or RGB, and alpha if there is one; 0 for other pictures."""
    colours = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3}.get(page.photometric or 0, 0)
    others = page.samplesperpixel - colours
    if not colours or page.axes not in ("YX", "YXS", "SYX") or not 0 <= others <= _MOST_OTHERS:
        return 0
    if colours == 1 and others > 1:  # a cube of bands
        return 0
    has_alpha = bool(page.extrasamples) and page.extrasamples[0] in (_MULTIPLIED_ALPHA, _ALPHA)
    return colours + has_alpha


def _all_there(page: TiffPage) -> bool:
    parts = np.asarray([page.dataoffsets, page.databytecounts])
    return parts.shape[1] >= math.prod(page.chunked) and bool(np.all(parts > 0))


def _scaled(values: Numbers, name: str) -> Raster:
    kind, bits = values.dtype.kind, 8 * values.dtype.itemsize
    if kind == "u" and bits <= 16:
        return parted(values, white=2**bits - 1, bits=bits)
    if kind == "u":
        return parted((values / (2.0**bits - 1)).astype(np.float32), white=1, bits=bits)
    if kind == "f":
        return _floats(values, name)
    raise _unusual(name)


def _floats(values: Numbers, name: str) -> Raster:
    seen = values[np.isfinite(values)]
    if not seen.size or np.median(seen) > 1:
        raise UnreadablePhoto(
            f"{name} holds floating-point numbers that do not run from 0 to 1.",
            advice="Divide them by the value of white, or save the photo with 16 bits.",
        )
    raster = parted(np.clip(np.nan_to_num(values), 0, 1).astype(np.float32), white=1, bits=8 * values.itemsize)
    if seen.size == values.size and seen.min() >= 0 and seen.max() <= 1:
        return raster
    return replace(raster, notes=("Numbers below 0 and above 1 were cut off.",))


def _unusual(name: str) -> UnreadablePhoto:
    return UnreadablePhoto(
        f"{name} is a TIFF whose numbers are neither grey nor RGB of a known kind.",
        advice="Save it as RGB with 8 or 16 bits.",
    )
