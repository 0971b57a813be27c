"""What the one loop asks of whatever is learnt, and how far a run is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from dermis.lab.train.recipe import Recipe

__all__ = ["Batches", "Objective", "State"]


class Batches(Protocol):
    """The batches of an epoch, that can be counted."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Objective(Protocol):
    """What is learnt: a model, what it is shown, and what it is punished for.

    `model` learns. `groups` are parameter groups of the optimiser, each with a `scale` of the learning rate. Everything
    that `batches` draws follows from the recipe's seed and the epoch.
    """

    @property
    def model(self) -> nn.Module:
        """What learns."""
        ...

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups of the optimiser."""
        ...

    def begin(self, epoch: int) -> None:
        """Set what learns and what stays as it is in this epoch."""
        ...

    def batches(self, epoch: int, *, rank: int, world: int) -> Batches:
        """Return the batches of an epoch, the share of process `rank` of `world` in each."""
        ...

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        """Return the loss of each row of a batch, (b,); network: the model as the device runs it."""
        ...

    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return `validate_loss` and errors on the part that chooses the epoch; {} where nothing is kept aside."""
        ...


@dataclass(slots=True)
class State:
    """How far a run is: epochs done, the best of them, and a row of figures for each."""

    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)

    def add(self, row: dict[str, float], recipe: Recipe) -> bool:
        """Add an epoch; return whether the model of now is to be kept: the best so far, or the last if it says so.

        The first one is the best, whatever its figures.
        """
        start = f"validate_{recipe.train.watch}_" if recipe.train.watch else "validate_loss"
        watched = next((name for name in row if name.startswith(start)), "train_loss")
        self.rows.append(row)
        error = row[watched] if math.isfinite(row[watched]) else math.inf
        better = self.epoch == 0 or error < self.best - recipe.train.min_delta or recipe.train.keep == "last"
        if better:
            self.best, self.best_epoch = error, self.epoch
        self.epoch += 1
        return better

    def ended(self, recipe: Recipe) -> bool:
        """Return whether nothing got better for as long as the recipe waits."""
        waited = self.epoch - 1 - self.best_epoch
        return self.epoch > 0 and 0 < recipe.train.patience <= waited
