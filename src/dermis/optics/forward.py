"""From tissue to reflectance: the fast model and the table it interpolates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj, is_numpy_array
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import read_only
from dermis.core.tables import load_table
from dermis.optics.tissue import PARAMETERS, Array, OpticalProperties, Tissue, optical_properties

__all__ = [
    "EMULATOR_FILE",
    "EmulatorWeights",
    "diffuse_share",
    "diffuse_share_and_slopes",
    "features",
    "read_weights",
    "reflectance",
    "surface_reflectance",
    "two_layer_features",
]

EMULATOR_FILE = Path(__file__).parent / "data" / "emulator.npz"
# Points at once: the hidden layers stay in the processor's cache, and the products are so small that the linear
# algebra does not start threads, whose waiting for each other costs ten times the work on a busy machine.
BLOCK = 1024

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorWeights:
    """The network: w1 (5, h), b1 (h,), w2 (h, h), b2 (h,), w3 (h,), b3 ()."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array
    w3: Array
    b3: Array


@cache
def read_weights() -> EmulatorWeights:
    """Return the weights that lie beside the code, read once."""
    return EmulatorWeights(**{name: read_only(values) for name, values in load_table(EMULATOR_FILE).items()})


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
    own = EmulatorWeights(
        **{
            name: xp.asarray(np.array(getattr(held, name)), dtype=inputs.dtype, device=device(inputs))
            for name in EmulatorWeights.__slots__
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


def _network(rows: Array, weights: EmulatorWeights) -> Array:
    xp = array_namespace(rows)
    one = xp.tanh(rows @ weights.w1 + weights.b1)
    two = xp.tanh(one @ weights.w2 + weights.b2)
    return 1.0 / (1.0 + xp.exp(-(two @ weights.w3 + weights.b3)))


POINTS = 1 << 18  # spectra times bands at once: bounds the memory and keeps to the processor's cache


def reflectance(tissue: Tissue, wavelengths_nm: ArrayLike, *, specular_share: Array = 1.0) -> Array:
    """Return the reflectance (..., band) of `tissue` (...) at `wavelengths_nm` (band,), in (0, 1).

    The light falls straight in and all that comes back is gathered, as an integrating sphere does.
    specular_share (...): how much of the light that the surface itself sends back is gathered: 1 with the
    specular component included, 0 with it excluded or behind crossed polarisers.
    Runs on numpy arrays and torch tensors alike, in their precision, and differentiates there.
    Raises ValueError outside 350-1000 nm.
    """
    values = {name: getattr(tissue, name) for name in PARAMETERS} | {"specular_share": specular_share}
    arrays = {name: value for name, value in values.items() if is_array_api_obj(value)}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    rows = max(1, POINTS // max(1, math.prod(shape[1:]) * np.size(wavelengths_nm)))
    if not shape or shape[0] <= rows or not all(map(is_numpy_array, arrays.values())):
        return _reflectance(tissue, wavelengths_nm, specular_share)
    sliced = {name: value for name, value in arrays.items() if value.ndim == len(shape) and len(value) > 1}
    parts = []
    for at in range(0, shape[0], rows):
        here = {name: value[at : at + rows] for name, value in sliced.items()}
        gathered = here.pop("specular_share", specular_share)
        parts.append(_reflectance(replace(tissue, **here), wavelengths_nm, gathered))
    return np.concatenate(parts)


def surface_reflectance(refractive_index: Array) -> Array:
    """Return what a smooth surface sends back at normal incidence from air (Fresnel)."""
    return ((refractive_index - 1.0) / (refractive_index + 1.0)) ** 2


def two_layer_features(found: OpticalProperties) -> Array:
    """Return the emulator's inputs (..., band, 5) for the coefficients of both layers."""
    return features(
        found.epidermis_mu_a_per_cm * found.epidermis_cm,
        found.reduced_scattering_per_cm * found.epidermis_cm,
        found.dermis_mu_a_per_cm / found.reduced_scattering_per_cm,
        found.refractive_index,
        found.anisotropy,
    )


def _reflectance(tissue: Tissue, wavelengths_nm: ArrayLike, specular_share: Array) -> Array:
    found = optical_properties(tissue, wavelengths_nm)
    share = diffuse_share(two_layer_features(found))
    surface = surface_reflectance(found.refractive_index)
    gathered = specular_share[..., None] if is_array_api_obj(specular_share) else specular_share
    return gathered * surface + (1.0 - surface) * share
