"""What a network is shown of a photo: the same numbers while learning and while analysing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log10
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode, encode
from dermis.core import Capture, Encoding, Photo
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["FEATURES", "Input", "camera_name", "features", "number_names", "on_square", "picture", "placed"]

_Frame = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What is shown to a network."""

    size_px: Annotated[int, "side of the square picture that is shown"] = 64
    fit: Annotated[
        Literal["crop", "squeeze", "pad"],
        "how a photo becomes square: its middle, all of it squeezed, or all of it with black beside",
    ] = "crop"
    values: Annotated[Literal["srgb", "linear"], "encoded as sRGB (8 bits), or proportional to light"] = "srgb"
    background: Annotated[
        Literal["keep", "black", "mean"], "outside of what `mask` names: kept, black, or the mean colour inside"
    ] = "keep"
    mask: Annotated[str, "what lies beside the photo and says where to look (background, mean colour)"] = "skin"
    features: Annotated[tuple[str, ...], "numbers beside the picture: rows of the table FEATURES"] = ()
    cameras: Annotated[tuple[str, ...], "cameras known to the feature camera; filled from the training part"] = ()


def picture(photo: Photo, shown: Input, mask: BoolMap | None = None) -> NDArray[Any]:
    """Return the square picture (size, size, 3) of a photo: uint8 of sRGB, or float16 of light, 1 = white.

    mask: (h, w) on the photo's pixels, where to look; needed only where the background is not kept.
    """
    pixels = _as_asked(photo, shown)
    if shown.background != "keep" and mask is not None and mask.any():
        inside = pixels[mask].mean(axis=0) if shown.background == "mean" else np.zeros(3, np.float32)
        pixels = np.where(mask[..., None], pixels, inside).astype(np.float32)
    if shown.values == "linear":
        return np.asarray(placed(pixels, shown), dtype=np.float16)
    return np.asarray(np.rint(np.clip(placed(pixels, shown), 0, 1) * 255), dtype=np.uint8)


def placed(values: NDArray[Any], shown: Input, *, nearest: bool = False) -> NDArray[Any]:
    """Return (h, w) or (h, w, c) on the pixels of a photo as the square that is shown, (size, size[, c]) float32.

    nearest: take single pixels, as maps of classes need; otherwise the mean of those that fall together.
    """
    from PIL import Image  # late: 30 ms

    how = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    height, width = values.shape[:2]
    frame, (rows, columns) = _frame(height, width, shown)
    planes = values.astype(np.float32)[..., None] if values.ndim == 2 else values.astype(np.float32)
    out = np.zeros((shown.size_px, shown.size_px, planes.shape[2]), np.float32)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    for channel in range(planes.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(planes[..., channel]))
        out[rows, columns, channel] = np.asarray(plane.resize(size, how, box=frame))
    return out[..., 0] if values.ndim == 2 else out


def on_square(x_px: float, y_px: float, height: int, width: int, shown: Input) -> tuple[float, float]:
    """Return where a point of a photo of that size lies on the square that is shown; outside of it where cut off."""
    (left, top, right, bottom), (rows, columns) = _frame(height, width, shown)
    return (
        columns.start + (x_px - left) * (columns.stop - columns.start) / (right - left),
        rows.start + (y_px - top) * (rows.stop - rows.start) / (bottom - top),
    )


def features(photo: Photo, shown: Input, mask: BoolMap | None = None) -> NDArray[np.float32]:
    """Return the numbers beside the picture, in the order of `number_names`; NaN where the photo does not say."""
    parts = [FEATURES[name].read(photo, shown, mask) for name in shown.features]
    return np.array([value for part in parts for value in part], dtype=np.float32)


