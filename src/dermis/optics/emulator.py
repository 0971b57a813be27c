"""The fast reflectance of a turbid layer on an infinitely thick turbid layer.

Such a pair has no length of its own: its reflectance depends on five plain numbers, whatever the wavelength.
A network of two hidden layers, fitted to Monte Carlo runs (`benchmarks/optics_emulator.py`), maps them to the
diffuse reflectance. It is smooth, so its slopes are exact, and lies within (0, 1) by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array
from numpy.typing import NDArray

from dermis.core.arrays import read_only
from dermis.optics.tissue import Array

__all__ = ["EMULATOR_FILE", "Weights", "diffuse_share", "diffuse_share_and_slopes", "features", "read_weights"]

EMULATOR_FILE = Path(__file__).parent / "data" / "emulator.npz"
# Points at once: the hidden layers stay in the processor's cache, and the products are so small that the linear
# algebra does not start threads, whose waiting for each other costs ten times the work on a busy machine.
BLOCK = 1024

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The network: w1 (5, h), b1 (h,), w2 (h, h), b2 (h,), w3 (h,), b3 ()."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array
    w3: Array
    b3: Array


@cache
def read_weights() -> Weights:
    """Return the weights that lie beside the code, read once."""
    with np.load(EMULATOR_FILE) as held:
        return Weights(**{name: read_only(held[name]) for name in ("w1", "b1", "w2", "b2", "w3", "b3")})


def features(
    absorption_depth: Array,
    scattering_depth: Array,
    dermis_ratio: Array,
    refractive_index: Array,
    anisotropy: Array,
) -> Array:
    """Return (..., 5) inputs of the network from arguments that broadcast to (...).

    absorption_depth, scattering_depth: mu_a and reduced mu_s of the upper layer times its thickness.
    dermis_ratio: mu_a over reduced mu_s of the lower layer. The offsets keep the logarithms smooth at zero.
    """
    xp = array_namespace(dermis_ratio)
    columns = (
        xp.log(absorption_depth + 0.02),
        xp.log(scattering_depth + 0.02),
        xp.log(dermis_ratio + 0.002),
        xp.zeros_like(dermis_ratio) + refractive_index,
        anisotropy,
    )
    return xp.stack(xp.broadcast_arrays(*columns), axis=-1)


def diffuse_share(inputs: Array) -> Array:
    """Return (...) of the light that enters, how much comes out again at the top, for `features` (..., 5)."""
    xp = array_namespace(inputs)
    held = read_weights()
    own = Weights(
        **{
            name: xp.asarray(np.array(getattr(held, name)), dtype=inputs.dtype, device=device(inputs))
            for name in Weights.__slots__
        }
    )
    if not is_numpy_array(inputs):
        return _network(inputs, own)
    flat = xp.reshape(inputs, (-1, 5))
    blocks = [_network(flat[at : at + BLOCK, :], own) for at in range(0, max(1, flat.shape[0]), BLOCK)]
    return xp.reshape(xp.concat(blocks), inputs.shape[:-1])


def diffuse_share_and_slopes(inputs: Floats) -> tuple[Floats, Floats]:
    """Return `diffuse_share` (...) and its slopes (..., 5) by each feature; numpy only."""
    held = read_weights()
    flat = inputs.reshape(-1, 5)
    share, slopes = np.empty(len(flat)), np.empty_like(flat)
    for at in range(0, len(flat), BLOCK):
        part = slice(at, at + BLOCK)
        one = np.tanh(flat[part] @ held.w1 + held.b1)
        two = np.tanh(one @ held.w2 + held.b2)
        share[part] = 1.0 / (1.0 + np.exp(-(two @ held.w3 + held.b3)))
        back = (share[part] * (1.0 - share[part]))[:, None] * held.w3 * (1.0 - two**2)
        slopes[part] = ((back @ held.w2.T) * (1.0 - one**2)) @ held.w1.T
    return share.reshape(inputs.shape[:-1]), slopes.reshape(inputs.shape)


def _network(rows: Array, weights: Weights) -> Array:
    xp = array_namespace(rows)
    one = xp.tanh(rows @ weights.w1 + weights.b1)
    two = xp.tanh(one @ weights.w2 + weights.b2)
    return 1.0 / (1.0 + xp.exp(-(two @ weights.w3 + weights.b3)))
