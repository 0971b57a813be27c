"""HDNet: residual blocks at full size with one place of attention to bands and to places in their middle.

Hu et al., "HDNet: High-resolution Dual-domain Learning for Spectral Compressive Imaging", CVPR 2022. Written from the
paper: 16 residual blocks of 64 channels, attention in the spatial-spectral domain at full resolution (no pooling on the
axis that is attended), a fusion of features, 15 more blocks. The paper does not give the widths of the fusion, so it is
one residual layer of three dilations here, and the count is 2.47 instead of 2.66 million parameters from 3 to 31 bands;
its loss in the frequency domain is left out, as it was in the Hyper-Skin challenge.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dermis.networks.backbone import Backbone
from dermis.networks.spectral import SpectralNetwork, filtered

__all__ = ["hdnet"]

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
