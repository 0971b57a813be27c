"""Brown marks told from the skin around them: freckles, lentigines and patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, CropFrame, Detection, Face, PigmentMarks, Region, SegmentationClass, Skin
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.regions import right_of_midline
from dermis.tasks.pigmentation.contrast import Contrast, local_contrast

__all__ = ["MODEL", "find_marks", "judged_skin", "mark_mask", "mottling_weight"]

MODEL = "brown-marks@1"
WIDTH_PX = 300
"""The face is looked at so many pixels wide, or as wide as the photo has it."""
_FACE_MM = 140.0
_KIND_MM = ((3.0, "freckle"), (10.0, "lentigo"), (np.inf, "patch"))
_NEAR = 0.015
"""So near to hair, brows, eyes, lips and things, in face widths, skin is not judged."""
_NO_SKIN = (SegmentationClass.HAIR, SegmentationClass.LIPS, SegmentationClass.EYES, SegmentationClass.OCCLUDER)
SCORE_LOW, SCORE_HIGH = 3.0, 6.0
"""A mark is where the score reaches the one, around pixels where it reaches the other."""
BLOOD_OFF = 0.5
_SPOT_SHARE = 0.7
"""Darkness at the reach of lentigines counts by this share: pores and shading add to it."""
MOTTLED, PATCH = 0.25, 0.35
"""Share of darker pixels from which skin is mottled, and a patch."""
REDDENED = 3.0
"""Density of blood above the skin around from which a place is red."""
AREA_L, DEEPEST_L, FAINTEST_L = 1.5, 6.0, 0.1
_THIN = 5.0
"""Longer than so many times its width, it is a hair, a line or a vessel."""
_MOLE_DENSITY, _MOLE_MM = 38.0, 12.0
"""Darker than that and smaller than that, it is a mole."""
_FEWEST_PIXELS = 3
_MOST_ITEMS = 200


def find_marks(face: Face, skin: Skin) -> PigmentMarks:
    """Return the brown marks of a face.

    Judged is the visible skin of the face up to its uncertain edge, glare included as far as it is not clipped; not
    the beard, not the neck, not what lies close to hair, brows, eyes and lips.
    """
    width = _width_px(face)
    step = max(1, round(width / WIDTH_PX))
    judged = judged_skin(face.segmentation, skin, step, width / step)
    linear = _reduced(skin.linear, step)
    found, weight = (np.zeros(judged.shape, np.float32) for _ in range(2))
    items: tuple[Detection, ...] = ()
    if np.count_nonzero(judged) >= 64:
        window = _window(judged)
        contrast = local_contrast(linear[window], judged[window], width / step)
        labels = _labelled(mark_mask(contrast))
        kept, items = _kept(labels, contrast, skin.regions[::step, ::step][window], face.frame, step, window, width)
        found[window] = np.where(kept, np.maximum(contrast.drop, FAINTEST_L), 0)
        weight[window] = np.where((labels > 0) & ~kept, 0, mottling_weight(contrast, kept))
    full, weights = (_enlarged(one, judged, step, skin.visible) for one in (found, weight))
    return PigmentMarks(
        contrast=full,
        weight=weights,
        mask=np.nan_to_num(full) > 0,
        on_right=_on_right(face),
        items=items,
        model=MODEL,
    )


def judged_skin(parts: LabelMap, skin: Skin, step: int, width_px: float) -> BoolMap:
    """Return where marks are looked for, on the frame reduced by `step`; width_px: of the face there."""
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    never = np.zeros_like(skin.visible)
    left_out = [skin.excluded[name] for name in ("border", "beside_face", "facial_hair") if name in skin.excluded]
    bare = skin.visible & ~np.logical_or.reduce([never, *left_out]) & (skin.linear[..., 1] < 0.97)
    open_skin = _reduced(bare.astype(np.float32)[..., None], step)[..., 0] > 0.7
    other = np.isin(parts[::step, ::step][: open_skin.shape[0], : open_skin.shape[1]], _NO_SKIN)
    if other.any():
        open_skin &= distance_transform_edt(~other) > max(1.0, _NEAR * width_px)
    return np.asarray(open_skin)


def mark_mask(contrast: Contrast) -> BoolMap:
    """Return where there may be a mark: where the score reaches its limits, and all of a patch; not where it is red."""
    from skimage.filters import apply_hysteresis_threshold  # late: 0.2 s

    evidence = np.maximum(contrast.score, _SPOT_SHARE * contrast.spot * contrast.brown) - BLOOD_OFF * contrast.blood
    spots = np.asarray(apply_hysteresis_threshold(evidence, SCORE_LOW, SCORE_HIGH))
    return spots | ((contrast.mottling > PATCH) & (contrast.blood < REDDENED) & (contrast.brown > 0.5))


def mottling_weight(contrast: Contrast, kept: BoolMap) -> FloatMap:
    """Return (h, w) by how much each pixel of skin adds to the grade, in L*.

    Mottled skin adds with its area, and the more the darker it is; a mark that stands alone adds what lies above the
    just visible. Grey and red skin adds little, and on a face whose dark places are blood everything counts less.
    """
    mottled = contrast.mottling > MOTTLED
    area = np.where(mottled, AREA_L + np.clip(contrast.drop, 0, DEEPEST_L), 0)
    alone = np.where(kept & ~mottled, np.clip(contrast.drop - 1, 0, DEEPEST_L), 0)
    pale = np.clip(1.5 - contrast.blood / REDDENED, 0, 1)
    weight: FloatMap = ((area + alone) * contrast.brown * pale * contrast.melanin_share).astype(np.float32)
    return weight


def _labelled(mask: BoolMap) -> NDArray[np.int32]:
    from scipy.ndimage import label  # late: 0.1 s

    return np.asarray(label(mask)[0], dtype=np.int32)


def _kept(
    labels: NDArray[np.int32],
    contrast: Contrast,
    regions: LabelMap,
    frame: CropFrame,
    step: int,
    window: tuple[slice, slice],
    width: float,
) -> tuple[BoolMap, tuple[Detection, ...]]:
    """Return the pixels of brown marks and their items; hairs, lines, vessels and moles are left out."""
    count = int(labels.max())
    grid = np.indices(labels.shape)
    area, y, x, yy, xx, yx = _moments(labels, count, grid[0], grid[1])
    spread = np.sqrt(np.maximum((yy - xx) ** 2 + 4 * yx**2, 0))
    long, short = np.sqrt((yy + xx + spread) / 2 + 1 / 12), np.sqrt(np.maximum((yy + xx - spread) / 2, 0) + 1 / 12)
    mm = _FACE_MM * step * np.sqrt(area * 4 / np.pi) / width
    deepest = np.zeros(count + 1)
    np.maximum.at(deepest, labels.ravel(), contrast.spot.ravel())
    drop = _mean_of(contrast.drop, labels, count, area)
    mole = (deepest > _MOLE_DENSITY) & (mm < _MOLE_MM)
    good = (area >= _FEWEST_PIXELS) & (long / short < _THIN) & ~mole & (drop > 0)
    good[0] = False
    weight = np.where(good, drop * area, 0)
    chosen = [int(one) for one in np.argsort(-weight, kind="stable")[:_MOST_ITEMS] if weight[one] > 0]
    boxes = _boxes(labels)
    places = list(Region)
    items = tuple(
        Detection(
            kind=next(kind for limit, kind in _KIND_MM if mm[one] <= limit),
            box=_box(boxes[one - 1], frame, step, window),
            region=places[int(regions[int(y[one]), int(x[one])])],
            score=float(min(1.0, drop[one] / 10)),
            size_face_widths=float(mm[one] / _FACE_MM),
            contrast=float(drop[one]),
        )
        for one in chosen
    )
    return np.asarray(good[labels]), items


def _moments(
    labels: NDArray[np.int32], count: int, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> list[NDArray[np.float64]]:
    flat, size = labels.ravel(), count + 1
    area = np.maximum(np.bincount(flat, minlength=size), 1).astype(np.float64)

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(flat, np.asarray(values, np.float64).ravel(), size) / area

    y, x = mean(rows), mean(columns)
    return [area, y, x, mean(rows**2) - y**2, mean(columns**2) - x**2, mean(rows * columns) - y * x]


def _mean_of(values: FloatMap, labels: NDArray[np.int32], count: int, area: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(labels.ravel(), values.ravel().astype(np.float64), count + 1) / area)


def _boxes(labels: NDArray[np.int32]) -> list[tuple[slice, slice]]:
    from scipy.ndimage import find_objects  # late: 0.1 s

    return [(place[0], place[1]) for place in find_objects(labels)]


def _box(place: tuple[slice, slice], frame: CropFrame, step: int, window: tuple[slice, slice]) -> Box:
    pixel = step * frame.factor
    rows, columns = place
    return Box(
        x_px=float(frame.x_px + (window[1].start + columns.start) * pixel),
        y_px=float(frame.y_px + (window[0].start + rows.start) * pixel),
        width_px=float((columns.stop - columns.start) * pixel),
        height_px=float((rows.stop - rows.start) * pixel),
    )


def _window(mask: BoolMap) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _width_px(face: Face) -> float:
    """Return the width of the face in frame pixels; of a close-up half its frame."""
    if face.face_width_px is not None:
        return face.face_width_px / face.frame.factor
    return 0.5 * min(face.frame.width, face.frame.height)


def _reduced(values: FloatMap, step: int) -> FloatMap:
    """Return the mean of each `step` x `step` pixels, (h // step, w // step, c)."""
    height, width = values.shape[0] // step, values.shape[1] // step
    part = values[: height * step, : width * step]
    if step == 1:
        return part
    mean: FloatMap = part.reshape(height, step, width, step, -1).mean(axis=(1, 3), dtype=np.float32)
    return mean


def _enlarged(values: FloatMap, judged: BoolMap, step: int, visible: BoolMap) -> FloatMap:
    """Return values on the whole frame, NaN where the skin is not judged."""
    big = np.full(visible.shape, np.nan, dtype=np.float32)
    full = np.where(judged, values, np.nan).repeat(step, axis=0).repeat(step, axis=1)
    big[: full.shape[0], : full.shape[1]] = full
    big[~visible] = np.nan
    return big


def _on_right(face: Face) -> BoolMap | None:
    frame = face.frame
    x = frame.x_px + (np.arange(frame.width) + 0.5) * frame.factor
    y = frame.y_px + (np.arange(frame.height) + 0.5) * frame.factor
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    right = right_of_midline(face, places)
    return None if right is None else right.reshape(frame.height, frame.width)
