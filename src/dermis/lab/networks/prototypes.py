"""A Siamese network as a grader: pictures of one grade lie close together, and the nearest grade is the answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.lab.networks.heads import Answers, HeadModule, Joined, absolute
from dermis.lab.networks.settings import Head, Loss

__all__ = ["PrototypeHead"]

_SIZE = 128
_FORGETS = 0.1


class PrototypeHead(HeadModule):
    """Shared weights, distance, sigmoid: all pairs of a batch are told alike or different (Bromley et al., NIPS 1993).

    Two pictures are alike by sigmoid(offset - slope x distance) of their vectors of 128 numbers. Each grade has a
    prototype, the running mean of its pictures' vectors; a picture gets the grade whose prototype it is most like.
    Grades beyond the ends of the scale count as the ends.
    """

    error_name = "mae"
    prototypes: Tensor

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.levels = round((settings.highest - settings.lowest) / settings.step) + 1
        self.linear = nn.Linear(width, _SIZE)
        self.offset = nn.Parameter(torch.tensor(1.0))
        self.slope = nn.Parameter(torch.tensor(0.5413))  # softplus: 1
        self.register_buffer("prototypes", torch.zeros(self.levels, _SIZE))

    def forward(self, joined: Joined) -> Tensor:
        """Return the vectors, (b, 128)."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()
        return raw

    def likeness(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the logits (b, k) that vectors (b, 128) and (k, 128) are of one grade."""
        # Not cdist: its slope is not a number where two vectors are equal.
        squared = (one[:, None] - other[None]).square().sum(dim=2)
        return self.offset - functional.softplus(self.slope) * (squared + 1e-6).sqrt()

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), the grade whose prototype is most alike, and name_shares (b, levels)."""
        logits = self.likeness(raw, self.prototypes)
        grade = self.settings.lowest + self.settings.step * logits.argmax(dim=1).to(raw.dtype)
        alike = torch.sigmoid(logits)
        return {self.name: grade, f"{self.name}_shares": alike / alike.sum(dim=1, keepdim=True).clamp(min=1e-9)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the mean cross-entropy of each sample's pairs with all others, (b,); the prototypes follow."""
        level = self._level(target)
        known = ~torch.isnan(target[:, 0])
        same = (level[:, None] == level[None]).to(raw.dtype)
        pairs = (known[:, None] & known[None]).to(raw.dtype) * (1 - torch.eye(len(raw), device=raw.device))
        each = functional.binary_cross_entropy_with_logits(self.likeness(raw, raw), same, reduction="none")
        if self.training and torch.is_grad_enabled():
            self._follow(raw.detach(), level, known)
        return (each * pairs).sum(dim=1) / pairs.sum(dim=1).clamp(min=1)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of absolute errors in grades, and the number of them."""
        return absolute(self.answer(raw)[self.name], target[:, 0])

    def _level(self, target: Tensor) -> Tensor:
        places = (torch.nan_to_num(target[:, 0]) - self.settings.lowest) / self.settings.step
        return places.round().clamp(0, self.levels - 1)

    @torch.no_grad()
    def _follow(self, raw: Tensor, level: Tensor, known: Tensor) -> None:
        for place in range(self.levels):
            mine = raw[known & (level == place)]
            if len(mine):
                fresh = not bool(self.prototypes[place].any())
                self.prototypes[place] = (
                    mine.mean(dim=0) if fresh else self.prototypes[place].lerp(mine.mean(dim=0), _FORGETS)
                )
