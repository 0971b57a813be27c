"""The face on a grid of fixed millimetres, and what is known of each pixel there: the clues that marks are told by.

A sharper photo gives no more pixels: everything is looked at 0.7 mm a pixel, on a face taken as 140 mm wide, under
blurs of fixed widths in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, SegmentationClass, Skin
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.face.crop import to_frame
from dermis.face.regions import FACE_MM, face_width_px
from dermis.tasks.pigmentation.contrast import (
    BLOOD_AXIS,
    MELANIN_AXIS,
    REACHES,
    WEIGHTS,
    darkness,
    resized,
    skin_around,
    smoothed,
)

__all__ = [
    "CLUES",
    "GRID_MM",
    "SkinGrid",
    "clues_of",
    "density_of",
    "excess_blood",
    "frame_at",
    "like_melanin",
    "skin_grid",
]

GRID_MM = 0.7
BLURS_MM = (0.7, 1.4, 2.8, 5.6, 11.0, 22.0)
"""Spread of each Gaussian; clues are differences of neighbours, the widest less the mean of the face."""
RIDGES_MM, SLOPES_MM, SHADES_MM, TEXTURES_MM = (0.7, 1.4, 2.8), (5.6, 15.0), (2.8, 11.0), (5.6, 15.0)
_NEAR_MM, _FAR_MM = 2.0, 20.0
_NO_SKIN = (SegmentationClass.HAIR, SegmentationClass.LIPS, SegmentationClass.EYES, SegmentationClass.OCCLUDER)
_CHANNELS = ("dark", "red", "blue")
"""Darkness, and by how much red and blue density differ from green."""
_EYES = (33, 263)
"""Landmarks of the outer corners of the eyes, the person's right first."""
_DARKEST = 0.004
_GLARE_SHARE, _FEWEST_MATTE = 0.1, 200
"""A pixel of the grid with more glare than that is glossy; with fewer others gloss is not left out."""
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.bool_)
_BLOOD_SLOPE, _MELANIN_SLOPE = 0.3, 0.6
"""Where red density rises with green by less than the first it is blood that varies, from the second on melanin."""
_BELOW_SHADE, _AS_SHADE, _SHADE_COUNTS = 0.7, 1.0, 0.5
"""Where red rises as steeply as in the shading of the whole face, what is dark counts half; in full below 0.7 of it."""
_SHADE_SLOPES = (0.65, 0.9)
_SHADE_BLURS = ("11.0", "22.0")
CLUES = (
    *(f"{channel}_{blur}" for blur in BLURS_MM for channel in _CHANNELS),
    *(f"{channel}_around_{reach}" for reach in REACHES for channel in _CHANNELS),
    *(f"ridge_{end}_{blur}" for blur in RIDGES_MM for end in ("low", "high")),
    *(f"{channel}_slope_{reach}" for reach in SLOPES_MM for channel in ("red", "blue")),
    *(f"shade_{blur}" for blur in SHADES_MM),
    *(f"texture_{reach}" for reach in TEXTURES_MM),
    "texture_of_face",
    "beside_midline",
    "below_eyes",
    "to_edge",
    "to_eyes_and_lips",
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinGrid:
    """The part of the frame in `window` on a grid of `GRID_MM`.

    linear: (h, w, 3) float32. judged: (h, w) bool, where marks are looked for. glossy: (h, w) bool, glare and a pixel
    around it. to_edge_mm, to_parts_mm: (h, w) float32, how far it is to what is no face, and to eyes, brows and lips.
    beside, below: (h, w) float32, from the middle between the eyes, in face widths, NaN where no landmarks are.
    """

    window: tuple[slice, slice]
    linear: FloatMap
    judged: BoolMap
    glossy: BoolMap
    to_edge_mm: FloatMap
    to_parts_mm: FloatMap
    beside: FloatMap
    below: FloatMap

    @property
    def pixel(self) -> tuple[float, float]:
        """Frame pixels that one pixel of the grid covers, by row and by column."""
        rows, columns = self.window
        height, width = self.judged.shape
        return (rows.stop - rows.start) / height, (columns.stop - columns.start) / width


def skin_grid(face: Face, skin: Skin) -> SkinGrid | None:
    """Return the face on its grid; None where hardly any skin is judged.

    Judged is the visible skin of the face up to its uncertain edge, glare included as far as it is not clipped; not
    the beard, not the neck, not what lies close to hair, brows, eyes and lips.
    """
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    left_out = [skin.excluded[name] for name in ("border", "beside_face", "facial_hair") if name in skin.excluded]
    bare = skin.visible & (skin.linear[..., 1] < 0.97)
    for one in left_out:
        bare &= ~one
    if np.count_nonzero(bare) < 64:
        return None
    window = _window(bare)
    side = GRID_MM * face_width_px(face) / face.frame.factor / FACE_MM
    height, width = (max(8, round((part.stop - part.start) / side)) for part in window)
    open_skin = resized(bare[window].astype(np.float32), (height, width)) > 0.7
    parts = resized(_is_part(face.segmentation[window]).astype(np.float32), (height, width)) > 0.5
    to_parts = GRID_MM * distance_transform_edt(~parts) if parts.any() else np.full(parts.shape, _FAR_MM)
    to_edge = GRID_MM * distance_transform_edt(np.pad(open_skin | parts, 1))[1:-1, 1:-1]
    beside, below = _places(face, window, (height, width))
    return SkinGrid(
        window=window,
        linear=resized(skin.linear[window], (height, width)),
        judged=np.asarray(open_skin & (to_parts > _NEAR_MM)),
        glossy=_glossy(skin, window, (height, width)),
        to_edge_mm=np.asarray(np.minimum(to_edge, _FAR_MM), np.float32),
        to_parts_mm=np.asarray(np.minimum(to_parts, _FAR_MM), np.float32),
        beside=beside,
        below=below,
    )


def clues_of(grid: SkinGrid) -> Floats:
    """Return (n, k) of `CLUES` for the judged pixels, row by row."""
    judged = grid.judged
    density = density_of(grid)
    blurs = [smoothed(density, judged, blur / GRID_MM) for blur in BLURS_MM]
    middle = density[judged].mean(axis=0)
    bands = [first - second for first, second in zip(blurs, [*blurs[1:], middle], strict=True)]
    around = [blurs[0] - skin_around(density, judged, reach * FACE_MM / GRID_MM) for reach in REACHES]
    dark = {blur: darkness(values) for blur, values in zip(BLURS_MM, blurs, strict=True)}
    ridges = [end for blur in RIDGES_MM for end in _ridges(dark[blur], blur / GRID_MM)]
    slopes = [one for reach in SLOPES_MM for one in _slopes(blurs[1] - blurs[4], judged, reach / GRID_MM)]
    shades = [np.hypot(*np.gradient(dark[blur])) for blur in SHADES_MM]
    fine = darkness(bands[0]) ** 2
    textures = [np.sqrt(smoothed(fine[..., None], judged, reach / GRID_MM)[..., 0]) for reach in TEXTURES_MM]
    planes = [*ridges, *slopes, *shades, *textures]
    places = [grid.beside, grid.below, grid.to_edge_mm, grid.to_parts_mm]
    of_face = np.full(int(judged.sum()), np.sqrt(np.median(fine[judged])), np.float32)
    columns = [channel for plane in (*bands, *around) for channel in _channels(plane[judged]).T]
    columns += [plane[judged] for plane in planes]
    return np.stack([*columns, of_face, *(plane[judged] for plane in places)], axis=1).astype(np.float32)


def frame_at(labels: LabelMap, grid: SkinGrid) -> LabelMap:
    """Return labels of the frame at the middle of each pixel of the grid."""
    rows, columns = (
        part.start + ((np.arange(count) + 0.5) * pixel).astype(np.intp)
        for part, count, pixel in zip(grid.window, grid.judged.shape, grid.pixel, strict=True)
    )
    found: LabelMap = labels[np.ix_(rows, columns)]
    return found


def excess_blood(grid: SkinGrid) -> float:
    """Return the mean 100 x green density of blood beyond that of the skin around.

    Gloss is left out, of the skin around as well. It adds the light's own colour to all channels alike, which moves the
    density of red least, where skin is brightest: on dark skin what is matte looks as red beside it as if by blood.
    """
    matte = grid.judged & ~grid.glossy
    if np.count_nonzero(matte) < _FEWEST_MATTE:
        matte = grid.judged
    density = density_of(grid)
    around = skin_around(density, matte, REACHES[-1] * FACE_MM / GRID_MM)
    beyond = (smoothed(density, matte, BLURS_MM[0] / GRID_MM) - around)[matte]
    axes = np.array([MELANIN_AXIS, BLOOD_AXIS], np.float32)
    return float(np.maximum((beyond @ np.linalg.pinv(axes))[:, 1], 0).mean())


def density_of(grid: SkinGrid) -> Floats:
    """Return 100 x density (h, w, 3)."""
    return np.asarray(-100 * np.log10(np.maximum(grid.linear, _DARKEST), dtype=np.float32))


def like_melanin(clues: Floats) -> Floats:
    """Return how far what varies about each pixel of clues (n, k) has the colour of melanin, 0 to 1.

    Told by how steeply red density rises with green within 6 and 15 mm: blood hardly moves red. Shading moves both
    alike before the camera's tone curve, which bends it towards melanin: so a face's own shading, what varies over more
    than a centimetre, is the measure of it.
    """
    near, wide = (clues[:, CLUES.index(f"red_slope_{reach}")] for reach in SLOPES_MM)
    brown = _rising(near, _BLOOD_SLOPE, _MELANIN_SLOPE) * _rising(wide, _BLOOD_SLOPE, _MELANIN_SLOPE)
    shade = _rising(near / _slope_of_shade(clues), _BELOW_SHADE, _AS_SHADE)
    return np.asarray(brown * (1 - _SHADE_COUNTS * shade), np.float32)


def _slope_of_shade(clues: Floats) -> float:
    """Return by how much red density rises with green where the whole face varies."""
    places = [[CLUES.index(f"{channel}_{blur}") for channel in _CHANNELS] for blur in _SHADE_BLURS]
    red, green, _ = _densities(np.sum([clues[:, one] for one in places], axis=0)).T
    green = green - green.mean()
    slope = float((red * green).sum() / max(float((green**2).sum()), 1e-6))
    return float(np.clip(slope, *_SHADE_SLOPES))


def _rising(values: Floats, low: float, high: float) -> Floats:
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)


