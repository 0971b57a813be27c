"""Maps of what colours the skin, from a cube: melanin, blood, its oxygen, water.

By the physical inverse: the tissue (`dermis.optics`) most probable behind each spectrum, under any shading. A face has
many pixels and few kinds of spectra, so a few hundred typical ones are solved by iteration, and every pixel is one
linear step away from the nearest of them: the posterior of the model linearised there. Logarithms throughout, where
shading is a constant of each pixel, and solved for with the rest.

The baseline is linear unmixing by an extended Lambert-Beer law: the logarithm as a sum of what more melanin, more
oxygenated and more deoxygenated blood would add to typical skin (their absorption times the mean path there), a
constant for the shading and one slope for scattering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.core import Cube
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError
from dermis.optics.camera_inverse import IDENTIFIABLE_BITS, UNKNOWNS
from dermis.optics.forward import reflectance
from dermis.optics.inverse import FREE
from dermis.optics.populations import from_normal, prior
from dermis.optics.tissue import LONGEST_NM, SHORTEST_NM, Range, Tissue

__all__ = ["MAPS", "ChromophoreMaps", "chromophore_maps", "unmixed_maps"]

Floats = NDArray[np.float64]

MAPS = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "water_fraction")
"""What is mapped, as `Tissue` names it; water only where the cube reaches its band at 960 nm."""
WATER_NM = 950.0
"""A cube that goes so far sees water."""
_SHADING_SPREAD = 0.5  # of the logarithm of how bright a pixel is
_GLOSS, _GLOSS_SPREAD = float(np.log(0.4)), 1.5  # of the logarithm of the gloss, in units of a smooth surface's
_TISSUE = tuple(name for name in FREE if name != "specular_share")
_DARKEST = 2e-3
_ITERATIONS, _STEP, _SAMPLE, _ROUNDS = 12, 1e-4, 6000, 8
_SCORES, _BLOCK = 6, 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromophoreMaps:
    """Maps (h, w) float32 by name (`MAPS`), NaN where nothing was measured.

    low, high: the central interval that holds the truth with probability `level`; empty for the baseline.
    identifiable: by name, the share of pixels where the spectrum says at least a bit more than the prior.
    residual: (h, w), root mean square of what the model leaves of the logarithm of the spectrum.
    """

    values: Mapping[str, FloatMap]
    low: Mapping[str, FloatMap]
    high: Mapping[str, FloatMap]
    level: float
    identifiable: Mapping[str, float]
    residual: FloatMap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """Free parameters: of the tissue by name, then the logarithms of gloss and of shading."""

    names: tuple[str, ...]
    wavelengths_nm: Floats

    @property
    def spans(self) -> list[Range]:
        return [UNKNOWNS[name] for name in self.names]

    @property
    def prior(self) -> tuple[Floats, Floats]:
        mean, spread = prior(self.spans)
        return np.append(mean, [_GLOSS, 0.0]), np.append(spread, [_GLOSS_SPREAD, _SHADING_SPREAD])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    """Typical spectra (k, band), and there: position, spread (k, p), fit (k, band), slopes (k, band, p).

    gain: (k, p, band), from a change of the spectrum to one of the position.
    """

    spectra: Floats
    position: Floats
    spread: Floats
    fit: Floats
    slopes: Floats
    gain: Floats


def chromophore_maps(
    cube: Cube,
    mask: BoolMap | None = None,
    *,
    typical: int = 256,
    relative_noise: float = 0.015,
    least_noise: float = 0.0015,
    level: float = 0.9,
    seed: int = 0,
) -> ChromophoreMaps:
    """Return the maps of a reflectance cube by the physical inverse.

    mask: (h, w), the skin; elsewhere is NaN. typical: how many spectra are solved. relative_noise, least_noise:
    standard deviation of measurement and model, as a share of the reflectance and on top of it. The thickness of the
    epidermis is held: read melanin as that of a typical one. Raises InputError for a cube without enough bands, or
    without skin.
    """
    bands, inside, logs = _logarithms(cube, mask)
    names = (*_TISSUE, *(("water_fraction",) if cube.wavelengths_nm[bands].max() >= WATER_NM else ()))
    model = _Model(names=names, wavelengths_nm=cube.wavelengths_nm[bands])
    scores_of, centres = _kinds(logs, typical, np.random.default_rng(seed))
    weight = 1 / (relative_noise**2 + (least_noise * np.exp(-centres)) ** 2)
    solved = _solve(model, centres, weight)
    wanted = [name for name in MAPS if name in names]
    columns = [names.index(name) for name in wanted]
    position = np.empty((len(logs), len(wanted)), np.float32)
    spread, residual = np.empty_like(position), np.empty(len(logs), np.float32)
    for rows, kind in _by_kind(logs, scores_of, centres):
        off = logs[rows] - solved.spectra[kind]
        step = off @ solved.gain[kind].T
        position[rows] = solved.position[kind, columns] + step[:, columns]
        spread[rows] = solved.spread[kind, columns]
        left = logs[rows] - solved.fit[kind] - step @ solved.slopes[kind].T
        residual[rows] = np.sqrt(np.mean(left * left, axis=1))
    return _maps(model, wanted, inside, position, spread, residual, level)


def unmixed_maps(cube: Cube, mask: BoolMap | None = None) -> ChromophoreMaps:
    """Return the maps of a reflectance cube by linear unmixing, the baseline; errors as `chromophore_maps`."""
    bands, inside, logs = _logarithms(cube, mask)
    nm = cube.wavelengths_nm[bands]
    usual = Tissue()
    water = nm.max() >= WATER_NM
    basis, at_usual = _lambert_beer(usual, nm, water=bool(water))
    solver = np.linalg.pinv(basis).astype(np.float32)
    found = (logs - at_usual.astype(np.float32)) @ solver.T
    left = logs - at_usual.astype(np.float32) - found @ basis.T.astype(np.float32)
    oxygenated = usual.blood_fraction * usual.oxygen_saturation + found[:, 1]
    blood = usual.blood_fraction + found[:, 1] + found[:, 2]
    values = {
        "melanosome_fraction": usual.melanosome_fraction + found[:, 0],
        "blood_fraction": blood,
        "oxygen_saturation": np.clip(oxygenated / np.maximum(blood, 1e-6), 0, 1),
    }
    if water:
        values["water_fraction"] = usual.water_fraction + found[:, 3]
    return ChromophoreMaps(
        values={name: _laid(inside, column) for name, column in values.items()},
        low={},
        high={},
        level=0.0,
        identifiable={},
        residual=_laid(inside, np.sqrt(np.mean(left * left, axis=1))),
    )


def _lambert_beer(usual: Tissue, nm: Floats, *, water: bool) -> tuple[Floats, Floats]:
    """Return (band, k) what a unit of each adds to the logarithm of typical skin, and that logarithm (band,)."""
    blood, oxygen = usual.blood_fraction, usual.oxygen_saturation
    more = 0.05 * blood
    changed = [
        (replace(usual, melanosome_fraction=usual.melanosome_fraction * 1.05), 0.05 * usual.melanosome_fraction),
        (replace(usual, blood_fraction=blood + more, oxygen_saturation=(blood * oxygen + more) / (blood + more)), more),
        (replace(usual, blood_fraction=blood + more, oxygen_saturation=blood * oxygen / (blood + more)), more),
    ]
    if water:
        changed.append((replace(usual, water_fraction=usual.water_fraction + 0.01), 0.01))
    middle = np.log(np.asarray(reflectance(usual, nm)).reshape(-1))
    columns = [(np.log(np.asarray(reflectance(tissue, nm)).reshape(-1)) - middle) / by for tissue, by in changed]
    return np.stack([*columns, np.ones_like(nm), np.log(nm / 600.0)], axis=1), middle


def _logarithms(cube: Cube, mask: BoolMap | None) -> tuple[NDArray[np.intp], BoolMap, FloatMap]:
    """Return the bands that the model knows, where there is skin to measure, and the log reflectance (n, band)."""
    nm = cube.wavelengths_nm
    bands = np.nonzero((nm >= max(SHORTEST_NM, 400.0)) & (nm <= LONGEST_NM))[0]
    if bands.size < 8 or np.ptp(nm[bands]) < 150:
        raise InputError(
            f"The cube has {bands.size} bands within 400-1000 nm.",
            advice="Chromophores need eight over 150 nm at least.",
        )
    inside = np.ones(cube.values.shape[:2], np.bool_) if mask is None else mask.copy()
    spectra = cube.values[inside][:, bands]
    seen = np.isfinite(spectra).all(axis=1) & (spectra.mean(axis=1) > _DARKEST)
    inside[inside] = seen
    if not seen.any():
        raise InputError("No pixel of the cube shows light.", advice="Check the mask, and that it holds reflectance.")
    return bands, inside, np.log(np.maximum(spectra[seen], _DARKEST))


def _kinds(logs: FloatMap, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the projection (band, score) that tells spectra apart under any shading, and typical ones (k, band)."""
    sample = logs[rng.choice(len(logs), min(_SAMPLE, len(logs)), replace=False)].astype(np.float64)
    shape = sample - sample.mean(axis=1, keepdims=True)
    middle = shape.mean(axis=0)
    _, _, axes = np.linalg.svd(shape - middle, full_matrices=False)
    projection = (np.eye(shape.shape[1]) - 1 / shape.shape[1]) @ axes[:_SCORES].T
    scores = sample @ projection
    centres = scores[rng.choice(len(scores), min(count, len(scores)), replace=False)]
    nearest = _nearest(scores, centres)
    for _ in range(_ROUNDS):
        sums = np.stack([np.bincount(nearest, column, len(centres)) for column in scores.T], axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        nearest = _nearest(scores, centres)
    kept = np.unique(nearest)
    return projection, np.stack([sample[nearest == kind].mean(axis=0) for kind in kept])


def _nearest(scores: NDArray[np.floating], centres: Floats) -> NDArray[np.intp]:
    apart = (centres * centres).sum(axis=1) - 2 * (scores @ centres.T)
    return np.asarray(apart.argmin(axis=1))


def _by_kind(logs: FloatMap, projection: Floats, centres: Floats) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Yield the rows of `logs` that belong to each typical spectrum, a block at a time."""
    own = (centres @ projection).astype(np.float32).astype(np.float64)
    for first in range(0, len(logs), _BLOCK):
        kinds = _nearest(logs[first : first + _BLOCK] @ projection.astype(np.float32), own)
        order = np.argsort(kinds, kind="stable")
        starts = np.searchsorted(kinds[order], np.arange(len(centres) + 1))
        for kind in np.unique(kinds):
            yield first + order[starts[kind] : starts[kind + 1]], int(kind)


def _solve(model: _Model, spectra: Floats, weight: Floats) -> _Solved:
    """Return the most probable tissue behind typical log spectra, by Levenberg-Marquardt on the unbounded scale."""
    mean, spread = model.prior
    position = np.tile(mean, (len(spectra), 1))
    fit, slopes = _fit_and_slopes(model, position)
    position[:, -1] = np.mean(spectra - fit, axis=1)
    fit = fit + position[:, -1:]
    damping = np.full(len(spectra), 1e-2)
    cost = _cost(model, spectra - fit, position, weight)
    for _ in range(_ITERATIONS):
        curvature = _curvature(model, slopes, weight)
        downhill = np.einsum("kbp,kb->kp", slopes, weight * (spectra - fit)) + (mean - position) / spread**2
        damped = curvature + damping[:, None, None] * np.einsum("kpp->kp", curvature)[:, :, None] * np.eye(mean.size)
        trial = position + np.clip(np.linalg.solve(damped, downhill[..., None])[..., 0], -2, 2)
        trial_fit, trial_slopes = _fit_and_slopes(model, trial)
        trial_cost = _cost(model, spectra - trial_fit, trial, weight)
        better = trial_cost < cost
        position[better], fit[better], slopes[better] = trial[better], trial_fit[better], trial_slopes[better]
        cost = np.where(better, trial_cost, cost)
        damping = np.clip(np.where(better, damping / 5, damping * 5), 1e-8, 1e8)
    covariance = np.linalg.inv(_curvature(model, slopes, weight))
    return _Solved(
        spectra=spectra,
        position=position,
        spread=np.sqrt(np.einsum("kpp->kp", covariance)),
        fit=fit,
        slopes=slopes,
        gain=covariance @ (np.swapaxes(slopes, 1, 2) * weight[:, None, :]),
    )


def _fit_and_slopes(model: _Model, position: Floats) -> tuple[Floats, Floats]:
    """Return the log spectra (k, band) at positions (k, p) and their slopes (k, band, p), by forward differences."""
    parameters = position.shape[1] - 1
    moved = np.concatenate([position[:, :-1]] + [position[:, :-1] + _STEP * row for row in np.eye(parameters)])
    named = zip(model.names, model.spans, moved.T[:-1], strict=True)
    tissue = Tissue(**{name: from_normal(span, column) for name, span, column in named})
    gloss = np.exp(np.clip(moved[:, -1], -8, 4))
    logs = np.log(np.asarray(reflectance(tissue, model.wavelengths_nm, specular_share=gloss)))
    logs = logs.reshape(parameters + 1, len(position), -1)
    slopes = np.moveaxis((logs[1:] - logs[0]) / _STEP, 0, -1)
    shading = np.ones((*slopes.shape[:2], 1))
    return logs[0] + position[:, -1:], np.concatenate([slopes, shading], axis=2)


def _curvature(model: _Model, slopes: Floats, weight: Floats) -> Floats:
    weighted = np.swapaxes(slopes, 1, 2) * weight[:, None, :]
    return np.asarray(weighted @ slopes + np.diag(model.prior[1] ** -2.0))


def _cost(model: _Model, left: Floats, position: Floats, weight: Floats) -> Floats:
    mean, spread = model.prior
    return np.asarray((weight * left**2).sum(axis=1) + (((position - mean) / spread) ** 2).sum(axis=1))


def _maps(
    model: _Model,
    wanted: list[str],
    inside: BoolMap,
    position: FloatMap,
    spread: FloatMap,
    residual: FloatMap,
    level: float,
) -> ChromophoreMaps:
    from scipy.special import ndtri  # late: only this needs it

    reach = float(ndtri(0.5 + 0.5 * level))
    values, low, high, identifiable = {}, {}, {}, {}
    for at, name in enumerate(wanted):
        span = UNKNOWNS[name]
        values[name] = _laid(inside, from_normal(span, position[:, at]))
        low[name] = _laid(inside, from_normal(span, position[:, at] - reach * spread[:, at]))
        high[name] = _laid(inside, from_normal(span, position[:, at] + reach * spread[:, at]))
        before = float(prior([span])[1][0])
        identifiable[name] = float(np.mean(np.log2(before / spread[:, at]) >= IDENTIFIABLE_BITS))
    return ChromophoreMaps(
        values=values, low=low, high=high, level=level, identifiable=identifiable, residual=_laid(inside, residual)
    )


def _laid(inside: BoolMap, column: NDArray[np.floating]) -> FloatMap:
    laid: FloatMap = np.full(inside.shape, np.nan, np.float32)
    laid[inside] = column
    return laid
