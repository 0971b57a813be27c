"""Residual networks (He, Zhang, Ren, Sun, CVPR 2016), the stride in the 3 x 3 convolution of a bottleneck.

No package carries ImageNet weights of them without a hub. A file of weights with the usual names (conv1,
layer1.0.conv1, ...) can be handed in; otherwise they start from nothing, and EfficientNet-Lite stands in where a
pretrained network is wanted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from dermis.networks.backbone import Backbone

__all__ = ["resnet", "resnet_names"]

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
    """What a block adds to its input: two 3 x 3 convolutions, or 1 x 1, 3 x 3, 1 x 1 around a bottleneck."""

    def __init__(self, before: int, width: int, *, stride: int, bottleneck: bool) -> None:
        super().__init__()
        after = width * (4 if bottleneck else 1)
        self.bottleneck = bottleneck
        if bottleneck:
            self.conv1 = nn.Conv2d(before, width, 1, bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
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
