"""From a recipe to a network with its start and its optimiser."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from math import cos, pi
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dermis.errors import UsageError
from dermis.lab.networks.heads import MeasureHead
from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import Head, Loss, Network
from dermis.lab.train.cache import Decoded
from dermis.lab.train.recipe import Recipe, Schedule
from dermis.lab.train.recipe.toml_records import record_from
from dermis.lab.train.run import Run
from dermis.models.capture_features import number_names
from dermis.models.preprocess import Input

__all__ = [
    "RunningMean",
    "freeze",
    "groups_for",
    "hold",
    "load_model",
    "model_note",
    "new_model",
    "optimiser_for",
    "rate_at",
]


def groups_for(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the parameter groups of a model: the network below its heads may learn slower; norms and biases do not
    decay.
    """
    groups = []
    below_heads = getattr(model, "backbone", None)
    backbone = {id(one) for one in below_heads.parameters()} if isinstance(below_heads, nn.Module) else set()
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
    return groups


def optimiser_for(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimiser over parameter groups."""
    if recipe.optimiser.name == "sgd":
        return torch.optim.SGD(groups, lr=recipe.train.lr, momentum=recipe.optimiser.momentum)
    return torch.optim.AdamW(groups, lr=recipe.train.lr)


def rate_at(schedule: Schedule, *, highest: float, epochs: int, steps: int) -> Callable[[int], float]:
    """Return the learning rate as a function of the step, from 0; an epoch has `steps` of them.

    exponential_cycle rises and falls between `lowest` and `highest` in `cycle_steps` steps each way, its height
    multiplied by decay ** step (Smith, WACV 2017, "exp range").
    """
    warmup = schedule.warmup_epochs * steps or float(min(schedule.warmup_steps, epochs * steps - 1))
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


def hold(backbone: nn.Module, settings: Network) -> None:
    """Keep as they are the first stages and the filters of single channels of a network, as `settings` says."""
    stages = backbone.stages
    assert isinstance(stages, nn.ModuleList | nn.Sequential)
    for stage in list(stages)[: settings.frozen_stages]:
        freeze(stage, frozen=True)
    if settings.frozen_depthwise:
        for name, weight in stages.named_parameters():
            if ".depthwise." in name:
                weight.requires_grad_(False)


def freeze(network: nn.Module, *, frozen: bool) -> None:
    """Let the weights of `network` learn or stay; frozen norms keep their running statistics too."""
    network.requires_grad_(not frozen)
    if frozen:
        network.eval()


class RunningMean:
    """The exponential moving average of a model's weights; the model itself where `decay` is 0.

    Early on the mean forgets faster, so that it does not remember how the weights were drawn.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.model = deepcopy(model).requires_grad_(False) if decay else model

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
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


def new_model(recipe: Recipe, decoded: Decoded, teaching: NDArray[np.int64]) -> Model:
    """Return a model to be taught; it takes the spread of numbers and measures from the rows `teaching`.

    Raises UsageError for a measure of which no row has a label.
    """
    names = number_names(decoded.shown.features, decoded.shown.cameras)
    shown = decoded.shown
    model = Model(recipe.network, recipe.head, recipe.loss, number_names=names, channels=shown.channels)
    mean, std = _spread(decoded.numbers[teaching])
    model.number_mean.copy_(torch.from_numpy(mean))
    model.number_std.copy_(torch.from_numpy(std))
    for name, head in model.each().items():
        if isinstance(head, MeasureHead):
            wanted = np.asarray(decoded.targets[name][teaching], np.float32)
            if np.isnan(wanted).all(axis=0).any():
                raise UsageError(
                    f"head.{name}: no sample of the training part has a label {', '.join(head.settings.targets)}.",
                    advice="Check head.targets, data.graders and the split.",
                )
            if name in model.starts:
                wanted = wanted - decoded.numbers[teaching][:, model.starts[name]]
            mean, std = _spread(wanted)
            head.centre.copy_(torch.from_numpy(mean))
            head.scale.copy_(torch.from_numpy(std))
    hold(model.backbone, recipe.network)
    return model


def model_note(recipe: Recipe) -> dict[str, Any]:
    """Return what is needed to build the model of a recipe again, its input as it was learnt with."""
    held = asdict(recipe)
    return {name: held[name] for name in ("network", "head", "loss", "input")}


def load_model(run: Run) -> tuple[Model, Input]:
    """Return the best model of a run, ready to answer, and what it is to be shown."""
    path = run.folder / "model.json"
    if not (path.is_file() and run.best.is_file()):
        raise UsageError(f"{run.folder} holds no trained model.", advice="Let `dermis train` finish its first epoch.")
    held: Mapping[str, Any] = json.loads(path.read_text())
    shown = record_from(Input, held["input"])
    model = Model(
        record_from(Network, held["network"]),
        {name: record_from(Head, head) for name, head in held["head"].items()},
        {name: record_from(Loss, loss) for name, loss in held["loss"].items()},
        number_names=number_names(shown.features, shown.cameras),
        load_pretrained=False,
        channels=shown.channels,
    )
    model.load_state_dict(torch.load(run.best, map_location="cpu", weights_only=True))
    return model.eval(), shown


def _spread(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each column, of what is known; 0 and 1 where they say nothing."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    var = np.where(known, (values - mean) ** 2, 0).sum(axis=0) / count
    return mean.astype(np.float32), np.where(var > 1e-12, np.sqrt(var), 1.0).astype(np.float32)
