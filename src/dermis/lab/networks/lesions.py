"""The network behind acne: where lesions lie, how many by two annotation protocols, and how severe they are.

One way down and up (`lite0_quarter` or `thin_quarter`); at a quarter of the size five maps, from the deepest features
the grade. It is read from what the picture shows and from the count, because Hayashi's grades are limits of the count:
it starts as that rule and learns where graders leave it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.core import HAYASHI_LIMITS
from dermis.errors import UsageError
from dermis.lab.networks.registry import NETWORKS, backbone

__all__ = ["MAPS", "STRIDE", "LesionAnswers", "LesionNetwork"]

STRIDE = 4
"""Pixels of the picture in one of the maps, along a side."""
MAPS = ("density", "density_all", "centres", "left", "top", "right", "bottom")
"""Lesions in each cell by the boxes' and by the second team's protocol; the chance of a centre; the sides of a box."""

LesionAnswers = dict[str, Tensor]

_WIDTH = 96
_STEEP = 4.0  # logits of the grade a unit of the logarithm of the count
_RARE = -8.0  # of the densities before softplus: about five in 16 384 cells
_FREELY = 2.0  # the most, as a logarithm, that the whole picture changes a count
_TYPICAL_PX = 12.0  # from the middle of a box to its side


class LesionNetwork(nn.Module):
    """From sRGB in [0, 1], (b, 3, h, w), and the skin, (b, 1, h / 4, w / 4) in [0, 1], to maps and grade."""

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, name: str = "lite0_quarter", *, pretrained: str = "package", dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone = backbone(name, pretrained)
        dense, deep = self.backbone.dense_channels, self.backbone.deep_channels
        if dense is None:
            quarters = " or ".join(one for one in NETWORKS if one.endswith("_quarter"))
            raise UsageError(f"{name} makes no maps, so it finds no lesions.", advice=f"network.name = {quarters}.")
        self.maps = nn.Conv2d(dense, len(MAPS), 1)
        self.squeeze = nn.Sequential(nn.Linear(2 * deep, _WIDTH), nn.ReLU6(), nn.Dropout(dropout))
        self.habits = nn.Linear(_WIDTH, 2)
        self.severity = nn.Linear(_WIDTH + 2, 1)
        self.limits = nn.Parameter(torch.tensor([_STEEP * math.log1p(limit) for limit in HAYASHI_LIMITS]))
        mean, std = NETWORKS[name].scale
        self.register_buffer("pixel_mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("pixel_std", torch.tensor(std)[:, None, None])
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        bias = self.maps.bias
        assert bias is not None
        bias.copy_(torch.tensor([_RARE, _RARE, -4.0, 0.0, 0.0, 0.0, 0.0]))
        self.habits.weight.zero_()
        self.habits.bias.zero_()
        self.severity.weight.zero_()
        self.severity.weight[0, _WIDTH] = _STEEP
        self.severity.bias.zero_()

    def forward(self, image: Tensor, skin: Tensor) -> LesionAnswers:
        """Return the maps (b, h', w') and the grade.

        `density` and `density_all` on skin, `centres` as logits, `reaches` (b, 4, h', w') in pixels of the picture
        from a cell's middle to the left, top, right and bottom of the box, and `grade` (b, 3), the logits of a grade
        above 0, 1 and 2.
        """
        features = self.backbone((image - self.pixel_mean) / self.pixel_std)
        assert features.dense is not None
        raw = self.maps(features.dense).float()
        pooled = self._pooled(features.deep, skin).float()
        # How freely a team counts depends on the whole picture: its light, its sharpness, how bad the worst is.
        freely = torch.exp(self.habits(pooled).float().clamp(-_FREELY, _FREELY))
        density = functional.softplus(raw[:, :2]) * skin * freely[:, :, None, None]
        counts = torch.log1p(density.sum(dim=(2, 3)))
        seen = torch.cat([pooled, counts.detach()], dim=1)
        severity = self.severity(seen.float()).float()
        return {
            "density": density[:, 0],
            "density_all": density[:, 1],
            "centres": raw[:, 2],
            "reaches": _TYPICAL_PX * torch.exp(raw[:, 3:].clamp(-2.5, 2.5)),
            "grade": severity - self.limits,
        }

    def _pooled(self, deep: Tensor, skin: Tensor) -> Tensor:
        weight = functional.adaptive_avg_pool2d(skin, (deep.shape[2], deep.shape[3])) + 1e-3
        mean = (deep * weight).sum(dim=(2, 3)) / weight.sum(dim=(2, 3))
        pooled: Tensor = self.squeeze(torch.cat([mean, deep.amax(dim=(2, 3))], dim=1))
        return pooled
