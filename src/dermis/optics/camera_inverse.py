"""Colour to skin: melanin and blood of every pixel seen by a known camera under a known light.

Three numbers cannot fix a dozen parameters. Melanin and blood are sought; everything else free is carried along
as what it is, a spread of the prior that widens the answer. Where the colour says nothing of a parameter, such as
oxygen saturation, its prior comes back and `identifiable` says so.

The camera's view of skin is smooth in melanin and blood, so it is laid out once, for the camera, the light and the
tissue at hand, on a fine lattice of the two. At each node the posterior of a linear model is a fixed linear map of
the logarithm of the pixel. A pixel follows these maps from node to node until it stays: Gauss-Newton by table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from dermis.optics.estimate import UNKNOWNS, Estimate, estimate
from dermis.optics.forward import reflectance
from dermis.optics.population import from_normal, prior
from dermis.optics.tissue import Tissue

__all__ = ["BESIDE", "SOUGHT", "from_rgb"]

Floats = NDArray[np.float64]

SOUGHT = ("melanosome_fraction", "blood_fraction")
BESIDE = (
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
    beside: Sequence[str] = BESIDE,
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
    if unknown := (set(beside) - set(UNKNOWNS)) | (set(beside) & set(SOUGHT)):
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
        (*SOUGHT, *beside),
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
    sought = {name: from_normal(UNKNOWNS[name], at) for name, at in zip(SOUGHT, (melanin, blood), strict=True)}
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
    mean, prior_spread = prior([UNKNOWNS[name] for name in (*SOUGHT, *view.beside)])
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
