"""From what a photo shows of a face's skin to its colour under D65: small perceptrons, their mean."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["ToneNetwork", "ita_of"]

_MEMBERS, _HIDDEN = 3, 48


class ToneNetwork(nn.Module):
    """Clues (b, k), NaN where unknown -> L*a*b* (b, 3) and the scale of the error of the ITA in degrees (b, 1)."""

    mean: Tensor
    std: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, clues: int) -> None:
        super().__init__()
        for name, size in (("mean", clues), ("std", clues), ("shift", 3), ("scale", 3)):
            self.register_buffer(name, torch.zeros(size))
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * clues, _HIDDEN), nn.GELU(), nn.Dropout(0.1),
                nn.Linear(_HIDDEN, _HIDDEN), nn.GELU(), nn.Linear(_HIDDEN, 4),
            )
            for _ in range(_MEMBERS)
        )  # fmt: skip

    def each(self, clues: Tensor) -> Tensor:
        """Return what each member says, (members, b, 4): standard residuals of Lab, log of the ITA's scale."""
        unknown = torch.isnan(clues)
        known = torch.where(unknown, torch.zeros_like(clues), (clues - self.mean) / self.std).clamp(-4.0, 4.0)
        return torch.stack([member(torch.cat([known, unknown.float()], dim=1)) for member in self.members])

    def forward(self, clues: Tensor) -> tuple[Tensor, Tensor]:
        """Return Lab and the scale, means over the members."""
        said = self.each(clues).mean(dim=0)
        return clues[:, :3] + self.shift + self.scale * said[:, :3], torch.exp(said[:, 3:].clamp(-1.0, 4.0))


def ita_of(lab: Tensor) -> Tensor:
    """Return the individual typology angle of Lab (..., 3) in degrees, (...)."""
    return torch.rad2deg(torch.atan2(lab[..., 0] - 50, lab[..., 2]))
