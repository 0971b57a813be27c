"""Pictures as bytes: pieces of the photo, and maps of few colours."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core import Encoding, Photo
from dermis.core.arrays import FloatMap, LabelMap
from dermis.report.frames import Window

__all__ = ["data_uri", "levels_of", "palette_png", "shown"]


def shown(photo: Photo, window: Window, long_side_px: int) -> NDArray[np.uint8]:
    """Return a window of the photo as sRGB (h, w, 3) uint8, at most so long, never enlarged."""
    from PIL import Image  # late, as is the room below: together a tenth of the start

    from dermis.formats.image import reduce_by

    rows = slice(window.y_px, window.y_px + window.height_px)
    columns = slice(window.x_px, window.x_px + window.width_px)
    piece = photo.pixels[rows, columns]
    factor = min(max(1, max(piece.shape[:2]) // long_side_px), *piece.shape[:2])
    small = np.clip(reduce_by(piece, factor), 0, 1)
    if photo.encoding is not Encoding.SRGB:
        small = np.asarray(encode(small))
    image = Image.fromarray((small * 255 + 0.5).astype(np.uint8))
    image.thumbnail((long_side_px, long_side_px), Image.Resampling.LANCZOS)
    levels: NDArray[np.uint8] = np.asarray(image)
    return levels


def levels_of(values: FloatMap, low: float, high: float, count: int) -> LabelMap:
    """Return values as levels 1 to `count` from `low` to `high`, cut at both; 0 where NaN."""
    level = (values - np.float32(low)) * np.float32((count - 1) / (high - low))
    np.clip(np.rint(level, out=level), 0, count - 1, out=level)
    level += 1
    level[np.isnan(level)] = 0
    levels: LabelMap = level.astype(np.uint8)
    return levels


def palette_png(labels: LabelMap, colours: NDArray[np.uint8], *, clear: int | None = None) -> bytes:
    """Return labels (h, w) as a palette PNG whose indices are the labels.

    colours: (n, 3) uint8, the colour of each label. clear: the label that is transparent.
    """
    from PIL import Image  # late: it costs a tenth of the start

    image = Image.fromarray(labels, mode="L")
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6 if labels.size < 1_000_000 else 1, transparency=clear)
    return buffer.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """Return bytes of image/`kind` as an address that carries them."""
    return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"
