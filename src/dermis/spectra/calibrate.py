"""Raw scans to reflectance, a few lines at a time: (scan - dark) / (white - dark), in the bands that are wanted.

Dead pixels are filled before the bands are joined. Both are linear, so the gain of each sensor pixel is one product a
value, and what the dark takes away is subtracted once, from the joined bands.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Quantity
from dermis.core.arrays import FloatMap
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube_file import CubeFile, CubeHead, Numbers, spans
from dermis.spectra.resample import resampling
from dermis.spectra.white_dark_reference import References, full_scale

__all__ = ["Calibration", "Clipping", "calibrated_rows", "calibration", "clipping"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_ROWS = 16
_MOST_THREADS = 4
_SMALL_PRODUCT = 250_000  # multiplications up to which the linear algebra starts no threads of its own
_REACH_BANDS, _REACH_COLUMNS = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Where dead pixels take their values: `share` of `one`, the rest of `other`; flat indices (band * w + x)."""

    dead: Indices
    one: Indices
    other: Indices
    share: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a scan becomes reflectance.

    gain: (band, w) float32. weights: (k, band) float32, the joined bands. offset: (k, w) float32, what the dark takes
    away from them. head: of the result. lost: columns and bands (k, w) without any pixel to go by; NaN there.
    filled: dead pixels that were filled, unrecoverable: those too far from a good one.
    """

    gain: NDArray[np.float32]
    weights: NDArray[np.float32]
    offset: NDArray[np.float32]
    filling: Filling
    lost: NDArray[np.bool_]
    head: CubeHead
    filled: int
    unrecoverable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """Where the scan was overexposed: pixels with a band at full scale, (h, w) bool, and their share."""

    mask: NDArray[np.bool_]
    share: float
    full_scale: float


def calibration(
    scan: CubeFile,
    references: References,
    to_nm: ArrayLike | None = None,
    *,
    fwhm_nm: ArrayLike | None = None,
    bandwidth_nm: float | None = None,
    exposure_ratio: float | None = None,
    panel: ArrayLike = 1.0,
) -> Calibration:
    """Return how `scan` becomes reflectance in the bands `to_nm`, its own where None.

    fwhm_nm: the sensor's, the header's where None. exposure_ratio: exposure of the scan over that of the white; from
    the headers where None, 1 where they do not say. panel: reflectance of the white panel, a number or (band,).
    Raises InputError for bands outside the sensor's, UsageError for a panel or a ratio that is none.
    """
    head, own = scan.head, scan.head.wavelengths_nm
    ratio = _exposure_ratio(scan, references) if exposure_ratio is None else exposure_ratio
    white = np.broadcast_to(np.asarray(panel, dtype=np.float64), own.shape)
    if not (np.isfinite(ratio) and ratio > 0 and np.isfinite(white).all() and white.min() > 0 and white.max() <= 1.5):
        raise UsageError(
            "The panel's reflectance and the exposure ratio must be positive.", advice="A white panel has about 0.99."
        )
    gain = white[:, None] / (np.where(references.dead, 1.0, references.signal) * ratio * scan.scale)
    filling, unrecoverable = fill_from(references.dead)
    gain.flat[filling.dead] = 0.0
    gain.flat[unrecoverable] = 0.0
    width_nm = head.fwhm_nm if fwhm_nm is None else np.broadcast_to(np.asarray(fwhm_nm, dtype=np.float64), own.shape)
    grid = own if to_nm is None else np.asarray(to_nm, dtype=np.float64)
    weights = np.eye(own.size) if to_nm is None else resampling(own, grid, fwhm_nm=width_nm, bandwidth_nm=bandwidth_nm)
    dark = gain * references.dark * scan.scale
    _fill(dark.reshape(-1), filling)
    holes = np.zeros(gain.shape, dtype=np.bool_)
    holes.flat[unrecoverable] = True
    return Calibration(
        gain=gain.astype(np.float32),
        weights=weights.astype(np.float32),
        offset=(weights @ dark).astype(np.float32),
        filling=filling,
        lost=(np.abs(weights) > 1e-6).astype(np.float32) @ holes.astype(np.float32) > 0,
        head=CubeHead(
            shape=(*head.shape[:2], grid.size),
            wavelengths_nm=grid,
            quantity=Quantity.REFLECTANCE,
            fwhm_nm=_new_fwhm(grid, bandwidth_nm) if to_nm is not None else width_nm,
        ),
        filled=filling.dead.size,
        unrecoverable=unrecoverable.size,
    )


def calibrated_rows(
    scan: CubeFile, plan: Calibration, *, brightest: Numbers | None = None, threads: int | None = None
) -> Iterator[FloatMap]:
    """Yield the reflectance (n, w, k) of one block of lines after the other.

    brightest: (h, w), where given, receives the largest raw value of each pixel, for `clipping`. threads: as many
    blocks are worked on at once; the processors there are, at most four, where None.
    """
    workers = threads or min(_MOST_THREADS, os.cpu_count() or 1)

    pending: deque[Future[FloatMap]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for first, end in spans(scan.head.shape[0], _ROWS):
            lines = scan.stored(first, end)  # asked for here, so that the file is read while others are worked on
            pending.append(pool.submit(_block, lines, plan, None if brightest is None else brightest[first:end]))
            if len(pending) > workers + 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def clipping(brightest: Numbers, *, saturation: float | None = None) -> Clipping | None:
    """Return where a scan was overexposed, from the largest raw value of each pixel.

    saturation: the value the sensor ends at; the end of 8, 10, 12, 14 or 16 bits that holds all of them where None.
    None where it is not known: numbers that are not whole.
    """
    top = full_scale(float(brightest.max()), brightest.dtype) if saturation is None else saturation
    if top is None:
        return None
    mask = np.asarray(brightest >= top)
    return Clipping(mask=mask, share=float(mask.mean()), full_scale=float(top))


def fill_from(dead: NDArray[np.bool_]) -> tuple[Filling, Indices]:
    """Return where dead pixels (band, w) take their values from, and those too far from good ones.

    From the nearest good bands of their own column, in proportion; where there is one on one side only, or none, from
    the nearest good columns of their own band.
    """
    bands, width = np.nonzero(dead)
    found: list[tuple[int, int, int, float]] = []
    unrecoverable = []
    for band, column in zip(bands.tolist(), width.tolist(), strict=True):
        along = _neighbours(dead[:, column], band, _REACH_BANDS)
        across = _neighbours(dead[band], column, _REACH_COLUMNS)
        here = band * dead.shape[1] + column
        if along is not None and (along[0] != along[1] or across is None):
            one, other = (at * dead.shape[1] + column for at in along[:2])
            found.append((here, one, other, along[2]))
        elif across is not None:
            one, other = (band * dead.shape[1] + at for at in across[:2])
            found.append((here, one, other, across[2]))
        else:
            unrecoverable.append(here)
    table = np.array(found, dtype=np.float64).reshape(-1, 4)
    whole = table[:, :3].astype(np.intp)
    filling = Filling(dead=whole[:, 0], one=whole[:, 1], other=whole[:, 2], share=table[:, 3].astype(np.float32))
    return filling, np.array(unrecoverable, dtype=np.intp)


def _neighbours(dead: NDArray[np.bool_], at: int, reach: int) -> tuple[int, int, float] | None:
    """Return the nearest good places below and above `at`, and the share of the first."""
    below = next((i for i in range(at - 1, max(-1, at - reach - 1), -1) if not dead[i]), None)
    above = next((i for i in range(at + 1, min(len(dead), at + reach + 1)) if not dead[i]), None)
    if below is None:
        return None if above is None else (above, above, 1.0)
    if above is None:
        return below, below, 1.0
    return below, above, (above - at) / (above - below)


def _fill(flat: NDArray[np.floating], filling: Filling) -> None:
    if filling.dead.size:
        one, other = flat[filling.one], flat[filling.other]
        flat[filling.dead] = other + filling.share * (one - other)


def _block(stored: Numbers, plan: Calibration, brightest: Numbers | None) -> FloatMap:
    rows, width, bands = stored.shape
    out = np.empty((rows, plan.weights.shape[0], width), np.float32)
    signal = np.empty((bands, width), np.float32)
    same = plan.weights.shape[0] == bands and bool(np.array_equal(plan.weights, np.eye(bands, dtype=np.float32)))
    groups = [] if same else _groups(plan.weights, width)
    for row in range(rows):
        line = np.ascontiguousarray(stored[row].T)  # as it lies, unless bands lie together
        if brightest is not None:
            line.max(axis=0, out=brightest[row])
        np.multiply(line, plan.gain, out=signal)
        _fill(signal.reshape(-1), plan.filling)
        if same:
            out[row] = signal
        for first, end, low, high, weights in groups:
            np.matmul(weights, signal[low:high], out=out[row, first:end])
        out[row] -= plan.offset
    if plan.lost.any():
        out[:, plan.lost] = np.nan
    return out.transpose(0, 2, 1)


def _groups(weights: NDArray[np.float32], width: int) -> list[tuple[int, int, int, int, NDArray[np.float32]]]:
    """Return the weights as small products of neighbouring bands: each takes its few bands of the sensor."""
    used = [np.nonzero(row)[0] for row in weights]
    groups, first = [], 0
    while first < len(used):
        end, low, high = first + 1, int(used[first][0]), int(used[first][-1]) + 1
        while end < len(used):
            wider = min(low, int(used[end][0])), max(high, int(used[end][-1]) + 1)
            if (end + 1 - first) * (wider[1] - wider[0]) * width > _SMALL_PRODUCT:
                break
            (low, high), end = wider, end + 1
        groups.append((first, end, low, high, np.ascontiguousarray(weights[first:end, low:high])))
        first = end
    return groups


def _exposure_ratio(scan: CubeFile, references: References) -> float:
    if scan.exposure_s is None or references.exposure_s is None:
        return 1.0
    return scan.exposure_s / references.exposure_s


def _new_fwhm(grid: Floats, bandwidth_nm: float | None) -> Floats | None:
    if bandwidth_nm is not None:
        return np.full(grid.size, float(bandwidth_nm))
    apart = np.diff(np.unique(grid))
    return np.full(grid.size, float(np.median(apart))) if apart.size else None


def check_columns(plan: Calibration) -> None:
    """Raise InputError where no column at all can be calibrated."""
    if plan.lost.all():
        raise InputError(
            "The white reference tells nothing in any column.",
            advice="Check that --white is the panel under the light.",
        )
