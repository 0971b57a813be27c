"""Comedones: dots and small bumps of the skin's own colour, found by their shading, apart from the network of lesions.

Candidates are extremes of differences of Gaussians of the skin's optical density at five sizes, dark ones (plugs, the
flanks of bumps) and light ones (bumps). Boosted trees tell from clues of each how likely it is one; they were taught by
`dermis.lab.train.examples.comedones` with comedones that the physical model drew on portraits of people who do not
exist, and with what the second team of ACNE04 marked beside all boxes and is not red. Where a photo shows a unit of the
face (0.3 mm) in a pixel or more, the network's two counts say something of comedones, too: it sees small and faint
lesions there, which one of its protocols counts and the other does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Face, FaceLesions, Region, Skin, View
from dermis.core.arrays import BoolMap, FloatMap
from dermis.core.tables import load_table
from dermis.tasks.acne.assign import regions_at
from dermis.tasks.acne.detect import face_square
from dermis.tasks.acne.visibility import log_error
from dermis.tasks.pigments import optical_density
from dermis.tasks.tone_posterior import Trees, trees_of

__all__ = [
    "CLUES",
    "FILE",
    "Candidates",
    "ComedoTrees",
    "comedo_candidates",
    "comedo_ends",
    "comedo_interval",
    "comedo_number",
    "comedo_trees",
    "with_comedones",
]

Floats = NDArray[np.float64]

FILE = Path(__file__).parents[1] / "data" / "comedones.npz"
CLUES = ("sign", "scale", "contrast", "clear", "red", "red_wide", "brown", "wide", "round", "pair", "core", "alike",
         "along", "sharp")  # fmt: skip
"""What is known of a candidate: 1 dark, -1 light; log of its size; how far it stands out, and over the texture around;
erythema and brown above the skin around; darkness about it; curvature across over along; the opposite extreme beside it
(a bump's other flank); darkness of its middle; how many alike are near; how much texture around runs one way; how fine
the texture is."""
SIDE = 640
"""Units along the side of the square about the face: a unit is some 0.3 mm, in a close-up half of it."""
_SIZES, _WIDE, _TEXTURE, _NEAR = (1.0, 1.5, 2.2, 3.2, 4.6), 8.0, 16.0, 12.0
_SMALLEST_PX, _LEAST, _LEAST_CLEAR, _ALIKE_CLEAR = 0.7, 0.6, 0.8, 1.8
_MOST, _FEWEST_PX = 2500, 16
_LEAST_LIGHT = 0.004
CALLED_FROM = 0.3
"""From this chance on a candidate is counted."""
_IN_LESION = 0.2
"""Within boxes from this score on nothing is counted: the network's lesions are not comedones."""
_WIDE_PX, _REDUCED = 6.0, 4
"""Gaussians from this width on are taken on a map reduced by four."""
_ROOM = 1.1
_ANY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """places_px: (n, 2) in the photo; radii_px: (n,); clues: (n, len(CLUES))."""

    places_px: Floats
    radii_px: Floats
    clues: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ComedoTrees:
    """trees: log odds of a candidate. clear: how many are called on clear skin."""

    trees: Trees
    clear: float

    def chances(self, clues: Floats) -> Floats:
        """Return the chance (n,) that each candidate is a comedo, for clues (n, k)."""
        chances: Floats = 1 / (1 + np.exp(-np.clip(self.trees.predict(clues), -30, 30)))
        return chances


@cache
def comedo_trees() -> ComedoTrees:
    """Return the trees that ship."""
    held = load_table(FILE)
    if tuple(held["clues"].tolist()) != CLUES:
        raise ValueError("comedones.npz was fitted to other clues; fit it anew (dermis train comedones).")
    return ComedoTrees(trees=trees_of(held, "comedo"), clear=float(held["clear"]))


def comedo_interval(number: float) -> tuple[float, float]:
    """Return where nine of ten true numbers lie for a number that is told.

    It begins at 0, for what is told may all be texture of the skin; above it ends with the error of log(1 + n).
    """
    return 0.0, (1 + max(number, 0.0)) * math.exp(log_error("comedones")) - 1


def comedo_ends(lesions: FaceLesions, *regions: Region) -> tuple[float, float]:
    """Return the interval of the number of comedones of these regions together; nothing where nobody looked."""
    if lesions.comedones is None:
        return 0.0, 0.0
    return comedo_interval(sum(lesions.comedones[region] for region in regions))


def with_comedones(lesions: FaceLesions, face: Face, skin: Skin, *, own_area: bool = False) -> FaceLesions:
    """Return lesions with the number of comedones by region; not looked for where acne is unlikely.

    What clear skin shows is taken off: pores and the texture of skin look like comedones, too. In a photo fine enough
    the network's counts are asked as well (`comedo_number`).
    """
    if lesions.found.presence is not None and lesions.found.presence < _ANY:
        return lesions
    seen = comedo_candidates(face, skin)
    told = comedo_trees()
    called = told.chances(seen.clues) >= CALLED_FROM
    places, dark = seen.places_px[called], seen.clues[called, 0] > 0
    codes = np.where(_in_lesions(places, lesions), -1, regions_at(places, face, own_area=own_area))
    counts = np.bincount(codes[codes >= 0], minlength=len(Region)).astype(np.float64)
    number = float(counts.sum())
    likely = max(number - told.clear, 0.0)
    if _is_fine(face):
        afar = lesions.counts_all[Region.FACE] if lesions.count_afar is None else lesions.count_afar
        likely = comedo_number(likely, max(lesions.counts[Region.FACE], 0.0), afar)
    share = likely / number if number else 0.0
    by_region = {region: share * (number if region is Region.FACE else float(counts[region.code])) for region in Region}
    open_share = float(dark[codes >= 0].mean()) if number else None
    return replace(lesions, comedones=by_region, open_share=open_share)


def comedo_number(candidates: float, lesions: float, lesions_all: float) -> float:
    """Return how many comedones a fine photo has: the mean of the trees' candidates and of the network's small lesions.

    lesions, lesions_all: what one look of the network counts without small and faint lesions, and with them. Among
    inflamed lesions candidates are mostly flanks and rims; a nearer look counts these as small lesions, too.
    """
    return (candidates + max(lesions_all - lesions, 0.0)) / 2


def _is_fine(face: Face) -> bool:
    """Return whether the photo shows 0.3 mm of the skin in a pixel or more; a close-up shows about half a face."""
    share = 0.5 if face.view is View.CLOSE_UP else 1.0
    return face_square(face).width_px >= share * SIDE


def _in_lesions(places: Floats, lesions: FaceLesions) -> BoolMap:
    found = lesions.found
    boxes = found.boxes_px[found.scores >= _IN_LESION].astype(np.float64)
    middles, reach = (boxes[:, :2] + boxes[:, 2:]) / 2, _ROOM * (boxes[:, 2:] - boxes[:, :2]) / 2
    inside: NDArray[np.bool_] = np.all(np.abs(places[:, None] - middles[None]) < reach[None], axis=2)
    within: NDArray[np.bool_] = np.any(inside, axis=1)
    return within


def comedo_candidates(face: Face, skin: Skin) -> Candidates:
    """Return what on the skin of a face stands out at the size of comedones, with its clues."""
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    frame = face.frame
    linear, seen, step = _scaled(skin.linear, skin.visible, face_square(face), frame.factor)
    if min(seen.shape) < _FEWEST_PX or not seen.any():
        return Candidates(places_px=np.zeros((0, 2)), radii_px=np.zeros(0), clues=np.zeros((0, len(CLUES))))
    unit = face_square(face).width_px / SIDE / (step * frame.factor)
    maps = _maps(linear, seen, unit)
    sizes = np.array(maps.sizes)
    inside = distance_transform_edt(seen)
    rows = [_extremes(maps, inside, sign) for sign in (1, -1)]
    sign = np.repeat((1.0, -1.0), [len(one) for one in rows])
    size, y, x = np.concatenate(rows).T
    places = np.stack([frame.x_px + (x + 0.5) * step * frame.factor, frame.y_px + (y + 0.5) * step * frame.factor], 1)
    clues = np.stack(_clues(maps, unit, sign, size, y, x), axis=1)
    return Candidates(places_px=places, radii_px=sizes[size] * step * frame.factor, clues=clues)


def _scaled(linear: FloatMap, seen: BoolMap, square: Box, factor: float) -> tuple[FloatMap, BoolMap, float]:
    """Return picture and mask, reduced to a pixel a unit where they are finer, and how many pixels one of theirs is."""
    from PIL import Image  # late: 20 ms

    share = SIDE * factor / square.width_px
    if share >= 1:
        return np.asarray(linear, np.float32), seen, 1.0
    size = max(1, round(seen.shape[1] * share)), max(1, round(seen.shape[0] * share))
    planes = [np.ascontiguousarray(linear[..., place], np.float32) for place in range(3)]
    small = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in planes]
    mask = np.asarray(Image.fromarray(seen.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) > 250
    return np.stack(small, axis=-1), mask, seen.shape[1] / size[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maps:
    """sizes: sigmas in pixels, the widest last. dark: optical density at each. bumps: what each stands out by."""

    sizes: tuple[float, ...]
    dark: tuple[FloatMap, ...]
    bumps: tuple[FloatMap, ...]
    red: FloatMap
    red_wide: FloatMap
    brown: FloatMap
    texture: FloatMap
    coarse: FloatMap
    along: FloatMap
    weight: FloatMap


def _smooth_where(seen: BoolMap) -> Callable[[NDArray[np.floating], float], FloatMap]:
    """Return the Gaussian mean, by its width in pixels, over what is seen; wide ones are taken on a reduced map."""
    weights: dict[float, FloatMap] = {}
    whole = seen.shape[1], seen.shape[0]

    def smooth(values: NDArray[np.floating], size: float) -> FloatMap:
        if size not in weights:
            weights[size] = np.maximum(_blurred(seen.astype(np.float32), size), 0.02)
        held = np.where(seen, values, np.float32(0)).astype(np.float32)
        return _resized(np.asarray(_blurred(held, size) / weights[size], np.float32), whole)

    return smooth


def _blurred(values: FloatMap, size: float) -> FloatMap:
    """Return the Gaussian mean by its width in pixels; that of a wide one is of a reduced map, and stays small."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    if size >= _WIDE_PX:
        values = _resized(values, tuple(-(-side // _REDUCED) for side in values.shape[::-1]))
        size = math.sqrt(size**2 - (_REDUCED**2 - 1) / 12) / _REDUCED  # a mean over some pixels blurs, too
    mean: FloatMap = gaussian_filter(values, size, truncate=3)
    return mean


def _resized(values: FloatMap, size: tuple[int, ...]) -> FloatMap:
    """Return a map at another size, width and height: means where it gets smaller, a line between them where larger."""
    from PIL import Image  # late: 20 ms

    if size == values.shape[::-1]:
        return values
    how = Image.Resampling.BOX if size[0] < values.shape[1] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(values).resize((size[0], size[1]), how), np.float32)


def _maps(linear: FloatMap, seen: BoolMap, unit: float) -> _Maps:
    smooth = _smooth_where(seen)
    density: FloatMap = np.asarray(100 * optical_density(np.maximum(linear, _LEAST_LIGHT)), np.float32)
    whole: FloatMap = np.asarray(density.mean(axis=2), np.float32)
    red, brown = density[..., 1] - density[..., 0], density[..., 2] - density[..., 1]
    sizes = (*(max(size * unit, _SMALLEST_PX) for size in _SIZES), _WIDE * unit)
    dark = tuple(smooth(whole, size) for size in sizes)
    last = len(sizes) - 1
    bumps = tuple(dark[place] - dark[min(place + 2, last)] for place in range(last))
    reds = [smooth(red, sizes[place]) for place in (1, 3, last)]
    down, across = (np.asarray(one, np.float32) for one in np.gradient(dark[0]))
    flow = [smooth(one, 6 * unit) for one in (across * across, across * down, down * down)]
    along: FloatMap = np.sqrt((flow[0] - flow[2]) ** 2 + 4 * flow[1] ** 2) / np.maximum(flow[0] + flow[2], 1e-6)
    texture, coarse = (
        np.sqrt(smooth(np.asarray(np.minimum(bumps[place] ** 2, 100), np.float32), _TEXTURE * unit)) for place in (0, 2)
    )
    return _Maps(
        sizes=sizes, dark=dark, bumps=bumps, red=reds[0] - reds[2], red_wide=reds[1] - reds[2],
        brown=smooth(brown, sizes[1]) - smooth(brown, sizes[last]), texture=texture, coarse=coarse, along=along,
        weight=_resized(_blurred(seen.astype(np.float32), _NEAR * unit), seen.shape[::-1]),
    )  # fmt: skip


def _extremes(maps: _Maps, inside: NDArray[np.floating], sign: int) -> NDArray[np.intp]:
    """Return size, row, column (n, 3) of what is darker (1) or lighter (-1) than all beside it, the clearest first.

    inside: (h, w), pixels to the edge of the skin.
    """
    from scipy.ndimage import maximum_filter  # late: 0.1 s

    out = sign * np.stack(maps.bumps)
    found = np.stack(np.nonzero((maximum_filter(out, size=3) == out) & (out > _LEAST)))
    size, y, x = found
    over = out[size, y, x] / np.maximum(maps.texture[y, x], 0.3)
    kept = (inside[y, x] > 1.5 * np.array(maps.sizes)[size]) & (out[size, y, x] > _LEAST_CLEAR * maps.texture[y, x])
    order = np.argsort(-over[kept], kind="stable")[:_MOST]
    return np.asarray(found[:, kept][:, order].T, np.intp)


def _clues(
    maps: _Maps, unit: float, sign: Floats, size: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]
) -> Sequence[Floats]:
    """Return each of `CLUES` (n,) of candidates; size, y, x: (n,)."""
    bumps = np.stack(maps.bumps)
    contrast = np.abs(bumps[size, y, x])
    clear = contrast / np.maximum(maps.texture[y, x], 0.3)
    clues = (
        sign, np.log(np.array(maps.sizes)[size] / unit), contrast, clear, maps.red[y, x], maps.red_wide[y, x],
        maps.brown[y, x], (maps.dark[1] - maps.dark[-1])[y, x], _roundness(maps, size, y, x),
        _opposite(maps, sign, size, y, x) / np.maximum(contrast, 0.3), bumps[0, y, x],
        _alike(maps, unit, sign, clear, y, x), maps.along[y, x],
        maps.texture[y, x] / np.maximum(maps.coarse[y, x], 0.1),
    )  # fmt: skip
    return [np.asarray(clue, np.float64) for clue in clues]


def _roundness(maps: _Maps, size: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    """Return the smaller over the larger curvature: 1 of a dot, 0 of a line, below 0 of a saddle."""
    dark = np.stack(maps.dark)
    y, x = np.clip(y, 1, dark.shape[1] - 2), np.clip(x, 1, dark.shape[2] - 2)
    across = dark[size, y, x + 1] + dark[size, y, x - 1] - 2 * dark[size, y, x]
    down = dark[size, y + 1, x] + dark[size, y - 1, x] - 2 * dark[size, y, x]
    both = dark[size, y + 1, x + 1] + dark[size, y - 1, x - 1] - dark[size, y + 1, x - 1] - dark[size, y - 1, x + 1]
    middle, spread = (across + down) / 2, np.sqrt(((across - down) / 2) ** 2 + (both / 4) ** 2)
    ends = np.sort(np.abs(np.stack([middle - spread, middle + spread])), axis=0)
    turned = np.where(np.abs(middle) < spread, -1.0, 1.0)
    ratio: Floats = turned * ends[0] / np.maximum(ends[1], 1e-6)
    return ratio


def _opposite(maps: _Maps, sign: Floats, size: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    """Return how far what is beside each candidate stands out the other way."""
    from scipy.ndimage import maximum_filter  # late: 0.1 s

    found = np.zeros(len(size))
    for place, bumps in enumerate(maps.bumps):
        reach = 2 * max(1, round(2.2 * maps.sizes[place])) + 1
        for one in (1, -1):
            here = (size == place) & (sign == one)
            if here.any():
                found[here] = maximum_filter(-one * bumps, reach)[y[here], x[here]]
    return found


def _alike(maps: _Maps, unit: float, sign: Floats, clear: Floats, y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    """Return how many clear candidates of the same sign are near each."""
    height, width = maps.texture.shape
    reach = _NEAR * unit
    found = np.zeros(len(sign))
    for one in (1, -1):
        here = sign == one
        counted = np.bincount((y * width + x)[here], 1.0 * (clear[here] > _ALIKE_CLEAR), height * width)
        near = _resized(_blurred(counted.reshape(height, width).astype(np.float32), reach), (width, height))
        found[here] = (2 * np.pi * reach**2 * near / np.maximum(maps.weight, 0.05))[y[here], x[here]]
    return found
