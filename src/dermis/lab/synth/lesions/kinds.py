"""What grows on skin: kinds of marks, what one is before it is applied, and the truth about it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dermis.core import Box, Region
from dermis.core.arrays import BoolMap, hold

__all__ = ["COMEDONES", "INFLAMMATORY", "MOTTLES", "Mark", "MarkKind", "MarkLayer", "MarkSpec"]


class MarkKind(StrEnum):
    """The kinds of marks."""

    FRECKLE = "freckle"
    LENTIGO = "lentigo"
    MELASMA = "melasma"
    PIH = "post_inflammatory_hyperpigmentation"
    PIE = "post_inflammatory_erythema"
    NAEVUS = "naevus"
    OPEN_COMEDO = "open_comedo"
    CLOSED_COMEDO = "closed_comedo"
    PAPULE = "papule"
    PUSTULE = "pustule"
    NODULE = "nodule"
    REDNESS = "diffuse_redness"
    TELANGIECTASIA = "telangiectasia"
    DEPIGMENTATION = "depigmentation"
    SCAR = "pitted_scar"


COMEDONES = frozenset({MarkKind.OPEN_COMEDO, MarkKind.CLOSED_COMEDO})
INFLAMMATORY = frozenset({MarkKind.PAPULE, MarkKind.PUSTULE, MarkKind.NODULE})
MOTTLES = frozenset({MarkKind.FRECKLE, MarkKind.LENTIGO, MarkKind.MELASMA, MarkKind.PIH})
"""Brown marks that count as mottled hyperpigmentation; moles do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLayer:
    """What a mark does to one map: full inside, half at `reach`, gone at `reach + edge`, both in radii.

    map: a field of `SkinMaps`. change: added at full strength, or, where `scaling`, a loss: the map is
    multiplied by 1 + change, which lies in [0, 1].
    """

    map: str
    change: float
    reach: float
    edge: float
    scaling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSpec:
    """One mark in full: where, how large, what shape, and what it changes.

    identity: the same number at every visit. u, v: its centre on the atlas, in [0, 1]. radius_mm: of the
    circle of the same area. aspect: length over width. angle_rad: of the long axis from u towards v.
    irregularity: 0 a smooth ellipse, 0.2 uneven, 0.6 with islands. detail: length of the shortest bays in
    radii. seed: draws the border. strength: multiplies all changes, 1 the mark at its height.
    path_mm: (du, dv) of points of a thin line from the centre; then `radius_mm` is half its width.
    """

    identity: int
    kind: MarkKind
    u: float
    v: float
    radius_mm: float
    layers: tuple[MarkLayer, ...]
    aspect: float = 1.0
    angle_rad: float = 0.0
    irregularity: float = 0.0
    detail: float = 0.5
    seed: int = 0
    strength: float = 1.0
    path_mm: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The truth about one applied mark.

    box: in atlas pixels. mask: (h, w) bool, its visible extent on skin, cropped, from `row` and `column` on.
    changes: by map, what it changes at its height, in that map's unit. region: the named region it lies in or
    nearest to. left: on the person's left half.
    """

    identity: int
    kind: MarkKind
    u: float
    v: float
    radius_mm: float
    box: Box
    row: int
    column: int
    mask: BoolMap
    changes: Mapping[str, float]
    height_mm: float
    region: Region
    left: bool

    def __post_init__(self) -> None:
        hold(self, "mask", dtype=np.bool_, shape=(None, None))
