"""Brown marks painted on a photo of real clear skin: the photo's own light, gloss and pores stay, melanin is added.

Added melanin multiplies the linear light of each channel by 10^(-density x axis / 100); the axis is what outlined marks
on photos show (`dermis.tasks.pigmentation.contrast`). Scattering inside the skin blurs each border, and that of melasma
is ill defined: 0.6 to 4 mm, as outlined marks have them;
inside, the pigment is uneven and spares follicles; larger marks have satellites. Places follow anatomy: freckles and
lentigines where the sun falls, melasma in patches on both cheeks, the forehead and along the upper lip, marks after
acne where acne was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Region, View
from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.face.crop import to_frame
from dermis.face.landmarks import MIDLINE
from dermis.face.regions import FACE_MM, face_width_px
from dermis.lab.synth.lesions.grades import VISIBLE, mottled_real
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.upper_lip import upper_lip
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS

__all__ = ["PaintedSkin", "PhotoMark", "draw_photo_marks", "paint_marks", "smooth_noise"]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_FOLLICLES_PER_MM2 = 0.25
_PLATEAU = 1.35
"""Inside a mark the pigment is level up to near the border: outlined marks are hardly skewed."""
_SUN = {Region.FOREHEAD: 1.0, Region.LEFT_CHEEK: 1.5, Region.RIGHT_CHEEK: 1.5, Region.NOSE: 1.6}
_MELASMA = {Region.FOREHEAD: 0.6, Region.LEFT_CHEEK: 1.2, Region.RIGHT_CHEEK: 1.2, Region.CHIN: 0.3, Region.NOSE: 0.3}
_LIP_RADIUS_MM, _LIP_ASPECT, _LIP_TURN_RAD = (4.0, 9.0), (1.4, 2.4), 0.25
"""A patch on the upper lip lies along it, as a moustache does."""
_ACNE = {Region.FOREHEAD: 0.8, Region.LEFT_CHEEK: 1.3, Region.RIGHT_CHEEK: 1.3, Region.CHIN: 1.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How a kind of mark looks, (lowest, highest) each; radius and density evenly in the logarithm.

    places: how often a mm² of a region bears one, relative; on_lip: a mm² of the upper lip.
    """

    radius_mm: tuple[float, float]
    density: tuple[float, float]
    edge_mm: tuple[float, float]
    irregularity: tuple[float, float]
    places: Mapping[Region, float]
    symmetric: bool = False
    on_lip: float = 0.0


