"""ResNet-50 of half the width, as Yahoo's Open-NSFW has it (2016, BSD-2): weights of a general picture classifier.

It stands in where a source used ResNet-50 with ImageNet weights, which no package carries: the network was taught on
ImageNet before its makers taught it their own question, so its first stages know edges, textures and faces.
Unlike the usual ResNet it strides in the first 1 x 1 convolution, and pads the stem's pooling right and below.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.lab.networks.backbones import Backbone, Residual

__all__ = [
    "OPEN_NSFW_NOTICE",
    "OPEN_NSFW_SCALE",
    "packaged_open_nsfw",
    "read_open_nsfw",
    "resnet50_thin",
    "settle_norms",
]

OPEN_NSFW_NOTICE = Path(__file__).with_name("open_nsfw.LICENSE")
OPEN_NSFW_SCALE = ((123.0 / 255, 117.0 / 255, 104.0 / 255), (1 / 255,) * 3)
"""Mean and standard deviation of sRGB values in [0, 1] that turn them into what the network was shown."""
_WIDTHS, _BLOCKS = (32, 64, 128, 256), (3, 4, 6, 3)
_EPSILON = 1e-5


def resnet50_thin() -> Backbone:
    """Return the network without its classifier: 1024 features at a 32nd of the size, 5.9 M parameters."""
    stem = OrderedDict(
        conv1=nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
        bn1=nn.BatchNorm2d(64, eps=_EPSILON),
        relu=nn.ReLU(inplace=True),
        maxpool=EdgePool(3, stride=2),
    )
    stages: list[nn.Module] = [nn.Sequential(stem)]
    block = partial(Residual, bottleneck=True, stride_first=True)
    before = 64
    for place, (width, count) in enumerate(zip(_WIDTHS, _BLOCKS, strict=True)):
        first = block(before, width, stride=1 if place == 0 else 2)
        before = width * 4
        stages.append(nn.Sequential(first, *(block(before, width, stride=1) for _ in range(count - 1))))
    return Backbone(stages, (64, *(width * 4 for width in _WIDTHS)))


class EdgePool(nn.MaxPool2d):
    """Pooling that gives ceil(size / 2): one row and column more, right and below, where the size is even."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the largest of each three by three, (b, c, h, w) -> (b, c, ceil(h / 2), ceil(w / 2))."""
        # No constant of minus infinity: an exported network would carry it through half precision.
        left, top = x.shape[3] % 2, x.shape[2] % 2
        pooled: Tensor = super().forward(functional.pad(x, (left, 1, top, 1), mode="replicate"))
        return pooled


def packaged_open_nsfw() -> Path:
    """Return the file of weights, fetched once by the package client. Raises ModelMissing."""
    from dermis.models.registry import fetch  # late: only where these weights are asked for

    return fetch("open_nsfw")


def read_open_nsfw(path: Path) -> dict[str, Tensor]:
    """Return the weights in the file under our names; the classifier is left out.

    In the file a norm is x - mean, times a factor, plus a bias, behind a convolution with its own bias: the norm gets
    them all, so that it answers as they do. The first convolution is turned from BGR to RGB.
    """
    import onnx  # late: a tenth of a second

    graph = onnx.load(str(path)).graph
    weights: dict[str, Tensor] = {}
    for (conv, norm), (kernel, shift, factor, bias) in zip(_names(), _convolutions(graph), strict=True):
        weights[f"{conv}.weight"] = kernel.flip(1) if conv == "stages.0.conv1" else kernel
        weights |= {f"{norm}.weight": factor, f"{norm}.bias": bias, f"{norm}.running_mean": shift}
        weights[f"{norm}.running_var"] = torch.full_like(shift, 1.0 - _EPSILON)
    return weights


@torch.no_grad()
def settle_norms(network: Backbone, image: Tensor) -> None:
    """Give the norms of the stages mean and variance of what `image` (b, 3, h, w) shows them; no answer changes by it.

    The file keeps what a norm does, not the variance it was divided by. A network that learns divides by that of its
    batch, so without this its first step would scale every channel anew.
    """

    def settle(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        var, mean = torch.var_mean(given[0], dim=(0, 2, 3), correction=0)
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_(factor * (mean - norm.running_mean))
        norm.weight.copy_(factor * (var + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)

    norms = [one for one in network.stages.modules() if isinstance(one, nn.BatchNorm2d)]
    hooks = [one.register_forward_pre_hook(settle) for one in norms]
    learns = network.training
    network.eval()(image)
    network.train(learns)
    for hook in hooks:
        hook.remove()


def _names() -> Iterator[tuple[str, str]]:
    """Yield our names of each convolution and its norm as they lie in the file."""
    yield "stages.0.conv1", "stages.0.bn1"
    for stage, count in enumerate(_BLOCKS, 1):
        for place in range(count):
            block = f"stages.{stage}.{place}"
            convolutions = [(f"{block}.conv{number}", f"{block}.bn{number}") for number in (1, 2, 3)]
            if place == 0:
                convolutions.insert(2, (f"{block}.downsample.0", f"{block}.downsample.1"))
            yield from convolutions


def _convolutions(graph: Any) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:  # noqa: ANN401 -- onnx has no types
    """Yield of each convolution its kernel, what its norm takes away, multiplies by and adds."""
    from onnx import numpy_helper

    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    constants |= {one.output[0]: constants[one.input[0]] for one in graph.node if one.op_type == "Identity"}
    follows = {one.input[0]: one for one in reversed(graph.node) if one.input}
    for convolution in (one for one in graph.node if one.op_type == "Conv"):
        held: list[Tensor] = []
        at = convolution
        while len(held) < 4:
            at = follows[at.output[0]]
            if at.op_type in ("Add", "Sub", "Mul"):
                held.append(torch.from_numpy(constants[at.input[1]].reshape(-1).copy()))
        own, mean, factor, bias = held
        yield torch.from_numpy(constants[convolution.input[1]].copy()), mean - own, factor, bias
