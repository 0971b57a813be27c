"""From the analysed frame to photo pixels, and the window of the photo that a report shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Frame, Photo
from dermis.core.arrays import FloatMap

__all__ = ["Window", "cut", "labels_on_photo", "resized", "values_on_photo", "window_of"]

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


def cut(values: NDArray[_Value], frame: Frame, window: Window) -> tuple[NDArray[_Value], Frame]:
    """Return the part of a frame's values (h, w) that a window shows, and the frame of that part."""
    rows = _seen(frame.y_px, frame.height, frame.factor, window.y_px, window.height_px)
    columns = _seen(frame.x_px, frame.width, frame.factor, window.x_px, window.width_px)
    part = values[rows.start : rows.stop, columns.start : columns.stop]
    return part, Frame(
        x_px=frame.x_px + columns.start * frame.factor,
        y_px=frame.y_px + rows.start * frame.factor,
        width=len(columns),
        height=len(rows),
        factor=frame.factor,
    )


def labels_on_photo(labels: NDArray[_Value], frame: Frame, photo: Photo) -> NDArray[_Value]:
    """Return labels or a mask of the frame (h, w) at photo size, each in its block, 0 outside the frame."""
    return _placed(labels.repeat(frame.factor, axis=0).repeat(frame.factor, axis=1), frame, photo)


def values_on_photo(values: FloatMap, frame: Frame, photo: Photo) -> FloatMap:
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


def _placed(piece: NDArray[_Value], frame: Frame, photo: Photo, *, outside: float = 0) -> NDArray[_Value]:
    """Put a frame's photo-size piece where it belongs, cut at the photo's edges."""
    whole = np.full((photo.height_px, photo.width_px), outside, dtype=piece.dtype)
    top, left = max(0, frame.y_px), max(0, frame.x_px)
    bottom, right = max(top, photo.height_px), max(left, photo.width_px)
    shown = piece[top - frame.y_px : bottom - frame.y_px, left - frame.x_px : right - frame.x_px]
    whole[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return whole
