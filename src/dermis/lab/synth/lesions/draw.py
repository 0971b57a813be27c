"""Drawing marks: how many of a kind become specs with a place, a size and a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.lab.synth.head.uv import Grid, zoned
from dermis.lab.synth.lesions.kinds import MarkKind, MarkSpec
from dermis.lab.synth.lesions.morphology import MORPHOLOGIES, Morphology
from dermis.lab.synth.noise import draw_waves, wave_field
from dermis.lab.synth.skin.maps import Tone
from dermis.lab.synth.skin.texture import draw_points

__all__ = ["draw_marks", "grow_mark", "mirror_marks"]

Vector = NDArray[np.floating]


def draw_marks(
    rng: np.random.Generator,
    kind: MarkKind,
    count: int,
    tone: Tone,
    grid: Grid,
    *,
    first: int = 0,
    taken: Sequence[MarkSpec] = (),
) -> tuple[MarkSpec, ...]:
    """Draw `count` marks of one kind on the skin of `grid`; none where there is no skin.

    first: identity of the first, the others follow. taken: marks that are there already; lesions that keep
    apart do so from these too, as long as there is room.
    """
    morphology = MORPHOLOGIES[kind]
    low, high = morphology.radius_mm
    radius_mm = low * (high / low) ** rng.random(count)
    u, v = _places(rng, morphology, radius_mm, grid, [spec for spec in taken if MORPHOLOGIES[spec.kind].apart])
    return tuple(
        grow_mark(
            rng,
            kind,
            tone,
            place=(float(u[number]), float(v[number])),
            radius_mm=float(radius_mm[number]),
            identity=first + number,
        )
        for number in range(len(u))
    )


def grow_mark(
    rng: np.random.Generator,
    kind: MarkKind,
    tone: Tone,
    *,
    place: tuple[float, float],
    radius_mm: float,
    identity: int,
) -> MarkSpec:
    """Draw one mark of `kind` and size at `place` (u, v): its shape and what it changes."""
    morphology = MORPHOLOGIES[kind]
    return MarkSpec(
        identity=identity,
        kind=kind,
        u=place[0],
        v=place[1],
        radius_mm=radius_mm,
        layers=morphology.grow(rng, tone, radius_mm),
        aspect=rng.uniform(*morphology.aspect),
        angle_rad=rng.uniform(0, np.pi),
        irregularity=rng.uniform(*morphology.irregularity),
        detail=morphology.detail,
        seed=int(rng.integers(2**32)),
        path_mm=_vessel(rng) if kind is MarkKind.TELANGIECTASIA else (),
    )


def mirror_marks(rng: np.random.Generator, specs: Sequence[MarkSpec], *, first: int) -> tuple[MarkSpec, ...]:
    """Return a partner on the other half of the face for each of `specs`, alike but not the same."""
    return tuple(
        replace(
            spec,
            identity=first + number,
            u=1 - spec.u + rng.normal(0, 0.006),
            v=spec.v + rng.normal(0, 0.006),
            radius_mm=spec.radius_mm * rng.lognormal(0, 0.12),
            angle_rad=np.pi - spec.angle_rad,
            seed=int(rng.integers(2**32)),
        )
        for number, spec in enumerate(specs)
    )


def _places(
    rng: np.random.Generator, morphology: Morphology, radius_mm: Vector, grid: Grid, taken: Sequence[MarkSpec]
) -> tuple[Vector, Vector]:
    often = zoned(grid, morphology.places)
    if morphology.on_lip is not None:
        often = np.where(grid.upper_lip, morphology.on_lip, often)
    density = often * grid.mm2 * grid.skin * _groups(rng, grid, morphology.crowding)
    count = len(radius_mm)
    if not morphology.apart:
        return draw_points(rng, density, count)
    u, v = draw_points(rng, density, 4 * count + 8)
    chosen = _apart(u, v, radius_mm, grid, taken)
    return u[chosen], v[chosen]


def _groups(rng: np.random.Generator, grid: Grid, crowding: float) -> Vector:
    """Return (h, w) how much more often one grows here than there, in this person."""
    height, width = grid.codes.shape
    waves = draw_waves(rng, 24, shortest_mm=15, longest_mm=60)
    noise = wave_field(waves, np.arange(width) * grid.mm_u, np.arange(height) * grid.mm_v)
    return np.exp(crowding * noise.astype(np.float64))


def _apart(u: Vector, v: Vector, radius_mm: Vector, grid: Grid, taken: Sequence[MarkSpec]) -> NDArray[np.intp]:
    """Return one candidate for each radius so that no two touch while there is room."""
    if len(u) == 0:
        return np.empty(0, dtype=np.intp)
    x = u * grid.codes.shape[1] * grid.mm_u
    y = v * grid.codes.shape[0] * grid.mm_v
    count, old = len(radius_mm), len(taken)
    placed = np.empty((old + count, 3))
    for number, spec in enumerate(taken):
        placed[number] = (
            spec.u * grid.codes.shape[1] * grid.mm_u,
            spec.v * grid.codes.shape[0] * grid.mm_v,
            spec.radius_mm,
        )
    free = np.ones(len(u), dtype=np.bool_)
    chosen = np.empty(count, dtype=np.intp)
    for number in range(count):
        candidates = np.flatnonzero(free)[:12]
        near = placed[: old + number]
        gaps = (
            np.hypot(x[candidates, None] - near[:, 0], y[candidates, None] - near[:, 1])
            - near[:, 2]
            - radius_mm[number]
        )
        roomy = (gaps > 0).all(axis=1)
        pick = candidates[int(np.argmax(roomy))]
        free[pick] = False
        chosen[number] = pick
        placed[old + number] = (x[pick], y[pick], radius_mm[number])
    return chosen


def _vessel(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Draw the path of a vessel 2-9 mm long that keeps its direction but wanders."""
    steps = int(rng.integers(5, 14))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.45, steps))
    pace = rng.uniform(0.35, 0.75)
    u, v = np.cumsum(pace * np.cos(heading)), np.cumsum(pace * np.sin(heading))
    return tuple(zip(u.tolist(), v.tolist(), strict=True))
