"""White and dark references: the gain and the faults of each sensor pixel, and the smile of the wavelengths.

A line-scan camera has one pixel for each band and column. Its references are frames of such pixels, any number of
them, averaged along the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.errors import InputError
from dermis.formats.cubes.cube_file import CubeFile, row_blocks

__all__ = ["References", "Smile", "dead_pixels", "frame_statistics", "read_references", "smile_of"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_RATIO, MOST_RATIO = 0.5, 2.0
"""A pixel that answers the white less or more than its band and column let expect is taken for dead."""
HOT_SIGMAS, HOT_SHARE = 12.0, 0.05
"""A dark signal so many robust deviations above its band's, and this share of the white's signal, is hot."""
_FEWEST_FRAMES = 8
_LEAST_COVER = 0.05
_SMILE_SIGMAS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """How far the wavelengths bend over the columns. bend_nm: highest minus lowest shift, error_nm: its standard error.

    certain: whether the references show the shift at all; without lines or edges in the light they cannot.
    """

    bend_nm: float
    error_nm: float

    @property
    def certain(self) -> bool:
        """Whether the bend stands out of its error."""
        return bool(self.bend_nm > _SMILE_SIGMAS * self.error_nm)


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The references as frames (band, w) float64.

    dark: mean signal without light. signal: white - dark. dead: pixels that tell nothing. saturated: where the white
    reached the sensor's full scale. exposure_s: of the white, where known.
    """

    dark: Floats
    signal: Floats
    dead: Mask
    saturated: Mask
    smile: Smile
    exposure_s: float | None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.signal.shape
        for name, dtype in (("dark", np.float64), ("signal", np.float64), ("dead", np.bool_), ("saturated", np.bool_)):
            hold(self, name, dtype=dtype, shape=shape)


