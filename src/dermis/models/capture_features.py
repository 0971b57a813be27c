"""Numeric features beside a picture: its mean colour and its capture data."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode
from dermis.core import Capture, Encoding, Photo
from dermis.core.arrays import BoolMap
from dermis.models.colour_chip import find_chip

__all__ = ["CAMERA", "FEATURES", "Feature", "camera_name", "capture_features", "number_names"]

CAMERA = "camera"
"""The feature whose numbers depend on the cameras that were there while learning."""

_EXPOSURE = (
    "log10_iso",
    "log10_exposure_s",
    "f_number",
    "exposure_bias_ev",
    "brightness_ev",
    "focal_length_mm",
    "white_balance_auto",
)
_WORDS = 32
_CAMERA_PLACES = 8
_OTHER_THAN_CHIP = 8.0
_AROUND = ((0.72, 0.95), (0.001, 0.007), (0.12, 0.4))
"""What of the pixels around a chip, by lightness, is its paper, its print, and the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Some numbers beside the picture: what they are, their names, how they are read; NaN where not known.

    names: of the cameras known. read: of the photo, the mask where to look, the cameras known.
    """

    about: str
    names: Callable[[tuple[str, ...]], tuple[str, ...]]
    read: Callable[[Photo, BoolMap | None, tuple[str, ...]], tuple[float, ...]]


def capture_features(
    photo: Photo, wanted: tuple[str, ...], mask: BoolMap | None = None, cameras: tuple[str, ...] = ()
) -> NDArray[np.float32]:
    """Return the numbers of the features `wanted`, in the order of `number_names`; NaN where the photo does not say.

    mask: (h, w) on the photo's pixels, where to look.
    """
    parts = [FEATURES[name].read(photo, mask, cameras) for name in wanted]
    return np.array([value for part in parts for value in part], dtype=np.float32)


def number_names(wanted: tuple[str, ...], cameras: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the name of each number: the feature, a dot, what it is."""
    return tuple(f"{name}.{part}" for name in wanted for part in FEATURES[name].names(cameras))


def camera_name(capture: Capture) -> str:
    """Return make and model in lower case; empty where neither is known."""
    return " ".join(part.lower() for part in (capture.make, capture.model) if part)


