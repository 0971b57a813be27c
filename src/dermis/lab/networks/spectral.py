"""Networks from pixels to spectra: the common interface, a small one, MST and MST++."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.lab.networks.backbones import Backbone, Features, Modulate

__all__ = [
    "PixelLayers",
    "SpectralNetwork",
    "SpectralTransformer",
    "filtered",
    "mst",
    "mst_plus_plus",
    "padded",
    "spectral_lite",
]


class SpectralNetwork(Backbone):
    """A network that gives a value for each band at each pixel; it is one stage, and its dense features are the answer.

    body: (b, inputs, h, w) -> (b, bands, h, w), for heights and widths that `multiple` divides.
    """

    def __init__(self, body: nn.Module, bands: int, *, multiple: int = 1) -> None:
        super().__init__([body], [bands])
        self.dense_channels = bands
        self.multiple = multiple

    def forward(self, image: Tensor, modulate: Modulate | None = None) -> Features:
        """Return (b, bands, h, w) of `image` (b, inputs, h, w) in [0, 1], as deep and as dense features."""
        height, width = image.shape[2:]
        spectra: Tensor = self.stages[0](padded(image, self.multiple))[:, :, :height, :width]
        if modulate is not None:
            spectra = modulate(0, spectra)
        return Features(spectra, spectra)


def padded(image: Tensor, multiple: int) -> Tensor:
    """Return (b, c, h', w') with rows below and columns at the right mirrored until `multiple` divides both."""
    height, width = image.shape[2:]
    below, right = -height % multiple, -width % multiple
    if not (below or right):
        return image
    mirrored = below < height and right < width  # a smaller picture has too little to mirror
    return functional.pad(image, (0, right, 0, below), mode="reflect" if mirrored else "replicate")


def filtered(before: int, after: int, kernel: int = 3, *, bias: bool = True) -> nn.Conv2d:
    """Return a convolution that keeps the picture's size."""
    return nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=bias)


_SHARES = (3e-5, 2e-4, 2e-3)
"""The brightest places: these shares of the picture, one pixel at least."""
_DARK = 0.01
_CENTRE, _SPREAD = -1.5, 0.8
"""Of the logarithms of skin, roughly."""
_WIDTH = 64


