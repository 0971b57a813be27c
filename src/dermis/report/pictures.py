"""Pictures of a report: crops about the face, thumbnails, data URIs."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core import Analysis, Box, CropFrame, Encoding, Face, Photo, ValueMap
from dermis.core.arrays import BoolMap, FloatMap, LabelMap

__all__ = [
    "Framed",
    "Thumbnail",
    "Window",
    "around",
    "crop_uri",
    "cut",
    "data_uri",
    "face_uri",
    "labels_on_photo",
    "levels_of",
    "outlined_uri",
    "palette_png",
    "resized",
    "shown",
    "thumbnail_of",
    "values_on_photo",
    "window_of",
]

_Value = TypeVar("_Value", bound=np.generic)

MARGIN_SHARE = 0.22
"""What a window shows around a face, as a share of the face's longer side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of whole photo pixels, inside the photo."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


def window_of(photo: Photo, face: Face | None) -> Window:
    """Return what to show: the face with its regions and a margin, the frame of a close-up, else the photo."""
    if face is None:
        return Window(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    left, top, right, bottom = _extent(face)
    margin = 0.0 if face.box is None else MARGIN_SHARE * max(right - left, bottom - top)
    x = min(max(0, int(left - margin)), photo.width_px - 1)
    y = min(max(0, int(top - margin)), photo.height_px - 1)
    end_x, end_y = min(photo.width_px, int(right + margin)), min(photo.height_px, int(bottom + margin))
    return Window(x_px=x, y_px=y, width_px=max(1, end_x - x), height_px=max(1, end_y - y))


def cut(values: NDArray[_Value], frame: CropFrame, window: Window) -> tuple[NDArray[_Value], CropFrame]:
    """Return the part of a frame's values (h, w) that a window shows, and the frame of that part."""
    rows = _seen(frame.y_px, frame.height, frame.factor, window.y_px, window.height_px)
    columns = _seen(frame.x_px, frame.width, frame.factor, window.x_px, window.width_px)
    part = values[rows.start : rows.stop, columns.start : columns.stop]
    return part, CropFrame(
        x_px=frame.x_px + columns.start * frame.factor,
        y_px=frame.y_px + rows.start * frame.factor,
        width=len(columns),
        height=len(rows),
        factor=frame.factor,
    )


def labels_on_photo(labels: NDArray[_Value], frame: CropFrame, photo: Photo) -> NDArray[_Value]:
    """Return labels or a mask of the frame (h, w) at photo size, each in its block, 0 outside the frame."""
    return _placed(labels.repeat(frame.factor, axis=0).repeat(frame.factor, axis=1), frame, photo)


def values_on_photo(values: FloatMap, frame: CropFrame, photo: Photo) -> FloatMap:
    """Return values of the frame (h, w) at photo size, bilinear, NaN where there is none."""
    shape = (frame.height * frame.factor, frame.width * frame.factor)
    return _placed(resized(values, shape), frame, photo, outside=np.nan)


def resized(values: FloatMap, shape: tuple[int, int]) -> FloatMap:
    """Return (h, w) values at another size, bilinear between the values there are; NaN stays NaN.

    A missing value never bleeds into its neighbours: weights of missing values are left out.
    """
    from PIL import Image  # late: a report is the only one to need it

    known = np.isfinite(values)
    size = (shape[1], shape[0])
    filled = Image.fromarray(np.where(known, values, np.float32(0)))
    total = np.array(filled.resize(size, Image.Resampling.BILINEAR))
    if known.all():
        return total
    share = np.asarray(Image.fromarray(known.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
    total[share < 0.5] = np.nan
    np.divide(total, share, out=total, where=share > 0)
    return total


def _seen(start_px: int, count: int, factor: int, window_start_px: int, window_length_px: int) -> range:
    """Return which of a frame's rows or columns touch a window; the nearest one where none does."""
    first = (window_start_px - start_px) // factor
    last = (window_start_px + window_length_px - 1 - start_px) // factor
    first = min(max(first, 0), count - 1)
    return range(first, min(max(last, first), count - 1) + 1)


def _extent(face: Face) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a face and its regions, in photo pixels."""
    frame, box = face.frame, face.box
    if box is None:
        width_px, height_px = frame.width * frame.factor, frame.height * frame.factor
        return frame.x_px, frame.y_px, frame.x_px + width_px, frame.y_px + height_px
    left, top, right, bottom = box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px
    rows, columns = np.nonzero(face.regions)
    if rows.size == 0:
        return left, top, right, bottom
    return (
        min(left, frame.x_px + int(columns.min()) * frame.factor),
        min(top, frame.y_px + int(rows.min()) * frame.factor),
        max(right, frame.x_px + (int(columns.max()) + 1) * frame.factor),
        max(bottom, frame.y_px + (int(rows.max()) + 1) * frame.factor),
    )


def _placed(piece: NDArray[_Value], frame: CropFrame, photo: Photo, *, outside: float = 0) -> NDArray[_Value]:
    """Put a frame's photo-size piece where it belongs, cut at the photo's edges."""
    whole = np.full((photo.height_px, photo.width_px), outside, dtype=piece.dtype)
    top, left = max(0, frame.y_px), max(0, frame.x_px)
    bottom, right = max(top, photo.height_px), max(left, photo.width_px)
    shown = piece[top - frame.y_px : bottom - frame.y_px, left - frame.x_px : right - frame.x_px]
    whole[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return whole


def shown(photo: Photo, window: Window, long_side_px: int) -> NDArray[np.uint8]:
    """Return a window of the photo as sRGB (h, w, 3) uint8, at most so long, never enlarged."""
    from PIL import Image  # late, as is the room below: together a tenth of the start

    from dermis.formats.images.masks import reduce_by

    rows = slice(window.y_px, window.y_px + window.height_px)
    columns = slice(window.x_px, window.x_px + window.width_px)
    piece = photo.part(rows, columns)
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


LONG_SIDE_PX = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A rectangle in pixels of the thumbnail; `kind` is face, other or patch."""

    kind: str
    words: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture of the whole photo and what is framed in it."""

    uri: str
    width: int
    height: int
    alt: str
    frames: tuple[Framed, ...]


def thumbnail_of(analysis: Analysis, photo: Photo) -> Thumbnail:
    """Return the whole photo with the measured face, other faces and the reference patch framed."""
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    pixels = shown(photo, window_of(photo, None), LONG_SIDE_PX)
    height, width = pixels.shape[:2]
    scale = width / photo.width_px
    frames = tuple(_framed(kind, words, box, scale) for kind, words, box in _found(analysis))
    words = [frame.words.lower() for frame in frames]
    return Thumbnail(
        uri=data_uri("jpeg", encode_jpeg(pixels, quality=80)),
        width=width,
        height=height,
        alt=f"The whole photo. Framed in it: {', '.join(words)}." if words else "The whole photo.",
        frames=frames,
    )


def _found(analysis: Analysis) -> list[tuple[str, str, Box]]:
    found = []
    if analysis.face is not None:
        if analysis.face.box is not None:
            found.append(("face", "The face that was measured", analysis.face.box))
        found += [("other", "Another face, not measured", box) for box in analysis.face.others]
    if analysis.reference is not None:
        found.append(("patch", "The reference of known colour", analysis.reference.box))
    return found


def _framed(kind: str, words: str, box: Box, scale: float) -> Framed:
    x, y, width, height = (round(scale * side, 1) for side in (box.x_px, box.y_px, box.width_px, box.height_px))
    return Framed(kind=kind, words=words, x=x, y=y, width=width, height=height)


CROP_PX = 160
_CROP_BOXES = 3.0
"""A crop shows so many times the box of an item, so that the skin around is seen."""


def face_uri(photo: Photo, face: Face) -> str:
    """Return the face as a picture inside the page."""
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    return data_uri("jpeg", encode_jpeg(shown(photo, window_of(photo, face), 2 * CROP_PX), quality=85))


OUTLINED_PX = 640
_PALE, _DARK = (255.0, 244.0, 218.0), (71.0, 32.0, 15.0)
_LINE, _LINE_EDGE = (255, 255, 255), (20, 60, 160)


def outlined_uri(photo: Photo, face: Face, mask: BoolMap, over: ValueMap | None = None) -> str:
    """Return the face, or a map from pale to dark, with a line around what is in the mask (h, w) of its frame."""
    from PIL import Image  # late: it costs a tenth of the start
    from scipy.ndimage import binary_dilation  # late: 0.1 s

    from dermis.formats.images.masks import encode_jpeg

    window = window_of(photo, face)
    picture = np.array(shown(photo, window, OUTLINED_PX))
    shape = picture.shape[:2]
    if over is not None:
        values = resized(_in_window(values_on_photo(over.values, face.frame, photo), window), shape)
        share = np.clip((values - over.low) / (over.high - over.low), 0, 1)[..., None]
        map_ = (1 - share) * np.array(_PALE) + share * np.array(_DARK)
        picture = np.where(np.isfinite(share), np.nan_to_num(map_), 0.4 * picture).astype(np.uint8)
    whole = _in_window(labels_on_photo(mask, face.frame, photo), window).astype(np.uint8)
    marked = np.asarray(Image.fromarray(whole).resize(shape[::-1], Image.Resampling.NEAREST)) > 0
    line = binary_dilation(marked) & ~marked
    picture[binary_dilation(line) & ~marked & ~line] = _LINE_EDGE
    picture[line] = _LINE
    return data_uri("jpeg", encode_jpeg(picture, quality=88))


def _in_window(values: NDArray[_Value], window: Window) -> NDArray[_Value]:
    return values[window.y_px : window.y_px + window.height_px, window.x_px : window.x_px + window.width_px]


def crop_uri(photo: Photo, box: Box) -> str:
    """Return the piece of a photo around a box as a picture inside the page."""
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    return data_uri("jpeg", encode_jpeg(shown(photo, around(photo, box), CROP_PX), quality=88))


def around(photo: Photo, box: Box) -> Window:
    """Return the square of the photo around a box, inside the photo."""
    side = max(_CROP_BOXES * max(box.width_px, box.height_px), 24.0)
    side_x, side_y = min(int(side), photo.width_px), min(int(side), photo.height_px)
    x = int(box.x_px + box.width_px / 2 - side_x / 2)
    y = int(box.y_px + box.height_px / 2 - side_y / 2)
    return Window(
        x_px=min(max(x, 0), photo.width_px - side_x),
        y_px=min(max(y, 0), photo.height_px - side_y),
        width_px=max(side_x, 1),
        height_px=max(side_y, 1),
    )
