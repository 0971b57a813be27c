"""EfficientNet-Lite0 with a way back up: dense features from a network that has seen ImageNet.

The way back ends at half of the picture's size, or at a quarter, which is enough for what is larger than a few pixels.
Of Lite0 it has all stages down to a 32nd of the size, of the last only half; the 320 and 1280 channels behind it say
what a picture shows, not where. About 1.5 million parameters, 3 MB at 16 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone, Features, Modulate
from dermis.networks.efficientnet_lite import efficientnet_lite0

__all__ = ["Lite0UNet", "lite0_quarter", "lite0_unet"]

_STAGES = 7
_LAST_BLOCKS = 2
_JOINED = (1, 2, 3, 5, 6)
"""Stages whose outputs, at a 2nd, 4th, 8th, 16th and 32nd of the size, meet again on the way up."""
_WIDTH = 48
_DENSE = 24


def lite0_unet() -> Backbone:
    """Return the network; its dense features are at half of the picture's size."""
    return Lite0UNet()


def lite0_quarter() -> Backbone:
    """Return the network; its dense features are at a quarter of the picture's size."""
    return Lite0UNet(_JOINED[1:])


class Lite0UNet(Backbone):
    """The way down as stages, and beside those of `joined` the way back up, to the size of the first of them."""

    def __init__(self, joined: Sequence[int] = _JOINED) -> None:
        down = efficientnet_lite0()
        stages = list(down.stages)[:_STAGES]
        last = stages[-1]
        assert isinstance(last, nn.Sequential)
        stages[-1] = last[:_LAST_BLOCKS]
        channels = down.stage_channels[:_STAGES]
        super().__init__(stages, channels)
        self.joined = tuple(joined)
        self.context = _convolution(channels[-1], channels[-1], 1)
        self.narrow = nn.ModuleList(nn.Conv2d(channels[place], _WIDTH, 1) for place in joined)
        self.join = nn.ModuleList(_separable(_WIDTH, _WIDTH) for _ in joined[1:])
        self.last = _separable(_WIDTH, _DENSE)
        self.dense_channels = _DENSE

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return deep features at a 32nd of `image` (b, 3, h, w), and dense ones, 24 channels at a 2nd or 4th."""
        levels = []
        x = image
        for place, stage in enumerate(self.stages):
            x = stage(x)
            x = x if modulate is None else modulate(place, x)
            levels.append(x)
        # What the whole picture shows helps every pixel of it to know what it is.
        deep = x + self.context(x.mean(dim=(2, 3), keepdim=True))
        up: Tensor = self.narrow[-1](deep)
        for step in range(len(self.joined) - 2, -1, -1):
            side: Tensor = self.narrow[step](levels[self.joined[step]])
            up = functional.interpolate(up, size=side.shape[2:], mode="bilinear", align_corners=False) + side
            up = self.join[step](up)
        return Features(deep, self.last(up))


def _convolution(before: int, after: int, kernel: int, *, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(inplace=True),
    )


def _separable(before: int, after: int) -> nn.Module:
    return nn.Sequential(_convolution(before, before, 3, groups=before), _convolution(before, after, 1))
