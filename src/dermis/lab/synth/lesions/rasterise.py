"""Putting marks on skin. A spec says everything about a mark: nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Region
from dermis.core.arrays import FloatMap
from dermis.lab.synth.head.uv import Atlas, Grid, coarse
from dermis.lab.synth.lesions.kinds import Mark, MarkLayer, MarkSpec
from dermis.lab.synth.noise import draw_waves, wave_field
from dermis.lab.synth.skin.maps import SkinMaps, clip_to_limits

__all__ = ["Stamp", "added", "apply_marks", "lay_out"]

FINEST_MM = 0.02
"""A pixel counts as at least this large: where an atlas is pinched, a mark would smear over all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A mark on its window of an atlas: `far` (h, w) is the distance from its centre in radii, border and all."""

    spec: MarkSpec
    rows: slice
    columns: slice
    far: FloatMap
    px_per_radius: float


def lay_out(specs: Iterable[MarkSpec], atlas: Atlas) -> tuple[Stamp, ...]:
    """Return where and in what shape each mark lies on `atlas`; those wholly outside are left out."""
    found = (_stamp(spec, atlas) for spec in specs)
    return tuple(stamp for stamp in found if stamp is not None)


def apply_marks(maps: SkinMaps, stamps: Sequence[Stamp], atlas: Atlas) -> tuple[SkinMaps, tuple[Mark, ...]]:
    """Return `maps` with every mark of `stamps` on it, and the truth about those that show on skin.

    Changes of overlapping marks add up; of overlapping losses (scalings) the largest counts, and is taken from
    the sum; then everything is held within `LIMITS`. The order of the marks does not matter.
    """
    changed = {field.name: np.array(getattr(maps, field.name)) for field in fields(maps)}
    for stamp in stamps:
        _add(changed, stamp)
    for name, gain in _gains(stamps, atlas).items():
        changed[name] *= gain
    grid = coarse(atlas)
    seen = (_truth(stamp, maps, atlas, grid) for stamp in stamps)
    return SkinMaps(**clip_to_limits(changed)), tuple(mark for mark in seen if mark is not None)


def added(stamps: Iterable[Stamp], atlas: Atlas, field: str) -> FloatMap:
    """Return (H, W) what the marks add to one map, before limits; their scalings are left out."""
    total = {field: np.zeros(atlas.regions.shape, dtype=np.float32)}
    for stamp in stamps:
        _add(total, stamp)
    return total[field]


def _add(maps: dict[str, FloatMap], stamp: Stamp) -> None:
    for layer in stamp.spec.layers:
        if layer.map in maps and not layer.scaling:
            maps[layer.map][stamp.rows, stamp.columns] += _change(layer, stamp)


def _gains(stamps: Iterable[Stamp], atlas: Atlas) -> dict[str, FloatMap]:
    """Return (H, W) what is left of each map that some mark scales."""
    gains: dict[str, FloatMap] = {}
    for stamp in stamps:
        for layer in stamp.spec.layers:
            if layer.scaling:
                gain = gains.setdefault(layer.map, np.ones(atlas.regions.shape, dtype=np.float32))
                window = gain[stamp.rows, stamp.columns]
                np.minimum(window, 1 + _change(layer, stamp), out=window)
    return gains


def _change(layer: MarkLayer, stamp: Stamp) -> FloatMap:
    return np.float32(layer.change * stamp.spec.strength) * _profile(layer, stamp)


def _profile(layer: MarkLayer, stamp: Stamp) -> FloatMap:
    # An edge sharper than a pixel is drawn one pixel wide, so that a thin thing fades instead of vanishing.
    edge = max(layer.edge, 0.5 / stamp.px_per_radius)
    t = np.clip((np.float32(layer.reach + edge) - stamp.far) / np.float32(2 * edge), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _stamp(spec: MarkSpec, atlas: Atlas) -> Stamp | None:
    """Return the mark's window, or None where it lies wholly outside the atlas."""
    height, width = atlas.regions.shape
    x, y = spec.u * width - 0.5, spec.v * height - 0.5
    row, column = (int(np.clip(round(at), 0, size - 1)) for at, size in ((y, height), (x, width)))
    mm_u = max(float(atlas.mm_per_px_u[row, column]), FINEST_MM)
    mm_v = max(float(atlas.mm_per_px_v[row, column]), FINEST_MM)
    reach_mm = _reach_mm(spec, max(mm_u, mm_v))
    top, bottom = _span(y, reach_mm / mm_v, height)
    first, last = _span(x, reach_mm / mm_u, width)
    if top >= bottom or first >= last:
        return None
    du = (np.arange(first, last) - x) * mm_u
    dv = (np.arange(top, bottom) - y) * mm_v
    far = _line_far(spec, du, dv) if spec.path_mm else _blob_far(spec, du, dv)
    return Stamp(
        spec=spec,
        rows=slice(top, bottom),
        columns=slice(first, last),
        far=far,
        px_per_radius=spec.radius_mm / float(np.sqrt(mm_u * mm_v)),
    )


