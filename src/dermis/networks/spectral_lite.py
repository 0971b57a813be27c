"""Our own way from pictures to spectra: exposure from the brightest places, then each pixel by itself.

Pictures of spectral cubes are stretched to their own darkest and brightest value, so how bright the skin is gets lost,
and with it most of what melanin does. The brightest places are gloss, which is white light: what the channels are there
(960 nm beside the colours above all) tells the stretch. Behind that, three layers on the logarithms of a pixel's
channels give the shape of its spectrum, whose level is the mean of the channels. About 0.01 million parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dermis.networks.backbone import Backbone
from dermis.networks.spectral import SpectralNetwork

__all__ = ["PixelLayers", "spectral_lite"]

_SHARES = (3e-5, 2e-4, 2e-3)
"""The brightest places: these shares of the picture, one pixel at least."""
_DARK = 0.01
_CENTRE, _SPREAD = -1.5, 0.8
"""Of the logarithms of skin, roughly."""
_WIDTH = 64


def spectral_lite(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return the network from `inputs` channels, the colours first, to `bands`."""
    return SpectralNetwork(PixelLayers(inputs, bands), bands)


class PixelLayers(nn.Module):
    """The layers behind `spectral_lite`: pixels can also be asked apart from the picture that lent their context."""

    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, _WIDTH, 1)
        self.exposure = nn.Linear(len(_SHARES) * inputs, _WIDTH, bias=False)
        self.second = nn.Conv2d(_WIDTH, _WIDTH, 1)
        self.shape = nn.Conv2d(_WIDTH, bands, 1)
        nn.init.ones_(self.shape.bias)  # type: ignore[arg-type]  # a grey to begin with

    def forward(self, image: Tensor) -> Tensor:
        """Return (b, bands, h, w) of (b, channels, h, w)."""
        return self.spectra(image, self.context(image))

    def context(self, image: Tensor) -> Tensor:
        """Return what a picture says of its exposure, (b, shares * channels)."""
        return _logs(_brightest(image))

    def spectra(self, values: Tensor, context: Tensor) -> Tensor:
        """Return (b, bands, h, w) of the pixels `values` (b, channels, h, w), whose pictures have that context."""
        x = self.first(_logs(values)) + self.exposure(context)[:, :, None, None]
        x = torch.relu(self.second(torch.relu(x)))
        shape: Tensor = self.shape(x)
        return shape * values.mean(dim=1, keepdim=True)


def _logs(values: Tensor) -> Tensor:
    return (torch.log(values.clamp(min=0) + _DARK) - _CENTRE) / _SPREAD


def _brightest(image: Tensor) -> Tensor:
    """Return the mean channels of the brightest places, (b, shares * channels); bright is the brightest colour.

    All that are as bright as the last one count, so that clipped places have no order.
    """
    flat = image.flatten(2)
    bright = flat[:, :3].amax(dim=1, keepdim=True)
    counts = [max(1, round(share * flat.shape[2])) for share in _SHARES]
    ranked = bright.topk(counts[-1], dim=2).values
    found = []
    for count in counts:
        inside = (bright >= ranked[:, :, count - 1 : count]).to(flat.dtype)
        found.append((flat * inside).sum(dim=2) / inside.sum(dim=2))
    return torch.cat(found, dim=1)
