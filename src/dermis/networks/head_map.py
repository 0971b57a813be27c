"""The head of maps: an answer at each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.networks import losses
from dermis.networks.head import Answers, HeadModule, Joined, absolute
from dermis.networks.settings import Head, Loss

__all__ = ["MapHead"]


class MapHead(HeadModule):
    """An answer at each pixel: the share of each class, or a density whose sum is a count."""

    def __init__(self, name: str, settings: Head, loss: Loss, channels: int) -> None:
        super().__init__(name, settings, loss)
        self.error_name = "iou_lost" if settings.classes else "count_mae"
        self.convolution = nn.Conv2d(channels, max(settings.classes, 1), 1)
        if not settings.classes:
            nn.init.constant_(self.convolution.bias, -4.0)  # type: ignore[arg-type]  # nearly nothing anywhere

    def forward(self, joined: Joined) -> Tensor:
        """Return logits: (b, classes, h, w) of the picture's size, or (b, h', w') of the features' for a density."""
        raw: Tensor = self.convolution(joined.dense).float()
        if not self.settings.classes:
            return raw[:, 0]
        return functional.interpolate(raw, size=joined.size, mode="bilinear", align_corners=False)

    def answer(self, raw: Tensor) -> Answers:
        """Return name: shares (b, classes, h, w), or a density (b, h', w')."""
        return {self.name: torch.softmax(raw, dim=1) if self.settings.classes else functional.softplus(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,); target (b, h, w)."""
        if self.settings.classes:
            return losses.map_classes(raw, target, self.punish, self.loss_name)
        return losses.density(functional.softplus(raw), _summed_to(target, raw), self.punish)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return pixels in common and pixels in either of each class (2, classes), or count errors."""
        if not self.settings.classes:
            count = target.sum(dim=(1, 2))
            return absolute(functional.softplus(raw).sum(dim=(1, 2)), count)
        known = target != losses.IGNORED_CLASS
        found = raw.argmax(dim=1)
        every = torch.arange(self.settings.classes, device=raw.device)[:, None, None, None]
        mine, true = (found == every) & known, (target == every) & known
        return torch.stack([(mine & true).sum(dim=(1, 2, 3)), (mine | true).sum(dim=(1, 2, 3))]).double()

    def error(self, tally: Tensor) -> float:
        """Return 1 minus the mean intersection over union of the classes that were there or found; or a count error."""
        if not self.settings.classes:
            return super().error(tally)
        there = tally[1] > 0
        return float(1 - (tally[0][there] / tally[1][there]).mean()) if there.any() else float("nan")


def _summed_to(target: Tensor, raw: Tensor) -> Tensor:
    """Return the density on the smaller grid of the features, its sum kept."""
    factor = target[0].numel() / raw[0].numel()
    return functional.adaptive_avg_pool2d(target[:, None], (raw.shape[1], raw.shape[2]))[:, 0] * factor
