"""Fine vessels of the skin: thin red lines, told from hairs, wrinkles and pores by their length and colour.

A filter of a line's shape, 0.5 mm wide and 2 mm long, is turned to eight directions over the density of green light,
in which blood is darkest. What stands out of the skin's own texture, is 3 mm long or more and three times as long as
wide is a line; it is a vessel where red light is hardly darker there. A hair or a furrow darkens all light alike.
Steerable line filters on vessels: Frangi et al., MICCAI (1998) 130-137; Soares et al., IEEE TMI 25 (2006) 1214-1222.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, CropFrame, Detection, Face, Region, Skin
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold
from dermis.face.regions import FACE_MM, face_width_px

__all__ = ["FineVessels", "find_vessels"]

_Value = TypeVar("_Value", bound=np.generic)

_PX_PER_MM = 2.2
"""The face is looked at so finely, or as finely as the photo has it."""
_ACROSS_MM, _ALONG_MM = 0.25, 0.8
"""Standard deviations of the filter; it is no narrower than 0.9 pixels."""
_DIRECTIONS = 8
_AROUND_MM = 2.5
_EDGE_MM = 1.5
"""So near to the edge of the visible skin nothing is looked for."""
_FAINT, _CLEAR = 3.0, 5.0
"""A line is where the filter answers so many times as much as to the skin's texture, around where it does clearly."""
_LEAST_NOISE = 0.3
_SHORTEST_MM, _SLENDER = 3.0, 3.0
_RED_SHARE = 0.45
"""From this share of its darkness in green that red light does not have, a line holds blood; hairs have about 0."""
_DARKEST = 0.004
_MOST_ITEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FineVessels:
    """The vessels of one face, on the analysed frame.

    mask: (h, w) bool. judged: (h, w) bool, where they were looked for. length: (h, w) float32, millimetres of vessel
    at each pixel: their sum is the length. mm_per_px: of a frame pixel. seen_mm: of a pixel of what was looked at.
    items: the vessels, the longest first; `size_face_widths` is the length.
    """

    mask: BoolMap
    judged: BoolMap
    length: FloatMap
    mm_per_px: float
    seen_mm: float
    items: tuple[Detection, ...]

    def __post_init__(self) -> None:
        hold(self, "mask", dtype=np.bool_, shape=(None, None))
        hold(self, "judged", dtype=np.bool_, shape=self.mask.shape)
        hold(self, "length", dtype=np.float32, shape=self.mask.shape)


def find_vessels(face: Face, skin: Skin) -> FineVessels:
    """Return the fine vessels of a face; lengths take the face, of a close-up half the frame, as 140 mm wide."""
    frame_px_mm = face_width_px(face) / face.frame.factor / FACE_MM
    step = max(1, int(frame_px_mm / _PX_PER_MM))
    px_mm = frame_px_mm / step
    judged = _core(_reduced(skin.visible.astype(np.float32)[..., None], step)[..., 0] > 0.99, px_mm)
    mask, length = np.zeros_like(judged), np.zeros(judged.shape, np.float32)
    items: tuple[Detection, ...] = ()
    if judged.any():
        answer, blood = _line_filter(_reduced(skin.linear, step), judged, px_mm)
        labels = _lines(answer, judged)
        mask, length, items = _vessels(labels, answer, blood, px_mm, skin.regions[::step, ::step], face.frame, step)
    shape = skin.visible.shape
    return FineVessels(
        mask=_enlarged(mask, step, shape),
        judged=_enlarged(judged, step, shape),
        length=_enlarged((length / step**2).astype(np.float32), step, shape),
        mm_per_px=1 / frame_px_mm,
        seen_mm=1 / px_mm,
        items=items,
    )


def _core(visible: BoolMap, px_mm: float) -> BoolMap:
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    inside = distance_transform_edt(np.pad(visible, 1))[1:-1, 1:-1]
    return np.asarray(inside > _EDGE_MM * px_mm)