def _mean_colour(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    if mask is not None and mask.any():
        pixels = photo.pixels[mask]
    else:
        rows, columns = (slice(size // 4, max(size - size // 4, 1)) for size in photo.pixels.shape[:2])
        pixels = photo.pixels[rows, columns].reshape(-1, 3)
    light = np.asarray(decode(pixels)) if photo.encoding is Encoding.SRGB else pixels
    lab = np.asarray(linear_to_lab(light.mean(axis=0, dtype=np.float64)))
    return tuple(float(value) for value in lab)


def _surround(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    """Return Lab of the light, the dark and the middle of what lies around a chip; NaN where it fills the photo."""
    left, top, right, bottom = find_chip(photo)
    lab = np.asarray(linear_to_lab(decode(photo.pixels) if photo.encoding is Encoding.SRGB else photo.pixels))
    around = np.ones(lab.shape[:2], bool)
    around[top:bottom, left:right] = False
    # A crop has a margin: the rest of the chip is known by its colour.
    around &= np.linalg.norm(lab - np.median(lab[top:bottom, left:right], axis=(0, 1)), axis=-1) > _OTHER_THAN_CHIP
    found = lab[around].astype(np.float64)
    if len(found) < 0.15 * around.size:
        return (float("nan"),) * 9
    order = np.argsort(found[:, 0], kind="stable")
    parts = [order[round(low * len(order)) : round(high * len(order)) + 1] for low, high in _AROUND]
    return tuple(float(value) for part in parts for value in np.median(found[part], axis=0))


def _camera_hash(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    """Return 1 in the place that make and model have by their checksum; zeros where neither is known."""
    name = camera_name(photo.capture)
    place = zlib.crc32(name.encode()) % _CAMERA_PLACES
    return tuple(float(bool(name) and place == each) for each in range(_CAMERA_PLACES))


def _exposure(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    capture = photo.capture
    auto = capture.white_balance_auto
    said = (
        None if not capture.iso else log10(capture.iso),
        None if not capture.exposure_s else log10(capture.exposure_s),
        capture.f_number,
        capture.exposure_bias_ev,
        capture.brightness_ev,
        capture.focal_length_mm,
        None if auto is None else float(auto),
    )
    missing = tuple(float(value is None) for value in said)
    return tuple(float("nan") if value is None else value for value in said) + missing


def _camera(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(float(camera_name(photo.capture) == name) for name in cameras)


def _text(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    """Count words such as "iso=100" and "make=apple", each in the place that its checksum gives it."""
    counts = np.zeros(_WORDS)
    for name, value in asdict(photo.capture).items():
        for word in str(value).lower().split() if value is not None else ():
            counts[zlib.crc32(f"{name}={word}".encode()) % _WORDS] += 1
    return tuple(float(count) for count in counts)


_PARAMETERS = (
    "sd_l", "sd_a", "sd_b", "dark_5", "dark_1", "red_95", "share_3", "share_6", "share_12", "fine_l", "coarse_l",
)  # fmt: skip
_FINE, _COARSE = 0.008, 0.03
"""Widths of the bells that part texture, marks and shading, as shares of the photo's longer side."""


def _image_parameters(photo: Photo, mask: BoolMap | None, cameras: tuple[str, ...]) -> tuple[float, ...]:
    """Return what image analysis measures of mottled skin, about its median colour; NaN where all is black."""
    light = np.asarray(decode(photo.pixels)) if photo.encoding is Encoding.SRGB else photo.pixels
    where = photo.pixels.max(axis=2) > 0.02 if mask is None else mask
    if not where.any():
        return (float("nan"),) * len(_PARAMETERS)
    lab = np.asarray(linear_to_lab(light), np.float64)
    off = lab - np.median(lab[where], axis=0)
    fine, coarse = (_smoothed(off[..., 0], where, share) for share in (_FINE, _COARSE))
    held = off[where]
    found = (
        *held.std(axis=0),
        *np.quantile(held[:, 0], (0.05, 0.01)),
        np.quantile(held[:, 1], 0.95),
        *((held[:, 0] < -limit).mean() for limit in (3, 6, 12)),
        (off[..., 0] - fine)[where].std(),
        (fine - coarse)[where].std(),
    )
    return tuple(float(value) for value in found)


def _smoothed(values: NDArray[np.float64], where: BoolMap, share: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter  # late: a tenth of a second

    width = share * max(values.shape)
    weight = np.maximum(gaussian_filter(where.astype(np.float64), width), 1e-3)
    smooth: NDArray[np.float64] = gaussian_filter(np.where(where, values, 0.0), width) / weight
    return smooth


FEATURES: Mapping[str, Feature] = {
    "mean_colour": Feature(
        about="L*, a*, b* (D65) of the mean light where to look, else of the photo's middle half",
        names=lambda cameras: ("l", "a", "b"),
        read=_mean_colour,
    ),
    "exposure": Feature(
        about="ISO, exposure time (both as log10), f-number, bias, brightness, focal length, automatic white balance; "
        "and for each whether it is missing",
        names=lambda cameras: (*_EXPOSURE, *(f"{name}_missing" for name in _EXPOSURE)),
        read=_exposure,
    ),
    CAMERA: Feature(
        about="which of the cameras of the training part took it, so that an embedding is learnt for each",
        names=lambda cameras: cameras,
        read=_camera,
    ),
    "surround": Feature(
        about="L*, a*, b* of the lightest, the darkest and the middle of what lies around a chip: paper, print, table",
        names=lambda cameras: tuple(f"{part}_{c}" for part in ("light", "dark", "middle") for c in "lab"),
        read=_surround,
    ),
    "image_parameters": Feature(
        about="of the skin about its median colour: spread of L*, a*, b*, its dark and red ends, shares darker by 3, 6 "
        "and 12 L*, fine and coarse contrast",
        names=lambda cameras: _PARAMETERS,
        read=_image_parameters,
    ),
    "camera_hash": Feature(
        about=f"which of {_CAMERA_PLACES} places make and model fall in, so that unknown cameras have one too",
        names=lambda cameras: tuple(str(place) for place in range(_CAMERA_PLACES)),
        read=_camera_hash,
    ),
    "text": Feature(
        about=f"all capture data as words, counted in {_WORDS} places; an embedding of them is learnt",
        names=lambda cameras: tuple(str(place) for place in range(_WORDS)),
        read=_text,
    ),
}
"""Every feature by its name."""
