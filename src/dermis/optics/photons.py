"""The compiled photon walk behind `montecarlo`; importing this module loads the compiler.

Layers are plane, so only the depth and the cosine to the depth axis of a photon matter.
Steps follow Prahl et al. (1989) and Wang, Jacques and Zheng (1995).
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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
