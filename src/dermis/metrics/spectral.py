"""How far spectra are apart: angle, errors, structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

__all__ = [
    "LEAST_TRUTH",
    "BandErrors",
    "SpectralScores",
    "angle_map_rad",
    "band_errors",
    "challenge_angle_map_rad",
    "challenge_scores",
    "similarity_map",
    "spectral_angle_rad",
    "spectral_scores",
]

# An array of any library that array-api-compat knows. The standard has no static type to name here.
Array: TypeAlias = Any


def spectral_angle_rad(target: Array, predicted: Array) -> Array:
    """Return the spectral angle in [0, pi] between spectra (..., band) that broadcast, as (...).

    pi/2 where one is zero throughout, 0 where both are. Its slope is finite everywhere, 0 between equal shapes. Taken
    from the half chords, since the arc cosine of the scalar product loses all small angles (Kahan 2006).
    Kruse et al., Remote Sens. Environ. 44 (1993) 145-163.
    """
    xp = array_namespace(target, predicted)
    if target.shape[-1:] != predicted.shape[-1:]:
        raise ValueError(f"Spectra of {tuple(target.shape)} and {tuple(predicted.shape)} do not fit.")
    one, other = _direction(target), _direction(predicted)
    across, along = _length(one - other), _length(one + other)
    neither = (across == 0) & (along == 0)
    return 2 * xp.atan2(across, xp.where(neither, xp.ones_like(along), along))


def _direction(spectrum: Array) -> Array:
    xp = array_namespace(spectrum)
    # By the largest value first, so that no square runs over or under.
    largest = xp.max(xp.abs(spectrum), axis=-1, keepdims=True)
    scaled = spectrum / xp.where(largest > 0, largest, xp.ones_like(largest))
    size = _length(scaled)[..., None]
    return scaled / xp.where(size > 0, size, xp.ones_like(size))


def _length(vector: Array) -> Array:
    """Return the length, with slope 0 at 0."""
    xp = array_namespace(vector)
    squared = xp.sum(vector * vector, axis=-1)
    some = squared > 0
    return xp.where(some, xp.sqrt(xp.where(some, squared, xp.ones_like(squared))), xp.zeros_like(squared))


Values = NDArray[np.floating]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

LEAST_TRUTH = 0.005
"""The smallest reflectance that a relative error is taken of."""
_WINDOW, _SIGMA, _C1, _C2 = 5, 1.5, 0.01, 0.03
_BLOCK = 1 << 22  # values in 64 bits at once


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralScores:
    """The five figures of a predicted cube.

    sam_rad: mean spectral angle. ssim: mean structural similarity, at most 1. mrae: mean relative absolute error.
    rmse: in the unit of the cube. psnr_db: infinite where both are equal. NaN where a figure is not defined.
    """

    sam_rad: float
    ssim: float
    mrae: float
    rmse: float
    psnr_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BandErrors:
    """Errors by band, (band,) each, in the unit of the cube; bias is predicted - target."""

    rmse: Floats
    bias: Floats
    mrae: Floats


def spectral_scores(
    target: Values, predicted: Values, mask: Mask | None = None, *, peak: float = 1.0
) -> SpectralScores:
    """Return the figures of `predicted` on the pixels of `mask`.

    peak: the largest value there may be, 1 for reflectance. Raises ValueError for shapes that differ, an empty mask,
    and values on it that are not finite.
    """
    inside = _checked(target, predicted, mask)
    angles, errors = 0.0, _band_sums(target, predicted, inside)
    for true, said in _blocks(target, predicted, inside):
        angles += float(spectral_angle_rad(true, said).sum())
    pixels, bands, box = np.count_nonzero(inside), target.shape[2], _box(inside)
    squared = float(errors[0].sum()) / (pixels * bands)
    return SpectralScores(
        sam_rad=angles / pixels,
        ssim=float(np.nanmean(similarity_map(target[box], predicted[box], inside[box], peak=peak))),
        mrae=float(errors[2].sum()) / (pixels * bands),
        rmse=squared**0.5,
        psnr_db=_psnr_db(squared, peak),
    )


def challenge_scores(target: Values, predicted: Values, mask: Mask | None = None) -> SpectralScores:
    """Return the figures of `predicted` as the challenge defines them; see the table above for what is wrong there.

    Use them beside its published numbers only. `mask` sets everything else to zero in both cubes.
    """
    inside = _fitting(target, predicted, mask)[..., None]
    true, said = (np.where(inside, cube, 0).astype(np.float32) for cube in (target, predicted))
    angles = challenge_angle_map_rad(true, said)
    kept = angles[~np.isnan(angles)]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = float(np.mean(np.abs(said - true) / true, dtype=np.float64))
    squared = float(np.mean(np.square(said - true), dtype=np.float64))
    return SpectralScores(
        sam_rad=float(kept.mean(dtype=np.float64)) if kept.size else float("nan"),
        ssim=_challenge_similarity(true, said),
        mrae=relative,
        rmse=squared**0.5,
        psnr_db=_psnr_db(0.5 * squared, 1.0),
    )


def angle_map_rad(target: Values, predicted: Values) -> NDArray[np.float32]:
    """Return the spectral angle (h, w) of every pixel; NaN where a band of either is not finite."""
    everywhere = _fitting(target, predicted, None)
    angles = np.concatenate([spectral_angle_rad(true, said) for true, said in _blocks(target, predicted, everywhere)])
    return np.asarray(angles, dtype=np.float32).reshape(everywhere.shape)


def challenge_angle_map_rad(target: Values, predicted: Values) -> NDArray[np.float32]:
    """Return the challenge's angle (h, w): NaN where either is zero, or where the cosine rounds to more than 1."""
    true, said = target.astype(np.float32, copy=False), predicted.astype(np.float32, copy=False)
    along = np.einsum("ijk,ijk->ij", true, said)
    lengths = np.sqrt(np.einsum("ijk,ijk->ij", true, true)) * np.sqrt(np.einsum("ijk,ijk->ij", said, said))
    with np.errstate(divide="ignore", invalid="ignore"):
        angles: NDArray[np.float32] = np.arccos(along / lengths)
    return angles


