"""A photo, how it is encoded and how it was taken."""

from __future__ import annotations

from collections.abc import Callable
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
    half: the photo at half the size, each pixel the mean of two by two, where a large file was decoded at that size
    first. decode: gives the whole photo; called once, when somebody asks for more than `half` and the size.
    """

    pixels: FloatMap = field(default_factory=lambda: _TO_COME)
    encoding: Encoding
    capture: Capture = field(default_factory=Capture)
    origin: Origin = field(default_factory=Origin)
    levels: LabelMap | None = field(default=None, repr=False, compare=False)
    half: Photo | None = field(default=None, repr=False, compare=False)
    decode: Callable[[], Photo] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        waits = self.pixels is _TO_COME
        if waits and self.levels is None and self.half is not None and self.decode is not None:
            object.__delattr__(self, "levels")
            object.__delattr__(self, "pixels")
            return
        if waits and self.levels is not None:
            hold(self, "levels", dtype=np.uint8, shape=(None, None, 3))
            object.__delattr__(self, "pixels")
        else:
            hold(self, "pixels", dtype=np.float32, shape=(None, None, 3))
            object.__setattr__(self, "levels", None)  # `replace` hands on the levels of other pixels
        object.__setattr__(self, "half", None)
        object.__setattr__(self, "decode", None)

    def __getattr__(self, name: str) -> FloatMap | LabelMap | None:
        """Decode the photo whole, or make `pixels` of `levels`, once."""
        if name not in ("levels", "pixels"):
            raise AttributeError(f"A photo has no {name!r}.")
        if name == "levels":
            assert self.decode is not None  # `levels` is missing of no other photo
            whole = self.decode()
            object.__setattr__(self, "levels", whole.levels)
            if whole.levels is None:
                object.__setattr__(self, "pixels", whole.pixels)
            return self.levels
        if self.levels is not None:
            object.__setattr__(self, "pixels", read_only(self.part(slice(None), slice(None))))
        return self.pixels

    def part(self, rows: slice, columns: slice) -> FloatMap:
        """Return some rows and columns of `pixels`, (h, w, 3), not to be written to."""
        if self.levels is None:
            return self.pixels[rows, columns]
        return np.divide(self.levels[rows, columns], _WHITE, dtype=np.float32, order="C")

    def every(self, step: int) -> FloatMap:
        """Return each `step`-th row and column, (h, w, 3); of a photo known at half its size, the means there."""
        if self.half is None or step < 2:
            return self.part(slice(None, None, step), slice(None, None, step))
        rows, columns = (np.arange(0, length, step) // 2 for length in (self.height_px, self.width_px))
        if self.half.levels is None:
            return self.half.pixels[np.ix_(rows, columns)]
        return np.divide(self.half.levels[np.ix_(rows, columns)], _WHITE, dtype=np.float32)

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return self._shape[1]

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return self._shape[0]

    @property
    def _shape(self) -> tuple[int, ...]:
        if self.half is not None:
            return 2 * self.half.height_px, 2 * self.half.width_px
        return (self.pixels if self.levels is None else self.levels).shape
