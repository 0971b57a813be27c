"""From pixels to spectra: what drawn skin teaches, kept as a table, and the intervals of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.optics.spectral_grid import interpolation
from dermis.spectra.mixture import SIDE, fit_mixture, look_up, tabulate
from dermis.spectra.prior import SimulatedPixels

__all__ = [
    "BLOCK",
    "LEVEL",
    "BandGain",
    "Estimator",
    "Terms",
    "add_band",
    "band_gain",
    "fit_estimator",
    "on_bands",
    "spectra_of",
    "terms_of",
]

Floats = NDArray[np.float64]

LEVEL = 0.9
"""How often an interval holds the truth."""
WIDER, WIDER_OF_SHAPE = 1.1, 1.3
"""Intervals over what drawn skin asks, by what skin and cameras that took no part in learning ask. Those of the shape
hold the level of a plainly developed photo, too; see docs/concepts/spectra.md."""
SIGHTED_TO_NM = 700.0  # where cameras look, where skin was measured, and where the level of a shape is taken
WIDER_BEYOND = 1.4
"""Further factor on intervals beyond that, where the prior is a model's."""
LEAST = 1e-4
TERMS = 12
"""Axes on which spectra over their level are told: all but a ten-thousandth of their squares."""
RIDGE = 1e-8
USUAL = 0.999
BEYOND = 1.3
"""A colour is known up to the squared distance of all but a thousandth of the drawn ones, and so much more."""
BLOCK = 1 << 14
BAND_NOISE = 0.01
"""Error of a measured further band, over the level."""
LEAST_LEFT = 0.01
"""Share of the variance of a band that always stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """What is learnt for one way of taking photos.

    table: (25, 25, 25, term), the terms of a pixel over its level, by its whitened logarithms. weights: (term, band)
    from the terms of a pixel to its spectrum. half_width: (band,) of the interval over the level, at a scale of 1.
    scale: (3,), the squared scale as a polynomial of the log level. centre (3,), whitening (3, 3): of the log pixels of
    skin; known_within: the squared distance from there up to which a colour is known. level_range: of the log level, as
    far as the scale was learnt. error: (band, band), covariance of what the answers miss, over the level.
    """

    wavelengths_nm: Floats
    table: FloatMap
    weights: Floats
    half_width: Floats
    error: Floats
    scale: Floats
    level_range: Floats
    centre: Floats
    whitening: Floats
    known_within: float

    def __post_init__(self) -> None:
        bands = len(self.wavelengths_nm)
        shapes = {
            "wavelengths_nm": (bands,),
            "weights": (TERMS, bands),
            "half_width": (bands,),
            "error": (bands, bands),
            "scale": (3,),
        }
        shapes |= {"level_range": (2,), "centre": (3,), "whitening": (3, 3)}
        for name, shape in shapes.items():
            hold(self, name, dtype=np.float64, shape=shape)
        hold(self, "table", dtype=np.float32, shape=(SIDE, SIDE, SIDE, TERMS))

    @property
    def reach(self) -> float:
        """How far from the middle the table goes, in whitened logarithms."""
        return float(np.sqrt(self.known_within))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What of each pixel enters: `terms` (n, term), the `scale` (n,) of its interval, whether its colour is `known`."""

    terms: FloatMap
    scale: FloatMap
    known: BoolMap


def fit_estimator(
    seen: SimulatedPixels, wavelengths_nm: Floats, *, level_known: bool = True, wider: float | None = None
) -> Estimator:
    """Return what drawn skin teaches; errors count relative to the level, so dark skin as much as light.

    level_known: False for intervals of the shape alone, at the photo's own level. wider: factor on the intervals,
    by default what was found to hold on skin that took no part.
    """
    wider = wider or (WIDER if level_known else WIDER_OF_SHAPE)
    logs, level = _logs_and_level(seen.pixels)
    centre, whitening = _whitening(logs, seen.weights)
    whitened = (logs - centre) @ whitening
    distance = np.square(whitened).sum(axis=1)
    known_within = BEYOND * float(_quantile(distance[:, None], seen.weights, USUAL)[0])
    over_level = seen.spectra / level
    _, _, axes = np.linalg.svd(over_level * np.sqrt(seen.weights)[:, None], full_matrices=False)
    weights = axes[:TERMS]
    table = tabulate(fit_mixture(whitened, over_level @ weights.T, seen.kind, seen.weights), np.sqrt(known_within))
    shown = whitened / np.sqrt(np.maximum(distance / known_within, 1.0))[:, None]
    found = (look_up(table, np.sqrt(known_within), shown.astype(np.float32)) * level) @ weights
    if not level_known:
        sighted = wavelengths_nm <= SIGHTED_TO_NM
        shown, true = found[:, sighted], seen.spectra[:, sighted]
        found *= (shown * true).sum(axis=1, keepdims=True) / np.square(shown).sum(axis=1, keepdims=True)
    missed = (seen.spectra - found) / level
    left = np.abs(missed)
    log_level = np.log(level[:, 0])
    half_width = np.maximum(_quantile(left, seen.weights, LEVEL), 1e-6)
    ends = _quantile(log_level[:, None], seen.weights, 0.01), _quantile(log_level[:, None], seen.weights, 0.99)
    level_range = np.concatenate(ends)
    curve = np.vander(np.clip(log_level, *level_range), 3, increasing=True)
    scale = _weighted_ridge(curve, np.square(left / half_width).mean(axis=1, keepdims=True), seen.weights)[:, 0]
    scale /= seen.weights @ (curve @ scale)
    scaled = left / np.sqrt(np.maximum(curve @ scale, 0.1))[:, None]
    widths = wider * np.maximum(_quantile(scaled, seen.weights, LEVEL), 1e-6)
    widths[wavelengths_nm > SIGHTED_TO_NM] *= WIDER_BEYOND
    return Estimator(
        wavelengths_nm=wavelengths_nm,
        table=table,
        weights=weights,
        half_width=widths,
        error=missed.T @ (missed * seen.weights[:, None]),
        scale=scale,
        level_range=level_range,
        centre=centre,
        whitening=whitening,
        known_within=known_within,
    )


