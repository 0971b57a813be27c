"""Networks from pictures to spectra: what they share."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone, Features, Modulate

__all__ = ["SpectralNetwork", "filtered", "padded"]


class SpectralNetwork(Backbone):
    """A network that gives a value for each band at each pixel; it is one stage, and its dense features are the answer.

    body: (b, inputs, h, w) -> (b, bands, h, w), for heights and widths that `multiple` divides.
    """

    def __init__(self, body: nn.Module, bands: int, *, multiple: int = 1) -> None:
        super().__init__([body], [bands])
        self.dense_channels = bands
        self.multiple = multiple

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return (b, bands, h, w) of `image` (b, inputs, h, w) in [0, 1], as deep and as dense features."""
        height, width = image.shape[2:]
        spectra: Tensor = self.stages[0](padded(image, self.multiple))[:, :, :height, :width]
        if modulate is not None:
            spectra = modulate(0, spectra)
        return Features(spectra, spectra)


def padded(image: Tensor, multiple: int) -> Tensor:
    """Return (b, c, h', w') with rows below and columns at the right mirrored until `multiple` divides both."""
    height, width = image.shape[2:]
    below, right = -height % multiple, -width % multiple
    if not (below or right):
        return image
    mirrored = below < height and right < width  # a smaller picture has too little to mirror
    return functional.pad(image, (0, right, 0, below), mode="reflect" if mirrored else "replicate")


def filtered(before: int, after: int, kernel: int = 3, *, bias: bool = True) -> nn.Conv2d:
    """Return a convolution that keeps the picture's size."""
    return nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=bias)
