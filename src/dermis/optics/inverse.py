"""Spectrum to skin: the most probable tissue behind a measured reflectance, and how sure that is.

Damped Gauss-Newton on the unbounded scale of `population`, whose distribution is the prior; the posterior is
taken as normal there, with the covariance of the last linearisation. Every answer comes with the information the
spectrum gave beyond the prior: where that is little, the answer is the prior's and is marked as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.optics.camera_inverse import UNKNOWNS, Estimate, estimate, from_rgb
from dermis.optics.forward import diffuse_share_and_slopes, surface_reflectance, two_layer_features
from dermis.optics.populations import from_normal, prior
from dermis.optics.tissue import Range, Tissue, optical_properties

__all__ = ["FREE", "UNKNOWNS", "Estimate", "from_rgb", "from_spectrum"]

Floats = NDArray[np.float64]

FREE = (
    "melanosome_fraction",
    "pheomelanin_share",
    "blood_fraction",
    "oxygen_saturation",
    "vessel_radius_um",
    "baseline_scale",
    "scattering_per_cm",
    "rayleigh_share",
    "mie_power",
    "carotene_umol_per_l",
    "specular_share",
)
"""What is estimated unless the caller says otherwise; the rest is held at `known`. The thickness of the epidermis is
not among them: a spectrum shows its product with the melanosome fraction, so melanin is that of a typical one."""

BLOCK, ITERATIONS, STEP = 1024, 40, 1e-5


def from_spectrum(
    reflectance: ArrayLike,
    wavelengths_nm: ArrayLike,
    *,
    free: Sequence[str] = FREE,
    known: Tissue | None = None,
    specular_share: float = 1.0,
    relative_noise: float = 0.012,
    least_noise: float = 0.0005,
    level: float = 0.9,
) -> Estimate:
    """Return the tissue (...) most probable behind `reflectance` (..., band), with intervals.

    free: names out of `UNKNOWNS`. known: values of all others, plain numbers. specular_share: used where it is
    not free. relative_noise, least_noise: standard deviation of measurement and model together, as a share of the
    reflectance and on top of it; bands count as independent. Spectra with a band that is not finite come back as NaN.
    Raises ValueError for unknown names, none at all, and shapes that do not fit.
    """
    measured = np.asarray(reflectance, dtype=np.float64)
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    if measured.shape[-1:] != grid.shape:
        raise ValueError(f"reflectance {measured.shape} does not end in the {grid.size} bands.")
    if not free or set(free) - set(UNKNOWNS):
        raise ValueError(f"free takes names out of {', '.join(UNKNOWNS)}; got {', '.join(free) or 'none'}.")
    model = _Model(names=tuple(free), known=known or Tissue(), specular_share=specular_share, wavelengths_nm=grid)
    flat = measured.reshape(-1, grid.size)
    noise = least_noise + relative_noise * np.abs(flat)
    parts = [_invert(model, flat[at : at + BLOCK], noise[at : at + BLOCK]) for at in range(0, max(1, len(flat)), BLOCK)]
    position, spread, fitted = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    position[~np.isfinite(flat).all(axis=1)] = np.nan
    shape = measured.shape[:-1]
    return estimate(
        model.names,
        position.reshape(*shape, position.shape[1]),
        spread.reshape(*shape, spread.shape[1]),
        known=model.known,
        specular_share=specular_share,
        fitted=fitted.reshape(measured.shape),
        measured=measured,
        level=level,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    names: tuple[str, ...]
    known: Tissue
    specular_share: float
    wavelengths_nm: Floats

    @property
    def spans(self) -> list[Range]:
        return [UNKNOWNS[name] for name in self.names]


def _state(model: _Model, position: Floats) -> tuple[Tissue, Floats]:
    """Return the tissue (n,) and the specular share (n, 1) at `position` (n, parameter)."""
    values = {
        name: from_normal(span, column) for name, span, column in zip(model.names, model.spans, position.T, strict=True)
    }
    share = values.pop("specular_share", np.full(len(position), model.specular_share))
    return replace(model.known, **values), share[:, None]


def _reflectance_and_slopes(model: _Model, position: Floats) -> tuple[Floats, Floats]:
    """Return (n, band) and its slopes (n, band, parameter).

    The network's slopes are exact; those of its inputs, cheap and smooth, are forward differences.
    """
    inputs, surface, gathered = _inputs(model, position)
    share, by_input = diffuse_share_and_slopes(inputs)
    value = gathered * surface + (1.0 - surface) * share
    slopes = np.empty((*value.shape, len(model.names)))
    for column in range(len(model.names)):
        moved = position.copy()
        moved[:, column] += STEP
        moved_inputs, moved_surface, moved_gathered = _inputs(model, moved)
        change = (by_input * (moved_inputs - inputs)).sum(axis=-1)
        surface_change = moved_gathered * moved_surface - gathered * surface - (moved_surface - surface) * share
        slopes[..., column] = ((1.0 - surface) * change + surface_change) / STEP
    return value, slopes


def _inputs(model: _Model, position: Floats) -> tuple[Floats, Floats, Floats]:
    tissue, gathered = _state(model, position)
    found = optical_properties(tissue, model.wavelengths_nm)
    return two_layer_features(found), np.asarray(surface_reflectance(found.refractive_index)), gathered


def _invert(model: _Model, measured: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    """Return position, posterior spread (n, parameter) and fitted spectra (n, band), by Levenberg-Marquardt."""
    mean, prior_spread = prior(model.spans)
    position = np.tile(mean, (len(measured), 1))
    damping = np.full(len(measured), 1e-2)
    value, slopes = _reflectance_and_slopes(model, position)
    cost = _cost(value - measured, position - mean, noise, prior_spread)
    active = np.arange(len(measured))
    for _ in range(ITERATIONS):
        curvature, downhill = _normal_equations(
            slopes[active], (measured - value)[active], mean - position[active], noise[active], prior_spread
        )
        diagonal = np.einsum("npp->np", curvature)[:, :, None] * np.eye(len(mean))
        move = np.linalg.solve(curvature + damping[active, None, None] * diagonal, downhill[..., None])[..., 0]
        move = np.clip(move, -2.0, 2.0)
        trial = position[active] + move
        trial_value, trial_slopes = _reflectance_and_slopes(model, trial)
        trial_cost = _cost(trial_value - measured[active], trial - mean, noise[active], prior_spread)
        better = trial_cost <= cost[active]
        rows = active[better]
        position[rows], value[rows], slopes[rows] = trial[better], trial_value[better], trial_slopes[better]
        settled = (cost[active] - trial_cost < 1e-3) & better
        cost[rows] = trial_cost[better]
        damping[active] = np.clip(np.where(better, damping[active] / 5.0, damping[active] * 5.0), 1e-8, 1e8)
        active = active[~settled]
        if active.size == 0:
            break
    curvature, _ = _normal_equations(slopes, measured - value, mean - position, noise, prior_spread)
    spread = np.sqrt(np.einsum("npp->np", np.linalg.inv(curvature)))
    return position, spread, value


def _cost(residual: Floats, from_mean: Floats, noise: Floats, prior_spread: Floats) -> Floats:
    out: Floats = ((residual / noise) ** 2).sum(axis=-1) + ((from_mean / prior_spread) ** 2).sum(axis=-1)
    return out


def _normal_equations(
    slopes: Floats, residual: Floats, to_mean: Floats, noise: Floats, prior_spread: Floats
) -> tuple[Floats, Floats]:
    weighted = np.swapaxes(slopes, -1, -2) / noise[:, None, :] ** 2
    curvature = weighted @ slopes + np.diag(prior_spread**-2.0)
    downhill = (weighted @ residual[..., None])[..., 0] + to_mean / prior_spread**2
    return curvature, downhill