_HABITS: Mapping[MarkKind, _Habit] = {
    MarkKind.FRECKLE: _Habit(
        radius_mm=(0.45, 1.1), density=(8, 20), edge_mm=(0.6, 1.1), irregularity=(0.1, 0.25), places=_SUN
    ),
    MarkKind.LENTIGO: _Habit(
        radius_mm=(1.4, 4.5), density=(12, 32), edge_mm=(0.9, 1.8), irregularity=(0.1, 0.3), places=_SUN
    ),
    MarkKind.MELASMA: _Habit(
        radius_mm=(6.0, 18.0), density=(9, 20), edge_mm=(2.2, 4.0), irregularity=(0.2, 0.4), places=_MELASMA,
        symmetric=True, on_lip=3.5,
    ),
    MarkKind.PIH: _Habit(
        radius_mm=(1.0, 3.2), density=(14, 36), edge_mm=(1.2, 2.2), irregularity=(0.1, 0.25), places=_ACNE
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMark:
    """One mark on the analysed frame of a photo: x, y in frame pixels; density: 100 x green density at its height.

    edge_mm: width over which the border falls from 90 to 10 %. Two visits of a mark differ in `density` alone.
    """

    kind: MarkKind
    x: float
    y: float
    radius_mm: float
    density: float
    edge_mm: float
    irregularity: float
    aspect: float
    angle_rad: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedSkin:
    """linear: (h, w, 3) float32 with the marks. density: (h, w), 100 x green density added. contrast: (h, w), by how
    much L* fell. grade: what follows on the skin of the face, 0 to 9 as a real number, as on made heads.
    """

    linear: FloatMap
    density: FloatMap
    contrast: FloatMap
    grade: float

    def __post_init__(self) -> None:
        hold(self, "linear", dtype=np.float32, shape=(None, None, 3))
        for name in ("density", "contrast"):
            hold(self, name, dtype=np.float32, shape=self.linear.shape[:2])


def draw_photo_marks(
    rng: np.random.Generator, face: Face, kind: MarkKind, count: int, *, at: NDArray[np.floating] | None = None
) -> tuple[PhotoMark, ...]:
    """Draw `count` marks of a kind on the named regions of a face; none where there is no skin.

    at: (n, 2) x and y on the frame to grow at, such as lesions of before. Melasma comes in pairs on a front view.
    Kinds: freckle, lentigo, melasma and post-inflammatory.
    """
    habit = _HABITS[kind]
    lip = upper_lip(face) if habit.on_lip else np.zeros_like(face.skin)
    places = _places(rng, face, habit, count, lip) if at is None else np.asarray(at, np.float64)[:count]
    marks = [_drawn(rng, kind, habit, x, y) for x, y in places]
    down = _down(face)
    marks = [_along_lip(rng, mark, down) if _holds(lip, mark) else mark for mark in marks]
    if habit.symmetric and down is not None:
        kept = marks[: (len(marks) + 1) // 2]
        marks = [*kept, *(_mirrored(rng, mark, down) for mark in kept)][:count]
    satellites = [
        _satellite(rng, mark, face) for mark in marks if mark.radius_mm > 2 for _ in range(rng.integers(0, 4))
    ]
    return tuple(marks + satellites)


def paint_marks(linear: FloatMap, face: Face, marks: Sequence[PhotoMark]) -> PaintedSkin:
    """Return the face (h, w, 3) of linear sRGB on the analysed frame with the marks on its skin.

    Overlapping marks do not add up: the denser one counts. Off the skin nothing changes.
    """
    mm_px = face_width_px(face) / face.frame.factor / FACE_MM
    density = np.zeros(face.skin.shape, np.float32)
    for mark in marks:
        _stamp(density, mark, mm_px)
    density *= _sparing(face.skin.shape, mm_px, seed=marks[0].seed if marks else 0) * face.skin
    painted = linear * 10 ** (-density[..., None] * np.asarray(MELANIN_AXIS, np.float32) / 100)
    contrast = np.where(face.skin, _lightness(linear) - _lightness(painted), 0).astype(np.float32)
    where = face.skin & (face.regions > 0)
    burden = float(np.maximum(contrast[where] - VISIBLE, 0).mean()) if where.any() else 0.0
    return PaintedSkin(
        linear=painted.astype(np.float32), density=density, contrast=contrast, grade=mottled_real(burden)
    )


def _drawn(rng: np.random.Generator, kind: MarkKind, habit: _Habit, x: float, y: float) -> PhotoMark:
    (small, large), (faint, dense) = habit.radius_mm, habit.density
    return PhotoMark(
        kind=kind,
        x=float(x),
        y=float(y),
        radius_mm=float(small * (large / small) ** rng.random()),
        density=float(faint * (dense / faint) ** rng.random()),
        edge_mm=float(rng.uniform(*habit.edge_mm)),
        irregularity=float(rng.uniform(*habit.irregularity)),
        aspect=float(rng.uniform(1.0, 1.6)),
        angle_rad=float(rng.uniform(0, np.pi)),
        seed=int(rng.integers(2**32)),
    )


def _places(rng: np.random.Generator, face: Face, habit: _Habit, count: int, lip: BoolMap) -> NDArray[np.float64]:
    weight = np.zeros(len(Region))
    for region, share in habit.places.items():
        weight[region.code] = share
    chance = (np.where(lip, habit.on_lip, weight[face.regions]) * face.skin).ravel()
    if chance.sum() <= 0:
        return np.zeros((0, 2))
    chosen = rng.choice(chance.size, size=count, p=chance / chance.sum())
    rows, columns = np.divmod(chosen, face.skin.shape[1])
    return np.stack([columns, rows], axis=1) + rng.random((count, 2))


def _holds(where: BoolMap, mark: PhotoMark) -> bool:
    row, column = int(mark.y), int(mark.x)
    return 0 <= row < where.shape[0] and 0 <= column < where.shape[1] and bool(where[row, column])


def _down(face: Face) -> NDArray[np.float64] | None:
    """Return two points (2, 2), x and y on the frame, on the midline of a front view, upper first; None in others."""
    if face.landmarks is None or face.view is not View.FRONT:
        return None
    points = to_frame(face.landmarks, face.frame)[:, :2]
    return np.stack([points[list(half)].mean(axis=0) for half in MIDLINE])


def _along_lip(rng: np.random.Generator, mark: PhotoMark, down: NDArray[np.float64] | None) -> PhotoMark:
    (small, large), (round_, long) = _LIP_RADIUS_MM, _LIP_ASPECT
    lean = 0.0 if down is None else float(np.arctan2(*(down[1] - down[0])))
    return replace(
        mark,
        radius_mm=float(small * (large / small) ** rng.random()),
        aspect=float(rng.uniform(round_, long)),
        angle_rad=float(rng.uniform(-_LIP_TURN_RAD, _LIP_TURN_RAD)) - lean,
    )


def _mirrored(rng: np.random.Generator, mark: PhotoMark, down: NDArray[np.float64]) -> PhotoMark:
    top, bottom = down
    axis = (bottom - top) / np.linalg.norm(bottom - top)
    away = np.array([mark.x, mark.y]) - top
    x, y = top + 2 * (away @ axis) * axis - away
    return replace(
        mark,
        x=float(x),
        y=float(y),
        density=mark.density * float(rng.uniform(0.85, 1.15)),
        radius_mm=mark.radius_mm * float(rng.uniform(0.85, 1.15)),
        angle_rad=2 * float(np.arctan2(axis[1], axis[0])) - mark.angle_rad,
        seed=int(rng.integers(2**32)),
    )


def _satellite(rng: np.random.Generator, mark: PhotoMark, face: Face) -> PhotoMark:
    away = mark.radius_mm * rng.uniform(1.1, 1.8) * face_width_px(face) / face.frame.factor / FACE_MM
    turn = rng.uniform(0, 2 * np.pi)
    return replace(
        mark,
        x=mark.x + float(away * np.cos(turn)),
        y=mark.y + float(away * np.sin(turn)),
        radius_mm=float(max(0.5, mark.radius_mm * rng.uniform(0.1, 0.3))),
        density=mark.density * float(rng.uniform(0.4, 0.9)),
        seed=int(rng.integers(2**32)),
    )


def _stamp(density: FloatMap, mark: PhotoMark, mm_px: float) -> None:
    """Raise the density to that of one mark in its window."""
    radius = mark.radius_mm * mm_px
    reach = int(np.ceil(radius * (1.9 + mark.irregularity) + 1.5 * mark.edge_mm * mm_px)) + 1
    rows = slice(max(0, int(mark.y) - reach), max(0, min(density.shape[0], int(mark.y) + reach + 1)))
    columns = slice(max(0, int(mark.x) - reach), max(0, min(density.shape[1], int(mark.x) + reach + 1)))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    y, x = np.mgrid[rows, columns] - np.array([mark.y, mark.x])[:, None, None]
    along = x * np.cos(mark.angle_rad) + y * np.sin(mark.angle_rad)
    across = y * np.cos(mark.angle_rad) - x * np.sin(mark.angle_rad)
    stretch = np.sqrt(mark.aspect)
    rng = np.random.default_rng(mark.seed)
    far = np.hypot(along / stretch, across * stretch) - radius
    far += mark.irregularity * radius * smooth_noise(rng, far.shape, max(0.5 * radius, 1.5 * mm_px))
    steepness = 4.4 / max(mark.edge_mm * mm_px, 0.5)
    profile = np.minimum(_PLATEAU / (1 + np.exp(np.clip(far * steepness, -30, 30))), 1)
    uneven = 1 + 0.15 * smooth_noise(rng, far.shape, 0.8 * mm_px) + 0.15 * smooth_noise(rng, far.shape, 3 * mm_px)
    stamped = mark.density * profile * np.clip(uneven, 0.3, 1.7)
    np.maximum(density[rows, columns], stamped.astype(np.float32), out=density[rows, columns])


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], length_px: float) -> FloatMap:
    """Return smooth noise of spread 1 whose bays are about `length_px` long."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    spread = max(0.4 * length_px, 0.3)
    smooth = gaussian_filter(rng.standard_normal(shape).astype(np.float32), spread, mode="reflect")
    return np.asarray(smooth * (2 * np.sqrt(np.pi) * spread if spread > 0.5 else 1.0), dtype=np.float32)


def _sparing(shape: tuple[int, ...], mm_px: float, *, seed: int) -> FloatMap:
    """Return by how much pigment counts at each pixel: less at follicles."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    rng = np.random.default_rng(seed)
    dots = (rng.random(shape) < _FOLLICLES_PER_MM2 / max(mm_px, 1.0) ** 2).astype(np.float32)
    spread = max(0.25 * mm_px, 0.3)
    spared = 1 - 0.6 * gaussian_filter(dots, spread) * 2 * np.pi * spread**2
    return np.asarray(np.clip(spared, 0.3, 1), dtype=np.float32)


def _lightness(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(116 * np.cbrt(np.maximum(linear @ _LUMINANCE, 0.0)) - 16, dtype=np.float64)
