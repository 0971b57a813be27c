"""A photo, how it is encoded and how it was taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from dermis.core.arrays import FloatMap, LabelMap, hold, read_only

__all__ = ["Capture", "Encoding", "Origin", "Photo"]


class Encoding(StrEnum):
    """What a pixel value means."""

    SRGB = "srgb"
    """sRGB primaries, D65 white, sRGB transfer curve."""
    LINEAR_SRGB = "linear-srgb"
    """sRGB primaries, D65 white, proportional to light."""
    CAMERA_LINEAR = "camera-linear"
    """The sensor's own primaries, proportional to light, white balance not applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """How the photo was taken, from EXIF, in units; None where the file does not say.

    Places and names of people are never part of it.
    """

    make: str | None = None
    model: str | None = None
    iso: float | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    brightness_ev: float | None = None
    exposure_bias_ev: float | None = None
    focal_length_mm: float | None = None
    white_balance_auto: bool | None = None
    flash_fired: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the pixels came from.

    name: the file's name without its folders. profile: the name of the embedded colour profile that was
    converted to sRGB. notes: what was decided while reading, in words for the user.
    """

    name: str = ""
    sha256: str | None = None
    container: str | None = None
    bits: int = 8
    profile: str | None = None
    notes: tuple[str, ...] = ()


_TO_COME: FloatMap = read_only(np.zeros((0, 0, 3), np.float32))
_WHITE = np.float32(255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """`pixels` (h, w, 3) float32 in [0, 1], upright; what a value means is `encoding`, never the dtype.

    levels: the same as (h, w, 3) uint8, 255 for 1, of a photo that was made of them alone, as most files hold no more.
    Its `pixels` come to be when somebody asks for all of them; `part` gives some, without the rest.
    """

    pixels: FloatMap = field(default_factory=lambda: _TO_COME)
    encoding: Encoding
    capture: Capture = field(default_factory=Capture)
    origin: Origin = field(default_factory=Origin)
    levels: LabelMap | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.pixels is _TO_COME and self.levels is not None:
            hold(self, "levels", dtype=np.uint8, shape=(None, None, 3))
            object.__delattr__(self, "pixels")
        else:
            hold(self, "pixels", dtype=np.float32, shape=(None, None, 3))
            object.__setattr__(self, "levels", None)  # `replace` hands on the levels of other pixels

    def __getattr__(self, name: str) -> FloatMap:
        """Make `pixels` of `levels`, once."""
        if name != "pixels":
            raise AttributeError(f"A photo has no {name!r}.")
        object.__setattr__(self, "pixels", read_only(self.part(slice(None), slice(None))))
        return self.pixels

    def part(self, rows: slice, columns: slice) -> FloatMap:
        """Return some rows and columns of `pixels`, (h, w, 3), not to be written to."""
        if self.levels is None:
            return self.pixels[rows, columns]
        return np.divide(self.levels[rows, columns], _WHITE, dtype=np.float32, order="C")

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return int((self.pixels if self.levels is None else self.levels).shape[1])

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return int((self.pixels if self.levels is None else self.levels).shape[0])
