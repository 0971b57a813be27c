"""Melanin and haemoglobin indices of skin from linear RGB, fitted to measured people of every tone.

Melanin: 100 x mean optical density at 650-700 nm. Haemoglobin: 100 x mean optical density at 540-580 nm above the line
through 510 and 610 nm (Kollias and Stamatas, J. Investig. Dermatol. Symp. Proc. 7 (2002) 64-75). Both as cubic
functions of log RGB under D65, whose coefficients `dermis.lab.train.pigment_index` fits on spectra of 1,475 people.

A second pair is fitted to drawn photos over their white, whose camera, light and development nobody knows.

The level counts: measured skin grows less colourful as it grows very dark, so no index that is free of the level can
rise with melanin throughout. Where the light is not known, the level is that of the estimated tone. What differs over a
face by its shape is taken out as a smooth field first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Skin
from dermis.core.arrays import BoolMap, FloatMap
from dermis.tasks.tone_posterior import relit_level

__all__ = [
    "DEGREE",
    "INDICES",
    "PigmentMaps",
    "features",
    "pigment_indices",
    "pigment_maps",
    "shading_field",
    "skin_pigments",
]

_Floats = NDArray[np.float64]

COEFFICIENTS = Path(__file__).parent / "data" / "pigment_index.csv"
INDICES = ("melanin", "haemoglobin", "melanin_unknown_light", "haemoglobin_unknown_light")
"""Columns of the coefficients."""
DEGREE = 3
CENTRE, SPREAD = -0.6, 0.3
"""log10 of linear RGB is moved and scaled by these, so that the skin of all people lies about -2 to 2."""
DARKEST, BRIGHTEST = 0.006, 0.97
"""Outside of these, in the brightest channel, a pixel tells nothing: too dark, or clipped."""
_RANGES = ((-1.5, -0.1), (-0.02, 0.50), (-0.08, 0.45))
"""log10 of green, red over green, green over blue: what measured skin and 25 % more or less of a pigment spans."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_WELL_LIT = (50, 95)
_MOST_PIXELS = 20_000
_TOGETHER = 8192
_LARGEST_FIELD = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class PigmentMaps:
    """(h, w) float32 each: melanin and haemoglobin index, NaN where a pixel is too dark or clipped to tell; shading in
    100 x optical density, above 0 where the face is turned from the light.
    """

    melanin: FloatMap
    haemoglobin: FloatMap
    shading: FloatMap


def features(linear: NDArray[np.floating]) -> _Floats:
    """Return the monomials (n, 20) up to the third degree of log10 linear RGB (n, 3), kept inside measured skin."""
    return _monomials(np.asarray(linear, dtype=np.float64)).T


def _monomials(linear: NDArray[Any]) -> NDArray[Any]:
    """Return the features as rows (20, n), in the precision of `linear` (n, 3)."""
    logs = np.log10(np.maximum(linear.T, 1e-6))
    green = np.clip(logs[1], *_RANGES[0])
    red = green + np.clip(logs[0] - logs[1], *_RANGES[1])
    blue = green - np.clip(logs[1] - logs[2], *_RANGES[2])
    rows: dict[tuple[int, ...], NDArray[Any]] = {(): np.ones_like(green)}
    rows |= {(channel,): (one - CENTRE) / SPREAD for channel, one in enumerate((red, green, blue))}
    for degree in range(2, DEGREE + 1):
        for one in combinations_with_replacement(range(3), degree):
            rows[one] = rows[one[:-1]] * rows[one[-1:]]
    return np.stack(list(rows.values()))


