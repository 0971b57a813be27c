"""Heads: from features to answers, one class a kind of scale.

Every head gives `raw` numbers from features, `answer` in units from these, a `loss` a sample against the target, and a
`tally` that can be added up over batches and processes until `error` is read from it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.colour.difference import delta_e_00
from dermis.errors import UsageError
from dermis.networks import losses
from dermis.networks.head import Answers, HeadModule, Joined, absolute
from dermis.networks.head_map import MapHead
from dermis.networks.head_spectrum import SpectrumHead
from dermis.networks.settings import Head, Loss

__all__ = ["CountHead", "MeasureHead", "OrdinalHead", "PresenceHead", "head"]


class MeasureHead(HeadModule):
    """Real numbers; learnt in units of their own spread, which is drawn from the training part."""

    centre: Tensor
    scale: Tensor

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.outputs = max(len(settings.targets), 1)
        if self.loss_name == "delta_e_00" and self.outputs != 3:
            raise UsageError(
                f"loss.{name}: delta_e_00 compares L*, a* and b*.", advice=f"Name three labels in head.{name}.targets."
            )
        if (self.loss_name == "laplace") and not settings.spread:
            raise UsageError(f"loss.{name}: laplace needs the spread.", advice=f"Set head.{name}.spread = true.")
        self.error_name = "delta_e_00" if self.loss_name == "delta_e_00" else "mae"
        self.linear = nn.Linear(width, self.outputs * (2 if settings.spread else 1))
        self.register_buffer("centre", torch.zeros(self.outputs))
        self.register_buffer("scale", torch.ones(self.outputs))

    def forward(self, joined: Joined) -> Tensor:
        """Return (b, k) values in units, with spread (b, 2 k): log scales in standard units behind them."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()
        start = self.centre if joined.start is None else joined.start
        value = start + self.scale * raw[:, : self.outputs]
        return torch.cat([value, raw[:, self.outputs :].clamp(-7.0, 7.0)], dim=1)

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b, k) and, with spread, name_spread (b, k), the expected absolute error."""
        answers = {self.name: raw[:, : self.outputs]}
        if self.settings.spread:
            answers[f"{self.name}_spread"] = torch.exp(raw[:, self.outputs :]) * self.scale
        return answers

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        value = raw[:, : self.outputs]
        z, wanted, log_spread = value / self.scale, target / self.scale, raw[:, self.outputs :]
        if self.loss_name == "laplace":
            return losses.laplace(z, log_spread, wanted)
        if self.loss_name == "difference":
            total = losses.difference(z, wanted, self.punish)
        else:
            total = losses.colour_difference(value, target, self.punish, epoch)
        if self.settings.spread:
            # The spread learns from the errors as they are, and does not pull at the values.
            total = total + losses.laplace(z.detach(), log_spread, wanted)
        return total

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of errors and the number of them: ΔE00 or absolute differences."""
        value, known = raw[:, : self.outputs], ~torch.isnan(target)
        if self.error_name == "delta_e_00":
            known = known.all(dim=1)
            off = delta_e_00(value, torch.where(known[:, None], target, value))
        else:
            off = (value - torch.where(known, target, value)).abs()
        return torch.stack([off.double().sum(), known.double().sum()])


class OrdinalHead(HeadModule):
    """Grades in order, coded as the recipe says; the answer is the expected grade, a real number."""

    error_name = "mae"

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.levels = round((settings.highest - settings.lowest) / settings.step) + 1
        if self.levels < 2:
            raise UsageError(f"head.{name} has fewer than two grades.", advice="Set lowest, highest and step.")
        if self.loss_name == "cumulative":
            self.linear = nn.Linear(width, 1)
            self.gaps = nn.Parameter(torch.full((self.levels - 1,), 0.5413))  # softplus: 1
        else:
            self.linear = nn.Linear(width, self.levels - (self.loss_name == "corn"))

    def forward(self, joined: Joined) -> Tensor:
        """Return the logits: (b, levels) of a distribution, else (b, levels - 1)."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()
        if self.loss_name != "cumulative":
            return raw
        limits = torch.cumsum(functional.softplus(self.gaps), dim=0)
        return raw - (limits - limits.mean())

    def shares(self, raw: Tensor) -> Tensor:
        """Return the probability of each grade, (b, levels)."""
        if self.loss_name == "distribution":
            return torch.softmax(raw, dim=1)
        if self.loss_name == "corn":
            above = torch.exp(torch.cumsum(functional.logsigmoid(raw), dim=1))
        else:
            above = torch.sigmoid(raw)
        one = torch.ones_like(above[:, :1])
        return torch.cat([one, above], dim=1) - torch.cat([above, torch.zeros_like(one)], dim=1)

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), the expected grade, and name_shares (b, levels)."""
        shares = self.shares(raw)
        places = torch.arange(self.levels, device=raw.device, dtype=shares.dtype)
        grade = self.settings.lowest + self.settings.step * (shares * places).sum(dim=1)
        return {self.name: grade, f"{self.name}_shares": shares}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        level = (target[:, 0] - self.settings.lowest) / self.settings.step
        if self.loss_name == "corn":
            return losses.conditional(raw, level)
        if self.loss_name == "cumulative":
            return losses.cumulative(raw, level)
        return losses.distribution(raw, level, self.punish)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of absolute errors in grades, and the number of them."""
        return absolute(self.answer(raw)[self.name], target[:, 0])


class _OneNumberHead(HeadModule):
    """One raw number a sample."""

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.linear = nn.Linear(width, 1)

    def forward(self, joined: Joined) -> Tensor:
        """Return (b,), the count before it is made positive, or the logit."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()[:, 0]
        return raw


class CountHead(_OneNumberHead):
    """How many there are."""

    error_name = "mae"

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), the expected count."""
        return {self.name: functional.softplus(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        return losses.counting(functional.softplus(raw), target[:, 0], self.punish, self.loss_name)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of absolute errors, and the number of them."""
        return absolute(functional.softplus(raw), target[:, 0])


class PresenceHead(_OneNumberHead):
    """Yes or no."""

    error_name = "error_rate"

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), a probability."""
        return {self.name: torch.sigmoid(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        return losses.presence(raw, target[:, 0], self.punish, self.loss_name)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the number of wrong answers at one half, and of all."""
        known = ~torch.isnan(target[:, 0])
        wrong = ((raw > 0) != (target[:, 0] > 0.5)) & known
        return torch.stack([wrong.double().sum(), known.double().sum()])


def head(name: str, settings: Head, loss: Loss, *, width: int, dense: int) -> HeadModule:
    """Return the head that `settings` asks for; width: of the vector, dense: channels of the map it sees."""
    match settings.kind:
        case "measure":
            return MeasureHead(name, settings, loss, width)
        case "ordinal":
            return OrdinalHead(name, settings, loss, width)
        case "count":
            return CountHead(name, settings, loss, width)
        case "presence":
            return PresenceHead(name, settings, loss, width)
        case "map":
            return MapHead(name, settings, loss, dense)
        case "spectrum":
            return SpectrumHead(name, settings, loss, dense)
    raise UsageError(f"head.{name}.kind is not set.", advice="Set measure, ordinal, count, presence, map or spectrum.")
