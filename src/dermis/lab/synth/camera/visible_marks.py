"""Which marks of a made head a picture shows, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box
from dermis.core.arrays import hold
from dermis.lab.synth.camera.render import Buffers
from dermis.lab.synth.head.uv import Atlas
from dermis.lab.synth.lesions.kinds import Mark

__all__ = ["VisibleMark", "VisibleMarks", "find_visible_marks"]

_CELL = 16
"""Texels along the side of the cells that pixels are sorted into."""
_LEAST_SHARE = 0.15
"""A mark is seen from this share of it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleMark:
    """One mark in a picture. box: in its pixels. visible: share of the mark that the picture shows, up to 1."""

    mark: Mark
    box: Box
    visible: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleMarks:
    """The marks of a picture, the largest first, and `numbers` (h, w) uint16: which of them, from 1, lies on top."""

    seen: tuple[VisibleMark, ...]
    numbers: NDArray[np.uint16]

    def __post_init__(self) -> None:
        hold(self, "numbers", dtype=np.uint16, shape=(None, None))


class _Sorted(NamedTuple):
    """Pixels of bare skin sorted by the cell of the atlas that they show; each (n,), `start` (cells + 1,)."""

    pixel: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    start: NDArray[np.intp]
    cells: int


def find_visible_marks(marks: Sequence[Mark], buffers: Buffers, atlas: Atlas) -> VisibleMarks:
    """Find `marks` in the picture; those that hair, beard or the head itself hide are left out.

    A mark smaller than a pixel is seen where its middle is.
    """
    held = _sorted(buffers, atlas)
    mm2_per_px = buffers.mm_per_px.reshape(-1) ** 2 / np.clip(buffers.normals.reshape(-1, 3)[:, 2], 0.2, 1)
    numbers = np.zeros(buffers.parts.size, np.uint16)
    seen: list[VisibleMark] = []
    for mark in sorted(marks, key=lambda one: -one.mask.sum()):
        pixels = _pixels_of(mark, held, atlas)
        area = float(mm2_per_px[pixels].sum())
        window = np.s_[mark.row : mark.row + mark.mask.shape[0], mark.column : mark.column + mark.mask.shape[1]]
        whole = float((atlas.mm_per_px_u[window] * atlas.mm_per_px_v[window])[mark.mask].sum())
        visible = min(area / whole, 1.0)
        if visible >= _LEAST_SHARE:
            seen.append(VisibleMark(mark=mark, box=_box(pixels, buffers.shape[1]), visible=visible))
            numbers[pixels] = len(seen)
    return VisibleMarks(seen=tuple(seen), numbers=numbers.reshape(buffers.shape))


def _sorted(buffers: Buffers, atlas: Atlas) -> _Sorted:
    uv = buffers.uv.reshape(-1, 2)
    bare = np.flatnonzero(buffers.skin.reshape(-1) & (buffers.cover.reshape(-1) < 0.5) & np.isfinite(uv[:, 0]))
    column = np.clip((uv[bare, 0] * atlas.width).astype(np.intp), 0, atlas.width - 1)
    row = np.clip((uv[bare, 1] * atlas.height).astype(np.intp), 0, atlas.height - 1)
    cells = -(-atlas.width // _CELL)
    cell = row // _CELL * cells + column // _CELL
    order = np.argsort(cell, kind="stable")
    count = np.bincount(cell, minlength=cells * -(-atlas.height // _CELL))
    start = np.concatenate([[0], np.cumsum(count)])
    return _Sorted(bare[order], row[order], column[order], start, cells)


def _pixels_of(mark: Mark, held: _Sorted, atlas: Atlas) -> NDArray[np.intp]:
    height, width = mark.mask.shape
    near = _within(held, mark.row, mark.row + height, mark.column, mark.column + width)
    row, column = held.row[near] - mark.row, held.column[near] - mark.column
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    near, row, column = near[inside], row[inside], column[inside]
    found = held.pixel[near[mark.mask[row, column]]]
    return found if len(found) else _nearest(mark, held, atlas)


def _nearest(mark: Mark, held: _Sorted, atlas: Atlas) -> NDArray[np.intp]:
    """Return the pixel that shows the middle of a mark too small for any pixel's own middle, or none."""
    u, v = mark.u * atlas.width, mark.v * atlas.height
    reach = 2
    near = _within(held, int(v) - reach, int(v) + reach + 1, int(u) - reach, int(u) + reach + 1)
    away = np.hypot(held.row[near] + 0.5 - v, held.column[near] + 0.5 - u)
    return held.pixel[near[[int(away.argmin())]]] if len(near) and away.min() <= reach else np.empty(0, np.intp)


def _within(held: _Sorted, top: int, bottom: int, left: int, right: int) -> NDArray[np.intp]:
    """Return positions in `held` of the pixels in the cells that touch a window of the atlas."""
    last = (len(held.start) - 1) // held.cells
    rows = range(max(top // _CELL, 0), min((bottom - 1) // _CELL + 1, last))
    first, stop = max(left // _CELL, 0), min((right - 1) // _CELL + 1, held.cells)
    spans = [np.arange(held.start[k * held.cells + first], held.start[k * held.cells + stop]) for k in rows]
    return np.concatenate(spans) if spans else np.empty(0, np.intp)


def _box(pixels: NDArray[np.intp], width: int) -> Box:
    row, column = np.divmod(pixels, width)
    top, left = int(row.min()), int(column.min())
    return Box(x_px=left, y_px=top, width_px=int(column.max()) - left + 1, height_px=int(row.max()) - top + 1)
