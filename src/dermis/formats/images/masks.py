"""Pictures that are not photos: masks, class maps, overlays; and changes of size."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.errors import InputError
from dermis.formats.files import write_bytes
from dermis.formats.images.container import HEAD_BYTES, identify, plain_name
from dermis.formats.images.decode import decode, decode_classes
from dermis.formats.images.photo import read_bytes
from dermis.formats.images.rasters import Raster, upright

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["encode_jpeg", "encode_png", "read_mask", "read_parts", "reduce_by", "resize_nearest", "write_png"]

_Kind = TypeVar("_Kind", bound=np.generic)
_MOST_LEVELS = 16
_ROWS = 16  # reduced at a time, so that the sums stay in the cache


def encode_png(picture: NDArray[Any]) -> bytes:
    """Return a PNG of a mask (h, w) bool (255 where true), a map (h, w) uint8, or RGB (h, w, 3) uint8."""
    buffer = BytesIO()
    _image(picture).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def encode_jpeg(rgb: NDArray[np.uint8], quality: int = 85) -> bytes:
    """Return a JPEG of RGB (h, w, 3) uint8; quality 1 to 100."""
    buffer = BytesIO()
    _image(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_png(path: str | Path, picture: NDArray[Any]) -> None:
    """Write what `encode_png` returns.

    Raises UsageError where the file cannot be written.
    """
    write_bytes(Path(path), encode_png(picture))


def read_mask(path: str | Path, width_px: int, height_px: int) -> BoolMap:
    """Read the user's own mask of skin for a photo of that size: (height_px, width_px) bool, true on skin.

    Where the picture has transparent parts, skin is what is at least half opaque. Otherwise it is what is not
    black in a picture of few levels (0 and 1, 0 and 255, class numbers in colour), and what is at least half
    as bright as the brightest in one of many (soft edges, JPEG).
    A mask of another size but of the photo's shape is enlarged or reduced to it.
    Raises UnreadablePhoto where the file cannot be read; InputError where the mask has another shape or is empty.
    """
    path = Path(path)
    name = plain_name(path)
    data = read_bytes(path)
    raster = decode(data, identify(data[:HEAD_BYTES], name), name, fewest_px=1)
    mask = _fitted(upright(_skin(raster), raster.orientation), width_px, height_px, name)
    if not mask.any():
        raise InputError(f"{name} marks no skin: all of it is black.", advice="Paint the skin white.")
    return mask


def read_parts(path: str | Path, width_px: int, height_px: int) -> LabelMap:
    """Read a map of parts for a photo of that size: (height_px, width_px) uint8 of `SegmentationClass`.

    The file holds class numbers, as grey levels or as palette indices (PNG, TIFF, BMP). A map of another
    size but of the photo's shape is enlarged or reduced to it.
    Raises UnreadablePhoto where the file cannot be read; InputError where it holds colours, numbers that are no
    part, or has another shape.
    """
    path = Path(path)
    name = plain_name(path)
    data = read_bytes(path)
    classes = decode_classes(data, identify(data[:HEAD_BYTES], name), name)
    meaning = ", ".join(f"{part.value} {part.name.lower().replace('_', ' ')}" for part in SegmentationClass)
    if classes is None:
        raise InputError(
            f"{name} holds colours, not part numbers.", advice=f"Save a grey or palette PNG of: {meaning}."
        )
    strangers = np.setdiff1d(np.unique(classes), [part.value for part in SegmentationClass])
    if strangers.size:
        found = ", ".join(str(number) for number in strangers[:5])
        raise InputError(f"{name} holds {found}, which is no part.", advice=f"Parts are: {meaning}.")
    return _fitted(classes, width_px, height_px, name)


def resize_nearest(picture: NDArray[_Kind], width_px: int, height_px: int) -> NDArray[_Kind]:
    """Return `picture` (h, w, ...) at another size, each pixel that of the nearest centre.

    Raises ValueError for a size without pixels.
    """
    if min(width_px, height_px, *picture.shape[:2]) < 1:
        raise ValueError(f"Cannot resize {picture.shape[:2]} to {(height_px, width_px)}.")
    rows = ((np.arange(height_px) + 0.5) * (picture.shape[0] / height_px)).astype(np.intp)
    columns = ((np.arange(width_px) + 0.5) * (picture.shape[1] / width_px)).astype(np.intp)
    resized: NDArray[_Kind] = picture[rows[:, None], columns]
    return resized


def reduce_by(picture: FloatMap, factor: int) -> FloatMap:
    """Return `picture` (h, w, channel) float32 reduced by a whole number, each pixel the mean of a square.

    Output pixel (row, column) covers the input pixels from (row * factor, column * factor); rows and columns
    left over at the bottom and the right, fewer than `factor`, are dropped. The mean is one of the values as
    they are: for light, hand in linear values.
    Raises ValueError where the factor is under 1 or larger than a side.
    """
    height, width = (side // factor if factor >= 1 else 0 for side in picture.shape[:2])
    if min(height, width) < 1:
        raise ValueError(f"Cannot reduce {picture.shape[:2]} by {factor}.")
    if factor == 1:
        return picture
    reduced = np.empty((height, width, picture.shape[2]), np.float32)
    for start in range(0, height, _ROWS):
        part = reduced[start : start + _ROWS]
        block = picture[start * factor : (start + len(part)) * factor, : width * factor]
        _sum_squares(block.reshape(len(part), factor, width * factor, -1), part)
    reduced *= np.float32(1 / factor**2)
    return reduced


def _sum_squares(block: FloatMap, out: FloatMap) -> None:
    # Whole rows are added first, then every factor-th column of a channel: long strides over few numbers.
    # Ten times as fast as one mean over two axes of three channels.
    factor = block.shape[1]
    rows = block[:, 0].copy()
    for k in range(1, factor):
        rows += block[:, k]
    for channel in range(out.shape[2]):
        total = rows[:, ::factor, channel].copy()
        for k in range(1, factor):
            total += rows[:, k::factor, channel]
        out[..., channel] = total


def _image(picture: NDArray[Any]) -> Image:
    from PIL import Image

    if picture.dtype == np.bool_ and picture.ndim == 2:
        return Image.fromarray(picture.astype(np.uint8) * np.uint8(255))
    if picture.dtype == np.uint8 and (picture.ndim == 2 or picture.shape[2:] == (3,)):
        return Image.fromarray(np.ascontiguousarray(picture))
    raise ValueError(f"A picture is (h, w) bool or uint8, or (h, w, 3) uint8; got {picture.dtype} {picture.shape}.")


def _skin(raster: Raster) -> BoolMap:
    if raster.alpha is not None:
        return np.asarray(raster.alpha >= raster.white / 2)
    level = raster.values if raster.values.ndim == 2 else raster.values.max(axis=2)
    if len(np.unique(level)) <= _MOST_LEVELS:
        return np.asarray(level > 0)
    return np.asarray(level >= level.max() / 2)


def _fitted(picture: NDArray[_Kind], width_px: int, height_px: int, name: str) -> NDArray[_Kind]:
    height, width = picture.shape
    if (height, width) == (height_px, width_px):
        return picture
    off_px = abs(height - width * height_px / width_px), abs(width - height * width_px / height_px)
    if min(off_px) > 1:
        raise InputError(
            f"{name} has {width} x {height} px, the photo {width_px} x {height_px} px.",
            advice="Save it at the photo's size, upright as the photo.",
        )
    return resize_nearest(picture, width_px, height_px)
