"""From pixels to spectra: what drawn skin teaches, kept as a table, and the intervals of the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_deg
from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.optics.illuminant import lab_under
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
WIDER = 1.1
"""Intervals over what drawn skin asks, by what skin that took no part asks; see docs/concepts/spectra.md."""
SIGHTED_TO_NM = 700.0  # where cameras look, and where skin was measured
LEVELS = 8
"""Parts of the draws, by their level, that the widths follow."""
SOFT, STEADY = 0.03, 0.1
"""Where widths are sought that hold all tones alike: how soft an edge is, over the width; what keeps widths steady."""
WIDER_BEYOND = 1.4
"""Further factor on intervals beyond that, where the prior is a model's."""
LEAST = 1e-4
TERMS = 12
"""Axes on which spectra over their level are told: all but a ten-thousandth of their squares."""
USUAL = 0.999
BEYOND = 1.3
"""A colour is known up to the squared distance of all but a thousandth of the drawn ones, and so much more."""
BLOCK = 1 << 14
BAND_NOISE = 0.01
"""Error of a measured further band, over the level."""
LEAST_LEFT = 0.01
"""Share of the variance of a band that always stays open."""
LEAST_SCALE, LEAST_WIDTH = 0.05, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """What is learnt for one way of taking photos.

    table: (25, 25, 25, term), the terms of a pixel over its level, by its whitened logarithms. weights: (term, band)
    from the terms of a pixel to its spectrum. half_width: (2, band), how far the interval goes below and above the
    answer, over the level and at a scale of 1. scale: (2, 3), of both sides as polynomials of the log level. centre
    (3,), whitening (3, 3): of the log pixels of skin; known_within: the squared distance from there up to which a
    colour is known. level_range: of the log level, as far as the scale was learnt. error: (band, band), covariance of
    what the answers miss, over the level.
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
            "half_width": (2, bands),
            "error": (bands, bands),
            "scale": (2, 3),
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
    """What of each pixel enters: `terms` (n, term), whether its colour is `known` (n,), the `scale` (n, 2) of its
    interval, below and above.
    """

    terms: FloatMap
    scale: FloatMap
    known: BoolMap


def fit_estimator(seen: SimulatedPixels, wavelengths_nm: Floats, *, judged: SimulatedPixels | None = None) -> Estimator:
    """Return what drawn skin teaches; errors count relative to the level, so dark skin as much as light.

    judged: further draws, on every tone of which the intervals are made to hold alike. Without them they hold on `seen`
    as a whole and are widened by what skin that took no part asks.
    """
    logs, level = _logs_and_level(seen.pixels)
    centre, whitening = _whitening(logs, seen.weights)
    whitened = (logs - centre) @ whitening
    distance = np.square(whitened).sum(axis=1)
    known_within = BEYOND * float(_quantiles(distance[:, None], seen.weights, USUAL)[0, 0])
    over_level = seen.spectra / level
    _, _, axes = np.linalg.svd(over_level * np.sqrt(seen.weights)[:, None], full_matrices=False)
    weights = axes[:TERMS]
    table = tabulate(fit_mixture(whitened, over_level @ weights.T, seen.kind, seen.weights), np.sqrt(known_within))
    learnt = Estimator(
        wavelengths_nm=wavelengths_nm,
        table=table,
        weights=weights,
        half_width=np.ones((2, len(wavelengths_nm))),
        error=np.eye(len(wavelengths_nm)),
        scale=np.tile([1.0, 0.0, 0.0], (2, 1)),
        level_range=np.zeros(2),
        centre=centre,
        whitening=whitening,
        known_within=known_within,
    )
    return _with_intervals(learnt, seen if judged is None else judged, alike=judged is not None)


def _with_intervals(learnt: Estimator, judged: SimulatedPixels, *, alike: bool) -> Estimator:
    """Return the estimator with intervals that hold on `judged`; alike: on every tone, else on all together."""
    _, level = _logs_and_level(judged.pixels)
    found = spectra_of(terms_of(learnt, judged.pixels.astype(np.float32)).terms, learnt.weights)
    missed = (judged.spectra - found) / level
    log_level = np.log(level[:, 0])
    level_range = _quantiles(log_level[:, None], judged.weights, 0.01, 0.99)[:, 0]
    curve = np.vander(np.clip(log_level, *level_range), 3, increasing=True)
    sighted = learnt.wavelengths_nm <= SIGHTED_TO_NM
    tones = _tones(judged.spectra[:, sighted], learnt.wavelengths_nm[sighted])
    counted = judged.weights / np.bincount(tones, judged.weights)[tones] if alike else judged.weights
    rest = (1.0 - LEVEL) / 2.0
    low, high = _quantiles(missed, counted, rest, 1.0 - rest)
    half_width = np.maximum(np.stack([-low, high]), LEAST_WIDTH)
    some = np.flatnonzero(sighted)[::2]  # neighbours err alike
    over = np.stack([-missed[:, some], missed[:, some]]) / half_width[:, None, some]
    scale = np.stack([_level_scale(side, curve, counted, 1.0 - rest) for side in over])
    if alike:
        scale = _alike_on_tones(scale, over, curve, counted, tones)
    else:
        half_width *= WIDER
    half_width[:, ~sighted] *= WIDER_BEYOND
    return replace(
        learnt,
        half_width=half_width,
        error=missed.T @ (missed * judged.weights[:, None]),
        scale=scale,
        level_range=level_range,
    )


def _tones(spectra: Floats, wavelengths_nm: Floats) -> NDArray[np.intp]:
    """Return the place (n,) of each spectrum's ITA class among those that are there, the darkest first."""
    edges = sorted(edge for _, edge in ITA_CLASSES if np.isfinite(edge))
    found = np.digitize(ita_deg(lab_under(spectra, wavelengths_nm)), edges)
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.intp)


