"""The ColorChecker of 24 patches: its published colours, and the correction of a photo's light that it allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.colour.adaptation import WHITES, adapt
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import lab_to_xyz, linear_to_lab
from dermis.colour.srgb import decode, xyz_to_linear
from dermis.core.arrays import hold
from dermis.errors import InputError

__all__ = ["COLUMNS", "PATCH_LAB_D50", "ROWS", "ChartFit", "affine_correction", "chart_linear", "fit_chart"]

_Floats = NDArray[np.float64]

COLUMNS, ROWS = 6, 4

PATCH_LAB_D50: tuple[tuple[float, float, float], ...] = (
    (37.54, 14.37, 14.92),
    (64.66, 19.27, 17.50),
    (49.32, -3.82, -22.54),
    (43.46, -12.74, 22.72),
    (54.94, 9.61, -24.79),
    (70.48, -32.26, -0.37),
    (62.73, 35.83, 56.50),
    (39.43, 10.75, -45.17),
    (50.57, 48.64, 16.67),
    (30.10, 22.54, -20.87),
    (71.77, -24.13, 58.19),
    (71.51, 18.24, 67.37),
    (28.37, 15.42, -49.80),
    (54.38, -39.72, 32.27),
    (42.43, 51.05, 28.62),
    (81.80, 2.67, 80.41),
    (50.63, 51.28, -14.12),
    (49.57, -29.71, -28.32),
    (95.19, -1.03, 2.93),
    (81.29, -0.57, 0.44),
    (66.89, -0.75, -0.06),
    (50.76, -0.13, 0.14),
    (35.63, -0.46, -0.48),
    (20.64, 0.07, -0.46),
)
"""L*a*b* (D50, 2 degrees) of the patches from dark skin to black, row by row.

