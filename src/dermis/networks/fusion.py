"""How numbers beside a picture (mean colour, exposure, camera) join what the network sees in it.

Three ways: `concat` joins at the end; `film` lets the numbers scale and shift every stage (Perez et al., AAAI 2018);
`cross_attention` lets them ask the places of the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dermis.networks.backbone import Backbone, Features
from dermis.networks.settings import Network

__all__ = ["Concat", "CrossAttention", "Film", "Fusion", "Plain", "fusion"]

_NUMBERS = 64
_ATTENTION = 128
_HEADS = 4


class Fusion(nn.Module):
    """Runs the backbone and joins the numbers: forward(backbone, image, numbers) -> features, vector (b, width)."""

    width: int

    def forward(self, backbone: Backbone, image: Tensor, numbers: Tensor) -> tuple[Features, Tensor]:
        """image: (b, 3, h, w) normalised. numbers: (b, n) in units of their spread."""
        raise NotImplementedError


class Plain(Fusion):
    """The picture alone: the mean over its places."""

    def __init__(self, backbone: Backbone, numbers: int, settings: Network) -> None:
        super().__init__()
        self.last, self.width = _last(backbone.deep_channels, settings)

    def forward(self, backbone: Backbone, image: Tensor, numbers: Tensor) -> tuple[Features, Tensor]:
        """Return the features and the vector; numbers are not looked at."""
        features = backbone(image)
        return features, self.last(features.deep.mean(dim=(2, 3)))


class Concat(Fusion):
    """Numbers through two layers, beside the mean over the picture's places."""

    def __init__(self, backbone: Backbone, numbers: int, settings: Network) -> None:
        super().__init__()
        self.numbers = _layers(numbers)
        self.last, self.width = _last(backbone.deep_channels + _NUMBERS, settings)

    def forward(self, backbone: Backbone, image: Tensor, numbers: Tensor) -> tuple[Features, Tensor]:
        """Return the features and the vector."""
        features = backbone(image)
        joined = torch.cat([features.deep.mean(dim=(2, 3)), self.numbers(numbers)], dim=1)
        return features, self.last(joined)


class Film(Fusion):
    """Numbers scale each channel of each stage by 1 + 0.1 tanh and shift it by 0.1 tanh."""

    def __init__(self, backbone: Backbone, numbers: int, settings: Network) -> None:
        super().__init__()
        self.numbers = _layers(numbers)
        self.turns = nn.ModuleList(nn.Linear(_NUMBERS, 2 * channels) for channels in backbone.stage_channels)
        for turn in self.turns:
            nn.init.zeros_(turn.weight)  # type: ignore[arg-type]  # starts as the plain network
            nn.init.zeros_(turn.bias)  # type: ignore[arg-type]
        self.norm = nn.LayerNorm(backbone.deep_channels)
        self.last, self.width = _last(backbone.deep_channels, settings)

    def forward(self, backbone: Backbone, image: Tensor, numbers: Tensor) -> tuple[Features, Tensor]:
        """Return the features and the vector."""
        said = self.numbers(numbers)

        def modulate(place: int, x: Tensor) -> Tensor:
            scale, shift = torch.tanh(self.turns[place](said))[:, :, None, None].chunk(2, dim=1)
            return x * (1 + 0.1 * scale) + 0.1 * shift

        features = backbone(image, modulate)
        return features, self.last(self.norm(features.deep.mean(dim=(2, 3))))


class CrossAttention(Fusion):
    """Numbers are the question to the places of the picture, four heads of 32; the numbers also pass by."""

    def __init__(self, backbone: Backbone, numbers: int, settings: Network) -> None:
        super().__init__()
        self.numbers = _layers(numbers)
        self.query = nn.Linear(_NUMBERS, _ATTENTION)
        self.key_value = nn.Linear(backbone.deep_channels, 2 * _ATTENTION)
        self.pooled = nn.Linear(backbone.deep_channels, _ATTENTION)
        self.norm = nn.LayerNorm(_ATTENTION + _NUMBERS)
        self.last, self.width = _last(_ATTENTION + _NUMBERS, settings)

    def forward(self, backbone: Backbone, image: Tensor, numbers: Tensor) -> tuple[Features, Tensor]:
        """Return the features and the vector."""
        features = backbone(image)
        said = self.numbers(numbers)
        places = features.deep.flatten(2).transpose(1, 2)
        query = self._by_head(self.query(said)[:, None])
        key, value = (self._by_head(part) for part in self.key_value(places).chunk(2, dim=2))
        weights = torch.softmax(query @ key.transpose(2, 3) / key.shape[3] ** 0.5, dim=3)
        found = (weights @ value).flatten(1) + self.pooled(places.mean(dim=1))
        return features, self.last(self.norm(torch.cat([found, said], dim=1)))

    def _by_head(self, x: Tensor) -> Tensor:
        """(b, places, 128) -> (b, heads, places, 32)."""
        return x.reshape(x.shape[0], x.shape[1], _HEADS, -1).transpose(1, 2)


def fusion(backbone: Backbone, numbers: int, settings: Network) -> Fusion:
    """Return the way of joining that `settings` asks for; the picture alone where there are no numbers."""
    if numbers == 0:
        return Plain(backbone, numbers, settings)
    ways = {"concat": Concat, "film": Film, "cross_attention": CrossAttention}
    return ways[settings.fusion](backbone, numbers, settings)


def _layers(numbers: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(numbers, _NUMBERS), nn.ReLU(inplace=True), nn.Linear(_NUMBERS, _NUMBERS), nn.ReLU(inplace=True)
    )


def _last(channels: int, settings: Network) -> tuple[nn.Module, int]:
    """Return the layers before the heads, and how many features these get."""
    layers: list[nn.Module] = []
    for size in (*settings.layers, *([settings.width] if settings.width else [])):
        layers += [nn.Linear(channels, size), nn.ReLU(inplace=True)]
        channels = size
    return nn.Sequential(*layers, nn.Dropout(settings.dropout, inplace=False)), channels
