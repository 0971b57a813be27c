"""From pixels to tissue: camera and tissue together, batched Gauss-Newton with a prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from dermis.optics.forward import reflectance
from dermis.optics.populations import from_normal, prior
from dermis.optics.tissue import RANGES, Array, Range, Tissue

__all__ = ["IDENTIFIABLE_BITS", "NUISANCE", "SPECULAR_SHARE", "TARGETS", "UNKNOWNS", "Estimate", "estimate", "from_rgb"]

SPECULAR_SHARE = Range(
    low=0.0,
    high=1.0,
    typical=0.5,
    spread=0.3,
    unit="1",
    logarithmic=False,
    source="0 specular excluded, 1 included; rough skin scatters part of its gloss past a gloss trap",
)
UNKNOWNS: Mapping[str, Range] = MappingProxyType({**RANGES, "specular_share": SPECULAR_SHARE})
"""All that can be asked of a measurement: the tissue, and how much of the surface reflection was gathered."""

IDENTIFIABLE_BITS = 1.0
"""Information from which a parameter counts as measured: its spread is at most half the prior's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a measurement says of the tissue; all arrays (...) unless noted.

    tissue: the most probable values; those not asked for are as given. low, high: for each name asked for, the
    central interval that holds the truth with probability `level`. information_bits: log2 of prior over posterior
    spread, by name. identifiable: whether that reaches `IDENTIFIABLE_BITS`; where not, the value is little more
    than the prior's. fitted: what the model gives for these values, (..., band) or (..., 3). rmse: root mean square
    of its distance from the measurement.
    """

    tissue: Tissue
    specular_share: Array
    level: float
    low: Mapping[str, Floats]
    high: Mapping[str, Floats]
    information_bits: Mapping[str, Floats]
    identifiable: Mapping[str, NDArray[np.bool_]]
    fitted: Floats
    rmse: Floats


def estimate(
    names: Sequence[str],
    position: Floats,
    spread: Floats,
    *,
    known: Tissue,
    specular_share: float,
    fitted: Floats,
    measured: Floats,
    level: float,
) -> Estimate:
    """Return the record for normal posteriors `position`, `spread` (..., parameter) on the unbounded scale.

    known, specular_share: the values of what was not asked for.
    """
    from scipy.special import ndtri  # late: only inverses need it

    spans = [UNKNOWNS[name] for name in names]
    reach = float(ndtri(0.5 + 0.5 * level)) * spread
    bits = np.log2(prior(spans)[1] / spread)

    def values(at: Floats) -> dict[str, Floats]:
        columns = np.moveaxis(at, -1, 0)
        return {name: from_normal(span, column) for name, span, column in zip(names, spans, columns, strict=True)}

    middle = values(position)
    gathered = middle.pop("specular_share", np.full(measured.shape[:-1], specular_share))
    return Estimate(
        tissue=replace(known, **middle),
        specular_share=gathered,
        level=level,
        low=values(position - reach),
        high=values(position + reach),
        information_bits={name: bits[..., i] for i, name in enumerate(names)},
        identifiable={name: bits[..., i] >= IDENTIFIABLE_BITS for i, name in enumerate(names)},
        fitted=fitted,
        rmse=np.sqrt(np.mean((fitted - measured) ** 2, axis=-1)),
    )


Floats = NDArray[np.float64]

TARGETS = ("melanosome_fraction", "blood_fraction")
NUISANCE = (
    "oxygen_saturation",
    "pheomelanin_share",
    "vessel_radius_um",
    "baseline_scale",
    "scattering_per_cm",
    "mie_power",
)
"""What is unknown beside melanin and blood unless the caller says otherwise. The thickness of the epidermis is not
among them: colour follows its product with the melanosome fraction, so read melanin as that of a typical one."""

DEGREES = (12, 8)
NODES, REACH = (129, 97), 6.0  # the lattice, and how far it goes on the unbounded scale
BLOCK, ITERATIONS, STEP = 65_536, 12, 1e-3


def from_rgb(
    linear_rgb: ArrayLike,
    response: ArrayLike,
    wavelengths_nm: ArrayLike,
    *,
    beside: Sequence[str] = NUISANCE,
    known: Tissue | None = None,
    specular_share: float = 0.0,
    noise: float = 0.01,
    shading_spread: float = 0.0,
    level: float = 0.9,
) -> Estimate:
    """Return melanin and blood, and what else is free, for `linear_rgb` (..., 3).

    response (band, 3): light times sensitivity on `wavelengths_nm` (band,), scaled as the pixels are, so that
    `reflectance @ response` is the pixel of a patch facing the light (`camera.response`). beside: names out of
    `UNKNOWNS` free beside melanin and blood. known: the rest, plain numbers. noise: relative standard deviation
    of a channel. shading_spread: of the natural logarithm of the light a pixel gets, 0 where it is known; it is
    common to the three channels. Pixels with a channel at or below 0 come back as NaN.
    Raises ValueError for unknown names and shapes that do not fit.
    """
    pixels = np.asarray(linear_rgb, dtype=np.float64)
    weights = np.asarray(response, dtype=np.float64)
    if pixels.shape[-1:] != (3,) or weights.shape != (np.size(wavelengths_nm), 3):
        raise ValueError(f"from_rgb takes (..., 3) and (band, 3), got {pixels.shape} and {weights.shape}.")
    if unknown := (set(beside) - set(UNKNOWNS)) | (set(beside) & set(TARGETS)):
        raise ValueError(f"Not free beside melanin and blood: {', '.join(sorted(unknown))}.")
    tissue = known or Tissue()
    view = _tabulate(tissue, tuple(beside), specular_share, weights, wavelengths_nm)
    flat = pixels.reshape(-1, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.where((flat > 0).all(axis=1, keepdims=True), np.log(flat), np.nan)
    lattice = _lay_out(view, noise**2 * np.eye(3) + shading_spread**2 * np.ones((3, 3)))
    parts = [_invert(lattice, seen[at : at + BLOCK]) for at in range(0, max(1, len(seen)), BLOCK)]
    position, spread, fitted = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    shape = pixels.shape[:-1]
    return estimate(
        (*TARGETS, *beside),
        position.reshape(*shape, position.shape[1]),
        spread.reshape(*shape, spread.shape[1]),
        known=tissue,
        specular_share=specular_share,
        fitted=np.exp(fitted).reshape(pixels.shape),
        measured=pixels,
        level=level,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """log RGB and its slopes by what is free beside, as Chebyshev sums over squashed melanin and blood.

    value (a, b, 3), by_melanin, by_blood likewise (slopes by the squashed coordinates), by_beside (a, b, 3 q).
    """

    beside: tuple[str, ...]
    value: Floats
    by_melanin: Floats
    by_blood: Floats
    by_beside: Floats


def _tabulate(
    known: Tissue, beside: tuple[str, ...], specular_share: float, weights: Floats, wavelengths_nm: ArrayLike
) -> _View:
    nodes = [chebyshev.chebpts1(degree + 1) for degree in DEGREES]
    melanin, blood = np.meshgrid(*(2.0 * np.arctanh(points) for points in nodes), indexing="ij")
    sought = {name: from_normal(UNKNOWNS[name], at) for name, at in zip(TARGETS, (melanin, blood), strict=True)}
    mean, _ = prior([UNKNOWNS[name] for name in beside])

    def log_rgb(at: Floats) -> Floats:
        values = {name: float(from_normal(UNKNOWNS[name], x)) for name, x in zip(beside, at, strict=True)}
        gathered = values.pop("specular_share", specular_share)
        tissue = replace(known, **values, **sought)
        found: Floats = np.log(reflectance(tissue, wavelengths_nm, specular_share=gathered) @ weights)
        return found

    slopes = [(log_rgb(mean + at) - log_rgb(mean - at)) / (2 * STEP) for at in STEP * np.eye(len(beside))]
    table = np.stack([log_rgb(mean), *slopes], axis=-2).reshape(*melanin.shape, -1)
    inverses = [
        np.linalg.inv(chebyshev.chebvander(points, degree)) for points, degree in zip(nodes, DEGREES, strict=True)
    ]
    sums = np.einsum("ij,jkc,lk->ilc", inverses[0], table, inverses[1])
    value = sums[..., :3]
    return _View(
        beside=beside,
        value=value,
        by_melanin=_derivative(value, axis=0),
        by_blood=_derivative(value, axis=1),
        by_beside=sums[..., 3:],
    )


def _derivative(sums: Floats, axis: int) -> Floats:
    slopes = chebyshev.chebder(sums, axis=axis)
    pad = [(0, 0)] * sums.ndim
    pad[axis] = (0, 1)
    return np.pad(slopes, pad)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lattice:
    """At each node, flattened: position = offset + map @ log RGB, (node, p) and (node, p, 3); its spread (node, p);
    fitted log RGB = base + slopes @ position, (node, 3) and (node, 3, p).
    """

    offset: Floats
    map: Floats
    spread: Floats
    base: Floats
    slopes: Floats


def _lay_out(view: _View, fixed: Floats) -> _Lattice:
    """Solve the linear model at every node; `fixed` (3, 3) is the covariance of noise and shading."""
    mean, prior_spread = prior([UNKNOWNS[name] for name in (*TARGETS, *view.beside)])
    axes = [np.linspace(-REACH, REACH, count) for count in NODES]
    node = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    value, slopes = _look(view, node)
    at = np.tile(mean, (len(node), 1))
    at[:, :2] = node
    base = value - (slopes @ at[..., None])[..., 0]
    scaled = slopes * prior_spread**2
    gain = np.swapaxes(np.linalg.solve(fixed + scaled @ np.swapaxes(slopes, 1, 2), scaled), 1, 2)
    unseen = base + slopes @ mean
    return _Lattice(
        offset=mean - (gain @ unseen[..., None])[..., 0],
        map=gain,
        spread=prior_spread * np.sqrt(1.0 - np.einsum("npc,ncp->np", gain, slopes)),
        base=base,
        slopes=slopes,
    )


def _invert(lattice: _Lattice, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Return position and spread (n, parameter) and fitted log RGB (n, 3) for log RGB `seen` (n, 3)."""
    sought = np.zeros((len(seen), 2))
    for _ in range(ITERATIONS):
        node = _nearest(sought)
        goal = lattice.offset[node, :2] + np.einsum("nsc,nc->ns", lattice.map[node, :2], seen)
        sought = sought + np.clip(goal - sought, -1.5, 1.5)
    node = _nearest(sought)
    position = lattice.offset[node] + (lattice.map[node] @ seen[..., None])[..., 0]
    fitted = lattice.base[node] + (lattice.slopes[node] @ position[..., None])[..., 0]
    return position, lattice.spread[node], fitted


def _nearest(sought: Floats) -> NDArray[np.intp]:
    counts = np.array(NODES)
    share = np.nan_to_num((sought + REACH) / (2.0 * REACH))
    index = np.clip(np.rint(share * (counts - 1)), 0, counts - 1).astype(np.intp)
    flat: NDArray[np.intp] = index[:, 0] * counts[1] + index[:, 1]
    return flat


def _look(view: _View, position: Floats) -> tuple[Floats, Floats]:
    """Return log RGB (n, 3) and its slopes (n, 3, parameter) at melanin and blood `position` (n, 2)."""
    squashed = np.tanh(0.5 * position)
    basis = chebyshev.chebvander2d(squashed[:, 0], squashed[:, 1], DEGREES)
    table = np.concatenate([view.value, view.by_melanin, view.by_blood, view.by_beside], axis=-1)
    found = (basis @ table.reshape(-1, table.shape[-1])).reshape(len(position), -1, 3)
    squash = 0.5 * (1.0 - squashed**2)
    by_sought = found[:, 1:3] * squash[:, :, None]
    slopes = np.concatenate([by_sought, found[:, 3:]], axis=1)
    return found[:, 0], np.swapaxes(slopes, 1, 2)