def _span(centre: float, reach: float, size: int) -> tuple[int, int]:
    return max(int(np.floor(centre - reach)), 0), min(int(np.ceil(centre + reach)) + 1, size)


def _reach_mm(spec: MarkSpec, mm_per_px: float) -> float:
    widest = max((layer.reach + layer.edge for layer in spec.layers), default=1.0)
    along = max((float(np.hypot(*point)) for point in spec.path_mm), default=0.0)
    stretch = np.sqrt(spec.aspect) * (1 + 2.0 * spec.irregularity)
    return along + float(spec.radius_mm * widest * stretch) + 1.5 * mm_per_px


def _blob_far(spec: MarkSpec, du: NDArray[np.float64], dv: NDArray[np.float64]) -> FloatMap:
    cos, sin = np.cos(spec.angle_rad), np.sin(spec.angle_rad)
    length = spec.radius_mm * np.sqrt(spec.aspect)
    width = spec.radius_mm / np.sqrt(spec.aspect)
    along = np.add.outer(dv * (sin / length), du * (cos / length))
    across = np.add.outer(dv * (cos / width), -du * (sin / width))
    far: FloatMap = np.sqrt(along**2 + across**2).astype(np.float32)
    if spec.irregularity > 0:
        far += np.float32(spec.irregularity) * _border(spec, du, dv)
        np.maximum(far, 0, out=far)
    return far


def _border(spec: MarkSpec, du: NDArray[np.float64], dv: NDArray[np.float64]) -> FloatMap:
    waves = draw_waves(
        np.random.default_rng(spec.seed),
        40 if spec.detail < 0.3 else 16,
        shortest_mm=spec.detail * spec.radius_mm,
        longest_mm=3 * spec.radius_mm,
        slope=0.8,
    )
    return wave_field(waves, du, dv)


def _line_far(spec: MarkSpec, du: NDArray[np.float64], dv: NDArray[np.float64]) -> FloatMap:
    """Return the distance to the nearest piece of the path, in half widths."""
    nearest = np.full((len(dv), len(du)), np.inf)
    points = np.array([(0.0, 0.0), *spec.path_mm])
    for (u0, v0), (u1, v1) in pairwise(points):
        step_u, step_v = u1 - u0, v1 - v0
        length2 = max(step_u**2 + step_v**2, 1e-12)
        t = np.clip(np.add.outer((dv - v0) * (step_v / length2), (du - u0) * (step_u / length2)), 0, 1)
        gap = np.hypot(du[None, :] - u0 - t * step_u, dv[:, None] - v0 - t * step_v)
        nearest = np.minimum(nearest, gap)
    return np.asarray(nearest / spec.radius_mm, dtype=np.float32)


def _truth(stamp: Stamp, maps: SkinMaps, atlas: Atlas, grid: Grid) -> Mark | None:
    spec = stamp.spec
    skin = atlas.skin[stamp.rows, stamp.columns]
    mask = stamp.far <= max(1.0, 0.71 / stamp.px_per_radius)
    rows, columns = np.nonzero(mask & skin)
    if len(rows) == 0:
        return None
    top, bottom, first, last = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    row, column = int(stamp.rows.start + top), int(stamp.columns.start + first)
    shape = mask[top:bottom, first:last] & skin[top:bottom, first:last]
    cell = _cell(spec.v, grid.codes.shape[0]), _cell(spec.u, grid.codes.shape[1])
    window = np.s_[row : row + shape.shape[0], column : column + shape.shape[1]]
    changes = _changes(spec, {name: getattr(maps, name)[window][shape] for name in {x.map for x in spec.layers}})
    return Mark(
        identity=spec.identity,
        kind=spec.kind,
        u=spec.u,
        v=spec.v,
        radius_mm=spec.radius_mm,
        box=Box(x_px=column, y_px=row, width_px=int(last - first), height_px=int(bottom - top)),
        row=row,
        column=column,
        mask=shape,
        changes=changes,
        height_mm=changes.get("height_mm", 0.0),
        region=list(Region)[int(grid.codes[cell])],
        left=bool(grid.left[cell]),
    )


def _cell(place: float, cells: int) -> int:
    return min(int(np.clip(place, 0, 1) * cells), cells - 1)


def _changes(spec: MarkSpec, before: Mapping[str, FloatMap]) -> dict[str, float]:
    """Sum the layers by map, in its unit: a scaling changes by its share of what was there before."""
    changes = dict.fromkeys(before, 0.0)
    for layer in spec.layers:
        unit = float(before[layer.map].mean()) if layer.scaling else 1.0
        changes[layer.map] += layer.change * spec.strength * unit
    return changes
