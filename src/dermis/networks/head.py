"""What every head has: raw numbers from features, answers in units, a loss a sample, an error that adds up."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.networks.settings import Head, Loss, loss_names

__all__ = ["Answers", "HeadModule", "Joined", "absolute"]

Answers = dict[str, Tensor]


class Joined(NamedTuple):
    """What heads see: vector (b, width); dense (b, c, h', w'), the deep map where there is no decoder.

    start: (b, k) what a residual measure starts from. size: height and width of the picture.
    """

    vector: Tensor | None
    dense: Tensor
    start: Tensor | None
    size: tuple[int, int]


class HeadModule(nn.Module):
    """What all heads have. loss_name: of the table LOSSES. error_name: what `error` gives."""

    error_name: str = "error"

    def __init__(self, name: str, settings: Head, loss: Loss) -> None:
        super().__init__()
        self.name = name
        self.settings = settings
        self.punish = loss
        self.loss_name = loss.name or loss_names(settings)[0]
        if self.loss_name not in loss_names(settings):
            raise UsageError(
                f"loss.{name}.name: {self.loss_name!r} does not fit a head of kind {settings.kind!r}.",
                advice=f"Choose one of: {', '.join(loss_names(settings))}.",
            )

    def answer(self, raw: Tensor) -> Answers:
        """Return the answers in units, by name; the first is the head's own."""
        raise NotImplementedError

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        raise NotImplementedError

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return numbers that add up over samples, float64."""
        raise NotImplementedError

    def error(self, tally: Tensor) -> float:
        """Return the error in `tally`, smaller is better; NaN where nothing was known."""
        return float(tally[0] / tally[1]) if tally[1] > 0 else float("nan")


def absolute(value: Tensor, target: Tensor) -> Tensor:
    """Return the sum of absolute errors where the target is known, and the number of them."""
    known = ~torch.isnan(target)
    off = (value - torch.where(known, target, value)).abs()
    return torch.stack([off.double().sum(), known.double().sum()])