def pigment_indices(linear: NDArray[np.floating], *, light_known: bool = True) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the melanin and the haemoglobin index (...) of linear sRGB (..., 3), in its precision.

    light_known: whether the pixels are under D65; if not, they are over the photo's white, as far as anybody knows.
    """
    pixels = np.asarray(linear).reshape(-1, 3)
    weights = _coefficients()[:, : 2 if light_known else 4][:, -2:].T.astype(pixels.dtype)
    found = np.empty((2, len(pixels)), dtype=pixels.dtype)
    for start in range(0, len(pixels), _TOGETHER):  # so that what is in between stays in the cache
        part = slice(start, start + _TOGETHER)
        found[:, part] = weights @ _monomials(pixels[part])
    shape = np.shape(linear)[:-1]
    return found[0].reshape(shape), found[1].reshape(shape)


def skin_pigments(skin: Skin) -> PigmentMaps:
    """Return the maps of a face, where the light is not known with the level that the estimate of its tone says.

    The colour stays as the camera balanced it: the estimate takes red skin for red light.
    """
    level = 1.0 if skin.tone is None else relit_level(skin.tone)
    return pigment_maps(skin.linear, skin.measured, level, light_known=skin.light_known)


def pigment_maps(linear: FloatMap, measured: BoolMap, level: float = 1.0, *, light_known: bool = True) -> PigmentMaps:
    """Return the maps of a face: linear (h, w, 3) sRGB, measured (h, w) bool.

    The level of its well-lit skin is taken as the photo has it, times `level`; half a stop more lowers the melanin
    index by about 14. Pixels that are not measured are NaN.
    """
    shading = shading_field(linear, measured)
    maps = np.full((2, *measured.shape), np.nan, dtype=np.float32)
    brightest = np.maximum(np.maximum(linear[..., 0], linear[..., 1]), linear[..., 2])
    told = measured & (brightest >= DARKEST) & (brightest < BRIGHTEST)
    if told.any():
        lit = linear[told] * (np.float32(level) * np.float32(10) ** shading[told])[:, None]
        maps[:, told] = np.stack(pigment_indices(lit, light_known=light_known))
    return PigmentMaps(melanin=maps[0], haemoglobin=maps[1], shading=(100 * shading).astype(np.float32))


def shading_field(linear: FloatMap, measured: BoolMap) -> FloatMap:
    """Return by how many log10 units the shape of the face darkens each pixel (h, w); 0 for well-lit skin.

    A quadratic in the place, fitted to log luminance with weights that let spots and glare count little (Huber, four
    rounds), bounded at a factor of two. Marks much smaller than the face stay in the picture.
    """
    rows, columns = np.nonzero(measured)
    if rows.size < 64:
        return np.zeros(measured.shape, dtype=np.float32)
    step = max(1, rows.size // _MOST_PIXELS)
    rows, columns = rows[::step], columns[::step]
    logs = np.log10(np.maximum(linear[rows, columns] @ _LUMINANCE, 1e-4))
    middle = np.array([rows.mean(), columns.mean()])
    reach = max(float(np.std(rows)), float(np.std(columns)), 1.0)
    basis = _basis((rows - middle[0]) / reach, (columns - middle[1]) / reach)
    weights = np.ones(len(logs))
    solved = np.zeros(basis.shape[1])
    for _ in range(4):
        weighted = basis.T * weights
        solved = np.linalg.lstsq(weighted @ basis, weighted @ logs, rcond=None)[0]
        errors = np.abs(logs - basis @ solved)
        limit = 1.5 * max(float(np.median(errors)), 1e-4)
        weights = np.minimum(1.0, limit / np.maximum(errors, 1e-9))
    level = float(np.percentile(basis @ solved, np.mean(_WELL_LIT)))
    y = ((np.arange(measured.shape[0]) - middle[0]) / reach)[:, None]
    x = ((np.arange(measured.shape[1]) - middle[1]) / reach)[None, :]
    start, by_x, by_y, by_xx, by_xy, by_yy = solved
    down, across, along = level - start - by_y * y - by_yy * y * y, by_x * x + by_xx * x * x, by_xy * y
    field: FloatMap = down.astype(np.float32) - across.astype(np.float32) - along.astype(np.float32) * np.float32(x)
    return np.clip(field, -_LARGEST_FIELD, _LARGEST_FIELD, out=field)


def _basis(y: _Floats, x: _Floats) -> _Floats:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


@cache
def _coefficients() -> _Floats:
    table = np.loadtxt(COEFFICIENTS, delimiter=",", skiprows=1, usecols=(1, 2, 3, 4))
    return np.asarray(table, dtype=np.float64)
