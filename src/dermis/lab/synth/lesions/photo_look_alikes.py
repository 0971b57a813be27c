"""What looks like a brown mark on a photo of clear skin and is none, each painted alone in the photo's own light.

Every look-alike is 100 x optical density (h, w, 3) that it adds to red, green and blue: blood for redness and vessels,
nearly grey for hair, shade and pits, melanin for moles. Sizes are those of a face 140 mm wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Region
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.crop import to_frame
from dermis.face.landmarks import BROWS
from dermis.face.regions import FACE_MM, face_width_px
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.photo_marks import draw_photo_marks, paint_marks
from dermis.lab.synth.lesions.photo_redness import vessel_map
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS, blurred

__all__ = ["LOOK_ALIKES", "cast_shadow", "flush", "look_alike", "specks", "with_density"]

Floats = NDArray[np.float32]
Draw = Callable[[np.random.Generator, Face], Floats]
Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Rows and columns of its points, half a pixel apart."""

_GREY = (0.92, 1.0, 1.03)
"""Hair, shade and pits as photos show them: a little brown."""
_CRUST = (0.5, 1.0, 0.95)
"""Dried blood: between melanin and blood."""
_CHEEKS = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
_UNDER_EYES = (Region.LEFT_UNDER_EYE, Region.RIGHT_UNDER_EYE)


def with_density(linear: FloatMap, density: FloatMap) -> Floats:
    """Return linear light (h, w, 3) behind 100 x density (h, w, 3)."""
    return np.asarray(linear * 10 ** (-density / 100), np.float32)


def look_alike(rng: np.random.Generator, face: Face, name: str) -> Floats:
    """Return 100 x density (h, w, 3) of a look-alike of `LOOK_ALIKES` on the skin of a face."""
    return np.asarray(LOOK_ALIKES[name](rng, face) * face.skin[..., None], np.float32)


def cast_shadow(rng: np.random.Generator, shape: tuple[int, ...], mm: float) -> Floats:
    """Return 100 x density (h, w) of a shadow with a winding edge 1 to 30 mm wide, or of a lamp that stands aside."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) / mm
    turn = rng.uniform(0, 2 * np.pi)
    bays = 12 * rng.standard_normal() * np.sin((x * np.sin(turn) + y * np.cos(turn)) / rng.uniform(5, 20))
    far = (x - x.mean()) * np.cos(turn) + (y - y.mean()) * np.sin(turn) + rng.uniform(-60, 60) + bays
    return np.asarray(
        rng.uniform(4, 35) / (1 + np.exp(-np.clip(far / np.exp(rng.uniform(-1, 3)), -30, 30))), np.float32
    )


def flush(rng: np.random.Generator, face: Face, mm: float) -> Floats:
    """Return 100 x green density (h, w) of redness that has no border, on a third to two thirds of the face."""
    smooth = blurred(rng.standard_normal(face.skin.shape).astype(np.float32), float(rng.uniform(3, 14)) * mm)
    level = smooth[face.skin]
    rise = (smooth - np.quantile(level, rng.uniform(0.35, 0.65))) / max(float(level.std()), 1e-9)
    return np.asarray(rng.uniform(3, 14) * np.clip(rise, 0, 2) * face.skin, np.float32)


def specks(rng: np.random.Generator, face: Face, mm: float) -> Floats:
    """Return 100 x density (h, w) of pores, and of hairs as short as they are: grey, narrow, in a part of the face."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    shape = face.skin.shape
    dots = (rng.random(shape) < rng.uniform(0.02, 0.3) / max(mm, 1.0) ** 2).astype(np.float32)
    spread = np.array([rng.uniform(0.15, 0.25), rng.uniform(0.15, 2.0) if rng.random() < 0.4 else 0.25]) * mm

    narrow = gaussian_filter(dots, rng.permutation(spread)) * 2 * np.pi * spread.prod()
    where = blurred(rng.standard_normal(shape).astype(np.float32), 12 * mm)
    where = (where > np.median(where)).astype(np.float32)
    return np.asarray(rng.uniform(5, 25) * np.clip(narrow, 0, 1) * where * face.skin, np.float32)


