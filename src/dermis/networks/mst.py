"""MST: spectra by attention between bands, in a U-shaped network (MST-L).

Cai et al., "Mask-guided Spectral-wise Transformer for Efficient Hyperspectral Image Reconstruction", CVPR 2022,
without the mask, which only coded apertures have. Written from the papers. 2.45 million parameters from 3 to 31 bands.

Each band is one token, so attention is between bands and its cost grows with the number of pixels, not with its square.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone
from dermis.networks.spectral import SpectralNetwork, filtered

__all__ = ["SpectralTransformer", "mst"]

_WIDEN = 4


def mst(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return MST-L: 4, 7 and 5 blocks of attention on the three levels."""
    body = nn.Sequential(filtered(inputs, bands, bias=False), SpectralTransformer(bands, (4, 7, 5)))
    return SpectralNetwork(body, bands, multiple=4)


class SpectralTransformer(nn.Module):
    """A U-shaped network of attention between channels that adds to its input.

    channels: (b, channels, h, w), in and out; doubled on each level down. blocks: on each level, the deepest last; the
    way up has as many as the way down. Height and width are halved len(blocks) - 1 times.
    """

    def __init__(self, channels: int, blocks: Sequence[int]) -> None:
        super().__init__()
        wide = [channels * 2**level for level in range(len(blocks))]
        self.first = filtered(channels, channels, bias=False)
        self.down = nn.ModuleList(_blocks(wide[level], channels, blocks[level]) for level in range(len(blocks) - 1))
        self.shrink = nn.ModuleList(nn.Conv2d(here, 2 * here, 4, stride=2, padding=1, bias=False) for here in wide[:-1])
        self.deepest = _blocks(wide[-1], channels, blocks[-1])
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * here, here, 2, stride=2) for here in wide[:-1])
        self.join = nn.ModuleList(nn.Conv2d(2 * here, here, 1, bias=False) for here in wide[:-1])
        self.up = nn.ModuleList(_blocks(wide[level], channels, blocks[level]) for level in range(len(blocks) - 1))
        self.last = filtered(channels, channels, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return (b, channels, h, w)."""
        x = self.first(image)
        beside = []
        for blocks, shrink in zip(self.down, self.shrink, strict=True):
            x = blocks(x)
            beside.append(x)
            x = shrink(x)
        x = self.deepest(x)
        for level in reversed(range(len(beside))):
            x = self.join[level](torch.cat([self.enlarge[level](x), beside[level]], dim=1))
            x = self.up[level](x)
        added: Tensor = self.last(x)
        return added + image


class BandAttention(nn.Module):
    """Attention between the channels of each head, and a filter of every channel that tells of places.

    The weights are products of unit vectors over all pixels, scaled by one learnt number a head.
    """

    def __init__(self, channels: int, per_head: int) -> None:
        super().__init__()
        self.heads = channels // per_head
        self.query, self.key, self.value = (nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3))
        self.scale = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.mix = nn.Conv2d(channels, channels, 1)
        self.place = nn.Sequential(_each(channels), nn.GELU(), _each(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, h, w) of (b, c, h, w)."""
        value = self.value(x)
        query, key = (functional.normalize(self._tokens(part(x)), dim=3) for part in (self.query, self.key))
        weights = torch.softmax(key @ query.transpose(2, 3) * self.scale, dim=3)
        mixed = (weights.to(value.dtype) @ self._tokens(value)).reshape(x.shape)
        found: Tensor = self.mix(mixed) + self.place(value)
        return found

    def _tokens(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, heads, c / heads, h w)."""
        return x.reshape(x.shape[0], self.heads, x.shape[1] // self.heads, -1)


class _Block(nn.Module):
    """Attention, then each pixel with its neighbours through a wider layer; both add to what they are given."""

    def __init__(self, channels: int, per_head: int) -> None:
        super().__init__()
        wide = _WIDEN * channels
        self.attention = BandAttention(channels, per_head)
        self.norm = nn.LayerNorm(channels)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.GELU(),
            _each(wide),
            nn.GELU(),
            nn.Conv2d(wide, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        level = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        added: Tensor = self.layers(level)
        return x + added


def _blocks(channels: int, per_head: int, count: int) -> nn.Module:
    return nn.Sequential(*(_Block(channels, per_head) for _ in range(count)))


def _each(channels: int) -> nn.Module:
    """Return a 3 x 3 filter of each channel by itself."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