def _alike_on_tones(scale: Floats, over: Floats, curve: Floats, weights: Floats, tones: NDArray[np.intp]) -> Floats:
    """Return the scale (2, 3) near `scale` by which every tone is held `LEVEL`.

    over: (2, n, band), errors below and above over the half widths. weights: (n,), alike for all tones in sum. A photo
    of a level that nobody knows looks alike on skin of several tones, and what light skin asks above, dark skin asks
    below: so the two sides follow the level each in its own way.
    """
    from scipy.optimize import least_squares  # late: only learning needs it
    from scipy.special import expit

    some = curve[:: max(1, len(curve) // 400)]

    def off(numbers: Floats) -> Floats:
        asked = np.maximum(curve @ numbers.reshape(2, 3).T, LEAST_SCALE).T[:, :, None]
        below, above = expit((asked - over) / (2.0 * SOFT * asked))
        held = np.bincount(tones, weights * (below + above - 1.0).mean(axis=1)) / np.bincount(tones, weights)
        moved = some @ (numbers.reshape(2, 3) - scale).T
        return np.concatenate([held - LEVEL, STEADY * np.sqrt(1.0 / len(some)) * moved.ravel()])

    return np.asarray(least_squares(off, scale.ravel(), max_nfev=20).x.reshape(2, 3))


def _parts(values: Floats, weights: Floats, count: int) -> list[NDArray[np.intp]]:
    """Return the rows of `count` parts of the draws, alike in weight, by rising `values` (n,)."""
    order = values.argsort()
    part = np.minimum((count * np.cumsum(weights[order]) / weights.sum()).astype(np.intp), count - 1)
    return [order[part == one] for one in range(count)]


def _level_scale(left: Floats, curve: Floats, weights: Floats, share: float) -> Floats:
    """Return the polynomial (3,) of the log level that the quantile `share` of errors (n, band) follows.

    curve: (n, 3), the powers of the log level.
    """
    middles, quantiles = [], []
    for rows in _parts(curve[:, 1], weights, LEVELS):
        repeated = np.repeat(weights[rows], left.shape[1])
        quantiles.append(_quantiles(left[rows].reshape(-1, 1), repeated, share)[0, 0])
        middles.append(weights[rows] @ curve[rows] / weights[rows].sum())
    return np.asarray(np.linalg.lstsq(np.stack(middles), np.maximum(quantiles, LEAST_SCALE), rcond=None)[0])


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
    scale, known = np.empty((count, 2), dtype=np.float32), np.empty(count, dtype=np.bool_)
    single = {name: getattr(estimator, name).astype(np.float32) for name in ("scale", "centre", "whitening")}
    within, ends = np.float32(estimator.known_within), estimator.level_range.astype(np.float32)
    for at in range(0, count, BLOCK):
        part = slice(at, at + BLOCK)
        planes = np.ascontiguousarray(pixels[part].T)  # a channel in one piece counts faster than a pixel
        held = np.maximum(planes, np.float32(LEAST))
        level = (held[0] + held[1] + held[2]) / np.float32(3)
        whitened = single["whitening"].T @ (np.log(held) - single["centre"][:, None])
        squared = whitened[0] * whitened[0] + whitened[1] * whitened[1] + whitened[2] * whitened[2]
        further = np.maximum(squared / within, 1)
        # Beyond what is known a line goes astray: take the last known colour on the way there.
        whitened /= np.sqrt(further)
        terms[part] = look_up(estimator.table, estimator.reach, whitened, level)
        log_level = np.clip(np.log(level), *ends)
        for side, (start, slope, bend) in enumerate(single["scale"]):
            curve = start + log_level * (slope + log_level * bend)
            scale[part, side] = level * np.maximum(curve, np.float32(LEAST_SCALE)) * further
        known[part] = (squared <= within) & (np.minimum(np.minimum(planes[0], planes[1]), planes[2]) > 0)
    return Terms(terms=terms, scale=scale, known=known)


def spectra_of(terms: FloatMap, weights: Floats, out: FloatMap | None = None) -> FloatMap:
    """Return the spectra (n, band) of the terms (n, term), none negative."""
    found = np.matmul(terms, weights.astype(np.float32), out=out)
    np.maximum(found, 0, out=found)
    return found


def on_bands(estimator: Estimator, wavelengths_nm: Floats) -> tuple[Floats, Floats]:
    """Return weights (term, band) and half widths (2, band) at other wavelengths, straight between the learnt ones."""
    matrix = interpolation(estimator.wavelengths_nm, wavelengths_nm)
    return estimator.weights @ matrix.T, estimator.half_width @ matrix.T


@dataclass(frozen=True, slots=True, kw_only=True)
class BandGain:
    """What a further measured band changes: `gain` (band,) on what it shows beyond what was `expected`, by the terms.

    half_width: (2, band) of the intervals with it, below and above.
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
        half_width=(estimator.half_width @ to_grid.T) * left,
    )


def add_band(spectra: FloatMap, terms: FloatMap, measured: FloatMap, gain: BandGain) -> FloatMap:
    """Return the spectra (n, band) of `terms` (n, term) once a further band was `measured`, (n,) reflectance."""
    beyond = measured - terms @ gain.expected.astype(np.float32)
    return np.maximum(spectra + beyond[:, None] * gain.gain.astype(np.float32), 0)


def _logs_and_level(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the logarithms (n, 3) and the mean (n, 1) of the channels, in the precision of the pixels."""
    held = np.maximum(pixels, LEAST)
    return np.log(held), held.mean(axis=1, keepdims=True)


def _quantiles(values: Floats, weights: Floats, *shares: float) -> Floats:
    """Return the weighted quantiles (share, k) of each column of (n, k)."""
    columns = np.ascontiguousarray(values.T)
    order = columns.argsort(axis=1)
    risen = np.cumsum(weights[order], axis=1)
    places = np.stack([(risen < share * risen[:, -1:]).sum(axis=1) for share in shares], axis=1)
    rows = np.take_along_axis(order, np.minimum(places, len(values) - 1), axis=1)
    found: Floats = np.take_along_axis(columns, rows, axis=1).T
    return found
