"""Photons through layered skin, one by one: the reference that the fast model is held to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import read_only
from dermis.optics.tissue import Tissue, optical_properties

__all__ = ["Flux", "Layer", "escape_paths_cm", "layers", "reweighted_reflectance", "simulate", "specular_reflectance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One plane layer; `thickness_cm` may be infinite in the last."""

    mu_a_per_cm: float
    mu_s_per_cm: float
    g: float
    refractive_index: float
    thickness_cm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flux:
    """Where the light went, as shares of what came in; all terms with `lost` add up to 1.

    specular: sent back by the surface. diffuse: came out again at the top; diffuse_error is its standard error.
    transmitted: left at the bottom. absorbed: (layer,). lost: net effect of roulette, zero on average.
    """

    specular: float
    diffuse: float
    diffuse_error: float
    transmitted: float
    absorbed: Floats
    lost: float

    @property
    def reflectance(self) -> float:
        """Specular and diffuse reflectance together."""
        return self.specular + self.diffuse


def specular_reflectance(n_above: float, n_below: float) -> float:
    """Return what a plane surface sends back at normal incidence (Fresnel)."""
    return float(((n_above - n_below) / (n_above + n_below)) ** 2)


def simulate(layers: Sequence[Layer], *, photons: int, seed: int, n_above: float = 1.0, n_below: float = 1.0) -> Flux:
    """Follow `photons` through `layers`, top first; the same seed gives the same answer.

    Raises ValueError for layers that cannot be (negative coefficients, an infinite layer that is not last).
    """
    mu_a, mu_s, g, indices, edges = _columns(layers)
    absorbed = np.zeros(len(layers))
    rng = np.random.default_rng(seed)
    reflected, squared, transmitted, lost = walk(
        mu_a, mu_s, g, indices, edges, n_above, n_below, photons, rng, absorbed
    )
    specular = specular_reflectance(n_above, layers[0].refractive_index)
    scale = (1.0 - specular) / photons
    spread = max(0.0, squared / photons - (reflected / photons) ** 2)
    return Flux(
        specular=specular,
        diffuse=reflected * scale,
        diffuse_error=(1.0 - specular) * float(np.sqrt(spread / photons)),
        transmitted=transmitted * scale,
        absorbed=read_only(absorbed * scale),
        lost=lost * scale,
    )


def escape_paths_cm(
    layers: Sequence[Layer],
    *,
    photons: int,
    seed: int,
    depth: float = 12.0,
    n_above: float = 1.0,
    n_below: float = 1.0,
) -> Floats:
    """Return (escaped, layer) path lengths in cm of photons that leave at the top, absorption left out.

    From them follows the reflectance at any absorption (`reweighted_reflectance`): a run serves many colours.
    `mu_a_per_cm` of the layers is the least absorption that will be asked; a photon whose absorption there
    passes exp(-depth) is given up. Scattering must be positive in every layer.
    """
    mu_a, mu_s, g, indices, edges = _columns(layers)
    if np.any(mu_s <= 0):
        raise ValueError("escape_paths_cm takes layers that scatter.")
    paths = np.zeros((photons, len(layers)))
    rng = np.random.default_rng(seed)
    escaped = escape(mu_s, g, indices, edges, n_above, n_below, mu_a, depth, rng, paths)
    return paths[:escaped]


def reweighted_reflectance(paths_cm: Floats, mu_a_per_cm: Floats, photons: int, specular: float) -> Floats:
    """Return diffuse reflectance (...) for absorption (..., layer) from the paths of one run (Beer-Lambert)."""
    flat = np.asarray(mu_a_per_cm, dtype=np.float64).reshape(-1, paths_cm.shape[1])
    sums = np.array([np.exp(-(paths_cm @ mu_a)).sum() for mu_a in flat])
    return (1.0 - specular) / photons * sums.reshape(np.shape(mu_a_per_cm)[:-1])


