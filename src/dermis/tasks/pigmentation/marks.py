"""Brown marks told from the skin around them: freckles, lentigines and patches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, CropFrame, Detection, Face, PigmentMarks, Region, Skin
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.regions import FACE_MM, right_of_midline
from dermis.tasks.pigmentation.contrast import REACHES, resized
from dermis.tasks.pigmentation.mark_network import MODEL, mark_network
from dermis.tasks.pigmentation.not_mottle import without_not_mottle
from dermis.tasks.pigmentation.skin_grid import (
    CLUES,
    GRID_MM,
    SkinGrid,
    clues_of,
    excess_blood,
    frame_at,
    like_melanin,
    skin_grid,
)

__all__ = ["contrast_of_density", "find_marks"]

CHANCE_LOW, CHANCE_HIGH = 0.15, 0.23
"""A mark is where the chance of one reaches the first, around pixels where it reaches the second."""
SHOWN_LUMINANCE = 0.25
"""Contrast is told as on skin of this luminance, so that neither exposure nor the tone of the skin changes it."""
REDDENED = 3.0
"""Mean excess of blood, in 100 x green density, at which what looks brown on a face counts half for its grade."""
_KIND_MM = ((3.0, "freckle"), (10.0, "lentigo"), (np.inf, "patch"))
_THIN = 5.0
"""Longer than so many times its width, it is a hair, a line or a vessel."""
_MOLE_L, _MOLE_MM = 18.0, 12.0
"""Darker than that and smaller than that, it is a mole."""
_FEWEST_PIXELS, _FEWEST_JUDGED, _MOST_ITEMS = 3, 64, 200
_FAINTEST_L = 0.1
_SIDE_STEP = 6

Floats = NDArray[np.float32]


def contrast_of_density(density: Floats) -> Floats:
    """Return by how much L* falls where melanin adds 100 x green density, on skin of `SHOWN_LUMINANCE`."""
    return np.asarray(116 * np.cbrt(SHOWN_LUMINANCE) * (1 - 10 ** (-density / 300)), np.float32)


def find_marks(face: Face, skin: Skin) -> PigmentMarks:
    """Return the brown marks of a face, and what each pixel of it adds to the grade."""
    grid = skin_grid(face, skin)
    if grid is None or np.count_nonzero(grid.judged) < _FEWEST_JUDGED:
        nothing = np.full(skin.visible.shape, np.nan, np.float32)
        return _marks(face, (nothing, nothing, nothing), np.zeros(nothing.shape, np.bool_), ())
    pale = 1 / (1 + (excess_blood(grid) / REDDENED) ** 4)
    clues = clues_of(without_not_mottle(grid))
    told, density = mark_network().answer(clues)
    seen = np.maximum(clues[:, CLUES.index(f"dark_around_{REACHES[1]}")], 0)
    chance, contrast, weight = (np.zeros(grid.judged.shape, np.float32) for _ in range(3))
    chance[grid.judged] = told
    contrast[grid.judged] = contrast_of_density(seen)
    weight[grid.judged] = pale * like_melanin(clues) * contrast_of_density(density)
    labels = _labelled(mark_mask(chance))
    kept, items = _kept(labels, contrast, frame_at(skin.regions, grid), face.frame, grid)
    weight[(labels > 0) & ~kept] = 0
    seen = (_enlarged(grid.judged, grid) > 0.5) & skin.visible[grid.window]
    mask = np.zeros(skin.visible.shape, np.bool_)
    mask[grid.window] = seen & (_enlarged(kept, grid) > 0.5)
    shown = np.maximum(_enlarged(contrast, grid), np.float32(_FAINTEST_L))
    shown *= mask[grid.window]
    planes = [
        _on_frame(one, seen, grid, mask.shape) for one in (_enlarged(chance, grid), shown, _enlarged(weight, grid))
    ]
    return _marks(face, planes, mask, items)


def mark_mask(chance: FloatMap) -> BoolMap:
    """Return where there is a mark, by the chance of one."""
    from skimage.filters import apply_hysteresis_threshold  # late: 0.2 s

    return np.asarray(apply_hysteresis_threshold(chance, CHANCE_LOW, CHANCE_HIGH), np.bool_)


def _marks(face: Face, planes: Sequence[FloatMap], mask: BoolMap, items: tuple[Detection, ...]) -> PigmentMarks:
    chance, contrast, weight = planes
    return PigmentMarks(
        chance=chance, contrast=contrast, weight=weight, mask=mask, on_right=_on_right(face), items=items, model=MODEL
    )


def _kept(
    labels: NDArray[np.int32], contrast: FloatMap, regions: LabelMap, frame: CropFrame, grid: SkinGrid
) -> tuple[BoolMap, tuple[Detection, ...]]:
    """Return the pixels of brown marks and their items; moles are left out, and what is thin as a hair or a vessel."""
    count = int(labels.max())
    places_px = np.indices(labels.shape)
    area, y, x, yy, xx, yx = _moments(labels, count, places_px[0], places_px[1])
    spread = np.sqrt(np.maximum((yy - xx) ** 2 + 4 * yx**2, 0))
    long, short = np.sqrt((yy + xx + spread) / 2 + 1 / 12), np.sqrt(np.maximum((yy + xx - spread) / 2, 0) + 1 / 12)
    mm = GRID_MM * np.sqrt(area * 4 / np.pi)
    drop = np.bincount(labels.ravel(), contrast.ravel().astype(np.float64), count + 1) / area
    deepest = np.zeros(count + 1)
    np.maximum.at(deepest, labels.ravel(), contrast.ravel())
    mole = (deepest > _MOLE_L) & (mm < _MOLE_MM)
    good = (area >= _FEWEST_PIXELS) & (long / short < _THIN) & ~mole
    good[0] = False
    weight = np.where(good, drop * area, 0)
    chosen = [int(one) for one in np.argsort(-weight, kind="stable")[:_MOST_ITEMS] if weight[one] > 0]
    boxes = _boxes(labels)
    places = list(Region)
    items = tuple(
        Detection(
            kind=next(kind for limit, kind in _KIND_MM if mm[one] <= limit),
            box=_box(boxes[one - 1], frame, grid),
            region=places[int(regions[int(y[one]), int(x[one])])],
            score=float(min(1.0, drop[one] / 10)),
            size_face_widths=float(mm[one] / FACE_MM),
            contrast=float(drop[one]),
        )
        for one in chosen
    )
    return np.asarray(good[labels]), items


def _labelled(mask: BoolMap) -> NDArray[np.int32]:
    from scipy.ndimage import label  # late: 0.1 s

    return np.asarray(label(mask)[0], dtype=np.int32)


def _moments(
    labels: NDArray[np.int32], count: int, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> list[NDArray[np.float64]]:
    flat, size = labels.ravel(), count + 1
    area = np.maximum(np.bincount(flat, minlength=size), 1).astype(np.float64)

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(flat, np.asarray(values, np.float64).ravel(), size) / area

    y, x = mean(rows), mean(columns)
    return [area, y, x, mean(rows**2) - y**2, mean(columns**2) - x**2, mean(rows * columns) - y * x]


def _boxes(labels: NDArray[np.int32]) -> list[tuple[slice, slice]]:
    from scipy.ndimage import find_objects  # late: 0.1 s

    return [(place[0], place[1]) for place in find_objects(labels)]


def _box(place: tuple[slice, slice], frame: CropFrame, grid: SkinGrid) -> Box:
    (down, across), (rows, columns) = grid.pixel, grid.window
    return Box(
        x_px=float(frame.x_px + (columns.start + place[1].start * across) * frame.factor),
        y_px=float(frame.y_px + (rows.start + place[0].start * down) * frame.factor),
        width_px=float((place[1].stop - place[1].start) * across * frame.factor),
        height_px=float((place[0].stop - place[0].start) * down * frame.factor),
    )


def _enlarged(values: FloatMap | BoolMap, grid: SkinGrid) -> FloatMap:
    """Return values of the grid on the pixels of its window."""
    rows, columns = grid.window
    return resized(values.astype(np.float32), (rows.stop - rows.start, columns.stop - columns.start))


def _on_frame(values: FloatMap, seen: BoolMap, grid: SkinGrid, shape: tuple[int, ...]) -> FloatMap:
    """Return values of the window on the whole frame, NaN where the skin is not seen."""
    big = np.full(shape, np.nan, dtype=np.float32)
    np.copyto(big[grid.window], values, where=seen)
    return big


def _on_right(face: Face) -> BoolMap | None:
    """Return the right half of the frame, looked for on every few pixels and smooth between; None from aside."""
    frame = face.frame
    width, height = (-(-side // _SIDE_STEP) for side in (frame.width, frame.height))
    x = frame.x_px + (np.arange(width) + 0.5) * frame.factor * frame.width / width
    y = frame.y_px + (np.arange(height) + 0.5) * frame.factor * frame.height / height
    right = right_of_midline(face, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    if right is None:
        return None
    return resized(right.reshape(height, width).astype(np.float32), (frame.height, frame.width)) > 0.5
