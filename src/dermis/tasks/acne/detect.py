"""Find the lesions of a face: the network `acne` on a square crop and on its mirror image.

What it was taught with and how well it does is told by its card and in docs/concepts/acne-learning.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode
from dermis.core import Box, Encoding, Face, Lesions, Photo, SegmentationClass, in_classes
from dermis.core.arrays import BoolMap, FloatMap
from dermis.models.weights import Weights, open_weights
from dermis.tasks.acne.decode import (
    boxes_at_peaks,
    expected_grade,
    grade_probabilities,
    mirrored_back,
    presence_features,
)

__all__ = ["NAME", "FaceSquare", "crop_face_square", "face_extent", "face_square", "find_lesions", "skin_of"]

NAME = "acne"
"""The network's name among the weights that ship with dermis."""
STRIDE = 4
"""Pixels of the view in one cell of its maps, along a side."""
ROOM = 1.12
"""Side of the square that is looked at, over the longer side of the face in it."""

_FACE = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.LIPS,
    SegmentationClass.EYES,
    SegmentationClass.FACIAL_HAIR,
)
_SKIN = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.OTHER_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.FACIAL_HAIR,
)
_FEW, _BESIDE = 10, 3  # lesions beside the skin, and over those on it, that make its mask unbelievable
_OUTERMOST = 0.01  # of the face's pixels, on each side, that do not widen its box
_SKIN_SHARE = 0.4
_NEAR_FROM_PX = 400  # side of the square in the photo from which looking nearer shows more
_AGREE_CELLS = 3.0  # how far apart both looks may see one lesion
_NEAR_ALONE = (2.0, 6.0)  # lesions seen from afar, from which the nearer look begins to count alone, and does
_BARE = 0.02
_ANY_AFAR = 0.5  # lesions that a look at the whole shows in a quarter, from which a nearer look can show more
_REACH = 64  # a mask is widened by one in so many of the cells along a side


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSquare:
    """What the network is shown: `picture` (size, size, 3) uint8 sRGB, `skin` (size / 4, size / 4) float32, 0 or 1.

    area: the square in photo pixels; it may reach beyond the photo, where the picture is black.
    """

    picture: NDArray[np.uint8]
    skin: FloatMap
    area: Box


def find_lesions(photo: Photo, face: Face) -> Lesions:
    """Return the lesions of one face of a photo. Raises ModelMissing where the network is not here."""
    weights = _weights()
    seen = crop_face_square(photo, face, weights.shown.size_px)
    answers = _both_ways(weights, seen)
    told: Mapping[str, Any] = weights.meta["calibration"]
    boxes, scores = boxes_at_peaks(answers["centres"], answers["reaches"], STRIDE)
    if misses_face(seen.skin, boxes[scores >= told["score_from"]]):
        seen = replace(seen, skin=np.ones_like(seen.skin))
        answers = _both_ways(weights, seen)
    scale = seen.area.width_px / weights.shown.size_px
    corner = np.array([seen.area.x_px, seen.area.y_px] * 2, np.float32)
    density = answers["density"] * np.float32(told["count_factor"])
    shares = grade_probabilities(answers["grade"])
    grade = calibrated(expected_grade(shares), told["grade_limits"])
    count = float(density.sum(dtype=np.float64))
    boxes_px = (boxes * np.float32(scale) + corner).astype(np.float32)
    start, slope = told.get("score_curve", (0.0, 1.0))
    return Lesions(
        boxes_px=boxes_px,
        scores=scores,
        density=density,
        density_inclusive=_inclusive(weights, photo, face, seen, answers),
        density_afar=answers["density_all"] * np.float32(told["count_all_factor"]),
        area=seen.area,
        model=weights.model,
        score_threshold=float(told["score_from"]),
        score_curve=(float(start), float(slope)),
        presence=_presence(told, answers),
        grade=grade,
        grade_interval=(max(0.0, grade - told["grade_error"]), min(3.0, grade + told["grade_error"])),
        grade_probabilities=shares,
        count_interval=around(count, told["count_error_log"]),
        level=float(told["level"]),
    )