def _mole(rng: np.random.Generator, face: Face) -> Floats:
    moles = draw_photo_marks(rng, face, MarkKind.FRECKLE, int(rng.integers(1, 4)))
    dark = [replace(one, density=rng.uniform(40, 70), radius_mm=rng.uniform(0.8, 2.2), edge_mm=0.5) for one in moles]
    return _painted(face, dark, MELANIN_AXIS)


def _scab(rng: np.random.Generator, face: Face) -> Floats:
    crusts = draw_photo_marks(rng, face, MarkKind.PIH, int(rng.integers(1, 5)))
    dark = [replace(one, density=rng.uniform(35, 60), radius_mm=rng.uniform(0.8, 2.2), edge_mm=0.5,
                    irregularity=0.4) for one in crusts]  # fmt: skip
    red = [replace(one, density=rng.uniform(6, 14), radius_mm=1.8 * one.radius_mm, edge_mm=2.0) for one in dark]
    return _painted(face, dark, _CRUST) + _painted(face, red, BLOOD_AXIS)


def _stubble(rng: np.random.Generator, face: Face) -> Floats:
    """Paint shaved hairs on the chin and the lower half of the cheeks, and the blue-grey shade that they give."""
    mm, where = _mm_px(face), _soft(_lower_face(face), 3 * _mm_px(face))
    hairs = _dots(rng, face.skin.shape, 0.35 / mm**2, 0.14 * mm)
    return _over(where * (rng.uniform(10, 35) * hairs + rng.uniform(2, 9)), _GREY)


def _pores(rng: np.random.Generator, face: Face) -> Floats:
    return _over(specks(rng, face, _mm_px(face)), _GREY)


def _vellus(rng: np.random.Generator, face: Face) -> Floats:
    """Paint fine short hairs on the cheeks and the forehead, darker or, in the light, paler than the skin."""
    where = _inside(face, (*_CHEEKS, Region.FOREHEAD))
    lines = [_line(rng, start, rng.uniform(2, 6), 0.1, _mm_px(face), rng.uniform(0.9, 2.2))
             for start in _starts(rng, where, int(rng.integers(60, 200)))]  # fmt: skip
    return _over(rng.choice((-25.0, 40.0)) * rng.uniform(0.6, 1.4) * _drawn(lines, face, 0.06), _GREY)


def _hair(rng: np.random.Generator, face: Face) -> Floats:
    """Paint strands of hair across the forehead and a cheek."""
    where = _inside(face, (Region.FOREHEAD, rng.choice(np.array(_CHEEKS, dtype=object))))
    lines = [_line(rng, start, rng.uniform(20, 70), 0.02, _mm_px(face), rng.uniform(0.6, 2.4))
             for start in _starts(rng, where, int(rng.integers(2, 9)))]  # fmt: skip
    return _over(rng.uniform(25, 70) * _drawn(lines, face, rng.uniform(0.1, 0.5)), _GREY)


def _brow(rng: np.random.Generator, face: Face) -> Floats:
    """Paint stray hairs of the brows, up to a centimetre away from them; none where no landmarks are."""
    if face.landmarks is None:
        return np.zeros((*face.skin.shape, 3), np.float32)
    points = to_frame(face.landmarks, face.frame)[np.concatenate([list(brow) for brow in BROWS]), 1::-1]
    starts = rng.choice(points, int(rng.integers(30, 90))) + rng.normal(0, 4 * _mm_px(face), 2)
    lines = [_line(rng, start, rng.uniform(3, 8), 0.05, _mm_px(face), rng.uniform(-0.5, 0.5)) for start in starts]
    return _over(rng.uniform(20, 60) * _drawn(lines, face, 0.1), _GREY)


def _shadow(rng: np.random.Generator, face: Face) -> Floats:
    return _over(cast_shadow(rng, face.skin.shape, _mm_px(face)), 1 + rng.normal(0, 0.06, 3))


