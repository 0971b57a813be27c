"""How much more blood each place of a face shows than its own calm skin.

Over one face, light, camera and melanin differ little, so small differences of optical density are linear in the
pigments: the two-pigment unmixing gives the density that blood adds, and what it gives for calm skin is taken off. An
index of the whole person (task haemoglobin) has to be right in level; this one has to be right in difference only, so
exposure and a colour cast, which add the same density everywhere, leave it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Skin
from dermis.core.arrays import BoolMap, FloatMap, hold, window_of
from dermis.tasks.pigments import optical_density, unmix

__all__ = ["RED_FROM", "RednessMap", "redness_map", "smoothed"]

RED_FROM = 15.0
"""From this excess on skin counts as red: blood adds 0.15 to the green density of calm skin."""

_CALM_PERCENT = 30
"""Calm skin of a face: the lower third of its pixels, by blood."""
_STEPS = 8
_FEWEST_IN_STEP = 50
_FEWEST = 64
_SMOOTH = 0.02
"""Standard deviation of the blur before an area is called red, as a share of the face's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RednessMap:
    """Blood above that of the person's own calm skin.

    excess: (h, w) float32, 100 x green density that blood adds to calm skin; NaN where not measured. red: (h, w) bool,
    where the excess, smoothed over a fiftieth of the face, is `RED_FROM` or more. erythema: (h, w) float32, the
    erythema index of reflectance meters, 100 x (green less red density). frame: where in the photo it lies.
    """

    excess: FloatMap
    red: BoolMap
    erythema: FloatMap
    frame: CropFrame | None = None

    def __post_init__(self) -> None:
        hold(self, "excess", dtype=np.float32, shape=(None, None))
        hold(self, "red", dtype=np.bool_, shape=self.excess.shape)
        hold(self, "erythema", dtype=np.float32, shape=self.excess.shape)


def redness_map(skin: Skin, frame: CropFrame | None = None) -> RednessMap:
    """Return the redness of a face against its own calm skin; too few pixels to tell give a map of NaN."""
    measured = skin.measured
    excess = np.full(measured.shape, np.nan, dtype=np.float32)
    erythema = np.full(measured.shape, np.nan, dtype=np.float32)
    pixels = skin.linear[measured]
    if len(pixels) < _FEWEST:
        return RednessMap(excess=excess, red=np.zeros_like(measured), erythema=erythema, frame=frame)
    density = 100 * optical_density(pixels)
    excess[measured] = above_calm_skin(unmix(pixels).haemoglobin, density[:, 0])
    erythema[measured] = density[:, 1] - density[:, 0]
    return RednessMap(excess=excess, red=_red(excess, measured), erythema=erythema, frame=frame)


def above_calm_skin(blood: NDArray[np.floating], depth: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return blood (n,) less that of calm skin of the same depth (n,), 100 x red density, which blood hardly changes.

    Glare and the curve of a camera pale bright skin, so calm skin is a line over depth, through the lower third of the
    pixels in eight steps of depth.
    """
    low, high = np.percentile(depth, (2, 98))
    along = np.clip((depth - low) / max(high - low, 1e-6), 0.0, 1.0)
    steps = np.minimum((along * _STEPS).astype(np.intp), _STEPS - 1)
    counts = np.bincount(steps, minlength=_STEPS)
    filled = np.flatnonzero(counts >= min(_FEWEST_IN_STEP, counts.max()))
    calm = np.array([np.percentile(blood[steps == step], _CALM_PERCENT) for step in filled])
    middles = (filled + 0.5) / _STEPS
    if len(filled) < 3 or high - low < 1.0:
        line = np.array([0.0, np.average(calm, weights=counts[filled])])
    else:
        line = np.polyfit(middles, calm, 1, w=np.sqrt(counts[filled]))
    return np.asarray(blood - np.polyval(line, along), dtype=np.float32)


def _red(excess: FloatMap, measured: BoolMap) -> BoolMap:
    return np.asarray(measured & (smoothed(excess, measured, _SMOOTH) >= RED_FROM))


def smoothed(values: FloatMap, where: BoolMap, share: float) -> FloatMap:
    """Return values (h, w) under a Gaussian within `where`, 0 beyond its rectangle.

    share: the standard deviation in widths of the face.
    """
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    # The skin of a face is about as large as the square of its width.
    blur = max(0.7, share * float(np.sqrt(np.count_nonzero(where))))
    part, found = window_of(where), np.zeros(values.shape, dtype=np.float32)
    inside = where[part]
    weight = gaussian_filter(inside.astype(np.float32), blur, mode="constant")
    smooth = gaussian_filter(np.where(inside, values[part], np.float32(0)), blur, mode="constant")
    found[part] = smooth / np.maximum(weight, 1e-3)
    return found