Published by X-Rite for charts made after November 2014.
"""

_CLIPPED = float(decode(np.full(3, 250 / 255))[0])
_DARK = float(decode(np.full(3, 4 / 255))[0])
_FEWEST = 12
"""Fewer usable patches than this do not fix twelve numbers."""
_RIDGE = 1e-5
_SKIN_AB, _SKIN_REACH = (12.0, 17.0), 30.0
"""Patches count by how near their a*, b* come to those of skin, as a bell of this width; the chart serves skin."""
_AT_LEAST = 1e-3
_NEUTRALS = slice(18, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFit:
    """How a chart turned the light of its photo into D65 at the chart's exposure.

    corrected = matrix @ linear sRGB + offset; matrix (3, 3), offset (3,). delta_e_before: mean ΔE00 of the patches from
    their published colours after one gain for all channels; delta_e_after: the same corrected, each patch by a fit
    without it. residuals: (24,) of these, NaN for patches that were not used. falloff: by which factor the light of the
    brightest corner of the chart exceeds that of its darkest. clipped, dark: how many patches were left out for it.
    """

    matrix: _Floats
    offset: _Floats
    delta_e_before: float
    delta_e_after: float
    residuals: _Floats
    falloff: float
    clipped: int
    dark: int

    def __post_init__(self) -> None:
        hold(self, "matrix", dtype=np.float64, shape=(3, 3))
        hold(self, "offset", dtype=np.float64, shape=(3,))
        hold(self, "residuals", dtype=np.float64, shape=(len(PATCH_LAB_D50),))


def chart_linear() -> _Floats:
    """Return the patches as linear sRGB under D65 (24, 3); some lie outside the gamut."""
    xyz = lab_to_xyz(np.asarray(PATCH_LAB_D50), WHITES["D50"])
    return np.asarray(xyz_to_linear(adapt(xyz, WHITES["D50"], WHITES["D65"])), dtype=np.float64)


def fit_chart(patches_linear: _Floats) -> ChartFit:
    """Fit the affine correction in linear light that brings patches (24, 3) to their published colours.

    Errors count by their size in lightness, so dark patches, and dark skin, weigh as much as light ones: each row is
    divided by the slope of L*, about Y ** (2/3); and patches near the colour of skin count more. Overexposed patches
    and such too dark to be told from black are left out. Raises InputError where fewer than 12 remain.
    """
    seen = np.asarray(patches_linear, dtype=np.float64)
    true = chart_linear()
    clipped, dark = seen.max(axis=1) >= _CLIPPED, seen.max(axis=1) <= _DARK
    used = ~(clipped | dark) & np.isfinite(seen).all(axis=1)
    if used.sum() < _FEWEST:
        raise InputError(
            f"Only {int(used.sum())} of the chart's 24 patches are neither overexposed nor black.",
            advice="Expose the photo for the chart, and keep glare and shadow off it.",
        )
    matrix, offset = affine_correction(seen[used], true[used])
    residuals = np.full(len(true), np.nan)
    for place in np.flatnonzero(used):
        others = used.copy()
        others[place] = False
        own, shift = affine_correction(seen[others], true[others])
        residuals[place] = _difference(own @ seen[place] + shift, true[place])
    gain = np.median(true[used] / np.maximum(seen[used], _DARK))
    return ChartFit(
        matrix=matrix,
        offset=offset,
        delta_e_before=float(np.mean([_difference(gain * s, t) for s, t in zip(seen[used], true[used], strict=True)])),
        delta_e_after=float(np.nanmean(residuals)),
        residuals=residuals,
        falloff=_falloff(seen @ matrix.T + offset, true, used),
        clipped=int(clipped.sum()),
        dark=int(dark.sum()),
    )


def affine_correction(seen: _Floats, true: _Floats) -> tuple[_Floats, _Floats]:
    """Return the matrix (3, 3) and offset (3,) that bring `seen` (n, 3) linear sRGB to `true`; see `fit_chart`."""
    weight = _weights(true)[:, None]
    inputs = np.hstack([seen, np.ones((len(seen), 1))])
    # The ridge pulls towards a plain gain, which a chart with few patches left falls back on.
    gain = float(np.sum(weight * seen * true) / np.sum(weight * seen**2))
    start = np.vstack([gain * np.eye(3), np.zeros(3)])
    weighted = weight * inputs
    ridge = _RIDGE * len(seen) * float(np.mean(weighted**2))
    found = start + np.linalg.solve(
        weighted.T @ weighted + ridge * np.eye(4), weighted.T @ (weight * (true - inputs @ start))
    )
    return np.ascontiguousarray(found[:3].T), np.ascontiguousarray(found[3])


def _weights(true: _Floats) -> _Floats:
    luminance = np.maximum(true @ np.array([0.2126, 0.7152, 0.0722]), 0.01)
    colour = np.asarray(linear_to_lab(np.maximum(true, 0.0)))[:, 1:] - _SKIN_AB
    nearness = np.exp(-0.5 * np.sum(colour**2, axis=1) / _SKIN_REACH**2)
    weights: _Floats = nearness / luminance ** (2 / 3) + _AT_LEAST
    return weights


def _difference(linear: _Floats, true: _Floats) -> float:
    return float(delta_e_00(linear_to_lab(np.maximum(linear, 0.0)), linear_to_lab(np.maximum(true, 0.0))))


def _falloff(corrected: _Floats, true: _Floats, used: NDArray[np.bool_]) -> float:
    """Return how unevenly the chart is lit: a plane through the log ratio of corrected to true luminance."""
    to_y = np.array([0.2126, 0.7152, 0.0722])
    ratio = np.log(np.maximum(corrected @ to_y, 1e-3) / np.maximum(true @ to_y, 1e-3))
    column, row = np.meshgrid(np.linspace(-1, 1, COLUMNS), np.linspace(-1, 1, ROWS))
    plane = np.stack([np.ones(len(true)), column.ravel(), row.ravel()], axis=1)
    slopes = np.linalg.lstsq(plane[used], ratio[used], rcond=None)[0][1:]
    return float(np.exp(2 * np.abs(slopes).sum()))
