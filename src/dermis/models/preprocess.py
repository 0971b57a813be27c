"""From a photo to the input of a network, filters of published graders too: the same in training and in analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode, encode
from dermis.core import Encoding, Photo
from dermis.core.arrays import BoolMap, FloatMap
from dermis.models.capture_features import capture_features
from dermis.models.colour_chip import find_chip

__all__ = [
    "CROPS",
    "THRESHOLD",
    "Input",
    "InputWindow",
    "Preprocessed",
    "brightness_threshold",
    "filtered",
    "on_square",
    "pigment_alone",
    "placed",
    "preprocess",
    "restored",
]

THRESHOLD = 0.165
"""Of V - grey, chosen by the makers of the published model for the best visual result."""
_GREY = (0.299, 0.587, 0.114)
_BLACK = 0.02
_REDDER, _DARKER = 1.5, 2.0
"""So many robust deviations redder, or darker over a wide area, than the face's median is left out (chosen)."""
_WIDE, _LEAST = 0.25, 2.0


def filtered(picture: FloatMap, name: Literal["", "brightness_threshold", "pigment"]) -> FloatMap:
    """Return sRGB (h, w, 3) in [0, 1] through the filter of that name."""
    if name == "brightness_threshold":
        return brightness_threshold(picture)
    return pigment_alone(picture) if name == "pigment" else picture


def brightness_threshold(picture: FloatMap) -> FloatMap:
    """Return V where V - grey exceeds 0.165, else 0, in all three channels.

    V is the largest channel, grey 0.299 R + 0.587 G + 0.114 B: what is left is strongly coloured, so redness and shade
    of warm light as well as pigment (the published model's fault).
    """
    value = picture.max(axis=2)
    grey = picture @ np.array(_GREY, np.float32)
    shown = np.where(value - grey > THRESHOLD, value, 0.0).astype(np.float32)
    return np.repeat(shown[..., None], 3, axis=2)


def pigment_alone(picture: FloatMap) -> FloatMap:
    """Return the picture with what is red or in shadow painted in the face's median colour; black stays black.

    Red: a* far above the median of what is not black, with a hue turned away from brown. In shadow: L* averaged over a
    quarter of the side, so that no mark counts, far below it.
    """
    from scipy.ndimage import uniform_filter  # late: a tenth of a second

    skin = picture.max(axis=2) > _BLACK
    if not skin.any():
        return picture
    lab = np.asarray(linear_to_lab(np.asarray(decode(picture))))
    size = max(3, round(_WIDE * picture.shape[0]))
    share = uniform_filter(skin.astype(np.float32), size)
    wide = uniform_filter(np.where(skin, lab[..., 0], 0.0), size) / np.maximum(share, 1e-3)
    hue_deg = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    red = _beyond(lab[..., 1], skin, _REDDER) & _beyond(-hue_deg, skin, _REDDER)
    gone = skin & (red | _beyond(-wide, skin, _DARKER))
    return np.where(gone[..., None], np.median(picture[skin], axis=0), picture).astype(np.float32)