def band_errors(target: Values, predicted: Values, mask: Mask | None = None) -> BandErrors:
    """Return the errors of each band on the pixels of `mask`; raises ValueError as `spectral_scores`."""
    inside = _checked(target, predicted, mask)
    squared, signed, relative = _band_sums(target, predicted, inside) / np.count_nonzero(inside)
    return BandErrors(rmse=np.sqrt(squared), bias=signed, mrae=relative)


def similarity_map(
    target: Values, predicted: Values, mask: Mask | None = None, *, peak: float = 1.0
) -> NDArray[np.float32]:
    """Return the structural similarity (h, w), the mean over bands; NaN outside `mask`.

    Means, variances and covariance are those of the pixels of the mask within the window.
    """
    from scipy.ndimage import correlate1d  # late: a fifth of a second

    inside = _fitting(target, predicted, mask)
    kernel = _kernel()

    def smooth(band: Floats) -> Floats:
        one: Floats = correlate1d(band, kernel, axis=0, mode="constant")
        two: Floats = correlate1d(one, kernel, axis=1, mode="constant")
        return two

    share = np.where(inside, smooth(inside.astype(np.float64)), 1.0)
    total = np.zeros(inside.shape)
    for band in range(target.shape[2]):
        true, said = (np.where(inside, cube[:, :, band], 0.0) for cube in (target, predicted))
        total += _similarity(*(smooth(part) / share for part in _moments(true, said)), peak=peak)
    total[~inside] = np.nan
    found: NDArray[np.float32] = (total / target.shape[2]).astype(np.float32)
    return found


