"""A photo at several sizes, and maps brought back to its full size along its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core import CropFrame, Encoding, Photo
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, window_of
from dermis.face.crop import crop

__all__ = [
    "ImagePyramid",
    "Square",
    "build_pyramid",
    "fill_holes",
    "guided_upsample",
    "resized",
    "resized_part",
    "view_map",
    "warp",
]


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
class ImagePyramid:
    """An 8-bit copy of the photo pixels in `frame`, with its halvings as Pillow images, largest first."""

    frame: CropFrame
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


def build_pyramid(photo: Photo, frame: CropFrame) -> ImagePyramid:
    """Return the 8-bit copy of `frame` that networks see, whatever the photo's encoding."""
    from PIL import Image  # late: 30 ms

    level = Image.fromarray(_levels(photo, frame))
    levels = [level]
    while min(level.size) >= 128:
        level = level.reduce(2)
        levels.append(level)
    return ImagePyramid(frame=frame, levels=tuple(levels))


def _levels(photo: Photo, frame: CropFrame) -> LabelMap:
    if frame.factor == 1 and photo.encoding is Encoding.SRGB and photo.levels is not None:
        rows, columns = slice(frame.y_px, frame.y_px + frame.height), slice(frame.x_px, frame.x_px + frame.width)
        return np.ascontiguousarray(photo.levels[rows, columns])
    return np.asarray(np.rint(_shown(crop(photo, frame), photo.encoding) * 255), np.uint8)


def _shown(pixels: FloatMap, encoding: Encoding) -> FloatMap:
    """Return sRGB as a screen would show it; camera light gets a grey-world balance and exposure first."""
    if encoding is Encoding.SRGB:
        return pixels
    if encoding is Encoding.CAMERA_LINEAR:
        means = pixels.reshape(-1, 3).mean(axis=0)
        pixels = pixels * np.float32(0.18) / np.maximum(means, 1e-6)
    return np.asarray(encode(np.clip(pixels, 0, 1)), dtype=np.float32)


def view_map(picture: ImagePyramid, square: Square, size: tuple[int, int], view_px: int) -> NDArray[np.float64]:
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


def warp(plane: FloatMap, to_view: NDArray[np.float64], size: tuple[int, int]) -> FloatMap:
    """Return what a network said of a view, (view, view), laid back over the picture, (h, w); 0 outside the view."""
    from PIL import Image  # late: 30 ms

    image = Image.fromarray(np.ascontiguousarray(plane)).transform(
        size[::-1], Image.Transform.AFFINE, tuple(to_view.ravel()), Image.Resampling.BILINEAR
    )
    return np.asarray(image)


_EVENNESS = 1e-3  # variance of sRGB grey below which an area counts as even


def resized(plane: FloatMap, size: tuple[int, int]) -> FloatMap:
    """Return a map at another (h, w), interpolated linearly."""
    from PIL import Image  # late: 30 ms

    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], Image.Resampling.BILINEAR))


def resized_part(plane: FloatMap, size: tuple[int, int], part: tuple[slice, slice]) -> FloatMap:
    """Return some rows and columns of a map at another (h, w), interpolated as `resized` does."""
    from PIL import Image  # late: 30 ms

    rows, columns = part
    (height, width), down, across = plane.shape, plane.shape[0] / size[0], plane.shape[1] / size[1]
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(plane)).resize(
            (columns.stop - columns.start, rows.stop - rows.start),
            Image.Resampling.BILINEAR,
            box=(
                *(columns.start * across, rows.start * down),
                *(min(columns.stop * across, width), min(rows.stop * down, height)),
            ),
        )
    )


def guided_upsample(plane: FloatMap, grey: FloatMap, radius_px: float) -> FloatMap:
    """Return a coarse soft map at the size of `grey`, its edges moved to those of `grey`.

    plane: (h, w) in [0, 1], of any size. grey: (H, W) sRGB-encoded in [0, 1]. radius_px: in pixels of `grey`.
    The guided filter of He, Sun, Tang (2013), fitted at the coarse size as in He, Sun (2015).
    """
    from scipy.ndimage import uniform_filter  # late: 40 ms

    guide = resized(grey, (plane.shape[0], plane.shape[1]))
    width = 2 * max(1, round(radius_px * plane.shape[0] / grey.shape[0])) + 1

    def mean(values: FloatMap) -> FloatMap:
        return np.asarray(uniform_filter(values, width, mode="nearest"))

    mean_guide, mean_plane = mean(guide), mean(plane)
    slope = (mean(guide * plane) - mean_guide * mean_plane) / (mean(guide**2) - mean_guide**2 + _EVENNESS)
    level = mean_plane - slope * mean_guide
    size = (grey.shape[0], grey.shape[1])
    return resized(mean(slope), size) * grey + resized(mean(level), size)


def fill_holes(skin: BoolMap, *, but_not: BoolMap) -> BoolMap:
    """Fill holes: lesions, moles and highlights are skin too, unless most of a hole is `but_not`."""
    from scipy.ndimage import label  # late: 40 ms

    part = window_of(skin, 1)
    names, count = label(~skin[part])  # what does not reach the edge of the skin's rectangle is a hole
    if count == 0:
        return skin
    sizes = np.bincount(names.ravel(), minlength=count + 1)
    holes = np.bincount(names[but_not[part]], minlength=count + 1) < 0.5 * sizes
    for edge in (names[0], names[-1], names[:, 0], names[:, -1]):
        holes[edge] = False
    holes[0] = False
    if not holes.any():
        return skin
    filled = skin.copy()
    filled[part] |= holes[names]
    return filled