def _line_filter(linear: FloatMap, judged: BoolMap, px_mm: float) -> tuple[FloatMap, FloatMap]:
    """Return the answer (h, w) to lines darker in green, and that of green less red density in the same direction."""
    density = -100 * np.log10(np.maximum(linear, _DARKEST), dtype=np.float32)
    green = _above_around(density[..., 1], judged, px_mm)
    answers = _turned(green, px_mm, 1.0)
    best = answers.argmax(axis=0)
    crossing = np.take_along_axis(answers, ((best + _DIRECTIONS // 2) % _DIRECTIONS)[None], 0)[0]
    answer = np.maximum(answers.max(axis=0) - np.maximum(crossing, 0), 0) * judged
    # Colour is stored more coarsely than light: a wider filter.
    red_free = _turned(_above_around(density[..., 1] - density[..., 0], judged, px_mm), px_mm, 1.3)
    return answer, np.take_along_axis(red_free, best[None], 0)[0]


def _above_around(values: FloatMap, judged: BoolMap, px_mm: float) -> FloatMap:
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    kept = judged.astype(np.float32)
    around = gaussian_filter(values * kept, _AROUND_MM * px_mm)
    around /= np.maximum(gaussian_filter(kept, _AROUND_MM * px_mm), 1e-3)
    return np.where(judged, values - around, np.float32(0)).astype(np.float32)


def _turned(values: FloatMap, px_mm: float, wider: float) -> NDArray[np.float32]:
    """Return the answers (directions, h, w) of the line filter."""
    from scipy.fft import irfft2, next_fast_len, rfft2  # late: 0.1 s

    across, along = max(0.9, _ACROSS_MM * px_mm) * wider, max(2.5, _ALONG_MM * px_mm)
    reach = int(np.ceil(3 * along))
    shape = [next_fast_len(size + 2 * reach, real=True) for size in values.shape]
    spectrum = rfft2(values, shape)
    rows, columns = (slice(reach, reach + size) for size in values.shape)
    turned = [rfft2(_kernel(across, along, reach, np.pi * turn / _DIRECTIONS), shape) for turn in range(_DIRECTIONS)]
    return np.stack([irfft2(spectrum * one, shape)[rows, columns] for one in turned]).astype(np.float32)


def _kernel(across: float, along: float, reach: int, angle_rad: float) -> NDArray[np.float32]:
    """Return a ridge with valleys at its sides; its sum is 0, that of its absolute values 2."""
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    length = x * np.cos(angle_rad) + y * np.sin(angle_rad)
    side = (y * np.cos(angle_rad) - x * np.sin(angle_rad)) / across
    kernel = (1 - side**2) * np.exp(-(side**2) / 2 - (length / along) ** 2 / 2)
    kernel -= kernel.mean()
    return np.asarray(2 * kernel / np.abs(kernel).sum(), dtype=np.float32)


def _lines(answer: FloatMap, judged: BoolMap) -> NDArray[np.int32]:
    from scipy.ndimage import label  # late: 0.1 s
    from skimage.filters import apply_hysteresis_threshold  # late: 0.1 s

    noise = max(float(np.median(answer[judged])) / 0.6745, _LEAST_NOISE)
    lines = apply_hysteresis_threshold(answer, _FAINT * noise, _CLEAR * noise) & judged
    return np.asarray(label(lines, np.ones((3, 3)))[0], dtype=np.int32)


def _vessels(
    labels: NDArray[np.int32],
    answer: FloatMap,
    blood: FloatMap,
    px_mm: float,
    regions: LabelMap,
    frame: CropFrame,
    step: int,
) -> tuple[BoolMap, FloatMap, tuple[Detection, ...]]:
    """Return the mask of the lines that are vessels, their length in mm at each pixel, and their items."""
    from scipy.ndimage import find_objects  # late: 0.1 s
    from skimage.morphology import skeletonize  # late: 0.1 s

    mask, length = np.zeros(labels.shape, np.bool_), np.zeros(labels.shape, np.float32)
    items = []
    places = list(Region)
    for number, place in enumerate(find_objects(labels), start=1):
        line = labels[place] == number
        if not _is_slender(line, px_mm) or blood[place][line].mean() < _RED_SHARE * answer[place][line].mean():
            continue
        mask[place] |= line
        middle = skeletonize(line)
        length[place][middle] = 1 / px_mm
        long_mm = float(np.count_nonzero(middle) / px_mm)
        code = int(np.bincount(regions[place][line]).argmax())
        items.append(_item(place, frame, step, long_mm, float(answer[place][line].mean()), places[code]))
    items.sort(key=lambda item: -(item.size_face_widths or 0.0))
    return mask, length, tuple(items[:_MOST_ITEMS])


def _is_slender(line: BoolMap, px_mm: float) -> bool:
    """Return whether a piece is long and thin, by the axes of the ellipse with its moments."""
    places = np.argwhere(line).astype(np.float64)
    if len(places) < _SHORTEST_MM * px_mm:
        return False
    spread = np.linalg.eigvalsh(np.cov(places.T, bias=True) + np.eye(2) / 12)
    short, long = 4 * np.sqrt(np.maximum(spread, 1 / 12))
    return bool(long >= _SHORTEST_MM * px_mm and long >= _SLENDER * short)


def _item(
    place: tuple[slice, ...], frame: CropFrame, step: int, long_mm: float, strength: float, region: Region
) -> Detection:
    pixel = step * frame.factor
    rows, columns = place
    return Detection(
        kind="vessel",
        box=Box(
            x_px=float(frame.x_px + columns.start * pixel),
            y_px=float(frame.y_px + rows.start * pixel),
            width_px=float((columns.stop - columns.start) * pixel),
            height_px=float((rows.stop - rows.start) * pixel),
        ),
        region=region,
        score=float(min(1.0, strength / 20)),
        size_face_widths=long_mm / FACE_MM,
    )


def _reduced(values: FloatMap, step: int) -> FloatMap:
    height, width = values.shape[0] // step, values.shape[1] // step
    part = values[: height * step, : width * step]
    if step == 1:
        return part
    mean: FloatMap = part.reshape(height, step, width, step, -1).mean(axis=(1, 3), dtype=np.float32)
    return mean


def _enlarged(values: NDArray[_Value], step: int, shape: tuple[int, ...]) -> NDArray[_Value]:
    big = np.zeros(shape, values.dtype)
    full = values.repeat(step, axis=0).repeat(step, axis=1)
    big[: full.shape[0], : full.shape[1]] = full
    return big
