"""U-shaped networks that answer at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from dermis.lab.networks.backbones import Backbone, Features, Modulate, efficientnet_lite0
from dermis.lab.networks.resnet_thin import resnet50_thin

__all__ = ["PretrainedUNet", "UNetLite", "lite0_quarter", "lite0_unet", "thin_quarter", "unet_lite"]

_CHANNELS = (16, 24, 40, 80, 128)
_DENSE = 24


def unet_lite() -> Backbone:
    """Return the network; its dense features are at half of the picture's size."""
    return UNetLite()


class UNetLite(Backbone):
    """The way down as stages, and beside each of them its way back up."""

    def __init__(self) -> None:
        stages: list[nn.Module] = [_convolution(3, _CHANNELS[0], 3, stride=2)]
        for before, after in pairwise(_CHANNELS):
            stages.append(nn.Sequential(Mobile(before, after, stride=2), Mobile(after, after, kernel=5)))
        super().__init__(stages, _CHANNELS)
        self.context = _convolution(_CHANNELS[-1], _CHANNELS[-1], 1)
        self.narrow = nn.ModuleList(nn.Conv2d(channels, _DENSE * 2, 1) for channels in _CHANNELS)
        self.join = nn.ModuleList(_separable(_DENSE * 2, _DENSE * 2) for _ in _CHANNELS[1:])
        self.last = _separable(_DENSE * 2, _DENSE)
        self.dense_channels = _DENSE

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return deep features at a 32nd and dense ones (b, 24, ceil(h / 2), ceil(w / 2)) of `image` (b, 3, h, w)."""
        levels = []
        x = image
        for place, stage in enumerate(self.stages):
            x = stage(x)
            levels.append(x if modulate is None else modulate(place, x))
            x = levels[-1]
        # What the whole picture shows helps every pixel of it to know what it is.
        deep = x + self.context(x.mean(dim=(2, 3), keepdim=True))
        up: Tensor = self.narrow[-1](deep)
        for place in range(len(levels) - 2, -1, -1):
            side: Tensor = self.narrow[place](levels[place])
            up = functional.interpolate(up, size=side.shape[2:], mode="bilinear", align_corners=False) + side
            up = self.join[place](up)
        return Features(deep, self.last(up))


class Mobile(nn.Module):
    """An inverted bottleneck: widen four times by 1 x 1, filter each channel, narrow, add the input where it fits."""

    def __init__(self, before: int, after: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        wide = before * 4
        self.layers = nn.Sequential(
            _convolution(before, wide, 1),
            _convolution(wide, wide, kernel, stride=stride, groups=wide),
            nn.Conv2d(wide, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, after, ceil(h / stride), ceil(w / stride))."""
        out: Tensor = self.layers(x)
        return out + x if self.adds else out


def _convolution(before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.Hardswish(inplace=True),
    )


def _separable(before: int, after: int) -> nn.Module:
    return nn.Sequential(_convolution(before, before, 3, groups=before), _convolution(before, after, 1))


_STAGES = 7
_LAST_BLOCKS = 2
_JOINED = (1, 2, 3, 5, 6)
"""Stages whose outputs, at a 2nd, 4th, 8th, 16th and 32nd of the size, meet again on the way up."""
_WIDTH = 48


def lite0_unet() -> Backbone:
    """Return the network; its dense features are at half of the picture's size."""
    return PretrainedUNet(_lite0(), _JOINED)


def lite0_quarter() -> Backbone:
    """Return the network; its dense features are at a quarter of the picture's size."""
    return PretrainedUNet(_lite0(), _JOINED[1:])


def thin_quarter() -> Backbone:
    """Return ResNet-50-thin with the same way back up; its dense features are at a quarter of the picture's size."""
    return PretrainedUNet(resnet50_thin(), (1, 2, 3, 4))


def _lite0() -> Backbone:
    """Return EfficientNet-Lite0 without its last stages: 192 features at a 32nd of the size."""
    down = efficientnet_lite0()
    stages = list(down.stages)[:_STAGES]
    last = stages[-1]
    assert isinstance(last, nn.Sequential)
    stages[-1] = last[:_LAST_BLOCKS]
    return Backbone(stages, down.stage_channels[:_STAGES])


class PretrainedUNet(Backbone):
    """The stages of `down`, and beside those of `joined` the way back up, to the size of the first of them."""

    def __init__(self, down: Backbone, joined: Sequence[int]) -> None:
        channels = down.stage_channels
        super().__init__(list(down.stages), channels)
        self.joined = tuple(joined)
        self.context = _pointwise(channels[-1], channels[-1])
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


def _pointwise(before: int, after: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(inplace=True),
    )
