"""Views that teach to see lesions: a face from somewhat elsewhere, in other light, of darker skin, by a worse camera.

Each works on one picture with its marks, on the processor, by Pillow and numpy; the targets follow the picture.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.recipe.learners import LEARNERS

__all__ = ["VIEWS", "Example", "LesionView", "boxes_in_view", "in_picture", "plain_view", "training_view"]

Rng = np.random.Generator
_Pixels = NDArray[np.uint8]
_Reals = NDArray[np.float32]

ROOM = 1.12
"""Side of the square that is looked at, over the longer side of the face in it."""
_SIGMA_CELLS = 1.0
VIEWS = LEARNERS["lesions"].views
"""Usual odds and widths of what is drawn; a recipe changes them by `view`."""
_GREY = 0.5
_GAMMA = 2.2
_LINEAR = ((np.arange(256) / 255) ** _GAMMA).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture with what was marked on it.

    person: whose it is, never parted by a split. pixels: (h, w, 3) uint8 sRGB. stretch: true width over width, relative
    to the height; 1 where pixels are square. skin: (h', w') uint8, how sure skin is there, over the whole picture.
    face: (4,) left, top, right, bottom of the face in pixels. boxes: (n, 4) likewise, None where nobody boxed. circles:
    (m, 3) x, y, radius by the second team, None where not known here. grade, count_all: NaN where not known.
    """

    name: str
    person: str
    pixels: _Pixels
    skin: _Pixels
    face: tuple[float, float, float, float]
    stretch: float = 1.0
    boxes: _Reals | None = None
    circles: _Reals | None = None
    grade: float = math.nan
    count_all: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionView:
    """picture: (size, size, 3) uint8. skin: (size / 4, size / 4) float32. targets: as `lesion_loss` has them."""

    picture: _Pixels
    skin: _Reals
    targets: dict[str, _Reals]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How the view lies: `to_pixels` (2, 3) from view pixels to the picture's; size of the view."""

    to_pixels: NDArray[np.float64]
    size: int

    def seen(self, points: NDArray[np.floating]) -> _Reals:
        """Return points (n, 2) of the picture in view pixels."""
        inverse = np.linalg.inv(self.to_pixels[:, :2])
        moved: _Reals = ((points - self.to_pixels[:, 2]) @ inverse.T).astype(np.float32)
        return moved

    @property
    def growth(self) -> tuple[float, float]:
        """View pixels in one of the picture's, across and down."""
        inverse = np.linalg.inv(self.to_pixels[:, :2])
        return float(np.hypot(*inverse[:, 0])), float(np.hypot(*inverse[:, 1]))


