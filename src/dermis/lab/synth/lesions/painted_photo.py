"""Clear faces made into photos with brown marks whose density is known, beside much that is dark and no mark.

On the photo's own skin, in this order: another tone, shadows, reddened places, moles and hairs; then brown marks; then
another camera: exposure, white balance, tone curve, resolution, noise and JPEG.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode
from dermis.core import Face
from dermis.core.arrays import FloatMap
from dermis.face.regions import FACE_MM, face_width_px
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.photo_look_alikes import cast_shadow, flush, specks
from dermis.lab.synth.lesions.photo_marks import PhotoMark, draw_photo_marks, paint_marks
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS, resized

__all__ = ["beside_lamp", "photographed", "with_look_alikes", "with_marks"]

MOST_MARKS = {MarkKind.FRECKLE: 220, MarkKind.LENTIGO: 70, MarkKind.MELASMA: 16, MarkKind.PIH: 50}
LEAST_WIDTH_PX = 170.0
"""Width of the face in the coarsest photo."""
Floats = NDArray[np.float32]


def with_marks(
    rng: np.random.Generator,
    face: Face,
    linear: FloatMap,
    *,
    clear_share: float = 0.3,
    strength: tuple[float, float] = (0.6, 1.5),
    borders: tuple[float, float] = (1.0, 1.0),
) -> tuple[Floats, Floats]:
    """Return the face with brown marks of up to three kinds, and 100 x green density (h, w) of what was added.

    clear_share: how often no mark is added. strength, borders: times the density of the marks and the width of their
    borders, the least and the most.
    """
    marks: list[PhotoMark] = []
    if rng.random() > clear_share:
        for kind in rng.permutation(np.array(list(MOST_MARKS), dtype=object))[: rng.integers(1, 4)]:
            count = int(np.exp(rng.uniform(0.25, 1) * np.log(MOST_MARKS[kind])))
            marks += draw_photo_marks(rng, face, kind, max(count, 2))
    narrower = rng.uniform(*borders)
    marks = [replace(mark, edge_mm=narrower * mark.edge_mm) for mark in marks]
    density = rng.uniform(*strength) * paint_marks(linear, face, marks).density
    axis = np.array(MELANIN_AXIS) * (rng.uniform(0.8, 1.2), 1.0, rng.uniform(0.88, 1.15))
    return _darkened(linear, density, axis), np.asarray(density, np.float32)


def with_look_alikes(rng: np.random.Generator, face: Face, linear: FloatMap) -> Floats:
    """Return the face with another tone, shadows, a lamp aside, reddened places, moles and hairs, each now and then."""
    mm = face_width_px(face) / face.frame.factor / FACE_MM
    shape = face.skin.shape
    found = np.asarray(linear, np.float32)
    if rng.random() < 0.5:
        found = _darkened(found, np.full(shape, rng.uniform(5, 40), np.float32), np.array(MELANIN_AXIS))
    for _ in range(rng.integers(0, 3)):
        found = _darkened(found, cast_shadow(rng, shape, mm), 1 + rng.normal(0, 0.06, 3))
    if rng.random() < 0.6:
        kinds = (MarkKind.PIH, MarkKind.MELASMA, MarkKind.FRECKLE)
        red = [
            one
            for kind in kinds
            if rng.random() < 0.6
            for one in draw_photo_marks(rng, face, kind, int(rng.integers(1, 25)))
        ]
        axis = np.array(BLOOD_AXIS) * (rng.uniform(0.3, 1.6), 1.0, rng.uniform(0.85, 1.1))
        diffuse = flush(rng, face, mm) if rng.random() < 0.6 else 0.0
        found = _darkened(found, paint_marks(linear, face, red).density + diffuse, axis)
    if rng.random() < 0.5:
        found = _darkened(found, specks(rng, face, mm), np.array((0.9, 1.0, 1.0)) + rng.normal(0, 0.04, 3))
    if rng.random() < 0.3:
        moles = draw_photo_marks(rng, face, MarkKind.FRECKLE, int(rng.integers(1, 4)))
        dark = [replace(mole, density=rng.uniform(40, 70), edge_mm=0.5) for mole in moles]
        found = _darkened(found, paint_marks(linear, face, dark).density, np.array(MELANIN_AXIS))
    return found


def photographed(rng: np.random.Generator, face: Face, linear: FloatMap, *, faults: float = 1.0) -> Floats:
    """Return linear light (h, w, 3) as another camera would have it; faults: how far it may be off, 1 as is taught."""
    gain = 2 ** (faults * rng.uniform(-0.6, 0.35)) * np.exp(faults * rng.normal(0, 0.04, 3))
    level = np.clip(np.asarray(encode(np.clip(linear * gain, 0, 1))), 0, 1) ** (rng.uniform(0.85, 1.2) ** faults)
    level = np.clip(0.5 + (level - 0.5) * rng.uniform(0.9, 1.15) ** faults, 0, 1).astype(np.float32)
    rows, columns = face.skin.shape
    share = min(1.0, LEAST_WIDTH_PX * face.frame.factor / face_width_px(face)) ** (faults * rng.random())
    small = resized(level, (max(8, round(rows * share)), max(8, round(columns * share))))
    for noise, shape in ((0.012, small.shape), (0.01, (*small.shape[:2], 1))):
        small = np.asarray(small + faults * rng.normal(0, rng.uniform(0, noise), shape), np.float32)
    quality = round(96 - 50 * faults * rng.random())
    return np.asarray(decode(resized(_jpeg(np.clip(small, 0, 1), quality), (rows, columns))), np.float32)


def beside_lamp(face: Face, depth: float = 20.0) -> Floats:
    """Return 100 x density (h, w) of a lamp moved to one side: from 0 to `depth` over the width of the face."""
    columns = np.flatnonzero(face.skin.any(axis=0))
    rise = np.clip((np.arange(face.skin.shape[1]) - columns[0]) / max(np.ptp(columns), 1), 0, 1)
    return np.asarray(np.broadcast_to(depth * rise, face.skin.shape), np.float32)


def _darkened(linear: FloatMap, density: FloatMap, axis: NDArray[np.float64]) -> Floats:
    return np.asarray(linear * 10 ** (-density[..., None] * axis.astype(np.float32) / 100), np.float32)


def _jpeg(level: NDArray[np.floating], quality: int) -> Floats:
    from PIL import Image  # late: 20 ms

    file = BytesIO()
    Image.fromarray(np.rint(255 * level).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(np.asarray(Image.open(file)) / 255, np.float32)
