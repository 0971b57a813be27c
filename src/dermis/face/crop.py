"""The part of a photo that is analysed, and the way between its pixels and the photo's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Photo
from dermis.core.arrays import BoolMap, FloatMap, LabelMap

_MOST_IN_16_BITS = 257  # levels of 255 that add up to 65535
_ODD = 3  # the largest odd factor of a frame on a photo known at half its size; above, the next even one loses less

__all__ = ["crop", "frame_around", "reduce_labels", "reduce_mask", "to_frame"]


def frame_around(photo: Photo, left: float, top: float, right: float, bottom: float, *, longest: int) -> CropFrame:
    """Return the frame of a rectangle cut to the photo, its long side at most `longest` frame pixels.

    Of a photo that is known at half its size, a frame that is reduced four times or more lies on pixels of that.
    """
    x0, y0 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    x1, y1 = min(photo.width_px, int(np.ceil(right))), min(photo.height_px, int(np.ceil(bottom)))
    if x1 <= x0 or y1 <= y0:
        raise ValueError("The rectangle lies outside the photo.")
    # A photo thinner than the factor would leave no pixel.
    factor = min(-(-max(x1 - x0, y1 - y0) // longest), x1 - x0, y1 - y0)
    if photo.half is not None and factor > _ODD:
        factor += factor % 2
    if photo.half is not None and factor % 2 == 0:
        x0, y0 = x0 - x0 % 2, y0 - y0 % 2
    return CropFrame(x_px=x0, y_px=y0, width=(x1 - x0) // factor, height=(y1 - y0) // factor, factor=factor)


def crop(photo: Photo, frame: CropFrame) -> FloatMap:
    """Return the photo's pixels on `frame`, (h, w, 3), each the mean of the photo pixels it covers."""
    if photo.half is not None and not (frame.factor % 2 or frame.x_px % 2 or frame.y_px % 2):
        halved = replace(frame, x_px=frame.x_px // 2, y_px=frame.y_px // 2, factor=frame.factor // 2)
        return crop(photo.half, halved)
    if photo.levels is None:
        return _mean(photo.pixels, frame)
    if frame.factor == 1:
        return photo.part(*_covered(frame))
    return _mean_of_levels(photo.levels[_covered(frame)], frame)


def reduce_mask(mask: BoolMap, frame: CropFrame) -> BoolMap:
    """Return where at least half of the photo pixels under a frame pixel are set in `mask` (photo size).

    A mask so thin that it fills half of no frame pixel is set wherever it touches one.
    """
    share = _mean(mask[..., None].astype(np.float32), frame)[..., 0]
    reduced: BoolMap = share >= 0.5
    return reduced if reduced.any() else share > 0


def reduce_labels(labels: LabelMap, frame: CropFrame) -> LabelMap:
    """Return the labels (photo size) at the middles of the frame's pixels."""
    f, middle = frame.factor, frame.factor // 2
    rows = slice(frame.y_px + middle, frame.y_px + frame.height * f, f)
    return labels[rows, frame.x_px + middle : frame.x_px + frame.width * f : f].copy()


def to_frame(points: NDArray[np.floating], frame: CropFrame) -> NDArray[np.float64]:
    """Return photo points (n, 2+) as frame positions (n, 2), where pixel (0, 0) spans 0 to 1."""
    return (np.asarray(points, dtype=np.float64)[:, :2] - (frame.x_px, frame.y_px)) / frame.factor


def _covered(frame: CropFrame) -> tuple[slice, slice]:
    f = frame.factor
    return slice(frame.y_px, frame.y_px + frame.height * f), slice(frame.x_px, frame.x_px + frame.width * f)


def _mean(values: FloatMap, frame: CropFrame) -> FloatMap:
    f, h, w = frame.factor, frame.height, frame.width
    part = values[_covered(frame)]
    if f == 1:
        return part.copy()
    depth = part.shape[2]
    # einsum adds along an axis several times faster than sum does, without a copy of the photo.
    rows = np.einsum("afb->ab", part.reshape(h, f, w * f * depth))
    mean: FloatMap = np.einsum("abfc->abc", rows.reshape(h, w, f, depth)) / np.float32(f * f)
    return mean


def _mean_of_levels(part: LabelMap, frame: CropFrame) -> FloatMap:
    """Return the means as values in [0, 1], of whole numbers: exact, and without the photo as floating point."""
    f, h, w = frame.factor, frame.height, frame.width
    rows = part.reshape(h, f, w * f * 3)
    total: NDArray[Any] = rows[:, 0].astype(np.uint16 if f <= _MOST_IN_16_BITS else np.uint32)
    for row in range(1, f):
        total += rows[:, row]
    columns = total.reshape(h, w, f, 3)
    mean = columns[:, :, 0].astype(np.float32)
    for column in range(1, f):
        mean += columns[:, :, column]
    mean *= np.float32(1 / (255 * f * f))
    return mean
