"""How each kind of mark grows: its size, shape, places, and what it does to the skin.

Sizes follow clinical definitions: a papule is a solid bump under 5 mm, a nodule one above (Harrison, table of
primary lesions), a freckle under 5 mm; comedones are 0.5-2 mm. Directions of the changes: papules and erythema
hold more blood, richer in oxygen as flow rises, nodules more and poorer; post-inflammatory marks hold more
melanin and somewhat more blood (reflectance spectroscopy of pigmented against adjacent skin); depigmented
patches have lost most melanin. The amounts are chosen: for inflamed lesions near the colour that labelled
lesions in photos have against the skin around, for the rest by eye on light, medium and dark skin. What colours
they make stands in docs/concepts/synthetic-grades.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dermis.core import Region
from dermis.lab.synth.lesions.kinds import MarkKind, MarkLayer
from dermis.lab.synth.skin.maps import Tone

__all__ = ["MORPHOLOGIES", "Morphology"]

Grow = Callable[[np.random.Generator, Tone, float], tuple[MarkLayer, ...]]
Places = Mapping[Region, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Morphology:
    """How one kind grows. Ranges are (lowest, highest), drawn evenly; radii evenly in the logarithm.

    places: how often a cm² of a region bears one, relative; on_lip: a cm² of the upper lip, None as the nearest region.
    grow: (rng, tone, radius_mm) -> layers.
    crowding: 0 spread evenly, 1 in groups. apart: keeps its distance from other marks that do.
    """

    radius_mm: tuple[float, float]
    places: Places
    grow: Grow
    aspect: tuple[float, float] = (1.0, 1.3)
    irregularity: tuple[float, float] = (0.0, 0.0)
    detail: float = 0.5
    crowding: float = 0.5
    apart: bool = False
    on_lip: float | None = None


def _cheeks(cheek: float, *, forehead: float, nose: float, chin: float, under_eye: float) -> Places:
    return {
        Region.FOREHEAD: forehead,
        Region.LEFT_CHEEK: cheek,
        Region.RIGHT_CHEEK: cheek,
        Region.NOSE: nose,
        Region.CHIN: chin,
        Region.LEFT_UNDER_EYE: under_eye,
        Region.RIGHT_UNDER_EYE: under_eye,
    }


_ACNE = _cheeks(1.2, forehead=1.0, nose=0.7, chin=1.4, under_eye=0.03)
_BLACKHEADS = _cheeks(0.6, forehead=0.9, nose=4.0, chin=1.5, under_eye=0.02)
_SUN = _cheeks(1.5, forehead=1.0, nose=1.8, chin=0.3, under_eye=0.8)
_FLUSH = _cheeks(1.2, forehead=0.25, nose=1.6, chin=0.5, under_eye=0.05)
_EVENLY = _cheeks(1.0, forehead=1.0, nose=0.7, chin=1.0, under_eye=0.4)
_MALAR = _cheeks(1.0, forehead=0.6, nose=0.5, chin=0.25, under_eye=0.1)
_AROUND_OPENINGS = _cheeks(0.7, forehead=0.6, nose=0.5, chin=1.6, under_eye=2.0)


def _pigment(change: float, tone: Tone, *, reach: float, edge: float) -> MarkLayer:
    """More melanin; the darker the skin, the more it takes to see, and the more reactive it is."""
    return MarkLayer(
        map="melanosome_fraction",
        change=change * (1 + 6 * tone.melanosome_fraction),
        reach=reach,
        edge=edge,
    )


def _blood(times: float, tone: Tone, *, reach: float, edge: float) -> MarkLayer:
    return MarkLayer(map="blood_fraction", change=times * tone.blood_fraction, reach=reach, edge=edge)


def _height(height_mm: float, *, reach: float = 0.5, edge: float = 0.55) -> MarkLayer:
    return MarkLayer(map="height_mm", change=height_mm, reach=reach, edge=edge)


def _plain(name: str, change: float, *, reach: float, edge: float) -> MarkLayer:
    return MarkLayer(map=name, change=change, reach=reach, edge=edge)


def _times(name: str, change: float, *, reach: float, edge: float) -> MarkLayer:
    return MarkLayer(map=name, change=change, reach=reach, edge=edge, scaling=True)


def _freckle(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (_pigment(rng.uniform(0.008, 0.028), tone, reach=0.75, edge=0.45),)


def _lentigo(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (_pigment(rng.uniform(0.015, 0.05), tone, reach=0.9, edge=0.22),)


def _melasma(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    change = rng.uniform(0.011, 0.036)
    return (
        _pigment(0.6 * change, tone, reach=0.85, edge=0.35),
        _pigment(0.4 * change, tone, reach=0.5, edge=0.25),
        _blood(0.15, tone, reach=0.8, edge=0.5),
    )


def _pih(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _pigment(rng.uniform(0.01, 0.033), tone, reach=0.75, edge=0.4),
        _blood(rng.uniform(0.1, 0.4), tone, reach=0.75, edge=0.4),
    )


def _pie(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _blood(rng.uniform(0.5, 1.6), tone, reach=0.75, edge=0.4),
        _plain("oxygen_saturation", rng.uniform(0.02, 0.12), reach=0.8, edge=0.4),
    )


def _naevus(rng: np.random.Generator, tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    raised = rng.random() < 0.35
    return (
        _pigment(rng.uniform(0.08, 0.2) if raised else rng.uniform(0.12, 0.32), tone, reach=0.9, edge=0.2),
        _height(rng.uniform(0.15, 0.35) * radius_mm if raised else 0.0, reach=0.55, edge=0.45),
    )


def _open_comedo(rng: np.random.Generator, _tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _plain("melanosome_fraction", rng.uniform(0.22, 0.4), reach=0.55, edge=0.3),
        _height(rng.uniform(0.1, 0.2) * radius_mm, reach=0.7, edge=0.4),
        _height(-rng.uniform(0.1, 0.25) * radius_mm, reach=0.4, edge=0.2),
        _plain("roughness", 0.25, reach=0.55, edge=0.2),
    )


def _closed_comedo(rng: np.random.Generator, _tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _times("blood_fraction", -rng.uniform(0.3, 0.55), reach=0.65, edge=0.4),
        _times("melanosome_fraction", -rng.uniform(0.1, 0.25), reach=0.65, edge=0.4),
        _plain("scattering", rng.uniform(0.2, 0.4), reach=0.65, edge=0.4),
        _height(rng.uniform(0.22, 0.4) * radius_mm),
        _plain("roughness", -0.08, reach=0.6, edge=0.4),
    )


def _papule(rng: np.random.Generator, tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _blood(rng.uniform(0.7, 2.8), tone, reach=0.72, edge=0.4),
        _blood(rng.uniform(0.15, 0.5), tone, reach=1.05, edge=0.85),
        _plain("oxygen_saturation", rng.uniform(0.08, 0.22), reach=0.8, edge=0.5),
        _reactive(rng, tone),
        _height(rng.uniform(0.18, 0.34) * radius_mm),
        _plain("roughness", -0.1, reach=0.6, edge=0.5),
    )


def _pustule(rng: np.random.Generator, tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    core = rng.uniform(0.36, 0.5)
    return (
        _blood(rng.uniform(0.9, 2.5), tone, reach=0.8, edge=0.35),
        _blood(rng.uniform(0.2, 0.6), tone, reach=1.1, edge=0.8),
        _plain("oxygen_saturation", rng.uniform(0.08, 0.22), reach=0.8, edge=0.5),
        _plain("pus", rng.uniform(0.3, 0.65), reach=core, edge=0.24),
        _reactive(rng, tone),
        _height(rng.uniform(0.16, 0.26) * radius_mm),
        _height(rng.uniform(0.08, 0.16) * radius_mm, reach=core, edge=0.2),
        _plain("roughness", -0.15, reach=core, edge=0.3),
    )


def _nodule(rng: np.random.Generator, tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _blood(rng.uniform(1.2, 2.8), tone, reach=0.7, edge=0.5),
        _blood(rng.uniform(0.3, 0.8), tone, reach=1.1, edge=0.8),
        _plain("oxygen_saturation", rng.uniform(-0.05, 0.08), reach=0.7, edge=0.5),
        _reactive(rng, tone),
        _height(rng.uniform(0.13, 0.22) * radius_mm, reach=0.6, edge=0.6),
        _plain("roughness", -0.1, reach=0.7, edge=0.5),
    )


def _reactive(rng: np.random.Generator, tone: Tone) -> MarkLayer:
    """Inflamed skin makes melanin too, in proportion to what it has: dark skin darkens more than reddens."""
    change = rng.uniform(0.12, 0.3) * tone.melanosome_fraction
    return _plain("melanosome_fraction", change, reach=0.9, edge=0.45)


def _redness(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (
        _blood(rng.uniform(0.3, 1.0), tone, reach=0.55, edge=0.6),
        _plain("oxygen_saturation", 0.08, reach=0.55, edge=0.6),
    )


def _telangiectasia(rng: np.random.Generator, tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (_blood(rng.uniform(4, 8), tone, reach=1.0, edge=0.5),)


def _depigmentation(rng: np.random.Generator, _tone: Tone, _radius_mm: float) -> tuple[MarkLayer, ...]:
    return (_times("melanosome_fraction", -rng.uniform(0.75, 0.95), reach=0.95, edge=0.1),)


def _scar(rng: np.random.Generator, _tone: Tone, radius_mm: float) -> tuple[MarkLayer, ...]:
    soft = rng.random() < 0.5
    return (
        _height(-rng.uniform(0.2, 0.4) * radius_mm, reach=0.65, edge=0.5 if soft else 0.2),
        _times("melanosome_fraction", -rng.uniform(0.0, 0.12), reach=0.8, edge=0.4),
        _plain("roughness", 0.06, reach=0.8, edge=0.4),
    )


MORPHOLOGIES: Mapping[MarkKind, Morphology] = {
    MarkKind.FRECKLE: Morphology(
        radius_mm=(0.5, 1.7), places=_SUN, grow=_freckle, irregularity=(0.06, 0.2), crowding=0.8
    ),
    MarkKind.LENTIGO: Morphology(
        radius_mm=(1.5, 5.0),
        places=_SUN,
        grow=_lentigo,
        aspect=(1.0, 1.6),
        irregularity=(0.1, 0.22),
        detail=0.4,
    ),
    MarkKind.MELASMA: Morphology(
        radius_mm=(8.0, 20.0),
        places=_MALAR,
        grow=_melasma,
        aspect=(1.0, 1.8),
        irregularity=(0.35, 0.6),
        detail=0.12,
        crowding=0.3,
        on_lip=3.0,
    ),
    MarkKind.PIH: Morphology(
        radius_mm=(1.0, 3.0),
        places=_ACNE,
        grow=_pih,
        aspect=(1.0, 1.4),
        irregularity=(0.08, 0.2),
    ),
    MarkKind.PIE: Morphology(radius_mm=(1.0, 2.8), places=_ACNE, grow=_pie, irregularity=(0.08, 0.2)),
    MarkKind.NAEVUS: Morphology(
        radius_mm=(0.7, 3.0),
        places=_EVENLY,
        grow=_naevus,
        irregularity=(0.0, 0.08),
        detail=0.9,
        crowding=0.2,
        apart=True,
    ),
    MarkKind.OPEN_COMEDO: Morphology(
        radius_mm=(0.3, 0.9),
        places=_BLACKHEADS,
        grow=_open_comedo,
        irregularity=(0.0, 0.15),
        crowding=0.7,
        apart=True,
    ),
    MarkKind.CLOSED_COMEDO: Morphology(
        radius_mm=(0.5, 1.1), places=_ACNE, grow=_closed_comedo, crowding=0.7, apart=True
    ),
    MarkKind.PAPULE: Morphology(
        radius_mm=(1.0, 2.5),
        places=_ACNE,
        grow=_papule,
        irregularity=(0.03, 0.12),
        detail=0.9,
        crowding=0.6,
        apart=True,
    ),
    MarkKind.PUSTULE: Morphology(
        radius_mm=(1.1, 2.5),
        places=_ACNE,
        grow=_pustule,
        irregularity=(0.02, 0.08),
        detail=0.9,
        crowding=0.6,
        apart=True,
    ),
    MarkKind.NODULE: Morphology(
        radius_mm=(2.8, 6.0),
        places=_ACNE,
        grow=_nodule,
        aspect=(1.0, 1.5),
        irregularity=(0.06, 0.15),
        detail=0.9,
        crowding=0.3,
        apart=True,
    ),
    MarkKind.REDNESS: Morphology(
        radius_mm=(12.0, 26.0),
        places=_FLUSH,
        grow=_redness,
        aspect=(1.0, 1.6),
        irregularity=(0.2, 0.4),
        detail=0.15,
        crowding=0.2,
    ),
    MarkKind.TELANGIECTASIA: Morphology(radius_mm=(0.05, 0.13), places=_FLUSH, grow=_telangiectasia, crowding=0.8),
    MarkKind.DEPIGMENTATION: Morphology(
        radius_mm=(3.0, 16.0),
        places=_AROUND_OPENINGS,
        grow=_depigmentation,
        aspect=(1.0, 1.8),
        irregularity=(0.15, 0.35),
        detail=0.2,
        crowding=0.3,
    ),
    MarkKind.SCAR: Morphology(radius_mm=(0.5, 1.8), places=_ACNE, grow=_scar, aspect=(1.0, 1.6), crowding=0.6),
}