def spectral_lite(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return the network from `inputs` channels, the colours first, to `bands`."""
    return SpectralNetwork(PixelLayers(inputs, bands), bands)


class PixelLayers(nn.Module):
    """The layers behind `spectral_lite`: pixels can also be asked apart from the picture that lent their context."""

    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, _WIDTH, 1)
        self.exposure = nn.Linear(len(_SHARES) * inputs, _WIDTH, bias=False)
        self.second = nn.Conv2d(_WIDTH, _WIDTH, 1)
        self.shape = nn.Conv2d(_WIDTH, bands, 1)
        nn.init.ones_(self.shape.bias)  # type: ignore[arg-type]  # a grey to begin with

    def forward(self, image: Tensor) -> Tensor:
        """Return (b, bands, h, w) of (b, channels, h, w)."""
        return self.spectra(image, self.context(image))

    def context(self, image: Tensor) -> Tensor:
        """Return what a picture says of its exposure, (b, shares * channels)."""
        return _logs(_brightest(image))

    def spectra(self, values: Tensor, context: Tensor) -> Tensor:
        """Return (b, bands, h, w) of the pixels `values` (b, channels, h, w), whose pictures have that context."""
        x = self.first(_logs(values)) + self.exposure(context)[:, :, None, None]
        x = torch.relu(self.second(torch.relu(x)))
        shape: Tensor = self.shape(x)
        return shape * values.mean(dim=1, keepdim=True)


def _logs(values: Tensor) -> Tensor:
    return (torch.log(values.clamp(min=0) + _DARK) - _CENTRE) / _SPREAD


def _brightest(image: Tensor) -> Tensor:
    """Return the mean channels of the brightest places, (b, shares * channels); bright is the brightest colour.

    All that are as bright as the last one count, so that clipped places have no order.
    """
    flat = image.flatten(2)
    bright = flat[:, :3].amax(dim=1, keepdim=True)
    counts = [max(1, round(share * flat.shape[2])) for share in _SHARES]
    ranked = bright.topk(counts[-1], dim=2).values
    found = []
    for count in counts:
        inside = (bright >= ranked[:, :, count - 1 : count]).to(flat.dtype)
        found.append((flat * inside).sum(dim=2) / inside.sum(dim=2))
    return torch.cat(found, dim=1)


_WIDEN = 4


def mst(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return MST-L: 4, 7 and 5 blocks of attention on the three levels."""
    body = nn.Sequential(filtered(inputs, bands, bias=False), SpectralTransformer(bands, (4, 7, 5)))
    return SpectralNetwork(body, bands, multiple=4)


class SpectralTransformer(nn.Module):
    """A U-shaped network of attention between channels that adds to its input.

    channels: (b, channels, h, w), in and out; doubled on each level down. blocks: on each level, the deepest last; the
    way up has as many as the way down. Height and width are halved len(blocks) - 1 times.
    """

    def __init__(self, channels: int, blocks: Sequence[int]) -> None:
        super().__init__()
        wide = [channels * 2**level for level in range(len(blocks))]
        self.first = filtered(channels, channels, bias=False)
        self.down = nn.ModuleList(_blocks(wide[level], channels, blocks[level]) for level in range(len(blocks) - 1))
        self.shrink = nn.ModuleList(nn.Conv2d(here, 2 * here, 4, stride=2, padding=1, bias=False) for here in wide[:-1])
        self.deepest = _blocks(wide[-1], channels, blocks[-1])
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * here, here, 2, stride=2) for here in wide[:-1])
        self.join = nn.ModuleList(nn.Conv2d(2 * here, here, 1, bias=False) for here in wide[:-1])
        self.up = nn.ModuleList(_blocks(wide[level], channels, blocks[level]) for level in range(len(blocks) - 1))
        self.last = filtered(channels, channels, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return (b, channels, h, w)."""
        x = self.first(image)
        beside = []
        for blocks, shrink in zip(self.down, self.shrink, strict=True):
            x = blocks(x)
            beside.append(x)
            x = shrink(x)
        x = self.deepest(x)
        for level in reversed(range(len(beside))):
            x = self.join[level](torch.cat([self.enlarge[level](x), beside[level]], dim=1))
            x = self.up[level](x)
        added: Tensor = self.last(x)
        return added + image


class BandAttention(nn.Module):
    """Attention between the channels of each head, and a filter of every channel that tells of places.

    The weights are products of unit vectors over all pixels, scaled by one learnt number a head.
    """

    def __init__(self, channels: int, per_head: int) -> None:
        super().__init__()
        self.heads = channels // per_head
        self.query, self.key, self.value = (nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3))
        self.scale = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.mix = nn.Conv2d(channels, channels, 1)
        self.place = nn.Sequential(_each(channels), nn.GELU(), _each(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, h, w) of (b, c, h, w)."""
        value = self.value(x)
        query, key = (functional.normalize(self._tokens(part(x)), dim=3) for part in (self.query, self.key))
        weights = torch.softmax(key @ query.transpose(2, 3) * self.scale, dim=3)
        mixed = (weights.to(value.dtype) @ self._tokens(value)).reshape(x.shape)
        found: Tensor = self.mix(mixed) + self.place(value)
        return found

    def _tokens(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, heads, c / heads, h w)."""
        return x.reshape(x.shape[0], self.heads, x.shape[1] // self.heads, -1)


class _Block(nn.Module):
    """Attention, then each pixel with its neighbours through a wider layer; both add to what they are given."""

    def __init__(self, channels: int, per_head: int) -> None:
        super().__init__()
        wide = _WIDEN * channels
        self.attention = BandAttention(channels, per_head)
        self.norm = nn.LayerNorm(channels)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.GELU(),
            _each(wide),
            nn.GELU(),
            nn.Conv2d(wide, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        level = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        added: Tensor = self.layers(level)
        return x + added


def _blocks(channels: int, per_head: int, count: int) -> nn.Module:
    return nn.Sequential(*(_Block(channels, per_head) for _ in range(count)))


def _each(channels: int) -> nn.Module:
    """Return a 3 x 3 filter of each channel by itself."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)


_STAGES = 3


def mst_plus_plus(inputs: int = 3, bands: int = 31) -> Backbone:
    """Return MST++ from `inputs` channels to `bands`; pictures are mirrored to a multiple of 8, as published."""
    return SpectralNetwork(_Cascade(inputs, bands), bands, multiple=8)


class _Cascade(nn.Module):
    def __init__(self, inputs: int, bands: int) -> None:
        super().__init__()
        self.first = filtered(inputs, bands, bias=False)
        self.stages = nn.Sequential(*(SpectralTransformer(bands, (1, 1, 1)) for _ in range(_STAGES)))
        self.last = filtered(bands, bands, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        x: Tensor = self.first(image)
        added: Tensor = self.last(self.stages(x))
        return x + added