def _whitening(logs: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weighted mean (3,) and what makes deviations from it uncorrelated and of unit size, (3, 3)."""
    centre = weights @ logs
    apart = logs - centre
    covariance = (apart * weights[:, None]).T @ apart + 1e-6 * np.eye(3)
    return centre, np.linalg.inv(np.linalg.cholesky(covariance)).T


def terms_of(estimator: Estimator, pixels: FloatMap) -> Terms:
    """Return what of `pixels` (n, 3) enters; float32 throughout, a block at a time."""
    count = len(pixels)
    terms = np.empty((count, TERMS), dtype=np.float32)
    scale, known = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.bool_)
    single = {name: getattr(estimator, name).astype(np.float32) for name in ("scale", "centre", "whitening")}
    for at in range(0, count, BLOCK):
        part = slice(at, at + BLOCK)
        logs, level = _logs_and_level(pixels[part])
        whitened = (logs - single["centre"]) @ single["whitening"]
        squared = np.square(whitened).sum(axis=1)
        further = np.maximum(squared / np.float32(estimator.known_within), 1)
        # Beyond what is known a line goes astray: take the last known colour on the way there.
        inside = whitened / np.sqrt(further)[:, None]
        terms[part] = look_up(estimator.table, estimator.reach, inside) * level
        log_level = np.clip(np.log(level[:, 0]), *estimator.level_range.astype(np.float32))
        curve = single["scale"][0] + log_level * (single["scale"][1] + log_level * single["scale"][2])
        scale[part] = level[:, 0] * np.sqrt(np.maximum(curve, np.float32(0.1))) * further
        known[part] = (squared <= estimator.known_within) & (pixels[part].min(axis=1) > 0)
    return Terms(terms=terms, scale=scale, known=known)


def spectra_of(terms: FloatMap, weights: Floats, out: FloatMap | None = None) -> FloatMap:
    """Return the spectra (n, band) of the terms (n, term), none negative."""
    found = np.matmul(terms, weights.astype(np.float32), out=out)
    np.maximum(found, 0, out=found)
    return found


def on_bands(estimator: Estimator, wavelengths_nm: Floats) -> tuple[Floats, Floats]:
    """Return weights (term, band) and half widths (band,) at other wavelengths, straight between the learnt ones."""
    matrix = interpolation(estimator.wavelengths_nm, wavelengths_nm)
    return estimator.weights @ matrix.T, matrix @ estimator.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class BandGain:
    """What a further measured band changes: `gain` (band,) on what it shows beyond what was `expected`, by the terms.

    half_width: (band,) of the intervals with it.
    """

    expected: Floats
    gain: Floats
    half_width: Floats


def band_gain(estimator: Estimator, band_nm: float, wavelengths_nm: Floats) -> BandGain:
    """Return what a band measured at `band_nm` tells of others: by the covariance of what the pixels leave open."""
    to_grid = interpolation(estimator.wavelengths_nm, wavelengths_nm)
    to_band = interpolation(estimator.wavelengths_nm, np.array([band_nm]))[0]
    shared = to_grid @ estimator.error @ to_band
    own = float(to_band @ estimator.error @ to_band) + BAND_NOISE**2
    alone = np.maximum(np.einsum("bi,ij,bj->b", to_grid, estimator.error, to_grid), 1e-12)
    left = np.sqrt(np.maximum(1.0 - np.square(shared) / (own * alone), LEAST_LEFT))
    return BandGain(
        expected=estimator.weights @ to_band,
        gain=shared / own,
        half_width=(to_grid @ estimator.half_width) * left,
    )


def add_band(spectra: FloatMap, terms: FloatMap, measured: FloatMap, gain: BandGain) -> FloatMap:
    """Return the spectra (n, band) of `terms` (n, term) once a further band was `measured`, (n,) reflectance."""
    beyond = measured - terms @ gain.expected.astype(np.float32)
    return np.maximum(spectra + beyond[:, None] * gain.gain.astype(np.float32), 0)


def _logs_and_level(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the logarithms (n, 3) and the mean (n, 1) of the channels, in the precision of the pixels."""
    held = np.maximum(pixels, LEAST)
    return np.log(held), held.mean(axis=1, keepdims=True)


def _weighted_ridge(inputs: Floats, targets: Floats, weights: Floats) -> Floats:
    weighted = inputs * weights[:, None]
    curvature, moments = weighted.T @ inputs, weighted.T @ targets
    size = np.sqrt(np.maximum(np.diag(curvature), 1e-30))
    scaled = curvature / size / size[:, None] + RIDGE * np.eye(len(size))
    found: Floats = np.linalg.solve(scaled, moments / size[:, None]) / size[:, None]
    return found


def _quantile(values: Floats, weights: Floats, share: float) -> Floats:
    """Return the weighted quantile (k,) of each column of (n, k)."""
    order = values.argsort(axis=0)
    risen = np.cumsum(weights[order], axis=0)
    place = (risen < share * risen[-1]).sum(axis=0)
    found: Floats = np.take_along_axis(values, np.take_along_axis(order, place[None], axis=0), axis=0)[0]
    return found
