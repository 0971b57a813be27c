"""HSCNN+ (HSCNN-D): densely joined blocks that each look in two ways and fuse what they saw.

Shi et al., "HSCNN+: Advanced CNN-Based Hyperspectral Recovery from RGB Images", CVPR Workshops 2018, winner of NTIRE
2018: dense connections with path-widening fusion. Written from the paper, whose text leaves the widths open: 128
features at first, 32 more from each block. With 30 blocks it has the published 4.65 million parameters from 3 to 31
bands; the Hyper-Skin challenge took 20 blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone
from dermis.networks.spectral import SpectralNetwork, filtered

__all__ = ["hscnn_plus"]

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
