"""Augmentation of pictures in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from dermis.colour.srgb import decode, encode

__all__ = ["Augment", "Params", "apply", "apply_to_map", "make_params", "targets_moved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augment:
    """Each is the widest change; 0 leaves it out. Maps move with their picture."""

    flip: Annotated[float, "chance of a mirror image"] = 0.0
    rotate_deg: Annotated[float, "turned by up to so many degrees"] = 0.0
    zoom: Annotated[float, "shown larger or smaller by a factor of up to 1 + this"] = 0.0
    shift: Annotated[float, "moved by up to this share of its side"] = 0.0
    roll: Annotated[float, "chance that what leaves on one side comes back on the other, across or down"] = 0.0
    light_stops: Annotated[float, "brighter or darker by up to so many stops"] = 0.0
    cast: Annotated[float, "each colour channel's light changed by a factor of up to 1 + this"] = 0.0
    gamma: Annotated[float, "contrast curve: exponent between 1 / (1 + this) and 1 + this"] = 0.0
    blur_px: Annotated[float, "blurred with a bell of up to this width"] = 0.0
    noise: Annotated[float, "noise of up to this standard deviation"] = 0.0
    jpeg: Annotated[float, "compressed by 8 x 8 blocks: chance of it"] = 0.0
    erase: Annotated[float, "chance that a random rectangle is painted over"] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """What was drawn for a batch; None where nothing of the kind happens.

    place: (b, 2, 3), where each pixel of the new picture comes from, in units of half a side. light: (b, 3, 1, 1)
    factors on linear light. gamma: (b, 1, 1, 1) exponents of encoded values. blur_px, noise, quality, erase: see
    `Augment`; quality (b,) from 1, none, to 0.1, coarse; erase (b, 4), left, top, right, bottom as shares, and its
    colour erase_colour (b, 3, 1, 1). roll (b, 2): down and across, as shares of the sides. seed: draws the noise.
    """

    place: Tensor | None = None
    roll: Tensor | None = None
    light: Tensor | None = None
    gamma: Tensor | None = None
    blur_px: Tensor | None = None
    noise: Tensor | None = None
    quality: Tensor | None = None
    erase: Tensor | None = None
    erase_colour: Tensor | None = None
    seed: int = 0


def make_params(settings: Augment, count: int, generator: torch.Generator) -> Params:
    """Draw the changes of `count` pictures."""
    draw = _Draw(count, generator)
    contrast = _log1p(settings.gamma)
    return Params(
        place=_place(settings, draw),
        roll=_roll(settings, draw),
        light=_light(settings, draw),
        gamma=torch.exp(draw.between(-contrast, contrast, 1, 1, 1)) if contrast else None,
        blur_px=draw.between(0.0, settings.blur_px) if settings.blur_px else None,
        noise=draw.between(0.0, settings.noise, 1, 1, 1) if settings.noise else None,
        quality=torch.where(draw.chance(settings.jpeg), draw.between(0.1, 0.9), 1.0) if settings.jpeg else None,
        erase=_erase(settings, draw),
        erase_colour=draw.between(0.0, 1.0, 3, 1, 1) if settings.erase else None,
        seed=int(torch.randint(2**31, (1,), generator=generator)),
    )


class _Draw:
    """Draws one value a picture."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self.count, self.generator = count, generator

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand((self.count, *shape), generator=self.generator)

    def chance(self, share: float) -> Tensor:
        return torch.rand(self.count, generator=self.generator) < share


def _place(settings: Augment, draw: _Draw) -> Tensor | None:
    if not (settings.flip or settings.rotate_deg or settings.zoom or settings.shift):
        return None
    turn = draw.between(-settings.rotate_deg, settings.rotate_deg) * pi / 180
    largest = _log1p(settings.zoom)
    size = torch.exp(draw.between(-largest, largest))
    mirror = torch.where(draw.chance(settings.flip), -1.0, 1.0)
    cos, sin = torch.cos(turn) * size, torch.sin(turn) * size
    shift = 2 * draw.between(-settings.shift, settings.shift, 2)
    rows = [torch.stack([cos * mirror, -sin, shift[:, 0]], dim=1), torch.stack([sin * mirror, cos, shift[:, 1]], dim=1)]
    return torch.stack(rows, dim=1)


