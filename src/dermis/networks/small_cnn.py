"""A small network for small pictures: four convolutions of 32 to 256 channels, about 0.39 million parameters."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from dermis.networks.backbone import Backbone

__all__ = ["small_cnn"]

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
