"""MST++: three spectral transformers in a row, with the input added at the end.

Cai et al., "MST++: Multi-stage Spectral-wise Transformer for Efficient Spectral Reconstruction", CVPR Workshops 2022;
winner of NTIRE 2022 and the baseline of the Hyper-Skin challenge. Written from the paper. 1.62 million parameters from
3 to 31 bands; its channels are the bands, so 61 bands take four times as many.
"""

from __future__ import annotations

from torch import Tensor, nn

from dermis.networks.backbone import Backbone
from dermis.networks.mst import SpectralTransformer
from dermis.networks.spectral import SpectralNetwork, filtered

__all__ = ["mst_plus_plus"]

_STAGES = 3


def mst_plus_plus(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return MST++ from `inputs` channels to `bands`; pictures are mirrored to a multiple of 8, as published."""
    return SpectralNetwork(_Cascade(inputs, bands), bands, multiple=8)


class _Cascade(nn.Module):
    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        self.first = filtered(inputs, bands, bias=False)
        self.stages = nn.Sequential(*(SpectralTransformer(bands, (1, 1, 1)) for _ in range(_STAGES)))
        self.last = filtered(bands, bands, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        x: Tensor = self.first(image)
        added: Tensor = self.last(self.stages(x))
        return x + added
