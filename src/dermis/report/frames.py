"""From the analysed frame to photo pixels, and the window of the photo that a report shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dermis.core import Frame, Photo
from dermis.core.arrays import FloatMap

__all__ = ["Window", "labels_on_photo", "resized", "values_on_photo", "window_of"]

_Label = TypeVar("_Label", bound=np.generic)

MARGIN_SHARE = 0.04
"""What a window shows around the frame, as a share of the frame's longer side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of whole photo pixels, inside the photo."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


def window_of(photo: Photo, frame: Frame | None) -> Window:
    """Return the frame with a margin, cut at the photo's edges; the whole photo without a frame."""
    if frame is None:
        return Window(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    width, height = frame.width * frame.factor, frame.height * frame.factor
    margin = round(MARGIN_SHARE * max(width, height))
    left, right = max(0, frame.x_px - margin), min(photo.width_px, frame.x_px + width + margin)
    top, bottom = max(0, frame.y_px - margin), min(photo.height_px, frame.y_px + height + margin)
    return Window(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top)


def labels_on_photo(labels: NDArray[_Label], frame: Frame, photo: Photo) -> NDArray[_Label]:
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


def _placed(piece: NDArray[_Label], frame: Frame, photo: Photo, *, outside: float = 0) -> NDArray[_Label]:
    """Put a frame's photo-size piece where it belongs, cut at the photo's edges."""
    whole = np.full((photo.height_px, photo.width_px), outside, dtype=piece.dtype)
    top, left = max(0, frame.y_px), max(0, frame.x_px)
    bottom, right = max(top, photo.height_px), max(left, photo.width_px)
    shown = piece[top - frame.y_px : bottom - frame.y_px, left - frame.x_px : right - frame.x_px]
    whole[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return whole
