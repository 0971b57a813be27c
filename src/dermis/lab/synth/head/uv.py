"""Maps from the skin of a head to a plane, and the regions of the face on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.core import Region
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold
from dermis.lab.synth.head.anatomy import face_inside, lips_inside, region_codes, upper_lip_inside
from dermis.lab.synth.head.uv_atlas import eye_opening, template
from dermis.optics.spectral_grid import interpolation

__all__ = ["Atlas", "Grid", "coarse", "face_atlas", "flat_atlas", "relief_share", "spread_gain", "zoned"]

NAMED = tuple(region for region in Region if region is not Region.FACE)
GRID_SIDE = 128
"""Longest side of the coarse grid that slow changes across a face are worked out on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """The skin of a face laid flat, every map (H, W); u runs along columns and v along rows, both in [0, 1].

    The middle of the face lies at u = 0.5.
    regions: uint8 of `Region.code`, 0 where no region is named. skin: where there is skin of the face, the
    part that bears marks and is graded. left: the person's left half. upper_lip: skin between nose and mouth.
    mm_per_px_u, mm_per_px_v: true size of a pixel on the head, in mm.
    """

    regions: LabelMap
    skin: BoolMap
    left: BoolMap
    upper_lip: BoolMap
    mm_per_px_u: FloatMap
    mm_per_px_v: FloatMap

    def __post_init__(self) -> None:
        hold(self, "regions", dtype=np.uint8, shape=(None, None))
        for field in ("skin", "left", "upper_lip"):
            hold(self, field, dtype=np.bool_, shape=self.regions.shape)
        for field in ("mm_per_px_u", "mm_per_px_v"):
            hold(self, field, dtype=np.float32, shape=self.regions.shape)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.regions.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.regions.shape[1])

    @property
    def mm2_per_px(self) -> FloatMap:
        """(H, W) true area of each pixel in mm²."""
        return self.mm_per_px_u * self.mm_per_px_v