def _roll(settings: Augment, draw: _Draw) -> Tensor | None:
    if not settings.roll:
        return None
    along = torch.where(draw.chance(0.5)[:, None], torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    return along * (draw.between(0.0, 1.0) * draw.chance(settings.roll))[:, None]


def _light(settings: Augment, draw: _Draw) -> Tensor | None:
    if not (settings.light_stops or settings.cast):
        return None
    widest = _log1p(settings.cast)
    stops = draw.between(-settings.light_stops, settings.light_stops, 1, 1, 1)
    return torch.exp2(stops) * torch.exp(draw.between(-widest, widest, 3, 1, 1))


def _erase(settings: Augment, draw: _Draw) -> Tensor | None:
    if not settings.erase:
        return None
    sides = draw.between(0.1, 0.4, 2)
    corner = draw.between(0.0, 1.0, 2) * (1 - sides)
    return torch.cat([corner, corner + sides], dim=1) * draw.chance(settings.erase)[:, None]


def apply(pictures: Tensor, params: Params, *, linear: bool) -> Tensor:
    """Return the changed pictures (b, 3, h, w) in [0, 1].

    linear: whether their values are proportional to light; otherwise they are sRGB.
    """
    x = pictures
    if params.place is not None:
        x = _moved(x, params.place, mode="bilinear", padding="reflection")
    if params.roll is not None:
        x = _rolled(x, params.roll)
    if params.light is not None:
        x = _lit(x, params.light, linear=linear)
    if params.gamma is not None:
        x = x.clamp(min=0) ** params.gamma.to(x.device)
    if params.blur_px is not None:
        x = _blurred(x, params.blur_px.to(x.device))
    if params.quality is not None:
        x = _blocks(x, params.quality.to(x.device))
    if params.noise is not None:
        draw = torch.Generator().manual_seed(params.seed)
        x = x + params.noise.to(x.device) * torch.randn(x.shape, generator=draw).to(x.device)
    if params.erase is not None and params.erase_colour is not None:
        x = torch.where(_inside(params.erase.to(x.device), x.shape[2], x.shape[3]), params.erase_colour.to(x.device), x)
    return x.clamp(0.0, 1.0)


def apply_to_map(maps: Tensor, params: Params, *, classes: bool, outside: float) -> Tensor:
    """Return maps (b, h, w) moved as their pictures: single pixels of classes, else with their sum kept.

    outside: what stands where the picture came from beyond its edge.
    """
    if params.place is None:
        return maps if params.roll is None else _rolled(maps[:, None], params.roll)[:, 0]
    x = maps.float()[:, None] - outside
    mode = "nearest" if classes else "bilinear"
    moved = _moved(x, params.place, mode=mode, padding="zeros") + outside
    if not classes:
        area = torch.linalg.det(params.place[:, :, :2]).abs().to(maps.device)
        moved = moved * area[:, None, None, None]
    if params.roll is not None:
        moved = _rolled(moved, params.roll)
    return moved[:, 0].to(maps.dtype)


def targets_moved(targets: Mapping[str, Tensor], params: Params, classes: Mapping[str, int]) -> dict[str, Tensor]:
    """Return the targets with their maps moved; classes: of each head that is a map, 0 for a density."""
    return {
        name: apply_to_map(value, params, classes=classes[name] > 0, outside=255.0 if classes[name] else 0.0)
        if name in classes
        else value
        for name, value in targets.items()
    }


def _moved(x: Tensor, place: Tensor, *, mode: str, padding: str) -> Tensor:
    grid = functional.affine_grid(place.to(x.device), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid.to(x.dtype), mode=mode, padding_mode=padding, align_corners=False)


def _rolled(x: Tensor, roll: Tensor) -> Tensor:
    down, across = (roll * torch.tensor([x.shape[2], x.shape[3]])).int().T.tolist()
    shifts = zip(x, down, across, strict=True)
    return torch.stack([torch.roll(one, (tall, wide), dims=(1, 2)) for one, tall, wide in shifts])


def _lit(x: Tensor, light: Tensor, *, linear: bool) -> Tensor:
    factors = light.to(x.device)
    if linear:
        return x * factors
    channels_last = x.permute(0, 2, 3, 1)
    lit = encode(decode(channels_last) * factors.permute(0, 2, 3, 1))
    brighter: Tensor = lit.permute(0, 3, 1, 2)
    return brighter


def _blurred(x: Tensor, blur_px: Tensor) -> Tensor:
    """Blur each picture with its own bell, along rows and then columns."""
    b, c, h, w = x.shape
    reach = min(int(3 * float(blur_px.max()) + 1), h - 1, w - 1)
    if reach < 1:
        return x
    off = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    bell = torch.exp(-0.5 * (off / blur_px.clamp(min=1e-3)[:, None]) ** 2)
    kernel = (bell / bell.sum(dim=1, keepdim=True)).repeat_interleave(c, dim=0)[:, None]
    flat = x.reshape(1, b * c, h, w)
    flat = functional.conv2d(functional.pad(flat, (reach, reach, 0, 0), "reflect"), kernel[:, :, None, :], groups=b * c)
    flat = functional.conv2d(functional.pad(flat, (0, 0, reach, reach), "reflect"), kernel[..., None], groups=b * c)
    return flat.reshape(b, c, h, w)


def _blocks(x: Tensor, quality: Tensor) -> Tensor:
    """Round the cosines of 8 x 8 blocks as JPEG does, the finer ones more coarsely."""
    b, c, h, w = x.shape
    padded = functional.pad(x, (0, -w % 8, 0, -h % 8), "replicate")
    tall, wide = padded.shape[2] // 8, padded.shape[3] // 8
    blocks = padded.reshape(b, c, tall, 8, wide, 8).permute(0, 1, 2, 4, 3, 5)
    cosines = _cosines(x.device, x.dtype)
    frequency = torch.arange(8, device=x.device, dtype=x.dtype)
    step = (1 + frequency[:, None] + frequency) * 0.06 * (1 / quality - 1)[:, None, None, None, None, None] + 1e-4
    coded = torch.round(cosines @ (blocks - 0.5) @ cosines.T / step) * step
    back = (cosines.T @ coded @ cosines + 0.5).permute(0, 1, 2, 4, 3, 5).reshape(padded.shape)
    return torch.where((quality < 1)[:, None, None, None], back[:, :, :h, :w], x)


def _cosines(device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the orthonormal cosine transform of 8 values, (8, 8)."""
    place = torch.arange(8, device=device, dtype=dtype)
    matrix = torch.cos(pi / 8 * (place + 0.5) * place[:, None]) / 2
    return torch.cat([matrix[:1] / 2**0.5, matrix[1:]])


def _inside(box: Tensor, height: int, width: int) -> Tensor:
    """Return (b, 1, h, w), where the rectangles (left, top, right, bottom as shares) lie."""
    y = ((torch.arange(height, device=box.device) + 0.5) / height)[None, :, None]
    x = ((torch.arange(width, device=box.device) + 0.5) / width)[None, None, :]
    left, top, right, bottom = (box[:, place, None, None] for place in range(4))
    return ((x >= left) & (x < right) & (y >= top) & (y < bottom))[:, None]


def _log1p(x: float) -> float:
    return float(torch.log1p(torch.tensor(x)))
