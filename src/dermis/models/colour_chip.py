"""Find the chip in a photo of a colour chip, without the sheet around it and without the edge of a shadow.

The middle of the photo is taken for the chip. A side of the window whose band shows something else moves inwards,
or the window moves on where there is more of the chip on the other side; a long dark stripe pushes it along its normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode, encode
from dermis.core import Encoding, Photo
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["ChipCrop", "CropCheck", "Edges", "check_crop", "find_chip", "find_edges", "learn_crop"]

_WORKING_PX = 128
_LEAST_MAD = 0.7
"""L* that noise and a gentle slope of the light are worth at least."""
_EDGE_STEP = 2.5
"""A step of L* across two pixels that is an edge."""

Sides = NDArray[np.float64]
"""Left, top, right, bottom, as shares of the photo's sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipCrop:
    """What is border, what is shadow, how far the window may go. Shares are of the window's side or area.

    band: width of the band that is looked at along each side. white, black: sRGB values (0-1) that no chip has.
    outlier_z: deviations (MAD) from the middle's colour that count in full. outlier_weight, edge_weight: of
    lightness and edges in the score of a pixel, border from 0.5. corner_weight: of corners in a band.
    least_border, least_corner: share of border pixels that make a side or a corner bad. shadow_z, least_shadow,
    elongation: dark pixels, how many of them, how long their stripe is for its width. most_shift: of each side.
    margin: what is cut all around at the end. iterations: rounds. good_delta_e, good_edge: most that a good crop has.
    """

    band: float = 0.12
    white: float = 245 / 255
    black: float = 10 / 255
    outlier_z: float = 2.5
    outlier_weight: float = 0.6
    edge_weight: float = 0.4
    corner_weight: float = 1.5
    least_border: float = 0.15
    least_corner: float = 0.30
    shadow_z: float = -2.0
    least_shadow: float = 0.06
    elongation: float = 2.5
    most_shift: float = 0.25
    margin: float = 0.05
    iterations: int = 2
    good_delta_e: float = 1.0
    good_edge: float = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class CropCheck:
    """How even a crop is: median ΔE76 from its median colour, share of border at its worst side, whether it is good."""

    delta_e: float
    edge_share: float
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What lies at the edges of a window: share of border in the band of each side and in each corner, and the stripe.

    sides: left, top, right, bottom. corners: (2, 2), top and bottom by left and right. shadow: share of dark pixels
    that form a stripe, 0 for none; away: unit vector (x, y) from the stripe to the middle.
    """

    sides: Sides
    corners: NDArray[np.float64]
    shadow: float
    away: NDArray[np.float64]


def find_chip(photo: Photo, settings: ChipCrop | None = None) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom in whole pixels of the chip in `photo`; at least one pixel."""
    settings = settings or ChipCrop()
    pixels = _small(_encoded(photo))
    box = _middle_square(photo)
    limit = (box[2:] - box[:2])[[0, 1, 0, 1]] * settings.most_shift * (1, 1, -1, -1) + box
    cut = np.zeros(4, bool)
    for _ in range(settings.iterations):
        moved, bad = _moved(box, find_edges(_window(pixels, box), settings), settings, cut)
        cut |= bad
        moved = np.concatenate([np.minimum(moved[:2], limit[:2]), np.maximum(moved[2:], limit[2:])]).clip(0, 1)
        if np.allclose(moved, box):
            break
        box = moved
    inner = settings.margin * (box[2:] - box[:2])
    box = box + np.concatenate([inner, -inner])
    size = np.array([photo.width_px, photo.height_px])
    start = np.minimum(np.rint(box[:2] * size), size - 1).astype(int)
    stop = np.maximum(np.rint(box[2:] * size), start + 1).astype(int)
    return int(start[0]), int(start[1]), int(stop[0]), int(stop[1])


def find_edges(pixels: FloatMap, settings: ChipCrop | None = None) -> Edges:
    """Return what lies at the edges of a window (h, w, 3) of sRGB values."""
    settings = settings or ChipCrop()
    lab = np.asarray(linear_to_lab(decode(pixels)))
    z, off = _deviations(lab)
    border = _border(pixels, off, _slope(lab[..., 0]), settings)
    high, wide = (max(1, round(settings.band * size)) for size in border.shape)
    corners = np.array([[border[row, column].mean() for column in (slice(0, wide), slice(-wide, None))]
                        for row in (slice(0, high), slice(-high, None))])  # fmt: skip
    weight = np.ones(border.shape)
    for row in (slice(0, high), slice(-high, None)):
        for column in (slice(0, wide), slice(-wide, None)):
            weight[row, column] = settings.corner_weight
    bands = ((slice(None), slice(0, wide)), (slice(0, high), slice(None)),
             (slice(None), slice(-wide, None)), (slice(-high, None), slice(None)))  # fmt: skip
    sides = np.array([(border[band] * weight[band]).sum() / weight[band].sum() for band in bands])
    shadow, away = _stripe(z < settings.shadow_z, settings)
    return Edges(sides=sides, corners=corners, shadow=shadow, away=away)


def check_crop(pixels: FloatMap, settings: ChipCrop | None = None) -> CropCheck:
    """Return how even the sRGB values (h, w, 3) of a crop are."""
    settings = settings or ChipCrop()
    small = _small(pixels)
    lab = np.asarray(linear_to_lab(decode(small)))
    off = float(np.median(np.linalg.norm(lab - np.median(lab, axis=(0, 1)), axis=-1)))
    edge = float(find_edges(small, settings).sides.max())
    return CropCheck(delta_e=off, edge_share=edge, good=off <= settings.good_delta_e and edge <= settings.good_edge)