def _inclusive(
    weights: Weights, photo: Photo, face: Face, seen: FaceSquare, answers: Mapping[str, NDArray[np.float32]]
) -> FloatMap:
    """Return the density of all lesions, small and faint ones too.

    By the second team's protocol; where the photo shows more than one look can see, the four quarters of the square are
    looked at as well, twice as large. Near, every texture looks like a lesion; from afar, small ones are not seen: what
    counts is the geometric mean of both, each the mean of both protocols; where the whole shows acne beyond doubt, the
    nearer look alone.
    """
    told: Mapping[str, Any] = weights.meta["calibration"]
    factors = np.array([told[name] / 2 for name in ("count_factor", "count_all_factor")], np.float32)
    afar = factors[0] * answers["density"] + factors[1] * answers["density_all"]
    if seen.area.width_px < _NEAR_FROM_PX:
        whole: FloatMap = answers["density_all"] * np.float32(told["count_all_factor"])
        return whole
    asked = _worth_a_look(afar, seen.skin)
    if not asked:
        return np.asarray(afar * seen.skin, np.float32)
    picture = crop_face_square(photo, face, 2 * weights.shown.size_px).picture
    near = _nearer(weights, picture, seen.skin, factors, afar, asked)
    return _agreed(afar, near, _share_of_near(float((afar * seen.skin).sum(dtype=np.float64)))) * seen.skin


def _share_of_near(afar: float) -> float:
    """Return how much the nearer look weighs where one look at the whole shows so many lesions: half, up to all."""
    return float(np.interp(afar, _NEAR_ALONE, (0.5, 1.0)))


def _worth_a_look(afar: FloatMap, skin: FloatMap) -> list[tuple[int, int]]:
    """Return the quarters, row and column, that show skin and, from afar, half a lesion at least."""
    half = len(skin) // 2
    found, bare = (values.reshape(2, half, 2, half).sum(axis=(1, 3)) for values in (afar, skin))
    rows, columns = np.nonzero((bare >= _BARE * half**2) & (found >= _ANY_AFAR))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _nearer(
    weights: Weights,
    picture: NDArray[np.uint8],
    skin: FloatMap,
    factors: NDArray[np.float32],
    afar: FloatMap,
    asked: list[tuple[int, int]],
) -> FloatMap:
    """Return the density, on the cells of `skin`, of looks at quarters of a picture twice as large; else from afar."""
    size, half = weights.shown.size_px, len(skin) // 2
    near = afar.copy()
    for row, column in asked:
        part = np.s_[row * half : (row + 1) * half, column * half : (column + 1) * half]
        shown = np.moveaxis(picture[row * size : (row + 1) * size, column * size : (column + 1) * size], -1, 0)
        answers = weights.network.run(
            image=shown[None].astype(np.float32) / 255, skin=skin[part].repeat(2, 0).repeat(2, 1)[None, None]
        )
        both = factors[0] * answers["density"][0] + factors[1] * answers["density_all"][0]
        near[part] = both.reshape(half, 2, half, 2).sum(axis=(1, 3))
    return near


def _agreed(afar: FloatMap, near: FloatMap, share: float) -> FloatMap:
    """Return the geometric mean of two densities, each spread by how far apart they may see one lesion.

    share: the weight of the nearer look; the other has the rest.
    """
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    spread = [np.maximum(gaussian_filter(one, _AGREE_CELLS), 0) for one in (afar, near)]
    mean: FloatMap = (spread[0] ** (1 - share) * spread[1] ** share).astype(np.float32)
    return mean


