"""A whole network: the fusion of what it is shown, backbone and heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.lab.networks.backbones import Backbone, Features, Modulate
from dermis.lab.networks.heads import Answers, HeadModule, Joined, head
from dermis.lab.networks.prototypes import PrototypeHead
from dermis.lab.networks.registry import NETWORKS, backbone
from dermis.lab.networks.settings import Head, Loss, Network, bands_of

__all__ = ["Answering", "Concat", "CrossAttention", "Film", "Fusion", "Model", "Plain", "fusion"]

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


class Model(nn.Module):
    """From a picture in [0, 1] and numbers in their own units to raw answers; all normalisation is inside.

    number_names: the numbers beside the picture, in order; those of one feature begin with its name and a dot.
    channels: of the picture. Networks for spectra see values as they are, as published.
    """

    pixel_mean: Tensor
    pixel_std: Tensor
    number_mean: Tensor
    number_std: Tensor

    def __init__(
        self,
        network: Network,
        heads: Mapping[str, Head],
        losses: Mapping[str, Loss],
        *,
        number_names: Sequence[str] = (),
        load_pretrained: bool = True,
        channels: int = 3,
    ) -> None:
        super().__init__()
        bands = next((len(bands_of(one)) for one in heads.values() if one.kind == "spectrum"), 31)
        pretrained = network.pretrained if load_pretrained else ""
        self.backbone = backbone(network.name, pretrained, channels=channels, bands=bands)
        self.needs_vector = any(one.kind not in ("map", "spectrum") for one in heads.values())
        self.fusion = fusion(self.backbone, len(number_names), network)
        dense = self.backbone.dense_channels or self.backbone.deep_channels
        self.heads = nn.ModuleList(
            _head(name, one, losses.get(name, Loss()), self.fusion.width, dense) for name, one in heads.items()
        )
        self.weights = {name: losses.get(name, Loss()).weight for name in heads}
        self.starts = {name: _columns(name, one, number_names) for name, one in heads.items() if one.residual}
        mean, std = _scale(network, channels)
        self.register_buffer("pixel_mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("pixel_std", torch.tensor(std)[:, None, None])
        self.register_buffer("number_mean", torch.zeros(len(number_names)))
        self.register_buffer("number_std", torch.ones(len(number_names)))

    def forward(self, image: Tensor, numbers: Tensor, pooled: Tensor | None = None) -> dict[str, Tensor]:
        """Return the raw numbers of each head.

        image: (b, 3, h, w) in [0, 1]. numbers: (b, n), NaN where not known; (b, 0) where there are none. pooled: what
        `pooled` said of the pictures, so that the network is not asked again.
        """
        seen = (image - self.pixel_mean) / self.pixel_std
        known = torch.nan_to_num((numbers - self.number_mean) / self.number_std).clamp(-6.0, 6.0)
        backbone = self.backbone if pooled is None else _Said(pooled)
        features, vector = self.fusion(backbone, seen, known)
        dense = features.deep if features.dense is None else features.dense
        size = (image.shape[2], image.shape[3])
        raw = {}
        for name, module in self.each().items():
            start = numbers[:, self.starts[name]] if name in self.starts else None
            raw[name] = module(Joined(vector, dense, start, size))
        return raw

    @torch.inference_mode()
    def pooled(self, image: Tensor) -> Tensor:
        """Return the mean over the places of the deep features, (b, channels), of pictures (b, 3, h, w) in [0, 1]."""
        features: Features = self.backbone((image - self.pixel_mean) / self.pixel_std)
        return features.deep.mean(dim=(2, 3))

    def each(self) -> dict[str, HeadModule]:
        """Return the heads by name."""
        return {module.name: module for module in self.heads if isinstance(module, HeadModule)}

    def answer(self, raw: Mapping[str, Tensor]) -> Answers:
        """Return all answers in units by name."""
        answers: Answers = {}
        for name, module in self.each().items():
            answers |= module.answer(raw[name])
        return answers

    def loss(self, raw: Mapping[str, Tensor], targets: Mapping[str, Tensor], epoch: float) -> Tensor:
        """Return the loss of each sample, (b,), the weighted sum over heads."""
        parts = [self.weights[name] * one.loss(raw[name], targets[name], epoch) for name, one in self.each().items()]
        return torch.stack(parts).sum(dim=0)


def _head(name: str, settings: Head, loss: Loss, width: int, dense: int) -> HeadModule:
    if loss.name == "prototypes":
        return PrototypeHead(name, settings, loss, width)
    return head(name, settings, loss, width=width, dense=dense)


class _Said(Backbone):
    """Says again what a frozen network said: (b, channels) as features of one place."""

    def __init__(self, pooled: Tensor) -> None:
        super().__init__([], (pooled.shape[1],))
        self._deep = pooled[:, :, None, None]

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return the features; the picture is not looked at."""
        return Features(self._deep, None)


def _scale(network: Network, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if NETWORKS[network.name].spectral:
        return (0.0,) * channels, (1.0,) * channels
    return NETWORKS[network.name].scale if network.pretrained else ((0.5,) * 3, (0.25,) * 3)


class Answering(nn.Module):
    """A model that answers at once, as it is shipped: (image, numbers) -> a tensor for each of `names`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, numbers: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the answers in units, in the order of `Model.answer`."""
        if numbers is None:
            numbers = image.new_zeros((image.shape[0], 0))
        return tuple(self.model.answer(self.model(image, numbers)).values())


def _columns(name: str, settings: Head, number_names: Sequence[str]) -> list[int]:
    places = [place for place, one in enumerate(number_names) if one.split(".")[0] == settings.residual]
    if len(places) != max(len(settings.targets), 1):
        raise UsageError(
            f"head.{name}.residual: the feature {settings.residual!r} has {len(places)} numbers, "
            f"the head {max(len(settings.targets), 1)}.",
            advice="Name it in input.features, with as many numbers as the head has targets.",
        )
    return places