def plain_view(
    example: Example, size: int, *, masked: bool = True, painted: bool = False, flip: bool = False
) -> LesionView:
    """Return `example` as it is looked at when used: the square about the face, nothing drawn."""
    place = _placed(example, size, side=1.0, flip=flip)
    picture, sure = _warped(example, place)
    skin = _skin(sure, wide=True) if masked else np.ones((size // STRIDE, size // STRIDE), np.float32)
    pixels = _on_grey(picture, sure) if painted else picture
    return LesionView(
        picture=np.asarray(pixels), skin=skin, targets=_targets(example, place, np.ones_like(skin), graded=True)
    )


def boxes_in_view(example: Example, size: int) -> NDArray[np.float32]:
    """Return the marked boxes (n, 4), left, top, right, bottom, in pixels of `plain_view`."""
    boxes = np.zeros((0, 4), np.float32) if example.boxes is None else example.boxes
    place = _placed(example, size, side=1.0, flip=False)
    return np.concatenate([place.seen(boxes[:, :2]), place.seen(boxes[:, 2:])], axis=1)


def in_picture(example: Example, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
    """Return points (n, 2) of `plain_view` in pixels of the picture."""
    place = _placed(example, size, side=1.0, flip=False)
    moved: NDArray[np.float64] = points @ place.to_pixels[:, :2].T + place.to_pixels[:, 2]
    return moved


def training_view(example: Example, size: int, rng: Rng, views: Mapping[str, float] = VIEWS) -> LesionView:
    """Draw one view of `example`; views: odds and widths, as in the section view of a recipe."""
    known = not math.isnan(example.grade)
    close = rng.random() < views["close_graded" if known else "close_ungraded"]
    side = float(np.exp(rng.uniform(*np.log((0.45, 0.9))))) if close else float(np.exp(rng.uniform(-0.13, 0.16)))
    place = _placed(example, size, side=side, flip=rng.random() < 0.5, rng=rng, views=views, anywhere=close)
    picture, sure = _warped(example, place)
    masked = rng.random() < views["masked"]
    skin = _skin(sure, wide=rng.random() < 0.8) if masked else np.ones((size // STRIDE, size // STRIDE), np.float32)
    targets = _targets(example, place, skin, graded=not close)
    lit = _lit(picture, sure, rng, views)
    if rng.random() < views["painted"]:
        lit = _on_grey(lit, sure)
    return LesionView(picture=np.asarray(_worse(lit, rng, views)), skin=skin, targets=targets)


def _placed(
    example: Example,
    size: int,
    *,
    side: float,
    flip: bool,
    rng: Rng | None = None,
    views: Mapping[str, float] = VIEWS,
    anywhere: bool = False,
) -> _Place:
    """Return the square of `side` times the face's own about it; with `rng` shifted, turned and stretched a little."""
    left, top, right, bottom = example.face
    square = np.diag([1 / example.stretch, 1.0])
    reach = max((right - left) * example.stretch, bottom - top) * ROOM
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    turn, across = 0.0, 1.0
    if rng is not None:
        wander = max(0.03, (1 - side) / 2) if anywhere else 0.03
        middle = middle + square @ (rng.uniform(-wander, wander, 2) * reach)
        turn = float(np.deg2rad(rng.normal(0, views["turn_deg"])))
        across = float(np.exp(rng.normal(0, views["stretch"])))
    cos, sin = math.cos(turn), math.sin(turn)
    linear = square @ np.array([[cos * across, -sin], [sin * across, cos]]) * (side * reach / size)
    if flip:
        linear[:, 0] *= -1
    start = middle - linear @ np.array([size / 2, size / 2])
    return _Place(to_pixels=np.column_stack([linear, start]), size=size)


def _warped(example: Example, place: _Place) -> tuple[Image.Image, _Pixels]:
    """Return the view and how sure skin is there, (size / 4, size / 4) uint8."""
    affine, how = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    picture = Image.fromarray(example.pixels)
    shrink = 1 / min(place.growth)
    if shrink > 1.4:
        picture = picture.filter(ImageFilter.BoxBlur((shrink - 1) / 2))
    size, cells = place.size, place.size // STRIDE
    seen = picture.transform((size, size), affine, place.to_pixels.ravel().tolist(), how)
    scale = example.skin.shape[0] / example.pixels.shape[0]
    small = place.to_pixels * scale
    small[:, :2] *= STRIDE
    skin = Image.fromarray(example.skin).transform((cells, cells), affine, small.ravel().tolist(), how)
    return seen, np.asarray(skin)


def _skin(sure: _Pixels, *, wide: bool) -> _Reals:
    """Return where skin is; wide: with what lies within about a lesion of it, for masks end a little early."""
    held = sure.astype(np.float32) / 255
    if wide:
        reach = 2 * max(1, sure.shape[0] // 64) + 1
        held = np.asarray(Image.fromarray(sure).filter(ImageFilter.MaxFilter(reach)), np.float32) / 255
    return (held > 0.4).astype(np.float32)


def _on_grey(picture: Image.Image, sure: _Pixels) -> Image.Image:
    """Paint grey what is plainly not skin, with soft borders."""
    mask = Image.fromarray(np.uint8(_skin(sure, wide=True) * 255)).filter(ImageFilter.GaussianBlur(1))
    grey = Image.new("RGB", picture.size, (round(255 * _GREY),) * 3)
    return Image.composite(picture, grey, mask.resize(picture.size, Image.Resampling.BILINEAR))


def _targets(example: Example, place: _Place, skin: _Reals, *, graded: bool) -> dict[str, _Reals]:
    cells = place.size // STRIDE
    nothing = np.full((cells, cells), np.nan, np.float32)
    targets = {
        "density": nothing, "centres": nothing, "density_all": nothing,
        "reaches": np.full((4, cells, cells), np.nan, np.float32),
        "count": np.float32(math.nan), "count_all": np.float32(math.nan), "grade": np.float32(math.nan),
    }  # fmt: skip
    if example.boxes is not None:
        boxes = example.boxes
        across, down = place.growth
        middles = place.seen((boxes[:, :2] + boxes[:, 2:]) / 2)
        sizes = (boxes[:, 2:] - boxes[:, :2]) * (across, down)
        kept = _inside(middles, skin)
        targets["density"], targets["centres"] = _spread(middles[kept], cells)
        targets["reaches"] = _reaches(middles[kept], sizes[kept], cells)
        targets["count"] = np.float32(kept.sum())
        if graded and kept.sum() >= 0.9 * len(boxes):
            targets["grade"] = np.float32(example.grade)
            targets["count_all"] = np.float32(example.count_all)
    if example.circles is not None:
        middles = place.seen(example.circles[:, :2])
        kept = _inside(middles, skin)
        targets["density_all"], _ = _spread(middles[kept], cells)
        targets["count_all"] = np.float32(kept.sum())
    return targets  # type: ignore[return-value]


def _inside(points: _Reals, skin: _Reals) -> NDArray[np.bool_]:
    cell = np.floor(points / STRIDE).astype(int)
    within = np.all((cell >= 0) & (cell < skin.shape[0]), axis=1)
    safe = np.clip(cell, 0, skin.shape[0] - 1)
    kept: NDArray[np.bool_] = within & (skin[safe[:, 1], safe[:, 0]] > 0)
    return kept


def _spread(points: _Reals, cells: int) -> tuple[_Reals, _Reals]:
    """Return bells about points, each with the sum 1, added up; and with the height 1, the highest."""
    total = np.zeros((cells, cells), np.float32)
    peaks = np.zeros((cells, cells), np.float32)
    reach = 4
    for x, y in points / STRIDE:
        column, row = int(x), int(y)
        rows = np.arange(max(0, row - reach), min(cells, row + reach + 1))
        columns = np.arange(max(0, column - reach), min(cells, column + reach + 1))
        down, across = rows[:, None] + 0.5 - y, columns[None] + 0.5 - x
        bell = np.exp(-(down**2 + across**2) / (2 * _SIGMA_CELLS**2))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        total[box] += (bell / bell.sum()).astype(np.float32)
        sharp = np.exp(-((rows[:, None] - row) ** 2 + (columns[None] - column) ** 2) / (2 * _SIGMA_CELLS**2))
        peaks[box] = np.maximum(peaks[box], sharp)
    return total, peaks


def _reaches(points: _Reals, sizes: _Reals, cells: int) -> _Reals:
    """Return how far each box reaches from the middles of the nine cells about its own, to its four sides."""
    found = np.full((4, cells, cells), np.nan, np.float32)
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        rows = np.arange(max(0, int(y / STRIDE) - 1), min(cells, int(y / STRIDE) + 2))
        columns = np.arange(max(0, int(x / STRIDE) - 1), min(cells, int(x / STRIDE) + 2))
        right, down = x - (columns + 0.5) * STRIDE, y - (rows[:, None] + 0.5) * STRIDE
        sides = (width / 2 - right, height / 2 - down, width / 2 + right, height / 2 + down)
        for place, reach in enumerate(sides):
            found[place, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = np.maximum(reach, 1)
    return found


def _lit(picture: Image.Image, sure: _Pixels, rng: Rng, views: Mapping[str, float]) -> Image.Image:
    """Change light, camera and how dark the skin is."""
    pixels = _LINEAR[np.asarray(picture)]
    if rng.random() < views["darker"]:
        # More melanin: light that has entered the skin is lost, of the blue most.
        soft = Image.fromarray(sure).filter(ImageFilter.GaussianBlur(2)).resize(picture.size, Image.Resampling.BILINEAR)
        loss = rng.uniform(0.1, 1.5) * np.array([1.0, 1.35, 1.7]) * rng.uniform(0.9, 1.1, 3)
        left = np.exp(-np.linspace(0, 1, 256)[:, None] * loss).astype(np.float32)
        pixels *= left[np.asarray(soft)]
        pixels *= np.float32(rng.uniform(1.0, 1.6))
    gain = np.exp(rng.normal(0, views["exposure"])) * np.exp(rng.normal(0, views["cast"], 3))
    pixels *= gain.astype(np.float32)
    np.clip(pixels, 0, 1, out=pixels)
    np.power(pixels, np.float32(np.exp(rng.normal(0, 0.12)) / _GAMMA), out=pixels)
    grey = (pixels @ np.full((3, 1), 1 / 3, np.float32)).astype(np.float32)
    pixels -= grey
    pixels *= np.float32(255 * np.exp(rng.normal(0, 0.12)))
    pixels += 255 * grey
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _worse(picture: Image.Image, rng: Rng, views: Mapping[str, float]) -> Image.Image:
    """Blur, add noise, and compress, each now and then."""
    if rng.random() < views["blurred"]:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.3))))
    if rng.random() < views["noisy"]:
        noise = rng.normal(0, rng.uniform(2, 8), (picture.height, picture.width, 1))
        picture = Image.fromarray(np.uint8(np.clip(np.asarray(picture, np.float32) + noise, 0, 255)))
    if rng.random() < views["compressed"]:
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=int(rng.integers(35, 92)))
        picture = Image.open(written)
        picture.load()
    return picture
