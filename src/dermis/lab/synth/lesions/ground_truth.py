"""Ground truth of a picture: which marks are visible, and the labels that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Label
from dermis.core.arrays import hold
from dermis.lab.synth.camera.render import Buffers
from dermis.lab.synth.head.uv import Atlas, coarse
from dermis.lab.synth.lesions.grades import (
    ACNE,
    counts_by_kind,
    gags_score,
    hayashi_grade,
    hayashi_real,
    iga_grade,
    inflammatory_by_half,
    involved_share,
    masi_score,
    mmasi_score,
    mottled_burden,
    mottled_grade,
    mottled_real,
    msi_score,
    per_cm2,
    pigment_contrast,
    pigmented_share,
    zone_masks,
)
from dermis.lab.synth.lesions.kinds import Mark, MarkKind
from dermis.lab.synth.lesions.rasterise import Stamp
from dermis.lab.synth.skin.colour import ToneCurve
from dermis.lab.synth.skin.maps import SkinMaps

__all__ = ["ACNE_FROM_IGA", "Grades", "VisibleMark", "VisibleMarks", "find_visible_marks", "grade_face", "truth_labels"]

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


ACNE_FROM_IGA = 2
"""Acne is present from mild on: trials call 0 and 1 clear and almost clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """The true grades of a face at one visit.

    counts: marks by kind. inflammatory_left, _right: on the person's halves. acne_lesions: comedones and
    inflammatory lesions together, lesions_per_cm2 over the skin; involved: share of skin near one.
    hayashi 0-3 and hayashi_real, iga 0-4, gags 0-32. mottled 0-9 in half steps and mottled_real, for the face
    and for each half; pigmented: share of skin with visible brown marks. mmasi, masi, msi: of melasma alone.
    """

    counts: Mapping[MarkKind, int]
    inflammatory_left: int
    inflammatory_right: int
    acne_lesions: int
    lesions_per_cm2: float
    involved: float
    hayashi: int
    hayashi_real: float
    iga: int
    gags: int
    mottled: float
    mottled_real: float
    mottled_left: float
    mottled_left_real: float
    mottled_right: float
    mottled_right_real: float
    pigmented: float
    mmasi: float
    masi: float
    msi: float


def grade_face(
    marks: Sequence[Mark], stamps: Sequence[Stamp], base: SkinMaps, atlas: Atlas, curve: ToneCurve
) -> Grades:
    """Grade a face: `marks` are the truth about `stamps`, `base` is its skin without them."""
    grid, area_mm2 = coarse(atlas), atlas.mm2_per_px
    counts = counts_by_kind(marks)
    left, right = inflammatory_by_half(marks)
    lesions = sum(counts[kind] for kind in ACNE)
    involved = involved_share(marks, grid)
    brown = pigment_contrast(stamps, base, atlas, curve)
    melasma = pigment_contrast(stamps, base, atlas, curve, kinds={MarkKind.MELASMA})
    zones = zone_masks(atlas, grid)
    face_burden, left_burden, right_burden = (
        mottled_burden(brown, area_mm2, where)
        for where in (atlas.skin, atlas.skin & atlas.left, atlas.skin & ~atlas.left)
    )

    return Grades(
        counts=counts,
        inflammatory_left=left,
        inflammatory_right=right,
        acne_lesions=lesions,
        lesions_per_cm2=per_cm2(lesions, grid),
        involved=involved,
        hayashi=hayashi_grade(max(left, right)),
        hayashi_real=hayashi_real(max(left, right)),
        iga=iga_grade(counts, involved),
        gags=gags_score(marks),
        mottled=mottled_grade(face_burden),
        mottled_real=mottled_real(face_burden),
        mottled_left=mottled_grade(left_burden),
        mottled_left_real=mottled_real(left_burden),
        mottled_right=mottled_grade(right_burden),
        mottled_right_real=mottled_real(right_burden),
        pigmented=pigmented_share(brown, area_mm2, atlas.skin),
        mmasi=mmasi_score(melasma, area_mm2, zones),
        masi=masi_score(melasma, area_mm2, zones),
        msi=msi_score(melasma, area_mm2, zones),
    )


def truth_labels(grades: Grades) -> tuple[Label, ...]:
    """Return the grades as labels of grader "truth", under the names that the tasks have."""
    values = {
        "acne_presence": float(grades.iga >= ACNE_FROM_IGA),
        "acne_lesions": float(grades.acne_lesions),
        "acne_grade": float(grades.hayashi),
        "acne_iga": float(grades.iga),
        "acne_gags": float(grades.gags),
        "pigmentation_grade": grades.mottled,
        "pigmentation_area": grades.pigmented,
        "mmasi": grades.mmasi,
        "masi": grades.masi,
        "msi": grades.msi,
    }
    return tuple(Label(task=task, value=value, grader="truth") for task, value in values.items())
