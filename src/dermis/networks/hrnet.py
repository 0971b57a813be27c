"""HRNet (SGN): the picture on four scales, each folded into channels, and deeper scales handed up.

Zhao et al., "Hierarchical Regression Network for Spectral Reconstruction from RGB Images", CVPR Workshops 2020, winner
of NTIRE 2020 (real world). Written from the paper: pixels are folded and unfolded (PixelUnshuffle, PixelShuffle)
instead of strided; every scale has a residual dense block against artefacts and a residual global block that weighs
channels by their mean over the picture. Published with 31.70 million parameters from 3 to 31 bands.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone
from dermis.networks.spectral import SpectralNetwork, filtered

__all__ = ["hrnet"]

_FIRST = 64
_SCALES = 4
_DAMPED = 0.2
_NARROW = 16


def hrnet(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return HRNet; pictures are mirrored to a multiple of 8."""
    return SpectralNetwork(_Scales(inputs, bands), bands, multiple=2 ** (_SCALES - 1))


class _Scales(nn.Module):
    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        wide = [_FIRST * 2**scale for scale in range(_SCALES)]
        self.first = nn.ModuleList(filtered(inputs * 4**scale, here) for scale, here in enumerate(wide))
        self.join = nn.ModuleList(filtered(here + here // 2, here) for here in wide[:-1])
        self.refine = nn.ModuleList(nn.Sequential(_ResidualDense(here), _ResidualGlobal(here)) for here in wide)
        self.last = nn.ModuleList(filtered(here, here) for here in wide[1:])
        self.spectra = filtered(_FIRST, bands)

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
