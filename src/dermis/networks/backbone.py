"""What every network gives to its heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["Backbone", "Features", "Modulate"]

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