def learn_crop(
    good: Sequence[FloatMap], border: Sequence[FloatMap], shadow: Sequence[FloatMap], start: ChipCrop | None = None
) -> ChipCrop:
    """Return `start` with the shares of border and shadow that part good windows (h, w, 3) from bad ones best."""
    start = start or ChipCrop()
    seen = {name: [find_edges(one, start) for one in held] for name, held in
            (("good", good), ("border", border), ("shadow", shadow))}  # fmt: skip
    worst = {name: [float(one.sides.max()) for one in held] for name, held in seen.items()}
    dark = {name: [one.shadow for one in held] for name, held in seen.items()}
    return replace(
        start,
        least_border=_threshold(worst["good"], worst["border"], start.least_border),
        least_shadow=_threshold(dark["good"], dark["shadow"], start.least_shadow),
    )


def _threshold(low: Sequence[float], high: Sequence[float], start: float) -> float:
    """Return what parts two lists with the fewest mistakes, each list counting alike; `start` where one is empty."""
    if not low or not high:
        return start
    values = np.unique([*low, *high])
    between = np.concatenate([(values[1:] + values[:-1]) / 2, [start]])
    right = [np.mean(np.array(low) < t) + np.mean(np.array(high) >= t) for t in between]
    best = between[np.array(right) >= max(right) - 1e-12]
    return float(best[np.abs(best - start).argmin()])


def _moved(box: Sides, seen: Edges, settings: ChipCrop, cut: BoolMap) -> tuple[Sides, BoolMap]:
    """Return the next box, and which sides were bad; a side that was `cut` before never moves outwards again."""
    corners = seen.corners >= settings.least_corner
    bad = seen.sides >= settings.least_border
    if not bad.any() and corners.any():  # a corner alone: both of its sides
        bad = np.array([corners[:, 0].any(), corners[0].any(), corners[:, 1].any(), corners[1].any()])
    step = settings.band * np.array([box[2] - box[0], box[3] - box[1]])
    inwards = np.array([step[0], step[1], -step[0], -step[1]])
    moved = box + inwards * bad
    for side in range(4):
        other = (side + 2) % 4
        if bad[side] and not (bad[other] or cut[other]):  # room beyond the good side: the window goes there as a whole
            moved[other] = np.clip(moved[other] + inwards[side], 0, 1)
    if seen.shadow:
        push = seen.away * step * 2
        moved[:2] += np.maximum(push, 0)
        moved[2:] += np.minimum(push, 0)
    return moved, bad


def _deviations(lab: FloatMap) -> tuple[FloatMap, FloatMap]:
    """Return how many deviations each pixel is off the middle: its L*, with sign, and its colour.

    A table may be as light as the chip on it, so the border is told by the whole colour.
    """
    middle = lab[tuple(slice(size // 4, max(size - size // 4, size // 4 + 1)) for size in lab.shape[:2])].reshape(-1, 3)
    usual = np.median(middle, axis=0)
    spread = max(1.4826 * float(np.median(np.abs(middle[:, 0] - usual[0]))), _LEAST_MAD)
    return (lab[..., 0] - usual[0]) / spread, np.linalg.norm(lab - usual, axis=-1) / (1.7 * spread)


def _slope(lightness: FloatMap) -> FloatMap:
    from scipy.ndimage import sobel  # late: a tenth of a second

    return np.asarray(np.hypot(sobel(lightness, 0), sobel(lightness, 1)) / 4)


def _border(pixels: FloatMap, off: FloatMap, slope: FloatMap, settings: ChipCrop) -> BoolMap:
    steep = slope / max(float(np.percentile(slope, 95)), _EDGE_STEP)
    score = settings.outlier_weight * np.minimum(off / settings.outlier_z, 1)
    score = score + settings.edge_weight * np.minimum(steep, 1)
    plain = (pixels.min(axis=-1) >= settings.white) | (pixels.max(axis=-1) <= settings.black)
    return np.asarray(plain | (score >= 0.5))


def _stripe(dark: BoolMap, settings: ChipCrop) -> tuple[float, NDArray[np.float64]]:
    """Return the share of dark pixels that form a stripe, and the way (x, y) from it to the middle."""
    none = 0.0, np.zeros(2)
    share = float(dark.mean())
    if not settings.least_shadow <= share <= 0.5:
        return none
    rows, columns = np.nonzero(dark)
    places = np.stack([columns, rows], axis=1) + 0.5
    centre = places.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov((places - centre).T))
    if spread[1] < settings.elongation**2 * max(spread[0], 1e-9):
        return none
    normal = axes[:, 0]
    middle = np.array(dark.shape[::-1]) / 2
    return share, normal * np.sign((middle - centre) @ normal)


def _encoded(photo: Photo) -> FloatMap:
    return photo.pixels if photo.encoding is Encoding.SRGB else np.asarray(encode(photo.pixels), np.float32)


def _middle_square(photo: Photo) -> Sides:
    size = np.array([photo.width_px, photo.height_px], float)
    half = size.min() / size / 2
    return np.concatenate([0.5 - half, 0.5 + half])


def _window(pixels: FloatMap, box: Sides) -> FloatMap:
    size = np.array(pixels.shape[1::-1])
    start = np.minimum(np.rint(box[:2] * size), size - 1).astype(int)
    stop = np.maximum(np.rint(box[2:] * size), start + 1).astype(int)
    return pixels[start[1] : stop[1], start[0] : stop[0]]


def _small(pixels: FloatMap) -> FloatMap:
    """Return the picture with each block of pixels as one, at most some `_WORKING_PX` along its short side."""
    factor = max(1, min(pixels.shape[:2]) // _WORKING_PX)
    high, wide = (size // factor for size in pixels.shape[:2])
    part = pixels[: high * factor, : wide * factor]
    return np.asarray(part.reshape(high, factor, wide, factor, 3).mean(axis=(1, 3)), np.float32)
