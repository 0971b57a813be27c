"""What teaches the face parser: sets with partial labels, views of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.lab.train.recipe.learners import LEARNERS

__all__ = [
    "ANY",
    "FACE_AREA",
    "TERMS",
    "VIEWS",
    "Example",
    "Sets",
    "hard_view",
    "of_hand_made",
    "of_parts",
    "of_teacher",
    "one_of",
    "sets_loss",
]

Sets = NDArray[np.uint16]
"""(h, w), a bit for each part that a pixel may show."""

ANY = (1 << len(SegmentationClass)) - 1
FACE_AREA = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.OTHER_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.LIPS,
    SegmentationClass.EYES,
)
"""What hand-made masks of faces take as one area."""

TERMS, VIEWS = LEARNERS["face_parts"].terms, LEARNERS["face_parts"].views
"""Usual weights of the loss (how much more a pixel counts that is surely of a small part), odds and widths of views."""
_SURE = 0.75
_SMALLEST_AREA_PX = 50


def one_of(*parts: SegmentationClass) -> int:
    """Return the set of `parts`."""
    return sum(1 << part for part in parts)


def of_parts(parts: LabelMap) -> Sets:
    """Return the sets of exact parts, as synthetic heads have them."""
    return (np.uint16(1) << parts.astype(np.uint16)).astype(np.uint16)


def of_hand_made(parts: LabelMap) -> Sets:
    """Return the sets of a hand-made mask as `dermis.lab.datasets.fasseg` reads it, where FACE_SKIN is any skin.

    Below the eyes skin may be a beard and hair may be one; about the eyes skin may be the rim of glasses.
    """
    sets = of_parts(parts)
    skin, hair = parts == SegmentationClass.FACE_SKIN, parts == SegmentationClass.HAIR
    sets[parts == SegmentationClass.BACKGROUND] = one_of(SegmentationClass.BACKGROUND, SegmentationClass.OCCLUDER)
    rows, columns = np.nonzero(parts == SegmentationClass.EYES)
    below = np.zeros(parts.shape, dtype=np.bool_)
    about = np.zeros(parts.shape, dtype=np.bool_)
    lowest = int(rows.max()) if rows.size else 0
    if rows.size:
        width = max(int(np.ptp(columns)), 30)
        about[
            max(0, rows.min() - width // 4) : lowest + width // 3,
            max(0, columns.min() - width // 4) : columns.max() + width // 4,
        ] = True
        below[lowest + width // 6 :] = True
    sets[skin] = one_of(SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)
    sets[skin & below] = one_of(
        SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.FACIAL_HAIR
    )
    sets[skin & about] = one_of(SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.OCCLUDER)
    sets[hair] = one_of(SegmentationClass.HAIR, SegmentationClass.FACIAL_HAIR)
    sets[:lowest][hair[:lowest]] = one_of(SegmentationClass.HAIR)
    return sets


def of_teacher(shares: FloatMap, drawn: LabelMap | None, inside: BoolMap | None) -> Sets:
    """Return the sets that the zoo's person segmenter is sure of.

    shares: (h, w, 6) of background, hair, body skin, face skin, clothes, others. drawn: (h, w) of `Part`, what
    landmarks know on face skin (nose, lips, eyes), BACKGROUND where they do not; None without landmarks. inside:
    (h, w), what lies within the rim of the face by landmarks.
    """
    background, hair, body, face, clothes, others = np.moveaxis(shares, -1, 0)
    sets = np.full(background.shape, ANY, dtype=np.uint16)
    nothing = one_of(SegmentationClass.BACKGROUND, SegmentationClass.OCCLUDER)
    of_face = one_of(
        SegmentationClass.FACE_SKIN,
        SegmentationClass.FACIAL_HAIR,
        SegmentationClass.NOSE,
        SegmentationClass.LIPS,
        SegmentationClass.EYES,
    )
    sets[(background > _SURE) | (others > _SURE)] = nothing
    sets[(clothes > _SURE) | (background + clothes > _SURE + 0.1)] = one_of(SegmentationClass.BACKGROUND)
    sets[hair > _SURE] = one_of(SegmentationClass.HAIR, SegmentationClass.FACIAL_HAIR)
    sets[face + body > _SURE] = of_face | one_of(SegmentationClass.OTHER_SKIN)
    sets[body > _SURE] = one_of(SegmentationClass.OTHER_SKIN)
    if inside is not None:
        sets[(face > _SURE) & inside] = one_of(SegmentationClass.FACE_SKIN, SegmentationClass.FACIAL_HAIR)
    if drawn is not None:
        known = (drawn != SegmentationClass.BACKGROUND) & (face + body > 0.5)
        sets[known] = of_parts(drawn)[known]
        sets[_above_the_eyes(sets == one_of(SegmentationClass.EYES)) & (sets & of_face > 0)] |= one_of(
            SegmentationClass.HAIR
        )
    return sets


def _above_the_eyes(eyes: BoolMap) -> BoolMap:
    """Return where brows may be, which the teacher takes for skin: above each eye, as high as it is wide."""
    from scipy.ndimage import find_objects, label  # late: 40 ms

    names, _ = label(eyes)
    above = np.zeros_like(eyes)
    for rows, columns in find_objects(names):
        width = columns.stop - columns.start
        aside = slice(max(0, columns.start - width // 3), columns.stop + width // 3)
        above[max(0, rows.start - width) : rows.start, aside] = True
    return above


def sets_loss(logits: Tensor, sets: Tensor, terms: Mapping[str, float] = TERMS) -> Tensor:
    """Return the loss of each picture, (b,): -ln of the shares that are allowed, small parts counting more, and half a
    soft Jaccard loss of the face as one area.

    logits: (b, 9, h, w). sets: (b, h, w) int64; where it is `ANY` nothing is asked.
    """
    table = torch.tensor(
        [[bool(held >> part & 1) for part in range(len(SegmentationClass))] for held in range(ANY + 1)]
    )
    allowed = table.to(logits.device)[sets].permute(0, 3, 1, 2)
    known = sets != ANY
    logs = torch.log_softmax(logits, dim=1)
    entropy = -torch.logsumexp(logs.masked_fill(~allowed, -1e4), dim=1)
    weight = torch.ones(ANY + 1, device=logits.device)
    for part in SegmentationClass:
        weight[one_of(part)] = terms.get(part.name.lower(), 1.0)
    counted = weight[sets] * known
    mean = (entropy * counted).sum(dim=(1, 2)) / counted.sum(dim=(1, 2)).clamp(min=1)
    return terms["sets"] * mean + terms["area"] * _area_lost(logs.exp(), allowed, known)


def _area_lost(shares: Tensor, allowed: Tensor, known: Tensor) -> Tensor:
    """Return 1 - soft intersection over union of the face area, where it is plainly asked for; (b,)."""
    of_area = torch.zeros(len(SegmentationClass), dtype=torch.bool, device=shares.device)
    of_area[list(FACE_AREA)] = True
    columns = of_area[None, :, None, None]
    wanted = ~(allowed & ~columns).any(dim=1) & known
    plain = (wanted | ~(allowed & columns).any(dim=1)) & known
    found = (shares * columns).sum(dim=1) * plain
    truth = wanted.to(found.dtype)
    common = (found * truth).sum(dim=(1, 2))
    either = (found + truth).sum(dim=(1, 2)) - common
    large = truth.sum(dim=(1, 2)) > _SMALLEST_AREA_PX
    return torch.where(large, 1 - common / either.clamp(min=1), torch.zeros_like(common))


Rng = np.random.Generator
_Pixels = NDArray[np.uint8]

_SKIN = np.array(
    [
        bool(
            held
            & one_of(
                SegmentationClass.FACE_SKIN,
                SegmentationClass.OTHER_SKIN,
                SegmentationClass.NOSE,
                SegmentationClass.LIPS,
            )
        )
        and not held & one_of(SegmentationClass.BACKGROUND, SegmentationClass.HAIR, SegmentationClass.OCCLUDER)
        for held in range(ANY + 1)
    ]
)
"""Sets that are surely skin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture (h, w, 3) uint8 sRGB with its sets (h, w), of one person."""

    name: str
    person: str
    pixels: _Pixels
    sets: Sets


def hard_view(
    example: Example, other: Example, size: int, rng: Rng, views: Mapping[str, float] = VIEWS
) -> tuple[_Pixels, NDArray[np.int64]]:
    """Draw one square view of `example`, (size, size, 3), and its sets; `other` lends the surfaces of things."""
    picture, sets = _placed(example, size, rng, views)
    if rng.random() < views["covered"]:
        surface = Image.fromarray(other.pixels).resize((size, size), Image.Resampling.BILINEAR)
        picture, sets = _covered(picture, sets, surface, rng)
    return np.asarray(_compressed(_lit(picture, sets, rng, views), rng)), sets


def _placed(example: Example, size: int, rng: Rng, views: Mapping[str, float]) -> tuple[Image.Image, NDArray[np.int64]]:
    """Cut a turned, stretched, perhaps mirrored square out; one in five is a close-up on skin."""
    height, width = example.sets.shape
    side = max(height, width)
    middle = np.array([width / 2, height / 2]) + rng.normal(0, 0.08, 2) * (width, height)
    if rng.random() < views["close"]:
        cut = side * float(np.exp(rng.uniform(np.log(0.22), np.log(0.6))))
        rows, columns = np.nonzero(_SKIN[example.sets])
        if rows.size:
            pick = rng.integers(rows.size)
            middle = np.array([columns[pick], rows[pick]], dtype=np.float64)
    else:
        cut = side * float(np.exp(rng.uniform(np.log(0.7), np.log(1.35))))
    turn = np.deg2rad(rng.normal(0, views["turn_deg"]) if rng.random() >= views["turned_far"] else rng.uniform(-50, 50))
    stretch, scale = np.exp(rng.normal(0, 0.08)), cut / size
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos * stretch, -sin], [sin * stretch, cos]]) * scale
    if rng.random() < 0.5:
        linear[:, 0] *= -1
    start = middle - linear @ np.array([size / 2, size / 2])
    placed = np.column_stack([linear, start]).ravel().tolist()
    picture = Image.fromarray(example.pixels)
    if scale > 2:
        picture = picture.filter(ImageFilter.BoxBlur(float(scale - 1) / 2))
    shape, affine = (size, size), Image.Transform.AFFINE
    held = Image.fromarray(example.sets.astype(np.int32)).transform(shape, affine, placed, Image.Resampling.NEAREST)
    sets = np.asarray(held).astype(np.int64)
    return picture.transform(shape, affine, placed, Image.Resampling.BILINEAR), np.where(sets == 0, ANY, sets)


def _covered(
    picture: Image.Image, sets: NDArray[np.int64], surface: Image.Image, rng: Rng
) -> tuple[Image.Image, NDArray[np.int64]]:
    """Lay something before the face: a thing, strands of hair, fingers, or glasses."""
    size = picture.width
    canvas = Image.new("L", (size, size))
    pen = ImageDraw.Draw(canvas)
    kind = rng.choice(4, p=(0.35, 0.25, 0.2, 0.2))
    drawn: tuple[Image.Image, SegmentationClass] | None
    if kind == 0:
        drawn = _thing(pen, surface, rng)
    elif kind == 1:
        drawn = _strands(pen, size, rng)
    elif kind == 2:
        drawn = _fingers(pen, np.asarray(picture), sets, rng)
    else:
        drawn = _glasses(pen, sets, rng)
    if drawn is None:
        return picture, sets
    fill, part = drawn
    mixed = Image.composite(fill, picture, canvas.filter(ImageFilter.GaussianBlur(0.6)))
    return mixed, np.where(np.asarray(canvas) > 127, one_of(part), sets)


def _plain(size: int, colour: NDArray[np.floating] | NDArray[np.int64]) -> Image.Image:
    red, green, blue = (int(value) for value in np.clip(colour, 0, 255))
    return Image.new("RGB", (size, size), (red, green, blue))


def _thing(pen: ImageDraw.ImageDraw, surface: Image.Image, rng: Rng) -> tuple[Image.Image, SegmentationClass]:
    size = surface.width
    (x, y), reach = rng.uniform(0, size, 2), rng.uniform(0.06, 0.28) * size
    turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
    if rng.random() < 0.6:
        arms = reach * rng.uniform(0.6, 1.3, turns.size)
        points = [(float(a), float(b)) for a, b in zip(x + arms * np.cos(turns), y + arms * np.sin(turns), strict=True)]
        pen.polygon(points, fill=255)
    else:
        pen.ellipse((x - reach, y - reach * 0.7, x + reach, y + reach * 0.7), fill=255)
    if rng.random() < 0.4:
        return surface, SegmentationClass.OCCLUDER
    fill = _plain(size, rng.integers(0, 256, 3))
    return (Image.blend(fill, surface, 0.25) if rng.random() < 0.4 else fill), SegmentationClass.OCCLUDER


def _strands(pen: ImageDraw.ImageDraw, size: int, rng: Rng) -> tuple[Image.Image, SegmentationClass]:
    colour = np.array([20, 14, 10]) * rng.uniform(0.3, 3) * np.array([1, rng.uniform(0.8, 1), rng.uniform(0.6, 1)])
    root = rng.uniform(0, size)
    for _ in range(rng.integers(2, 9)):
        x, y = root + rng.normal(0, 0.08) * size, rng.uniform(-0.1, 0.3) * size
        bend = rng.normal(0, 3) + np.cumsum(rng.normal(0, 1.2, 14))
        across = x + np.cumsum(bend + rng.normal(0, 2, 14))
        points = [(float(a), float(y + 0.06 * size * step)) for step, a in enumerate(across)]
        pen.line(points, fill=255, width=int(rng.integers(2, 6)))
    return _plain(size, colour), SegmentationClass.HAIR


def _fingers(
    pen: ImageDraw.ImageDraw, pixels: _Pixels, sets: NDArray[np.int64], rng: Rng
) -> tuple[Image.Image, SegmentationClass] | None:
    skin, size = _SKIN[sets], sets.shape[0]
    if skin.sum() < 200:
        return None
    base = pixels[skin].mean(axis=0) * rng.uniform(0.75, 1.25)
    turn, (x, y), wide = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.9, 2) * size, int(rng.uniform(0.05, 0.12) * size)
    along, beside = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    ridge = Image.new("L", (size, size))
    for finger in range(rng.integers(2, 5)):
        tip = np.array([x, y]) + beside * finger * wide * 1.02
        line = (*tip.tolist(), *(tip + along * rng.uniform(0.3, 0.8) * size).tolist())
        pen.line(line, fill=255, width=wide)
        pen.ellipse((*(tip - wide / 2).tolist(), *(tip + wide / 2).tolist()), fill=255)
        ImageDraw.Draw(ridge).line(line, fill=255, width=max(1, wide // 2))
    shade = np.asarray(ridge.filter(ImageFilter.GaussianBlur(wide / 4)), np.float32)[..., None] / 255
    return Image.fromarray(np.uint8(np.clip(base * (0.72 + 0.35 * shade), 0, 255))), SegmentationClass.OTHER_SKIN


def _glasses(
    pen: ImageDraw.ImageDraw, sets: NDArray[np.int64], rng: Rng
) -> tuple[Image.Image, SegmentationClass] | None:
    """Draw a frame, or dark glasses, about the eyes; None where fewer than two are seen."""
    eyes = np.argwhere(sets == one_of(SegmentationClass.EYES))[:, ::-1]
    if len(eyes) < 12:
        return None
    right = eyes[:, 0] < (eyes[:, 0].min() + eyes[:, 0].max()) / 2
    if min(right.sum(), (~right).sum()) < 5:
        return None
    first, second = eyes[right].mean(axis=0), eyes[~right].mean(axis=0)
    apart = float(np.hypot(*(second - first)))
    if apart < 0.07 * sets.shape[0]:
        return None
    dark, line = rng.random() < 0.35, int(max(1, rng.uniform(0.02, 0.07) * apart))
    wide, high = apart * rng.uniform(0.34, 0.44), apart * rng.uniform(0.22, 0.38)
    square = rng.random() < 0.5
    for x, y in (first, second):
        box = (x - wide, y - high * 0.85, x + wide, y + high * 1.1)
        inside = 255 if dark else None
        if square:
            pen.rounded_rectangle(box, radius=min(wide, high) / 2, outline=255, width=line, fill=inside)
        else:
            pen.ellipse(box, outline=255, width=line, fill=inside)
    across = (second - first) / apart
    for start, end in ((first, second), (first, first - across * 1.4 * apart), (second, second + across * 1.4 * apart)):
        step = wide * np.sign((end - start) @ across) * across
        stop = end - step if end is second else end
        pen.line((*(start + step).tolist(), *stop.tolist()), fill=255, width=line)
    low, high_value = (0, 60) if dark or rng.random() < 0.6 else (60, 230)
    return _plain(sets.shape[0], rng.integers(low, high_value, 3)), SegmentationClass.OCCLUDER


def _lit(picture: Image.Image, sets: NDArray[np.int64], rng: Rng, views: Mapping[str, float]) -> NDArray[np.float32]:
    """Change skin, light and camera; returns sRGB in [0, 1]."""
    size = picture.width
    light = (np.asarray(picture, np.float32) / 255) ** np.float32(2.2)
    if rng.random() < views["darker"]:
        # More melanin: light that has entered the skin is lost, of the blue most.
        soft = Image.fromarray(np.uint8(_SKIN[sets] * 255)).filter(ImageFilter.GaussianBlur(2))
        skin = np.asarray(soft, np.float32)[..., None] / 255
        loss = np.exp(-rng.uniform(0.2, 1.6) * np.array([0.75, 1.0, 1.25]))
        light = light * (1 - skin + skin * loss) * (1 + skin * rng.uniform(0, 0.6))
    if rng.random() < 0.5:
        turn, span = rng.uniform(0, 2 * np.pi), np.linspace(-1, 1, size)
        slope = span[None] * np.cos(turn) + span[:, None] * np.sin(turn)
        light = light * np.exp(rng.uniform(0, 1) * slope)[..., None]
    light = light * 2 ** rng.normal(0, 0.6) * np.exp(rng.normal(0, 0.13, 3))
    seen = np.clip(light, 0, 1) ** (np.exp(rng.normal(0, 0.15)) / 2.2)
    if rng.random() < 0.3:
        grey = rng.uniform(0.3, 1)
        seen = seen * (1 - grey) + grey * seen.mean(axis=-1, keepdims=True)
    if rng.random() < 0.5:
        seen = seen + rng.normal(0, rng.uniform(0, 0.05), seen.shape)
    return np.asarray(np.clip(seen, 0, 1), np.float32)


def _compressed(seen: NDArray[np.float32], rng: Rng) -> Image.Image:
    """Blur, shrink or compress."""
    picture, size = Image.fromarray(np.uint8(seen * 255)), seen.shape[0]
    kind = rng.random()
    if kind < 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6))))
    elif kind < 0.35:
        small = max(1, int(size * rng.uniform(0.35, 0.8)))
        picture = picture.resize((small, small), Image.Resampling.BILINEAR)
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    if rng.random() < 0.35:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(15, 85)))
        picture = Image.open(file).convert("RGB")
    return picture