def _challenge_similarity(target: NDArray[np.float32], predicted: NDArray[np.float32]) -> float:
    """Return what torchmetrics 1.9 gives where no range is named: edges mirrored, the mean over all pixels."""
    from scipy.ndimage import correlate1d  # late: a fifth of a second

    span = float(max(np.ptp(target), np.ptp(predicted)))
    if min(target.shape[:2]) <= _WINDOW or span == 0:
        return float("nan")
    kernel = _kernel()

    def smooth(band: Floats) -> Floats:
        one: Floats = correlate1d(band, kernel, axis=0, mode="mirror")
        two: Floats = correlate1d(one, kernel, axis=1, mode="mirror")
        return two

    total = 0.0
    for band in range(target.shape[2]):
        moments = _moments(target[:, :, band].astype(np.float64), predicted[:, :, band].astype(np.float64))
        total += float(_similarity(*(smooth(part) for part in moments), peak=span).mean())
    return float(total / target.shape[2])


def _moments(true: Floats, said: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    return true, said, true * true, said * said, true * said


def _similarity(true: Floats, said: Floats, true_sq: Floats, said_sq: Floats, both: Floats, *, peak: float) -> Floats:
    one, two = (_C1 * peak) ** 2, (_C2 * peak) ** 2
    variances = np.maximum(true_sq - true * true, 0.0) + np.maximum(said_sq - said * said, 0.0)
    likeness = (2 * true * said + one) * (2 * (both - true * said) + two)
    return likeness / ((true * true + said * said + one) * (variances + two))


def _kernel() -> Floats:
    shape = np.exp(-0.5 * (np.arange(-_WINDOW, _WINDOW + 1.0) / _SIGMA) ** 2)
    kernel: Floats = shape / shape.sum()
    return kernel


def _psnr_db(squared: float, peak: float) -> float:
    return 10 * float(np.log10(peak * peak / squared)) if squared > 0 else float("inf")


def _band_sums(target: Values, predicted: Values, inside: Mask) -> Floats:
    """Return the sums (3, band) of squared, signed and relative errors over the mask."""
    sums = np.zeros((3, target.shape[2]))
    for true, said in _blocks(target, predicted, inside):
        error = said - true
        relative = np.abs(error) / np.maximum(true, LEAST_TRUTH)
        sums += np.stack([np.square(error).sum(axis=0), error.sum(axis=0), relative.sum(axis=0)])
    return sums


def _blocks(target: Values, predicted: Values, inside: Mask) -> Iterator[tuple[Floats, Floats]]:
    """Yield the spectra (n, band) of the mask's pixels, a few rows of the cubes at a time."""
    rows = max(1, _BLOCK // max(1, target.shape[1] * target.shape[2]))
    for at in range(0, target.shape[0], rows):
        here = slice(at, at + rows)
        yield target[here][inside[here]].astype(np.float64), predicted[here][inside[here]].astype(np.float64)


def _fitting(target: Values, predicted: Values, mask: Mask | None) -> Mask:
    if target.ndim != 3 or target.shape != predicted.shape:
        raise ValueError(f"Cubes of {target.shape} and {predicted.shape} do not fit.")
    if mask is None:
        return np.ones(target.shape[:2], dtype=np.bool_)
    if mask.shape != target.shape[:2] or mask.dtype != np.bool_:
        raise ValueError(f"mask takes bool of {target.shape[:2]}, got {mask.dtype} {mask.shape}.")
    return mask


def _box(inside: Mask) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of the mask."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _checked(target: Values, predicted: Values, mask: Mask | None) -> Mask:
    inside = _fitting(target, predicted, mask)
    if not inside.any():
        raise ValueError("The mask is empty.")
    if not all(
        np.isfinite(true).all() and np.isfinite(said).all() for true, said in _blocks(target, predicted, inside)
    ):
        raise ValueError("Values on the mask are not finite.")
    return inside