def crop_face_square(photo: Photo, face: Face, size_px: int) -> FaceSquare:
    """Return the square about a face, or about the skin of a close-up, as the network is shown it."""
    area = face_square(face)
    picture = _view(photo, area, size_px)
    frame = face.frame
    skin = skin_of(face)
    held = Box(
        x_px=(area.x_px - frame.x_px) / frame.factor,
        y_px=(area.y_px - frame.y_px) / frame.factor,
        width_px=area.width_px / frame.factor,
        height_px=area.height_px / frame.factor,
    )
    cells = _resampled(_cut(skin.astype(np.uint8) * 255, held), held, (frame.width, frame.height), size_px // STRIDE)
    return FaceSquare(picture=picture, skin=widened(cells), area=area)


def misses_face(skin: FloatMap, boxes: FloatMap) -> bool:
    """Return whether most lesions lie where there should be no skin: then an ear, say, was taken for the face.

    skin: (h, w) of the view's cells. boxes: (n, 4) of lesions in pixels of the view.
    """
    cells = ((boxes[:, :2] + boxes[:, 2:]) / 2 / STRIDE).astype(np.intp)
    x, y = np.clip(cells, 0, np.array(skin.shape[::-1]) - 1).T
    inside = int(np.count_nonzero(skin[y, x]))
    return len(boxes) - inside > max(_BESIDE * inside, _FEW)


def widened(sure: NDArray[np.uint8]) -> FloatMap:
    """Return the skin mask, (h, w) 0 or 1, dilated by about the size of a lesion, because masks end a little early.

    sure: (h, w), 255 for skin.
    """
    from scipy.ndimage import maximum_filter  # late: 40 ms

    reach = 2 * max(1, sure.shape[0] // _REACH) + 1
    wide = maximum_filter(sure, reach, mode="nearest")
    return (wide > _SKIN_SHARE * 255).astype(np.float32)


def calibrated(grade: float, limits: list[float]) -> float:
    """Return a grade that rounds as it should: `limits`, found on people kept aside, become 0.5, 1.5 and 2.5."""
    return float(np.interp(grade, [0.0, *limits, 3.0], [0.0, 0.5, 1.5, 2.5, 3.0]))


def around(count: float, error_log: float) -> tuple[float, float]:
    """Return the counts whose log(1 + n) is at most `error_log` from that of `count`."""
    return max(0.0, float((1 + count) * np.exp(-error_log) - 1)), float((1 + count) * np.exp(error_log) - 1)


def _presence(told: Mapping[str, Any], answers: Mapping[str, NDArray[np.float32]]) -> float | None:
    """Return the probability of any lesion, None where the weights bring no formula for it."""
    if "presence" not in told:
        return None
    start, *weights = told["presence"]
    seen = presence_features(answers["density"], answers["density_all"])
    return float(1 / (1 + np.exp(-(start + np.dot(weights, seen)))))


@lru_cache(maxsize=1)
def _weights() -> Weights:
    return open_weights(NAME)


def _both_ways(weights: Weights, seen: FaceSquare) -> dict[str, NDArray[np.float32]]:
    """Return the mean of the answers for the view and, turned back, for its mirror image."""
    run = weights.network.run
    picture = np.moveaxis(seen.picture, -1, 0)[None].astype(np.float32) / 255
    skin = seen.skin[None, None]
    plain = run(image=picture, skin=skin)
    mirrored = run(image=picture[..., ::-1], skin=skin[..., ::-1])
    return {name: (held[0] + mirrored_back(name, mirrored[name][0])) / 2 for name, held in plain.items()}


def skin_of(face: Face) -> BoolMap:
    """Return (h, w) of the frame: skin, bearded or not. With nobody else in view all that was parsed as skin counts,
    for a box about half a face leaves much of it out.
    """
    if face.others or face.box is None:
        bare: BoolMap = face.skin | (face.segmentation == SegmentationClass.FACIAL_HAIR)
        return bare
    parsed: BoolMap = in_classes(face.segmentation, _SKIN)
    return parsed


def face_square(face: Face) -> Box:
    """Return the square about the face in photo pixels; about all skin where no face is parsed."""
    held = face_extent(face)
    side = max(held.width_px, held.height_px) * ROOM
    x, y = held.x_px + held.width_px / 2, held.y_px + held.height_px / 2
    return Box(x_px=x - side / 2, y_px=y - side / 2, width_px=side, height_px=side)


def face_extent(face: Face) -> Box:
    """Return the box in photo pixels of all but the outermost pixels of the face; of all skin where none is parsed."""
    frame = face.frame
    inside: BoolMap = in_classes(face.segmentation, _FACE)
    if inside.mean() < _OUTERMOST:
        inside = face.skin
    (left, right), (top, bottom) = (_ends(inside.sum(axis=axis)) for axis in (0, 1))
    return Box(
        x_px=frame.x_px + left * frame.factor,
        y_px=frame.y_px + top * frame.factor,
        width_px=(right - left) * frame.factor,
        height_px=(bottom - top) * frame.factor,
    )


def _ends(counts: NDArray[np.integer]) -> tuple[float, float]:
    """Return where all but the outermost pixels begin and end; everything where there are none."""
    if not counts.any():
        return 0.0, float(len(counts))
    share = np.cumsum(counts) / counts.sum()
    first, last = np.searchsorted(share, (_OUTERMOST, 1 - _OUTERMOST))
    return float(first), float(last + 1)


def _view(photo: Photo, area: Box, size_px: int) -> NDArray[np.uint8]:
    if photo.half is not None and area.width_px >= 2 * size_px:
        halved = Box(x_px=area.x_px / 2, y_px=area.y_px / 2, width_px=area.width_px / 2, height_px=area.height_px / 2)
        return _view(photo.half, halved, size_px)
    return _resampled(_bytes(photo, area), area, (photo.width_px, photo.height_px), size_px)


def _bytes(photo: Photo, area: Box) -> NDArray[np.uint8]:
    if photo.levels is not None and photo.encoding is Encoding.SRGB:
        return _cut(photo.levels, area)
    part = _cut(photo.pixels, area)
    shown = part if photo.encoding is Encoding.SRGB else np.asarray(encode(part))
    eight_bit: NDArray[np.uint8] = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    return eight_bit


def _within(area: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the whole pixels that `area` touches; one pixel at least."""
    left, top = int(np.clip(np.floor(area.x_px), 0, width - 1)), int(np.clip(np.floor(area.y_px), 0, height - 1))
    right = int(np.clip(np.ceil(area.x_px + area.width_px), left + 1, width))
    bottom = int(np.clip(np.ceil(area.y_px + area.height_px), top + 1, height))
    return left, top, right, bottom


def _cut(values: NDArray[Any], area: Box) -> NDArray[Any]:
    left, top, right, bottom = _within(area, values.shape[1], values.shape[0])
    return values[top:bottom, left:right]


def _resampled(part: NDArray[np.uint8], area: Box, whole: tuple[int, int], size: int) -> NDArray[np.uint8]:
    """Return `area` as (size, size[, c]), black beyond what there is; part: what `_cut` gave of it."""
    from PIL import Image  # late: 30 ms

    left, top, right, bottom = _within(area, *whole)
    scale = size / area.width_px
    x0, y0 = (left - area.x_px) * scale, (top - area.y_px) * scale
    x1, y1 = (right - area.x_px) * scale, (bottom - area.y_px) * scale
    # Whole view pixels that lie in the photo; the box says where in the part they lie.
    first_x, first_y = max(0, round(x0)), max(0, round(y0))
    last_x, last_y = min(size, max(round(x1), first_x + 1)), min(size, max(round(y1), first_y + 1))
    across = _stretch(first_x - x0, last_x - x0, scale, part.shape[1])
    down = _stretch(first_y - y0, last_y - y0, scale, part.shape[0])
    box = (across[0], down[0], across[1], down[1])
    canvas = np.zeros((size, size, *part.shape[2:]), np.uint8)
    image = Image.fromarray(np.ascontiguousarray(part))
    shown = image.resize((last_x - first_x, last_y - first_y), Image.Resampling.BILINEAR, box=box)
    canvas[first_y:last_y, first_x:last_x] = np.asarray(shown)
    return canvas


def _stretch(first: float, last: float, scale: float, length: int) -> tuple[float, float]:
    """Return view pixels, from the edge of the part, in pixels of the part; never less than a little of it."""
    start = float(np.clip(first / scale, 0, length - 1e-3))
    return start, float(np.clip(last / scale, start + 1e-3, length))