def read_references(
    scan: CubeFile, white: CubeFile, dark: CubeFile, *, white_dark: CubeFile | None = None
) -> References:
    """Return what the references say, for a scan of the same sensor.

    white_dark: a dark taken at the white's exposure, where it is another than the scan's. Raises InputError where a
    reference has another width or other bands, or the white is no brighter than the dark.
    """
    for name, file in (("white", white), ("dark", dark), ("white's dark", white_dark)):
        if file is not None:
            _check_fits(scan, file, name)
    whites, darks = frame_statistics(white), frame_statistics(dark)
    own_dark = darks if white_dark is None else frame_statistics(white_dark)
    signal = whites.mean - own_dark.mean
    if np.median(signal) <= 0:
        raise InputError(
            f"{white.path.name} is no brighter than {dark.path.name}.",
            advice="Are the two exchanged? --white is the panel, --dark the closed shutter.",
        )
    top = full_scale(max(float(whites.highest.max()), float(darks.highest.max())), white.dtype)
    notes, saturated = [], np.zeros(signal.shape, dtype=np.bool_)
    if top is not None:
        saturated = whites.highest >= top
    if (share := float(saturated.mean())) > 0.001:
        notes.append(
            f"The white reference is saturated on {share:.1%} of the sensor, which reads too high: expose it shorter."
        )
    return References(
        dark=darks.mean,
        signal=signal,
        dead=dead_pixels(signal, darks, whites),
        saturated=saturated,
        smile=smile_of(signal, scan.head.wavelengths_nm),
        exposure_s=white.exposure_s,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Mean, lowest and highest value (band, w) over the frames of a reference, and how many there are."""

    mean: Floats
    lowest: Floats
    highest: Floats
    count: int


def frame_statistics(file: CubeFile) -> Frames:
    """Return the statistics of a reference of any height."""
    height, width, bands = file.head.shape
    stored = file.dtype.newbyteorder("=")
    exact = stored.kind == "u" and stored.itemsize <= 2 and height < 1 << 16
    total = np.zeros((bands, width), np.uint32 if exact else np.float64)
    frame = file.stored(0, 1)[0].T.astype(stored)
    lowest, highest = frame.copy(), frame.copy()
    for _, block in row_blocks(file):
        for line in block:  # one after the other: sums and extremes of a frame stay in the processor's cache
            frame = np.ascontiguousarray(line.T)
            np.add(total, frame, out=total)
            np.minimum(lowest, frame, out=lowest)
            np.maximum(highest, frame, out=highest)
    return Frames(
        mean=total / (height * file.scale), lowest=lowest / file.scale, highest=highest / file.scale, count=height
    )


def full_scale(highest: float, dtype: np.dtype[Any]) -> float | None:
    """Return the value at which whole numbers end: the smallest of 8, 10, 12, 14 or 16 bits that holds `highest`."""
    if dtype.kind not in "iu":
        return None
    most = float(np.iinfo(dtype.newbyteorder("=")).max)
    tops = [2.0**bits - 1 for bits in (8, 10, 12, 14, 15, 16)]
    return next((top for top in tops if highest <= top <= most), None)


def dead_pixels(signal: Floats, darks: Frames, whites: Frames) -> Mask:
    """Return the pixels (band, w) that are dead, hot or stuck.

    dead: white - dark is not positive, or off by a factor of two from what its band and its column let expect.
    hot: a dark signal far above its band's. stuck: the same value in all frames of the white while its band has noise.
    """
    expected = _separable(signal)
    ratio = np.divide(signal, expected, out=np.zeros_like(signal), where=expected > 0)
    dead = (signal <= 0) | (ratio < LEAST_RATIO) | (ratio > MOST_RATIO)
    middle = np.median(darks.mean, axis=1, keepdims=True)
    robust = 1.4826 * np.median(np.abs(darks.mean - middle), axis=1, keepdims=True)
    dead |= (darks.mean - middle > HOT_SIGMAS * robust) & (darks.mean - middle > HOT_SHARE * np.abs(expected))
    if whites.count >= _FEWEST_FRAMES:
        swing = whites.highest - whites.lowest
        dead |= (swing == 0) & (np.median(swing, axis=1, keepdims=True) > 0)
    return np.asarray(dead)


def _separable(signal: Floats) -> Floats:
    """Return the signal as a product of its band and its column, by medians, blind to single pixels."""
    bands = np.median(signal, axis=1, keepdims=True)
    strong = bands[:, 0] > 0.02 * bands.max()
    columns = np.median(signal[strong] / bands[strong], axis=0, keepdims=True)
    return np.asarray(np.maximum(bands, 0) * np.where(columns > _LEAST_COVER, columns, 0.0))


def smile_of(signal: Floats, wavelengths_nm: Floats) -> Smile:
    """Return how far the wavelengths bend, from the white's own spectrum.

    A column whose bands are shifted by d sees the spectrum m(wavelength + d), so that its logarithm differs from the
    typical column's by d times the slope of log m. That share is fitted in each column beside a cubic in wavelength
    (light and panel may differ in colour from side to side); a parabola over the columns is laid through the shifts.
    """
    width = signal.shape[1]
    typical = np.median(signal, axis=1)
    strongest = float(typical.max())
    good = typical > 0.05 * strongest
    if np.count_nonzero(good) < 12 or width < 8:
        return Smile(bend_nm=0.0, error_nm=np.inf)
    grid = wavelengths_nm[good]
    logs = np.log(np.maximum(signal[good], 1e-6 * strongest) / typical[good, None])
    slope = np.gradient(np.log(typical[good]), grid)
    nuisance = np.polynomial.legendre.legvander(np.linspace(-1, 1, grid.size), 3)
    basis, _ = np.linalg.qr(nuisance)
    lines = slope - basis @ (basis.T @ slope)
    strength = float(lines @ lines)
    if strength <= 1e-12 * float(slope @ slope) + 1e-24:
        return Smile(bend_nm=0.0, error_nm=np.inf)
    rest = np.clip(logs - basis @ (basis.T @ logs), -1, 1)
    shifts = lines @ rest / strength
    place = np.polynomial.legendre.legvander(np.linspace(-1, 1, width), 2)
    kept = np.abs(shifts - np.median(shifts)) <= 6 * 1.4826 * np.median(np.abs(shifts - np.median(shifts))) + 1e-12
    fit, *_ = np.linalg.lstsq(place[kept], shifts[kept], rcond=None)
    curve = place @ fit
    noise = float(np.std(shifts[kept] - curve[kept]))
    return Smile(bend_nm=float(np.ptp(curve)), error_nm=noise * float(np.sqrt(12 / kept.sum())))


def _check_fits(scan: CubeFile, file: CubeFile, name: str) -> None:
    (_, width, bands), (_, own_width, own_bands) = scan.head.shape, file.head.shape
    if (width, bands) != (own_width, own_bands):
        raise InputError(
            f"The {name} reference {file.path.name} has {own_width} columns and {own_bands} bands, "
            f"{scan.path.name} {width} and {bands}.",
            advice="Take the references with the scan's own binning and window; their height does not matter.",
        )
    off = float(np.abs(file.head.wavelengths_nm - scan.head.wavelengths_nm).max())
    if off > 1.0:
        raise InputError(
            f"The {name} reference {file.path.name} has other wavelengths, up to {off:.1f} nm off {scan.path.name}.",
            advice="Take the references with the scan's own camera.",
        )