def flat_atlas(regions: LabelMap, skin: BoolMap, left: BoolMap, mm_per_px: float) -> Atlas:
    """Return an atlas, of no upper lip, whose pixels all measure `mm_per_px` both ways."""
    scale, none = np.full(regions.shape, mm_per_px, dtype=np.float32), np.zeros(regions.shape, np.bool_)
    return Atlas(regions=regions, skin=skin, left=left, upper_lip=none, mm_per_px_u=scale, mm_per_px_v=scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """An atlas seen coarsely: pixel (i, j) of each map is the atlas at the centre of its cell.

    codes: (h, w) uint8, the named region or, where none is named, the nearest one. beyond_mm: (h, w) how far
    off that is. skin, left, upper_lip: as in the atlas. mm2: (h, w) true area of a cell. mm_u, mm_v: true width and
    height of a cell at the middle of the skin, for distances.
    """

    codes: LabelMap
    beyond_mm: NDArray[np.float64]
    skin: BoolMap
    left: BoolMap
    upper_lip: BoolMap
    mm2: NDArray[np.float64]
    mm_u: float
    mm_v: float


def coarse(atlas: Atlas) -> Grid:
    """Return `atlas` on a grid of at most 128 cells a side."""
    step = max(1, -(-max(atlas.height, atlas.width) // GRID_SIDE))
    rows = np.minimum(np.arange(0, atlas.height, step) + step // 2, atlas.height - 1)
    columns = np.minimum(np.arange(0, atlas.width, step) + step // 2, atlas.width - 1)
    at = np.ix_(rows, columns)
    mm_u, mm_v = atlas.mm_per_px_u[at] * step, atlas.mm_per_px_v[at] * step
    skin = atlas.skin[at]
    inside = skin if skin.any() else np.ones_like(skin)
    middle_u, middle_v = float(np.median(mm_u[inside])), float(np.median(mm_v[inside]))
    codes, beyond_mm = _nearest_code(atlas.regions[at], (middle_v, middle_u))
    return Grid(
        codes=codes,
        beyond_mm=beyond_mm,
        skin=skin,
        left=atlas.left[at],
        upper_lip=atlas.upper_lip[at],
        mm2=(mm_u * mm_v).astype(np.float64),
        mm_u=middle_u,
        mm_v=middle_v,
    )


def _nearest_code(codes: LabelMap, pitch_mm: tuple[float, float]) -> tuple[LabelMap, NDArray[np.float64]]:
    from scipy import ndimage  # late: a third of a second to import

    if not codes.any():
        return codes, np.zeros(codes.shape)
    beyond_mm, (rows, columns) = ndimage.distance_transform_edt(codes == 0, sampling=pitch_mm, return_indices=True)
    return np.ascontiguousarray(codes[rows, columns]), beyond_mm


def zoned(grid: Grid, values: Mapping[Region, float], *, otherwise: float = 1.0) -> NDArray[np.float64]:
    """Return (h, w) `values` by region on the coarse grid, `otherwise` where a region has none."""
    table = np.full(len(Region), otherwise)
    for region, value in values.items():
        table[region.code] = value
    return table[grid.codes]


def spread_gain(atlas: Atlas, grid: Grid, values: Mapping[Region, float], *, blur_mm: float) -> FloatMap:
    """Return (H, W) `values` by region, smoothed over `blur_mm`; they fade to 1 some 3 cm from any region."""
    from scipy import ndimage  # late: a third of a second to import

    sigma = (blur_mm / grid.mm_v, blur_mm / grid.mm_u)
    faded = 1 + (zoned(grid, values) - 1) * np.exp(-((grid.beyond_mm / 20) ** 2))
    smooth = ndimage.gaussian_filter(faded, sigma, mode="nearest")
    return _enlarge(smooth, (atlas.height, atlas.width))


def _enlarge(values: NDArray[np.float64], shape: tuple[int, int]) -> FloatMap:
    down = _blend(values.shape[0], shape[0])
    across = _blend(values.shape[1], shape[1])
    return np.asarray(down @ values.astype(np.float32) @ across.T, dtype=np.float32)


def _blend(cells: int, pixels: int) -> FloatMap:
    """Return the (pixels, cells) matrix of linear interpolation between cell centres."""
    at = np.clip((np.arange(pixels) + 0.5) / pixels * cells - 0.5, 0, cells - 1)
    low = np.minimum(at.astype(np.intp), max(cells - 2, 0))
    weight = (at - low).astype(np.float32)
    matrix = np.zeros((pixels, cells), dtype=np.float32)
    matrix[np.arange(pixels), low] = 1 - weight
    matrix[np.arange(pixels), np.minimum(low + 1, cells - 1)] += weight
    return matrix


_EDGE_MM = 1.0
"""The face's skin ends so far from lips and eyes."""


@cache
def face_atlas(texels: int = 1024) -> Atlas:
    """Return the atlas of `texels` x `texels`; its skin is that of the face, without lips and eyes, up to the hair."""
    rest = _places(texels)
    across_mm, down_mm = (np.linalg.norm(np.gradient(rest, axis=axis), axis=-1) for axis in (1, 0))
    skin = (face_inside(rest) > 0) & (lips_inside(rest) < -_EDGE_MM) & (eye_opening(rest) < -_EDGE_MM)
    return Atlas(
        regions=region_codes(rest),
        skin=skin,
        left=rest[..., 0] > 0,
        upper_lip=skin & (upper_lip_inside(rest) > 0),
        mm_per_px_u=np.maximum(across_mm, 1e-3).astype(np.float32),
        mm_per_px_v=np.maximum(down_mm, 1e-3).astype(np.float32),
    )


@cache
def relief_share(texels: int = 1024) -> FloatMap:
    """Return (h, w) how much of drawn relief shows: all on the face, a fifth where the atlas stretches it."""
    from scipy.ndimage import distance_transform_edt  # late: a tenth of a second

    away = distance_transform_edt(~face_atlas(texels).skin) / texels
    return (0.2 + 0.8 * np.exp(-((away / 0.05) ** 2))).astype(np.float32)


def _places(texels: int) -> FloatMap:
    """Return where on the average head each texel lies, (h, w, 3) in mm."""
    held = template()
    centres = (np.arange(texels) + 0.5) / texels
    down = interpolation(held.v.astype(np.float64), centres)
    across = interpolation(held.u.astype(np.float64), centres)
    return np.stack([down @ held.points[..., k] @ across.T for k in range(3)], axis=-1).astype(np.float32)