def _channels(density: Floats) -> Floats:
    """Return darkness, red less green and blue less green for density (n, 3) of red, green, blue."""
    red, green, blue = density.T
    return np.stack([darkness(density), red - green, blue - green], axis=1)


def _densities(channels: Floats) -> Floats:
    """Return density (n, 3) of red, green, blue, from what `_channels` says."""
    dark, red, blue = channels.T
    green = dark - WEIGHTS[0] * red - WEIGHTS[2] * blue
    return np.stack([green + red, green, green + blue], axis=1)


def _glossy(skin: Skin, window: tuple[slice, slice], shape: tuple[int, int]) -> BoolMap:
    """Return where any glare lies on the grid, and a pixel around it."""
    from scipy.ndimage import maximum_filter  # late: 0.1 s

    glare = skin.excluded.get("specular")
    if glare is None or not glare[window].any():
        return np.zeros(shape, np.bool_)
    share = resized(glare[window].astype(np.float32), shape)
    return np.asarray(maximum_filter(share, footprint=_CROSS) > _GLARE_SHARE)


def _is_part(parts: LabelMap) -> BoolMap:
    return np.isin(parts, [int(one) for one in _NO_SKIN])


def _places(face: Face, window: tuple[slice, slice], shape: tuple[int, int]) -> tuple[Floats, Floats]:
    rows, columns = ((np.arange(count) + 0.5) * (part.stop - part.start) / count + part.start
                     for part, count in zip(window, shape, strict=True))  # fmt: skip
    if face.landmarks is None:
        nothing = np.full(shape, np.nan, np.float32)
        return nothing, nothing
    right, left = to_frame(face.landmarks, face.frame)[list(_EYES), :2]
    along = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    x, y = columns[None, :] - (left[0] + right[0]) / 2, rows[:, None] - (left[1] + right[1]) / 2
    width = face_width_px(face) / face.frame.factor
    beside, below = np.abs(x * along[0] + y * along[1]) / width, (y * along[0] - x * along[1]) / width
    return beside.astype(np.float32), below.astype(np.float32)


def _ridges(values: Floats, blur_px: float) -> tuple[Floats, Floats]:
    """Return the lower and higher curvature of each pixel, at the scale of the blur."""
    down, across = np.gradient(values)
    (yy, yx), xx = np.gradient(down), np.gradient(across)[1]
    half, spread = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    size = max(blur_px, 1.0) ** 2
    return size * (half - spread), size * (half + spread)


def _slopes(excess: Floats, judged: BoolMap, reach_px: float) -> tuple[Floats, Floats]:
    """Return by how much red and blue density rise with green about each pixel."""
    products = np.stack([excess[..., 1] ** 2, excess[..., 0] * excess[..., 1], excess[..., 2] * excess[..., 1]], -1)
    sums = smoothed(products, judged, reach_px)
    green = np.maximum(sums[..., 0], 0.05)
    return np.clip(sums[..., 1] / green, -1, 2), np.clip(sums[..., 2] / green, -1, 2.5)


def _window(mask: BoolMap) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
