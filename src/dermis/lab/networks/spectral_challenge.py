"""The other networks of the spectral challenges: HSCNN+, HRNet, HDNet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.lab.networks.backbones import Backbone
from dermis.lab.networks.spectral import SpectralNetwork, filtered

__all__ = ["hdnet", "hrnet", "hscnn_plus"]

_FIRST, _WIDE, _PATH, _GROWTH = 128, 128, 32, 32


def hscnn_plus(inputs: int = 3, bands: int = 31, blocks: int = 30) -> Backbone:
    """Return HSCNN+ with so many fusion blocks."""
    layers = [
        _TwoPaths(inputs, _FIRST),
        *(_Dense(_FIRST + _GROWTH * place) for place in range(blocks)),
        nn.Conv2d(_FIRST + _GROWTH * blocks, bands, 1, bias=False),
    ]
    return SpectralNetwork(nn.Sequential(*layers), bands)


class _TwoPaths(nn.Module):
    """Two ways side by side, each a 3 x 3 layer and a 1 x 1 layer behind it; all four joined."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        half = after // 4
        self.near = nn.ModuleList(filtered(before, half, bias=False) for _ in range(2))
        self.behind = nn.ModuleList(nn.Conv2d(half, half, 1, bias=False) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        near = [functional.relu(layer(x)) for layer in self.near]
        behind = [functional.relu(layer(seen)) for layer, seen in zip(self.behind, near, strict=True)]
        return torch.cat([*near, *behind], dim=1)


class _Dense(nn.Module):
    """Add 32 features to those before: narrowed, seen on two paths of 32 and 16, fused."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(before, _WIDE, 1, bias=False)
        self.near = nn.ModuleList(filtered(_WIDE, _PATH, bias=False) for _ in range(2))
        self.behind = nn.ModuleList(nn.Conv2d(_PATH, _PATH // 2, 1, bias=False) for _ in range(2))
        self.fuse = nn.Conv2d(3 * _PATH, _GROWTH, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        narrow = functional.relu(self.narrow(x))
        near = [functional.relu(layer(narrow)) for layer in self.near]
        behind = [functional.relu(layer(seen)) for layer, seen in zip(self.behind, near, strict=True)]
        return torch.cat([x, functional.relu(self.fuse(torch.cat([*near, *behind], dim=1)))], dim=1)


_HRNET_FIRST = 64
_SCALES = 4
_DAMPED = 0.2
_NARROW = 16


def hrnet(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return HRNet; pictures are mirrored to a multiple of 8."""
    return SpectralNetwork(_Scales(inputs, bands), bands, multiple=2 ** (_SCALES - 1))


class _Scales(nn.Module):
    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        wide = [_HRNET_FIRST * 2**scale for scale in range(_SCALES)]
        self.first = nn.ModuleList(filtered(inputs * 4**scale, here) for scale, here in enumerate(wide))
        self.join = nn.ModuleList(filtered(here + here // 2, here) for here in wide[:-1])
        self.refine = nn.ModuleList(nn.Sequential(_ResidualDense(here), _ResidualGlobal(here)) for here in wide)
        self.last = nn.ModuleList(filtered(here, here) for here in wide[1:])
        self.spectra = filtered(_HRNET_FIRST, bands)

    def forward(self, image: Tensor) -> Tensor:
        below: Tensor | None = None
        for scale in reversed(range(_SCALES)):
            x = _leaky(self.first[scale](functional.pixel_unshuffle(image, 2**scale) if scale else image))
            if below is not None:
                x = _leaky(self.join[scale](torch.cat([x, functional.pixel_shuffle(below, 2)], dim=1)))
            x = self.refine[scale](x)
            below = _leaky(self.last[scale - 1](x)) if scale else x
        spectra: Tensor = self.spectra(below)
        return spectra


class _ResidualDense(nn.Module):
    """Five layers that each see all before, added to the input at a fifth of their strength."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        growth = channels // 2
        widths: Sequence[int] = [channels + growth * place for place in range(5)]
        self.layers = nn.ModuleList(filtered(before, growth) for before in widths[:-1])
        self.last = filtered(widths[-1], channels)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for layer in self.layers:
            seen = torch.cat([seen, _leaky(layer(seen))], dim=1)
        added: Tensor = self.last(seen)
        return x + _DAMPED * added


class _ResidualGlobal(nn.Module):
    """Two layers whose channels are weighed by what the whole picture shows, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(filtered(channels, channels), nn.LeakyReLU(0.2), filtered(channels, channels))
        self.weigh = nn.Sequential(
            nn.Linear(channels, channels // _NARROW), nn.ReLU(), nn.Linear(channels // _NARROW, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layers(x)
        weights: Tensor = self.weigh(found.mean(dim=(2, 3)))[:, :, None, None]
        return x + found * weights


def _leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.2)


_CHANNELS = 64
_BEFORE, _AFTER = 16, 15


def hdnet(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return HDNet from `inputs` channels to `bands`."""
    return SpectralNetwork(_Residual(inputs, bands), bands)


class _Residual(nn.Module):
    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        self.first = filtered(inputs, _CHANNELS)
        self.middle = nn.Sequential(
            *(_Block(_CHANNELS) for _ in range(_BEFORE)),
            _DualAttention(_CHANNELS),
            _Fusion(_CHANNELS),
            *(_Block(_CHANNELS) for _ in range(_AFTER)),
            filtered(_CHANNELS, _CHANNELS),
        )
        self.last = filtered(_CHANNELS, bands)

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        spectra: Tensor = self.last(x + self.middle(x))
        return spectra


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(filtered(channels, channels), nn.ReLU(), filtered(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.layers(x)
        return x + added


class _DualAttention(nn.Module):
    """What the picture shows at each place weighs the channels, what each channel is in all weighs the places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.where, self.what = nn.Conv2d(channels, 1, 1), nn.Conv2d(channels, half, 1)
        self.back, self.norm = nn.Linear(half, channels), nn.LayerNorm(channels)
        self.query, self.value = nn.Conv2d(channels, half, 1), nn.Conv2d(channels, half, 1)

    def forward(self, x: Tensor) -> Tensor:
        shares = torch.softmax(self.where(x).flatten(2), dim=2)
        seen = (self.what(x).flatten(2) * shares).sum(dim=2)
        bands = torch.sigmoid(self.norm(self.back(seen)))[:, :, None, None]
        asked = torch.softmax(self.query(x).mean(dim=(2, 3)), dim=1)[:, :, None, None]
        places = torch.sigmoid((self.value(x) * asked).sum(dim=1, keepdim=True))
        return x * bands + x * places


class _Fusion(nn.Module):
    """Three reaches side by side, fused and added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reaches = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=by, dilation=by) for by in (1, 2, 4))
        self.fuse = nn.Conv2d(3 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cat([torch.relu(reach(x)) for reach in self.reaches], dim=1)
        added: Tensor = self.fuse(seen)
        return x + added
