"""From pixels to spectra: what drawn skin teaches, kept as a table, and the intervals of the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
WIDER = 1.1
"""Intervals over what drawn skin asks, by what skin that took no part asks; see docs/concepts/spectra.md."""
SIGHTED_TO_NM = 700.0  # where cameras look, and where skin was measured
LEVELS = 8
"""Parts of the draws, by their level, in each of which the intervals are made to hold."""
TONES, LEAST_LEVEL = 4, 0.88
"""Parts of the draws, by how light the skin is, each of which the intervals hold so often at least."""
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
LEAST_SCALE = 0.1


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
    seen: SimulatedPixels, wavelengths_nm: Floats, *, judged: SimulatedPixels | None = None, level_known: bool = True
) -> Estimator:
    """Return what drawn skin teaches; errors count relative to the level, so dark skin as much as light.

    judged: further draws that the intervals are made to hold on, by default those of `seen`. level_known: whether the
    intervals are widened by what skin and cameras that took no part ask, or until they hold on every tone.
    """
    logs, level = _logs_and_level(seen.pixels)
    centre, whitening = _whitening(logs, seen.weights)
    whitened = (logs - centre) @ whitening
    distance = np.square(whitened).sum(axis=1)
    known_within = BEYOND * float(_quantile(distance[:, None], seen.weights, USUAL)[0])
    over_level = seen.spectra / level
    _, _, axes = np.linalg.svd(over_level * np.sqrt(seen.weights)[:, None], full_matrices=False)
    weights = axes[:TERMS]
    table = tabulate(fit_mixture(whitened, over_level @ weights.T, seen.kind, seen.weights), np.sqrt(known_within))
    learnt = Estimator(
        wavelengths_nm=wavelengths_nm,
        table=table,
        weights=weights,
        half_width=np.ones(len(wavelengths_nm)),
        error=np.eye(len(wavelengths_nm)),
        scale=np.array([1.0, 0.0, 0.0]),
        level_range=np.zeros(2),
        centre=centre,
        whitening=whitening,
        known_within=known_within,
    )
    return _with_intervals(learnt, seen if judged is None else judged, WIDER if level_known else None)


def _with_intervals(learnt: Estimator, judged: SimulatedPixels, wider: float | None) -> Estimator:
    """Return the estimator with intervals that hold on `judged`, at every level alike, times `wider`.

    wider: None for as much as the tones ask that are covered least.
    """
    _, level = _logs_and_level(judged.pixels)
    found = spectra_of(terms_of(learnt, judged.pixels.astype(np.float32)).terms, learnt.weights)
    missed = (judged.spectra - found) / level
    left, log_level = np.abs(missed), np.log(level[:, 0])
    half_width = np.maximum(_quantile(left, judged.weights, LEVEL), 1e-6)
    ends = _quantile(log_level[:, None], judged.weights, 0.01), _quantile(log_level[:, None], judged.weights, 0.99)
    level_range = np.concatenate(ends)
    curve = np.vander(np.clip(log_level, *level_range), 3, increasing=True)
    scale = _level_scale(left / half_width, curve, judged.weights)
    scaled = left / np.sqrt(np.maximum(curve @ scale, LEAST_SCALE))[:, None]
    widths = np.maximum(_quantile(scaled, judged.weights, LEVEL), 1e-6)
    widths *= wider or _asked_by_tones(scaled / widths, judged, learnt.wavelengths_nm <= SIGHTED_TO_NM)
    widths[learnt.wavelengths_nm > SIGHTED_TO_NM] *= WIDER_BEYOND
    return replace(
        learnt,
        half_width=widths,
        error=missed.T @ (missed * judged.weights[:, None]),
        scale=scale,
        level_range=level_range,
    )


def _asked_by_tones(left: Floats, judged: SimulatedPixels, sighted: NDArray[np.bool_]) -> float:
    """Return the factor, 1 or more, by which every tone is covered `LEAST_LEVEL`; left: (n, band), over the intervals.

    Photos of a level nobody knows look alike on skin of several tones, so what holds on all of them is short on some.
    """
    asked = []
    for rows in _parts(judged.spectra[:, sighted].mean(axis=1), judged.weights, TONES):
        values = left[np.ix_(rows, sighted)]
        repeated = np.repeat(judged.weights[rows], values.shape[1])
        asked.append(_quantile(values.reshape(-1, 1), repeated, LEAST_LEVEL)[0])
    return float(max(1.0, *asked))


def _parts(values: Floats, weights: Floats, count: int) -> list[NDArray[np.intp]]:
    """Return the rows of `count` parts of the draws, alike in weight, by rising `values` (n,)."""
    order = values.argsort()
    part = np.minimum((count * np.cumsum(weights[order]) / weights.sum()).astype(np.intp), count - 1)
    return [order[part == one] for one in range(count)]


def _level_scale(left: Floats, curve: Floats, weights: Floats) -> Floats:
    """Return the polynomial (3,) of the log level that the squared `LEVEL` quantile of errors (n, band) follows.

    curve: (n, 3), the powers of the log level.
    """
    middles, quantiles = [], []
    for rows in _parts(curve[:, 1], weights, LEVELS):
        repeated = np.repeat(weights[rows], left.shape[1])
        quantiles.append(_quantile(left[rows].reshape(-1, 1), repeated, LEVEL)[0])
        middles.append(weights[rows] @ curve[rows] / weights[rows].sum())
    return np.asarray(np.linalg.lstsq(np.stack(middles), np.square(quantiles), rcond=None)[0])


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
        curve = single["scale"][0] + log_level * (single["scale"][1] + log_level * single["scale"][2])
        scale[part] = level * np.sqrt(np.maximum(curve, np.float32(LEAST_SCALE))) * further
        known[part] = (squared <= within) & (np.minimum(np.minimum(planes[0], planes[1]), planes[2]) > 0)
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


def _quantile(values: Floats, weights: Floats, share: float) -> Floats:
    """Return the weighted quantile (k,) of each column of (n, k)."""
    columns = np.ascontiguousarray(values.T)
    order = columns.argsort(axis=1)
    risen = np.cumsum(weights[order], axis=1)
    place = (risen < share * risen[:, -1:]).sum(axis=1)
    found: Floats = np.take_along_axis(columns, np.take_along_axis(order, place[:, None], axis=1), axis=1)[:, 0]
    return found
