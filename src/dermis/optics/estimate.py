"""What a measurement says of the tissue, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dermis.optics.population import from_normal, prior
from dermis.optics.tissue import RANGES, Array, Range, Tissue

__all__ = ["IDENTIFIABLE_BITS", "SPECULAR_SHARE", "UNKNOWNS", "Estimate", "estimate"]

Floats = NDArray[np.float64]

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
