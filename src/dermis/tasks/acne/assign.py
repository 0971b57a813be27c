"""Lesions assigned to regions and sides of the face, with their looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.core import (
    CropFrame,
    Detection,
    Face,
    FaceLesions,
    Lesions,
    Region,
    SegmentationClass,
    Skin,
    View,
    in_classes,
)
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.crop import to_frame
from dermis.face.landmarks import BROWS, EYES, LIPS, NOSTRILS, polygon_mask
from dermis.face.regions import face_width_px, map_regions, right_of_midline
from dermis.tasks.acne.decode import box_of, kind_by_looks, lesion_features

__all__ = ["HEAT_SQUARE", "lesions_at", "place_lesions", "regions_at"]

Points = NDArray[np.float64]

_BEARING = (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE, SegmentationClass.FACIAL_HAIR)
_FACE_EDGE = 0.06
"""Skin so near to the face, in face widths, is still face: along the jaw and before the ears its edge is uncertain."""
_SLIPPED = 0.015
"""A lesion lies on skin whose middle is so near to skin, in face widths: parts are coarser than boxes."""
_NOSTRIL_RIM = 0.012
"""How far the rim of a nostril reaches, in face widths."""
_TURNED_DEG = 40.0
"""Beyond this yaw the outlines of brows and lips come to lie on skin beside them."""
_REGION_REACH = 0.25
"""Temples and jaw lie in no named region: they count with the nearest one within so many face widths."""
INVOLVED_REACH = 10 / 140
"""10 mm on a face of 140 mm, in face widths: so near to a lesion skin counts as involved."""
HEAT_SQUARE = 0.1
"""Side of the square in which the heat map counts lesions, in face widths."""
_HEAT_BLUR = 0.03
_RIM = 1.5
"""Redness around a lesion reaches so far, in its own radii."""
_LONGEST = 320
"""Pixels along the longer side of the maps in which places are looked up: finer than any lesion, and quick."""


def place_lesions(found: Lesions, face: Face, skin: Skin, *, own_area: bool = False) -> FaceLesions:
    """Put what was found in a photo in its places on one face of it.

    A lesion belongs to the face where its middle lies on facial skin, bearded or not; what the network saw in hair, on
    lips, eyes or another person is left out, of the maps too. own_area: the user drew the skin; count inside it.
    """
    width_px = face_width_px(face)
    step = _step(face.frame)
    on_face = _on_face(face, width_px, own_area=own_area)
    regions = _nearest_regions(face.regions[::step, ::step], _REGION_REACH * width_px / (face.frame.factor * step))
    items, places_px, beside = _items(found, face, skin, on_face, regions)
    cells_px = _cells(found)
    at_cells = _looked_up(on_face, cells_px, face.frame)
    density = np.where(at_cells, found.density, 0.0)
    density_inclusive = np.where(at_cells, found.density_inclusive, 0.0)
    afar = found.density_afar
    seen_afar = None if afar is None else float(np.where(at_cells, afar, 0.0).sum())
    cell_regions = _looked_up(regions, cells_px, face.frame)
    right = right_of_midline(face, cells_px.reshape(-1, 2))
    return FaceLesions(
        found=found,
        view=face.view,
        items=items,
        on_right=right_of_midline(face, places_px),
        counts=_by_region(density, cell_regions),
        counts_all=_by_region(density_inclusive, cell_regions),
        halves=None if right is None else _halves(density, right.reshape(density.shape)),
        seen=_seen(face),
        involved=_involved(face, places_px, width_px),
        heat=_heat(found, density, face, on_face, width_px),
        beside=beside,
        count_afar=seen_afar,
        covered=_covered(items, face.frame),
    )


def regions_at(places_px: Points, face: Face, *, own_area: bool = False) -> NDArray[np.intp]:
    """Return `Region.code` at photo points (n, 2) where a lesion of the face can lie, `Region.FACE` in no named region;
    -1 elsewhere.
    """
    width_px, step = face_width_px(face), _step(face.frame)
    reach = _REGION_REACH * width_px / (face.frame.factor * step)
    codes = _looked_up(_nearest_regions(face.regions[::step, ::step], reach), places_px, face.frame)
    bearing = _looked_up(_on_face(face, width_px, own_area=own_area), places_px, face.frame)
    return np.where(np.asarray(bearing, np.bool_), np.asarray(codes, np.intp), -1)


def _step(frame: CropFrame) -> int:
    """Return by how much maps are reduced in which places are looked up."""
    return max(1, -(-max(frame.height, frame.width) // _LONGEST))


def _reduced(frame: CropFrame, step: int) -> CropFrame:
    """Return the frame of maps of which every `step`-th row and column is kept."""
    height, width = (-(-length // step) for length in (frame.height, frame.width))
    return replace(frame, height=height, width=width, factor=frame.factor * step)


def _on_face(face: Face, width_px: float, *, own_area: bool) -> BoolMap:
    """Return where on the reduced frame a lesion of this face can lie."""
    step = _step(face.frame)
    pixel_px = face.frame.factor * step
    parts, skin = face.segmentation[::step, ::step], face.skin[::step, ::step]
    if own_area or face.box is None:
        return _grown(skin, _SLIPPED * width_px / pixel_px)
    bearing = in_classes(parts, _BEARING)
    near = _grown(bearing, _FACE_EDGE * width_px / pixel_px)
    bearing |= near & (parts == SegmentationClass.OTHER_SKIN) & skin
    return _grown(bearing, _SLIPPED * width_px / pixel_px) & ~_bare_of_lesions(face, width_px, step)


def _bare_of_lesions(face: Face, width_px: float, step: int) -> BoolMap:
    """Return where hair and openings of the face look like lesions: brows, lips, eyes, the rims of nostrils.

    Nowhere on a face turned further than landmarks can be relied on.
    """
    frame = _reduced(face.frame, step)
    if face.landmarks is None or face.pose is None or abs(face.pose.yaw_deg) > _TURNED_DEG:
        return np.zeros((frame.height, frame.width), np.bool_)
    points = to_frame(face.landmarks, frame)
    openings = polygon_mask([points[list(ring)] for ring in (*BROWS, *EYES, LIPS)], frame)
    rims = polygon_mask(
        [points[list(ring)] for ring in NOSTRILS], frame, grow=max(_NOSTRIL_RIM * width_px / frame.factor, 0.5)
    )
    return openings | rims


def _grown(mask: BoolMap, by: float) -> BoolMap:
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    if not mask.any():
        return mask
    grown: BoolMap = distance_transform_edt(~mask) <= by
    return grown


def _nearest_regions(regions: LabelMap, reach: float) -> LabelMap:
    """Return regions (h, w) with what lies in none given to the nearest one within `reach` pixels."""
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    if not regions.any():
        return regions
    away, nearest = distance_transform_edt(regions == 0, return_indices=True)
    filled: LabelMap = np.where(away <= reach, regions[tuple(nearest)], 0).astype(np.uint8)
    return filled


def _looked_up(values: NDArray[np.generic], points_px: Points, frame: CropFrame) -> NDArray[np.generic]:
    """Return what a reduced map of the frame says at photo points (..., 2); 0 beside the frame."""
    step = _step(frame)
    x, y = np.moveaxis(np.floor((points_px - (frame.x_px, frame.y_px)) / frame.factor).astype(np.intp), -1, 0)
    inside = (x >= 0) & (x < frame.width) & (y >= 0) & (y < frame.height)
    held = values[np.clip(y, 0, frame.height - 1) // step, np.clip(x, 0, frame.width - 1) // step]
    return np.where(inside, held, np.zeros((), values.dtype))


def _cells(found: Lesions) -> Points:
    """Return the middle of each cell of the maps in photo pixels, (h, w, 2)."""
    height, width = found.density.shape
    x = found.area.x_px + (np.arange(width) + 0.5) * found.area.width_px / max(width, 1)
    y = found.area.y_px + (np.arange(height) + 0.5) * found.area.height_px / max(height, 1)
    return np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1).astype(np.float64)


def _items(
    found: Lesions, face: Face, skin: Skin, on_face: BoolMap, regions: LabelMap
) -> tuple[tuple[Detection, ...], Points, int]:
    """Return the called lesions on the face, the surest first, their middles (m, 2), and how many lay beside it."""
    called = np.flatnonzero(found.scores >= found.score_threshold)
    boxes = found.boxes_px.astype(np.float64)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    bearing = np.asarray(_looked_up(on_face, middles[called], face.frame), dtype=np.bool_)
    kept = called[bearing]
    # Of equally sure ones the upper, then the left one first: the order they came in does not matter.
    kept = kept[np.lexsort((boxes[kept, 0], boxes[kept, 1], -found.scores[kept]))]
    codes = np.asarray(_looked_up(regions, middles[kept], face.frame), np.intp)
    return _detections(found, kept, codes, face, skin), middles[kept], len(called) - len(kept)


def lesions_at(found: Lesions, rows: NDArray[np.intp], face: Face, skin: Skin) -> tuple[Detection, ...]:
    """Return the boxes of `found` in these rows as lesions, called or not. Each lies on the face (`regions_at`)."""
    boxes = found.boxes_px[rows].astype(np.float64)
    return _detections(found, rows, regions_at((boxes[:, :2] + boxes[:, 2:]) / 2, face), face, skin)


def _detections(
    found: Lesions, rows: NDArray[np.intp], codes: NDArray[np.intp], face: Face, skin: Skin
) -> tuple[Detection, ...]:
    boxes = found.boxes_px.astype(np.float64)
    looks = lesion_features(boxes[rows], face, skin)
    places = list(Region)
    width_px = face.face_width_px
    return tuple(
        Detection(
            kind=kind_by_looks(look),
            box=box_of(boxes[row]),
            region=places[int(code)],
            score=float(found.scores[row]),
            size_face_widths=None if width_px is None else _side(boxes[row]) / width_px,
            redness=look.redness,
            relief=look.relief,
        )
        for row, code, look in zip(rows.tolist(), codes.tolist(), looks, strict=True)
    )


def _covered(items: Sequence[Detection], frame: CropFrame) -> BoolMap:
    """Return the ellipses in the boxes of lesions, with their red rim, on the frame."""
    covered = np.zeros((frame.height, frame.width), np.bool_)
    for box in (item.box for item in items):
        middle = np.array([box.y_px + box.height_px / 2 - frame.y_px, box.x_px + box.width_px / 2 - frame.x_px])
        radii = np.maximum(_RIM * np.array([box.height_px, box.width_px]) / 2, frame.factor)
        low = np.maximum(np.floor((middle - radii) / frame.factor), 0).astype(np.intp)
        high = np.maximum(np.ceil((middle + radii) / frame.factor), 0).astype(np.intp)
        part = covered[low[0] : high[0], low[1] : high[1]]
        rows, columns = np.indices(part.shape)
        y = ((rows + low[0] + 0.5) * frame.factor - middle[0]) / radii[0]
        x = ((columns + low[1] + 0.5) * frame.factor - middle[1]) / radii[1]
        part |= x**2 + y**2 <= 1
    return covered


def _side(corners: NDArray[np.float64]) -> float:
    left, top, right, bottom = corners.tolist()
    return float(np.sqrt(max(right - left, 0) * max(bottom - top, 0)))


def _by_region(density: NDArray[np.floating], regions: NDArray[np.generic]) -> dict[Region, float]:
    sums = np.bincount(np.asarray(regions, dtype=np.intp).ravel(), density.ravel(), minlength=len(Region))
    return {region: float(sums.sum() if region is Region.FACE else sums[region.code]) for region in Region}


def _halves(density: NDArray[np.floating], right: BoolMap) -> tuple[float, float]:
    return float(density[right].sum()), float(density[~right].sum())


def _seen(face: Face) -> dict[Region, float | None]:
    """Return the share of each region in view that is open skin; without landmarks nobody knows how large it is."""
    step = _step(face.frame)
    regions = face.regions[::step, ::step]
    open_skin = np.bincount(regions.ravel(), minlength=len(Region))
    if face.landmarks is None:
        return {region: None for region in Region if region is Region.FACE or open_skin[region.code]}
    everywhere = np.ones(regions.shape, dtype=np.bool_)
    whole_map = map_regions(face.landmarks, _reduced(face.frame, step), everywhere, View.FRONT)
    whole = np.bincount(whole_map.ravel(), minlength=len(Region))
    in_view = [region for region in list(Region)[1:] if open_skin[region.code] and whole[region.code]]
    shares: dict[Region, float | None] = {Region.FACE: float(open_skin[1:].sum() / max(int(whole[1:].sum()), 1))}
    return shares | {region: float(open_skin[region.code] / whole[region.code]) for region in in_view}


def _involved(face: Face, places_px: Points, width_px: float) -> float:
    """Return the share of the face's open skin within 10 mm of a lesion's middle."""
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    skin = face.skin if face.box is None else face.skin & (face.segmentation != SegmentationClass.OTHER_SKIN)
    step = _step(face.frame)
    skin = skin[::step, ::step]
    if not len(places_px) or not skin.any():
        return 0.0
    free = np.ones(skin.shape, dtype=np.bool_)
    x, y = np.floor(to_frame(places_px, face.frame) / step).astype(np.intp).T
    free[np.clip(y, 0, skin.shape[0] - 1), np.clip(x, 0, skin.shape[1] - 1)] = False
    near = distance_transform_edt(free) <= INVOLVED_REACH * width_px / (face.frame.factor * step)
    return float(np.count_nonzero(near & skin) / np.count_nonzero(skin))


def _heat(found: Lesions, density: NDArray[np.floating], face: Face, on_face: BoolMap, width_px: float) -> FloatMap:
    """Return lesions in a square of a tenth of the face's width, on the frame, NaN beside the face."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    height, width = density.shape
    cell_px = np.array([found.area.height_px / max(height, 1), found.area.width_px / max(width, 1)])
    smooth = gaussian_filter(density.astype(np.float32), _HEAT_BLUR * width_px / cell_px, mode="constant")
    smooth *= (HEAT_SQUARE * width_px) ** 2 / float(cell_px.prod())
    frame = face.frame
    rows = frame.y_px + (np.arange(frame.height) + 0.5) * frame.factor
    columns = frame.x_px + (np.arange(frame.width) + 0.5) * frame.factor
    down = np.floor((rows - found.area.y_px) / cell_px[0]).astype(np.intp)
    across = np.floor((columns - found.area.x_px) / cell_px[1]).astype(np.intp)
    inside = ((down >= 0) & (down < height))[:, None] & ((across >= 0) & (across < width))[None, :]
    values = smooth[np.clip(down, 0, height - 1)[:, None], np.clip(across, 0, width - 1)[None, :]]
    step = _step(frame)
    here = on_face.repeat(step, axis=0).repeat(step, axis=1)[: frame.height, : frame.width]
    heat: FloatMap = np.where(here, np.where(inside, values, np.float32(0)), np.float32(np.nan)).astype(np.float32)
    return heat
