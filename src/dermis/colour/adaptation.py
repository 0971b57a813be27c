"""Whites, and how a colour looks under another one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dermis.colour.arrays import Array, constant, namespace

__all__ = ["CONE_MATRICES", "WHITES", "White", "adapt"]

White = tuple[float, float, float]
"""XYZ of a white, Y = 1."""


def _white(x: float, y: float) -> White:
    return (x / y, 1.0, (1 - x - y) / y)


WHITES: Mapping[str, White] = MappingProxyType(
    {
        "D65": _white(0.3127, 0.3290),
        "D50": _white(0.3457, 0.3585),
        "A": _white(0.44758, 0.40745),
    }
)
"""CIE whites for the 2 degree observer, from their chromaticities (CIE 15:2004; D65 as in IEC 61966-2-1)."""

CONE_MATRICES: Mapping[str, tuple[White, White, White]] = MappingProxyType(
    {
        # Hunt-Pointer-Estevez primaries scaled to D65, as in Hunt 1998.
        "von kries": ((0.40024, 0.70760, -0.08081), (-0.22630, 1.16532, 0.04570), (0.0, 0.0, 0.91822)),
        # Lam 1985, in its linear form (ICC profile format, annex E).
        "bradford": ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)),
        # CIE 159:2004.
        "cat02": ((0.7328, 0.4296, -0.1624), (-0.7036, 1.6975, 0.0061), (0.0030, 0.0136, 0.9834)),
        # Li et al. 2017, doi:10.1002/col.22131.
        "cat16": (
            (0.401288, 0.650173, -0.051461),
            (-0.250268, 1.204414, 0.045854),
            (-0.002079, 0.048952, 0.953127),
        ),
    }
)
"""XYZ to the cone-like signals that `adapt` scales, by the name of the method."""


def adapt(xyz: Array, source_white: White, target_white: White, method: str = "bradford") -> Array:
    """Return the XYZ that looks under `target_white` as `xyz` looks under `source_white`.

    xyz: (..., 3), in the scale of the whites. Adaptation is complete: the source white becomes the target
    white. method: a name in `CONE_MATRICES`. Going there and back returns `xyz`.
    Raises ValueError for an unknown method and for a white without light in one of the cone signals.
    """
    namespace(xyz)
    matrix = _adaptation_matrix(source_white, target_white, method)
    return xyz @ constant(matrix.T, like=xyz)


def _adaptation_matrix(source_white: White, target_white: White, method: str) -> NDArray[np.float64]:
    if method not in CONE_MATRICES:
        raise ValueError(f"Adaptation is one of {', '.join(CONE_MATRICES)}, got {method!r}.")
    to_cones = np.asarray(CONE_MATRICES[method])
    source, target = to_cones @ np.asarray(source_white), to_cones @ np.asarray(target_white)
    if min(source.min(), target.min()) <= 0:
        raise ValueError(f"A white needs light in every cone signal, got {source_white} and {target_white}.")
    return np.linalg.solve(to_cones, np.diag(target / source) @ to_cones)
