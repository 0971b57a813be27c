"""The optimiser and the way of its learning rate."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from math import cos, pi

import torch
from torch import nn

from dermis.networks.model import Model
from dermis.train.recipe import Recipe, Schedule

__all__ = ["RunningMean", "freeze", "optimiser_for", "rate_at"]


def optimiser_for(model: Model, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimiser over the weights that may learn; norms and biases do not decay."""
    groups = []
    backbone = {id(one) for one in model.backbone.parameters()}
    for below in (True, False):
        for decays in (True, False):
            chosen = [
                one
                for one in model.parameters()
                if one.requires_grad and (id(one) in backbone) == below and (one.ndim > 1) == decays
            ]
            scale = recipe.optimiser.backbone_lr if below else 1.0
            decay = recipe.optimiser.weight_decay if decays else 0.0
            if chosen:
                groups.append({"params": chosen, "lr": recipe.train.lr * scale, "weight_decay": decay, "scale": scale})
    if recipe.optimiser.name == "sgd":
        return torch.optim.SGD(groups, lr=recipe.train.lr, momentum=recipe.optimiser.momentum)
    return torch.optim.AdamW(groups, lr=recipe.train.lr)


def rate_at(schedule: Schedule, *, highest: float, epochs: int, steps: int) -> Callable[[int], float]:
    """Return the learning rate as a function of the step, from 0; an epoch has `steps` of them.

    exponential_cycle rises and falls between `lowest` and `highest` in `cycle_steps` steps each way, its height
    multiplied by decay ** step (Smith, WACV 2017, "exp range").
    """
    warmup = schedule.warmup_epochs * steps
    total = max(epochs * steps - warmup, 1)

    def rate(step: int) -> float:
        if step < warmup:
            return highest * (step + 1) / warmup
        if schedule.name == "cosine":
            cycle = schedule.cycle_epochs * steps
            along = (step - warmup) % cycle / cycle if cycle else min((step - warmup) / total, 1.0)
            return schedule.lowest + (highest - schedule.lowest) * (1 + cos(pi * along)) / 2
        if schedule.name == "exponential_cycle":
            along = (step - warmup) / schedule.cycle_steps
            height = max(0.0, 1 - abs(along % 2 - 1))
            height *= float(schedule.decay ** (step - warmup))
            return schedule.lowest + (highest - schedule.lowest) * height
        return highest

    return rate


def freeze(network: nn.Module, *, frozen: bool) -> None:
    """Let the weights of `network` learn or stay; frozen norms keep their running statistics too."""
    network.requires_grad_(not frozen)
    if frozen:
        network.eval()


class RunningMean:
    """The exponential moving average of a model's weights; the model itself where `decay` is 0.

    Early on the mean forgets faster, so that it does not remember how the weights were drawn.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.model = deepcopy(model).requires_grad_(False) if decay else model

    @torch.no_grad()
    def follow(self, model: Model) -> None:
        """Move towards `model` after a step."""
        if not self.decay:
            return
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)