def _tear_trough(rng: np.random.Generator, face: Face) -> Floats:
    """Shade the hollow below each eye, which reaches down the cheek."""
    below = _soft(_inside(face, _UNDER_EYES), rng.uniform(2, 5) * _mm_px(face))
    return _over(rng.uniform(6, 22) * np.roll(below, round(rng.uniform(0, 5) * _mm_px(face)), axis=0), _GREY)


def _furrow(rng: np.random.Generator, face: Face) -> Floats:
    """Paint wrinkles across the forehead and beside the mouth: dark within and on one flank, lit on the other."""
    mm, found = _mm_px(face), np.zeros(face.skin.shape, np.float32)
    for regions, turn in (((Region.FOREHEAD,), 0.0), (_CHEEKS, 1.2)):
        starts = _starts(rng, _inside(face, regions), int(rng.integers(1, 7)))
        for start in starts:
            one = [_line(rng, start, rng.uniform(10, 60), 0.02, mm, turn + rng.normal(0, 0.15))]
            wide = rng.uniform(0.4, 1.6)
            lit = np.roll(_drawn(one, face, 1.5 * wide), round(rng.choice((-1, 1)) * 2 * wide * mm), axis=0)
            found += rng.uniform(6, 22) * (_drawn(one, face, wide) - rng.uniform(0, 0.7) * lit)
    patchy = 1 + 0.6 * blurred(rng.standard_normal(found.shape).astype(np.float32), 2 * mm) * 4 * mm
    return _over(found * np.clip(patchy, 0.2, 2.5), np.array(_GREY) * (rng.uniform(0.75, 1.05), 1, 1))


def _gloss(rng: np.random.Generator, face: Face) -> Floats:
    """Paint sheen in patches with matt skin between: less density where the lamp is mirrored."""
    mm = _mm_px(face)
    smooth = blurred(rng.standard_normal(face.skin.shape).astype(np.float32), float(rng.uniform(4, 10)) * mm)
    fine = blurred(rng.standard_normal(face.skin.shape).astype(np.float32), float(rng.uniform(0.5, 1.5)) * mm)
    shine = np.clip(smooth / smooth.std() - 0.5, 0, 2) * np.clip(1 + fine / fine.std(), 0, 3)
    return _over(-rng.uniform(2, 9) * shine, (0.75, 1.0, 1.25))


def _scar(rng: np.random.Generator, face: Face) -> Floats:
    """Paint pits after acne, shaded on the side of the light and lit on the other."""
    mm, found = _mm_px(face), np.zeros(face.skin.shape, np.float32)
    spots = np.zeros_like(found)
    for row, column in _starts(rng, _inside(face, _CHEEKS), int(rng.integers(3, 25))):
        spots[round(row), round(column)] = rng.uniform(0.5, 1)
    wide = rng.uniform(0.5, 1.3) * mm
    pit = blurred(spots, wide) * 2 * np.pi * wide**2
    found = pit - np.roll(pit, round(wide), axis=int(rng.integers(0, 2)))
    return _over(rng.uniform(8, 25) * found, _GREY)


def _vessels(rng: np.random.Generator, face: Face) -> Floats:
    return _over(vessel_map(face, rng, int(rng.integers(5, 40))), BLOOD_AXIS)


def _redness(rng: np.random.Generator, face: Face) -> Floats:
    """Paint a flush, and red places with a border."""
    red = draw_photo_marks(rng, face, MarkKind.PIH, int(rng.integers(1, 25)))
    return _over(flush(rng, face, _mm_px(face)), BLOOD_AXIS) + _painted(face, red, BLOOD_AXIS)


def _make_up(rng: np.random.Generator, face: Face) -> Floats:
    """Paint blush on the cheeks and eye shadow that has run below the eyes."""
    mm = _mm_px(face)
    blush = _soft(_soft(_inside(face, _CHEEKS), 12 * mm) > 0.7, 5 * mm)
    lids = _soft(_inside(face, _UNDER_EYES), 3 * mm)
    colour = np.array(BLOOD_AXIS) * rng.uniform(0.8, 1.2, 3)
    return _over(rng.uniform(4, 14) * blush, colour) + _over(rng.uniform(4, 20) * lids, 1 + rng.normal(0, 0.12, 3))


