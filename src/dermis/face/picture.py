"""What the networks look at: a small 8-bit sRGB copy of a part of a photo, and square views into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core import Encoding, Frame, Photo
from dermis.core.arrays import FloatMap
from dermis.face.frame import crop

__all__ = ["Picture", "Square", "look", "view_map", "warped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square in photo pixels, `roll_deg` turned clockwise about its centre."""

    x_px: float
    y_px: float
    side_px: float
    roll_deg: float = 0.0

    def matrix(self, size: int) -> NDArray[np.float64]:
        """Return the (2, 3) map from the pixel corners of a `size` x `size` view to photo pixels."""
        turn = np.deg2rad(self.roll_deg)
        scale = self.side_px / size
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        half = size / 2
        return np.array(
            [
                [cos, -sin, self.x_px - half * (cos - sin)],
                [sin, cos, self.y_px - half * (sin + cos)],
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An 8-bit copy of the photo pixels in `frame`, with its halvings as Pillow images, largest first."""

    frame: Frame
    levels: tuple[Any, ...]

    def view(self, square: Square, size: int) -> NDArray[np.uint8]:
        """Return what `square` covers as (size, size, 3); black where it reaches beyond the picture."""
        from PIL import Image  # late: 30 ms

        # A view at most twice smaller than its level needs no further filter.
        shrink = square.side_px / size / self.frame.factor
        place = int(np.clip(np.floor(np.log2(max(shrink, 1.0))), 0, len(self.levels) - 1))
        scale = self.frame.factor * 2**place
        to_photo = square.matrix(size)
        to_level = to_photo / scale
        to_level[:, 2] -= np.array([self.frame.x_px, self.frame.y_px]) / scale
        image = self.levels[place].transform(
            (size, size), Image.Transform.AFFINE, tuple(to_level.ravel()), Image.Resampling.BILINEAR
        )
        return np.asarray(image)

    def grey(self) -> FloatMap:
        """Return the sRGB-encoded grey of the whole picture, (h, w) in [0, 1]."""
        return np.asarray(self.levels[0].convert("L"), dtype=np.float32) / np.float32(255)


def look(photo: Photo, frame: Frame) -> Picture:
    """Return the 8-bit copy of `frame` that networks see, whatever the photo's encoding."""
    from PIL import Image  # late: 30 ms

    level = Image.fromarray(np.uint8(np.rint(_shown(crop(photo, frame), photo.encoding) * 255)))
    levels = [level]
    while min(level.size) >= 128:
        level = level.reduce(2)
        levels.append(level)
    return Picture(frame=frame, levels=tuple(levels))


def _shown(pixels: FloatMap, encoding: Encoding) -> FloatMap:
    """Return sRGB as a screen would show it; camera light gets a grey-world balance and exposure first."""
    if encoding is Encoding.SRGB:
        return pixels
    if encoding is Encoding.CAMERA_LINEAR:
        means = pixels.reshape(-1, 3).mean(axis=0)
        pixels = pixels * np.float32(0.18) / np.maximum(means, 1e-6)
    return np.asarray(encode(np.clip(pixels, 0, 1)), dtype=np.float32)


def view_map(picture: Picture, square: Square, size: tuple[int, int], view_px: int) -> NDArray[np.float64]:
    """Return the (2, 3) map from the pixel corners of a (h, w) result over the picture to those of a square view."""
    frame = picture.frame
    to_photo = np.array(
        [
            [frame.factor * frame.width / size[1], 0, frame.x_px],
            [0, frame.factor * frame.height / size[0], frame.y_px],
            [0, 0, 1],
        ]
    )
    from_view = np.vstack([square.matrix(view_px), [0, 0, 1]])
    to_view: NDArray[np.float64] = (np.linalg.inv(from_view) @ to_photo)[:2]
    return to_view


def warped(plane: FloatMap, to_view: NDArray[np.float64], size: tuple[int, int]) -> FloatMap:
    """Return what a network said of a view, (view, view), laid back over the picture, (h, w); 0 outside the view."""
    from PIL import Image  # late: 30 ms

    image = Image.fromarray(np.ascontiguousarray(plane)).transform(
        size[::-1], Image.Transform.AFFINE, tuple(to_view.ravel()), Image.Resampling.BILINEAR
    )
    return np.asarray(image)