def number_names(shown: Input) -> tuple[str, ...]:
    """Return the name of each number: the feature, a dot, what it is."""
    return tuple(f"{name}.{part}" for name in shown.features for part in FEATURES[name].parts(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Numbers beside the picture: what they are, and how they are read."""

    about: str
    parts: Callable[[Input], tuple[str, ...]]
    read: Callable[[Photo, Input, BoolMap | None], tuple[float, ...]]


def _mean_colour(photo: Photo, shown: Input, mask: BoolMap | None) -> tuple[float, ...]:
    """L*, a*, b* (D65) of the mean light where to look; of the middle half of the photo without a mask."""
    if mask is not None and mask.any():
        light = _linear(photo)[mask].mean(axis=0)
    else:
        rows, columns = (slice(size // 4, max(size - size // 4, 1)) for size in photo.pixels.shape[:2])
        light = _linear(photo)[rows, columns].reshape(-1, 3).mean(axis=0)
    return tuple(float(value) for value in np.asarray(linear_to_lab(light.astype(np.float64))))


def _exposure(photo: Photo, shown: Input, mask: BoolMap | None) -> tuple[float, ...]:
    said = _exposure_numbers(photo.capture)
    missing = tuple(float(value is None) for value in said)
    return tuple(float("nan") if value is None else value for value in said) + missing


def _exposure_numbers(capture: Capture) -> tuple[float | None, ...]:
    auto = capture.white_balance_auto
    return (
        None if not capture.iso else log10(capture.iso),
        None if not capture.exposure_s else log10(capture.exposure_s),
        capture.f_number,
        capture.exposure_bias_ev,
        capture.brightness_ev,
        capture.focal_length_mm,
        None if auto is None else float(auto),
    )


_EXPOSURE = (
    "log10_iso",
    "log10_exposure_s",
    "f_number",
    "exposure_bias_ev",
    "brightness_ev",
    "focal_length_mm",
    "white_balance_auto",
)


def _camera(photo: Photo, shown: Input, mask: BoolMap | None) -> tuple[float, ...]:
    return tuple(float(camera_name(photo.capture) == name) for name in shown.cameras)


def camera_name(capture: Capture) -> str:
    """Return make and model in lower case; empty where neither is known."""
    return " ".join(part.lower() for part in (capture.make, capture.model) if part)


FEATURES: Mapping[str, Feature] = {
    "mean_colour": Feature(
        about="L*, a*, b* (D65) of the mean light where to look, else of the photo's middle half",
        parts=lambda shown: ("l", "a", "b"),
        read=_mean_colour,
    ),
    "exposure": Feature(
        about="ISO, exposure time (both as log10), f-number, bias, brightness, focal length, automatic white balance; "
        "and for each whether it is missing",
        parts=lambda shown: (*_EXPOSURE, *(f"{name}_missing" for name in _EXPOSURE)),
        read=_exposure,
    ),
    "camera": Feature(
        about="which of the cameras of the training part took it; an embedding is learnt for each",
        parts=lambda shown: shown.cameras,
        read=_camera,
    ),
}
"""Every feature by its name."""


def _as_asked(photo: Photo, shown: Input) -> FloatMap:
    encoded = photo.encoding is Encoding.SRGB
    if shown.values == "srgb":
        return photo.pixels if encoded else np.asarray(encode(photo.pixels))
    return np.asarray(decode(photo.pixels)) if encoded else photo.pixels


def _linear(photo: Photo) -> FloatMap:
    return np.asarray(decode(photo.pixels)) if photo.encoding is Encoding.SRGB else photo.pixels


def _frame(height: int, width: int, shown: Input) -> tuple[_Frame, tuple[slice, slice]]:
    """Return what of the photo is shown (left, top, right, bottom) and where in the square it lies."""
    whole = slice(0, shown.size_px)
    if shown.fit == "squeeze":
        return (0, 0, width, height), (whole, whole)
    if shown.fit == "crop":
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        return (left, top, left + side, top + side), (whole, whole)
    scale = shown.size_px / max(height, width)
    rows, columns = (max(1, round(size * scale)) for size in (height, width))
    top_px, left_px = (shown.size_px - rows) // 2, (shown.size_px - columns) // 2
    return (0, 0, width, height), (slice(top_px, top_px + rows), slice(left_px, left_px + columns))
