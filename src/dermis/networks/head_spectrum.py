"""The head of spectra: a value for each band at each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.head import Answers, HeadModule, Joined
from dermis.networks.settings import Head, Loss, bands_of

__all__ = ["SpectrumHead"]

_LEAST_LENGTH = 0.1
"""Spectra shorter than this (their Euclidean length) say little of their direction and count less in the angle."""
_LEAST_TRUTH = 0.005
_ANGLE_SHARE = 10.0


class SpectrumHead(HeadModule):
    """Spectra as the network gives them, or through one layer where it gives features of another number."""

    error_name = "sam_rad"

    def __init__(self, name: str, settings: Head, loss: Loss, channels: int) -> None:
        super().__init__(name, settings, loss)
        bands = len(bands_of(settings))
        self.convolution: nn.Module = nn.Identity() if channels == bands else nn.Conv2d(channels, bands, 1)

    def forward(self, joined: Joined) -> Tensor:
        """Return (b, band, h, w) of the picture's size."""
        raw: Tensor = self.convolution(joined.dense).float()
        if raw.shape[2:] == joined.size:
            return raw
        return functional.interpolate(raw, size=joined.size, mode="bilinear", align_corners=False)

    def answer(self, raw: Tensor) -> Answers:
        """Return name: (b, band, h, w)."""
        return {self.name: raw}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,); target (b, h, w, band), pixels with NaN are left out."""
        wanted, known = _known(target)
        off = (raw - wanted).abs()
        if self.loss_name == "relative":
            off = off / wanted.clamp(min=_LEAST_TRUTH)
        pixels = off.mean(dim=1)
        if self.loss_name == "angle":
            pixels = pixels + _chord(raw, wanted) / _ANGLE_SHARE
        return (pixels * known).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of spectral angles of pixels that are not dark, and their number."""
        wanted, known = _known(target)
        bright = known * (wanted.norm(dim=1) > _LEAST_LENGTH)
        along = functional.cosine_similarity(raw.double(), wanted.double(), dim=1).clamp(-1, 1)
        return torch.stack([(torch.arccos(along) * bright).sum(), bright.double().sum()])


def _known(target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the target (b, band, h, w) float32, 0 where not known, and 1 where a pixel is known, (b, h, w)."""
    planes = target.permute(0, 3, 1, 2).float()
    known = torch.isfinite(planes).all(dim=1)
    return torch.where(known[:, None], planes, 0.0), known.float()


def _chord(raw: Tensor, wanted: Tensor) -> Tensor:
    """Return how far apart the directions are, (b, h, w): the chord, near the angle in radians; less where dark."""
    length = wanted.norm(dim=1)
    apart = functional.normalize(raw, dim=1) - functional.normalize(wanted, dim=1)
    chord = (apart.square().sum(dim=1) + 1e-8).sqrt()
    weight: Tensor = (length / _LEAST_LENGTH).clamp(max=1.0)
    return chord * weight