def _beyond(values: NDArray[np.floating], skin: BoolMap, far: float) -> BoolMap:
    held = values[skin]
    middle = np.median(held)
    spread = 1.4826 * np.median(np.abs(held - middle))
    return np.asarray(values > middle + far * max(float(spread), _LEAST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What is shown to a network."""

    size_px: Annotated[int, "side of the square picture that is shown"] = 64
    crop: Annotated[str, 'what of the photo is looked at: a row of the table CROPS, "" for all of it'] = ""
    fit: Annotated[
        Literal["crop", "squeeze", "pad"],
        "how that becomes square: its middle, all of it squeezed, or all of it with black beside",
    ] = "crop"
    values: Annotated[Literal["srgb", "linear"], "encoded as sRGB (8 bits), or proportional to light"] = "srgb"
    background: Annotated[
        Literal["keep", "black", "mean"], "outside of what `mask` names: kept, black, or the mean colour inside"
    ] = "keep"
    mask: Annotated[str, "what lies beside the photo and says where to look: for crop, background and mean colour"] = (
        "skin"
    )
    filter: Annotated[
        Literal["", "brightness_threshold", "pigment"],
        "what is shown of sRGB: all; V where V - grey exceeds 0.165, else black; without what is red or in shadow",
    ] = ""
    features: Annotated[tuple[str, ...], "numbers beside the picture: rows of the table FEATURES"] = ()
    beside: Annotated[str, 'what lies beside the photo and is shown instead, such as msi; "" for the photo'] = ""
    channels: Annotated[int, "of what is shown: 3 of a photo"] = 3
    cameras: Annotated[tuple[str, ...], "cameras that the feature camera knows; filled from the training part"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputWindow:
    """A rectangle of whole photo pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessed:
    """What a network sees of one photo.

    picture: (size, size, channels), uint8 of sRGB or float16 of light (1 = white). numbers: (k,) float32, NaN where not
    known. window: the pixels of the photo that were looked at.
    """

    picture: NDArray[Any]
    numbers: NDArray[np.float32]
    window: InputWindow


def preprocess(
    photo: Photo, shown: Input, mask: BoolMap | None = None, *, beside: FloatMap | None = None
) -> Preprocessed:
    """Return what of `photo` is shown; mask: (h, w) on its pixels, where to look, None for everywhere.

    beside: (h, w, channels) on its pixels, what is shown in its place where `shown` asks for it.
    """
    window = CROPS[shown.crop](photo, mask)
    asked = _as_asked(cut(photo.pixels, window), photo.encoding, shown)
    pixels = asked if beside is None else cut(beside, window)
    inside = None if mask is None else cut(mask, window)
    if shown.background != "keep" and inside is not None and inside.any():
        beyond = pixels[inside].mean(axis=0) if shown.background == "mean" else np.zeros(pixels.shape[2], np.float32)
        pixels = np.where(inside[..., None], pixels, beyond).astype(np.float32)
    square = filtered(placed(pixels, shown), shown.filter)
    if shown.values == "linear":
        picture = square.astype(np.float16)
    else:
        picture = np.rint(np.clip(square, 0, 1) * 255).astype(np.uint8)
    seen = Photo(pixels=cut(photo.pixels, window), encoding=photo.encoding, capture=photo.capture)
    numbers = capture_features(seen, shown.features, inside, shown.cameras)
    return Preprocessed(picture=picture, numbers=numbers, window=window)


def cut(values: NDArray[Any], window: InputWindow) -> NDArray[Any]:
    """Return the part (height, width, ...) of an array on photo pixels that `window` names."""
    return values[window.top : window.top + window.height, window.left : window.left + window.width]


def placed(values: NDArray[Any], shown: Input, *, nearest: bool = False) -> NDArray[Any]:
    """Return (h, w) or (h, w, c) as the square that is shown, (size, size[, c]) float32.

    nearest: take single pixels, as maps of classes need; otherwise the mean of those that fall together.
    """
    place = _place(values.shape[0], values.shape[1], shown)
    planes = values[..., None] if values.ndim == 2 else values
    out = np.zeros((shown.size_px, shown.size_px, planes.shape[2]), np.float32)
    size = (place.columns.stop - place.columns.start, place.rows.stop - place.rows.start)
    for channel in range(planes.shape[2]):
        out[place.rows, place.columns, channel] = _resized(planes[..., channel], size, place.box, nearest=nearest)
    return out[..., 0] if values.ndim == 2 else out


def restored(square: NDArray[Any], height: int, width: int, shown: Input, *, nearest: bool = False) -> NDArray[Any]:
    """Return values on the square, (size, size) or (size, size, c), as (height, width[, c]) float32 of what was shown.

    The inverse of `placed`, for maps that a network answers; NaN where nothing was shown, at the sides of a crop.
    """
    place = _place(height, width, shown)
    planes = square[..., None] if square.ndim == 2 else square
    left, top, right, bottom = place.box
    rows, columns = slice(round(top), round(bottom)), slice(round(left), round(right))
    out = np.full((height, width, planes.shape[2]), np.nan, np.float32)
    for channel in range(planes.shape[2]):
        plane = planes[place.rows, place.columns, channel]
        size = (columns.stop - columns.start, rows.stop - rows.start)
        out[rows, columns, channel] = _resized(plane, size, (0, 0, plane.shape[1], plane.shape[0]), nearest=nearest)
    return out[..., 0] if square.ndim == 2 else out


def on_square(x_px: float, y_px: float, height: int, width: int, shown: Input) -> tuple[float, float]:
    """Return where a point of what is shown, of that height and width, lies on the square; outside where cut off."""
    place = _place(height, width, shown)
    left, top, right, bottom = place.box
    return (
        place.columns.start + (x_px - left) * (place.columns.stop - place.columns.start) / (right - left),
        place.rows.start + (y_px - top) * (place.rows.stop - place.rows.start) / (bottom - top),
    )


def _whole(photo: Photo, mask: BoolMap | None) -> InputWindow:
    return InputWindow(top=0, left=0, height=photo.height_px, width=photo.width_px)


def _about_mask(photo: Photo, mask: BoolMap | None) -> InputWindow:
    """Return the rectangle about the mask, a tenth wider on every side; all of the photo without a mask."""
    if mask is None or not mask.any():
        return _whole(photo, mask)
    top, bottom = _wider(np.flatnonzero(mask.any(axis=1)), photo.height_px)
    left, right = _wider(np.flatnonzero(mask.any(axis=0)), photo.width_px)
    return InputWindow(top=top, left=left, height=bottom - top, width=right - left)


def _wider(places: NDArray[Any], size: int) -> tuple[int, int]:
    margin = round(0.1 * (places[-1] + 1 - places[0]))
    return max(0, int(places[0]) - margin), min(size, int(places[-1]) + 1 + margin)


def _chip(photo: Photo, mask: BoolMap | None) -> InputWindow:
    left, top, right, bottom = find_chip(photo)
    return InputWindow(top=top, left=left, height=bottom - top, width=right - left)


CROPS: Mapping[str, Callable[[Photo, BoolMap | None], InputWindow]] = {"": _whole, "mask": _about_mask, "chip": _chip}
"""What of a photo is looked at, given the mask where to look: all, about the mask, a colour chip without its sheet."""


def _as_asked(pixels: FloatMap, encoding: Encoding, shown: Input) -> FloatMap:
    encoded = encoding is Encoding.SRGB
    if shown.values == "srgb":
        return pixels if encoded else np.asarray(encode(pixels))
    return np.asarray(decode(pixels)) if encoded else pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What is shown, as a box (left, top, right, bottom), and the rows and columns of the square it fills."""

    box: tuple[float, float, float, float]
    rows: slice
    columns: slice


def _place(height: int, width: int, shown: Input) -> _Place:
    whole = slice(0, shown.size_px)
    if shown.fit == "squeeze":
        return _Place(box=(0, 0, width, height), rows=whole, columns=whole)
    if shown.fit == "crop":
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        return _Place(box=(left, top, left + side, top + side), rows=whole, columns=whole)
    scale = shown.size_px / max(height, width)
    filled = [max(1, round(size * scale)) for size in (height, width)]
    starts = [(shown.size_px - size) // 2 for size in filled]
    rows, columns = (slice(start, start + size) for start, size in zip(starts, filled, strict=True))
    return _Place(box=(0, 0, width, height), rows=rows, columns=columns)


def _resized(
    plane: NDArray[Any], size: tuple[int, int], box: tuple[float, float, float, float], *, nearest: bool
) -> NDArray[np.float32]:
    """Return `box` of a plane (h, w) as size (width, height)."""
    from PIL import Image  # late: 30 ms

    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(image.resize(size, how, box=box), dtype=np.float32)