def _columns(layers: Sequence[Layer]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    table = np.array(
        [(part.mu_a_per_cm, part.mu_s_per_cm, part.g, part.refractive_index, part.thickness_cm) for part in layers],
        dtype=np.float64,
    ).reshape(-1, 5)
    mu_a, mu_s, g, indices, thickness = np.ascontiguousarray(table.T)
    if not layers or np.any(mu_a < 0) or np.any(mu_s < 0) or np.any(np.abs(g) >= 1):
        raise ValueError("Layers take mu_a >= 0, mu_s >= 0 and -1 < g < 1, and there must be one.")
    if np.any(indices < 1) or np.any(thickness <= 0) or np.any(np.isinf(thickness[:-1])):
        raise ValueError("Layers take an index >= 1 and a positive thickness, infinite only in the last.")
    if np.isinf(thickness[-1]) and mu_a[-1] + mu_s[-1] == 0:
        raise ValueError("An infinite layer must absorb or scatter.")
    return mu_a, mu_s, g, indices, np.concatenate([[0.0], np.cumsum(thickness)])


def layers(tissue: Tissue, wavelength_nm: float) -> tuple[Layer, Layer]:
    """Return epidermis and dermis of one `tissue` (plain numbers) at one wavelength."""
    found = optical_properties(tissue, [wavelength_nm])
    g = float(found.anisotropy[0])
    mu_s = float(found.reduced_scattering_per_cm[0]) / (1.0 - g)
    index, thickness = float(np.ravel(found.refractive_index)[0]), float(np.ravel(found.epidermis_cm)[0])
    epidermis, dermis = (
        Layer(mu_a_per_cm=float(mu_a[0]), mu_s_per_cm=mu_s, g=g, refractive_index=index, thickness_cm=depth)
        for mu_a, depth in (
            (found.epidermis_mu_a_per_cm, thickness),
            (found.dermis_mu_a_per_cm, np.inf),
        )
    )
    return epidermis, dermis


compiled: Any = numba.njit(cache=True)


def _fresnel(n_here: float, n_there: float, cosine: float) -> tuple[float, float]:
    """Return the unpolarised reflectance and the cosine beyond the boundary."""
    if n_here == n_there:
        return 0.0, cosine
    sine_there = n_here / n_there * math.sqrt(max(0.0, 1.0 - cosine * cosine))
    if sine_there >= 1.0:
        return 1.0, 0.0
    beyond = math.sqrt(1.0 - sine_there * sine_there)
    across = (n_here * cosine - n_there * beyond) / (n_here * cosine + n_there * beyond)
    along = (n_here * beyond - n_there * cosine) / (n_here * beyond + n_there * cosine)
    return 0.5 * (across * across + along * along), beyond


fresnel = compiled(_fresnel)


def _scatter(uz: float, g: float, rng: np.random.Generator) -> float:
    """Return the new cosine to the depth axis (Henyey-Greenstein)."""
    if g == 0.0:
        cosine = 2.0 * rng.random() - 1.0
    else:
        part = (1.0 - g * g) / (1.0 - g + 2.0 * g * rng.random())
        cosine = (1.0 + g * g - part * part) / (2.0 * g)
    sine = math.sqrt(max(0.0, (1.0 - cosine * cosine) * (1.0 - uz * uz)))
    turned = uz * cosine + sine * math.cos(2.0 * math.pi * rng.random())
    return min(1.0, max(-1.0, turned))


scatter = compiled(_scatter)


def _boundary(
    layer: int, uz: float, indices: Floats, n_above: float, n_below: float, rng: np.random.Generator
) -> tuple[int, float]:
    """Return the layer and cosine after meeting the boundary ahead; layer -1 is above, the last + 1 below."""
    ahead = layer + (1 if uz > 0.0 else -1)
    if ahead < 0:
        n_there = n_above
    elif ahead == indices.size:
        n_there = n_below
    else:
        n_there = indices[ahead]
    reflected, beyond = fresnel(indices[layer], n_there, abs(uz))
    if reflected > 0.0 and rng.random() < reflected:
        return layer, -uz
    return ahead, math.copysign(beyond, uz)


boundary = compiled(_boundary)


def _walk(
    mu_a: Floats,
    mu_s: Floats,
    g: Floats,
    indices: Floats,
    edges: Floats,
    n_above: float,
    n_below: float,
    photons: int,
    rng: np.random.Generator,
    absorbed: Floats,
) -> tuple[float, float, float, float]:
    """Follow weighted photons; fill `absorbed`; return reflected, reflected squared, transmitted, lost.

    `lost` is what roulette took less what it gave, so that the sum of all is exactly `photons`.
    """
    reflected = squared = transmitted = lost = 0.0
    for _ in range(photons):
        z, uz, weight, layer, step = 0.0, 1.0, 1.0, 0, 0.0
        while True:
            if step <= 0.0:
                step = -math.log(1.0 - rng.random())
            total = mu_a[layer] + mu_s[layer]
            edge = edges[layer + 1] if uz > 0.0 else edges[layer]
            to_edge = (edge - z) / uz if uz != 0.0 else math.inf
            if step > to_edge * total:
                step -= to_edge * total
                z = edge
                layer, uz = boundary(layer, uz, indices, n_above, n_below, rng)
                if layer < 0:
                    reflected += weight
                    squared += weight * weight
                    break
                if layer == indices.size:
                    transmitted += weight
                    break
                continue
            z += uz * step / total
            step = 0.0
            taken = weight * mu_a[layer] / total
            absorbed[layer] += taken
            weight -= taken
            uz = scatter(uz, g[layer], rng)
            if weight < 1e-3:
                if rng.random() >= 0.1:
                    lost += weight
                    break
                lost -= 9.0 * weight
                weight *= 10.0
    return reflected, squared, transmitted, lost


def _escape(
    mu_s: Floats,
    g: Floats,
    indices: Floats,
    edges: Floats,
    n_above: float,
    n_below: float,
    floor: Floats,
    depth: float,
    rng: np.random.Generator,
    paths: Floats,
) -> int:
    """Follow photons without absorption; write the path in each layer of those that leave upwards.

    A photon is given up once its optical depth under the absorption `floor` passes `depth`. Returns how many
    rows of `paths` (photon, layer) were written.
    """
    written = 0
    here = np.zeros(mu_s.size)
    for _ in range(paths.shape[0]):
        z, uz, layer, step, spent = 0.0, 1.0, 0, 0.0, 0.0
        here[:] = 0.0
        while spent < depth:
            if step <= 0.0:
                step = -math.log(1.0 - rng.random())
            edge = edges[layer + 1] if uz > 0.0 else edges[layer]
            to_edge = (edge - z) / uz if uz != 0.0 else math.inf
            crossing = step > to_edge * mu_s[layer]
            length = to_edge if crossing else step / mu_s[layer]
            here[layer] += length
            spent += length * floor[layer]
            if not crossing:
                z += uz * length
                step = 0.0
                uz = scatter(uz, g[layer], rng)
                continue
            step -= length * mu_s[layer]
            z = edge
            layer, uz = boundary(layer, uz, indices, n_above, n_below, rng)
            if layer < 0:
                paths[written] = here
                written += 1
            if layer < 0 or layer == indices.size:
                break
    return written


walk = compiled(_walk)
escape = compiled(_escape)