LOOK_ALIKES: Mapping[str, Draw] = {
    "moles": _mole, "scabs": _scab, "stubble": _stubble, "pores": _pores, "vellus hair": _vellus,
    "strands of hair": _hair, "stray brow hairs": _brow, "shadow": _shadow, "tear troughs": _tear_trough,
    "wrinkles": _furrow, "gloss": _gloss, "pitted scars": _scar, "vessels": _vessels, "redness": _redness,
    "make-up": _make_up,
}  # fmt: skip


def _mm_px(face: Face) -> float:
    return face_width_px(face) / face.frame.factor / FACE_MM


def _over(density: NDArray[np.floating], axis: Sequence[float] | NDArray[np.float64]) -> Floats:
    return np.asarray(density[..., None] * np.asarray(axis, np.float32), np.float32)


def _painted(face: Face, marks: Sequence[object], axis: tuple[float, float, float]) -> Floats:
    bare = np.ones((*face.skin.shape, 3), np.float32)
    return _over(paint_marks(bare, face, marks).density, axis)  # type: ignore[arg-type]


def _inside(face: Face, regions: Sequence[Region]) -> BoolMap:
    return np.asarray(face.skin & np.isin(face.regions, [one.code for one in regions]))


def _lower_face(face: Face) -> BoolMap:
    """Return the chin and what of the cheeks lies in the lower half of them."""
    cheeks = _inside(face, _CHEEKS)
    rows = np.flatnonzero(cheeks.any(axis=1))
    if rows.size:
        cheeks[: int(rows.mean())] = False
    return cheeks | _inside(face, (Region.CHIN,))


def _soft(mask: BoolMap, spread_px: float) -> Floats:
    return blurred(mask.astype(np.float32), spread_px)


def _starts(rng: np.random.Generator, where: BoolMap, count: int) -> NDArray[np.float64]:
    """Return rows and columns (count, 2) of places inside a mask; none where it is empty."""
    places = np.argwhere(where)
    return places[rng.integers(0, len(places), count)].astype(np.float64) if len(places) else np.zeros((0, 2))


def _line(
    rng: np.random.Generator, start: NDArray[np.float64], long_mm: float, bend: float, mm_px: float, turn: float
) -> Line:
    """Return a line of a length that starts anywhere on it; bend: by how many radians it turns a millimetre."""
    steps = int(2 * long_mm * mm_px) + 2
    turns = turn + np.cumsum(rng.normal(0, bend, steps)) / np.sqrt(2 * mm_px)
    rows, columns = np.cumsum(0.5 * np.sin(turns)), np.cumsum(0.5 * np.cos(turns))
    at = int(rng.integers(0, steps))
    return start[0] + rows - rows[at], start[1] + columns - columns[at]


def _drawn(lines: Sequence[Line], face: Face, wide_mm: float) -> Floats:
    """Return lines (h, w) of a width, 1 in their middle."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    height, width = face.skin.shape
    found: Floats = np.zeros((height, width), np.float32)
    for line in lines:
        rows, columns = np.round(line[0]).astype(np.intp), np.round(line[1]).astype(np.intp)
        kept = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        np.add.at(found, (rows[kept], columns[kept]), 0.5)
    spread = max(0.4 * wide_mm * _mm_px(face), 0.3)
    full = min(1.0, wide_mm * _mm_px(face))  # narrower than a pixel, a line is a faint one
    return np.asarray(full * np.clip(gaussian_filter(found, spread) * np.sqrt(2 * np.pi) * spread, 0, 1), np.float32)


def _dots(rng: np.random.Generator, shape: tuple[int, ...], share: float, spread_px: float) -> Floats:
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    spread = max(spread_px, 0.3)
    dots = (rng.random(shape) < share).astype(np.float32)
    return np.asarray(np.clip(gaussian_filter(dots, spread) * 2 * np.pi * spread**2, 0, 1), np.float32)
