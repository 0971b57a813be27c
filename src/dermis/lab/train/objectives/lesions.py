"""The network of acne lesions: pictures with boxes, with circles, with a grade, or with nothing on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from dermis.lab.networks.lesions import LesionNetwork
from dermis.lab.networks.losses import lesion_loss
from dermis.lab.networks.registry import NETWORKS
from dermis.lab.networks.resnet_thin import settle_norms
from dermis.lab.train.build import hold
from dermis.lab.train.lesion_calibration import calibration_of, tell_lesions
from dermis.lab.train.lesion_views import Example, LesionView, plain_view, training_view
from dermis.lab.train.objectives.pooled import PooledObjective, Pools, gather, note_pools, parts_of_pools, stage_at
from dermis.lab.train.progress import quiet
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, open_run
from dermis.lab.train.sources import Roots
from dermis.lab.train.trainer import fabric_for, fit
from dermis.lab.train.warm_start import begin_warm
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.ordinal import to_grades

__all__ = ["LesionObjective", "new_network", "open_network", "train", "train_pools"]

_SETTLE = 32
"""Pictures by which norms are settled."""


def new_network(recipe: Recipe, *, pretrained: bool = True) -> LesionNetwork:
    """Return the untrained network of `recipe`."""
    torch.manual_seed(recipe.seed)
    said = recipe.network
    network = LesionNetwork(said.name, pretrained=said.pretrained if pretrained else "", dropout=said.dropout)
    hold(network.backbone, said)
    return network


def open_network(run: Run) -> LesionNetwork:
    """Return the network of a run as it is kept."""
    network = new_network(run.recipe, pretrained=False)
    network.load_state_dict(torch.load(run.best, map_location="cpu", weights_only=True))
    return network.eval()


def train(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> Run:
    """Learn from the pools that `recipe` names; see `train_pools`."""
    return train_pools(recipe, gather(recipe, roots), out, show=show)


def train_pools(recipe: Recipe, pools: Pools, out: Path, *, show: bool = False) -> Run:
    """Learn from examples by pool, calibrate on people who taught nothing, and return the run."""
    run = open_run(recipe, out)
    parts = parts_of_pools(recipe, pools)
    note_pools(run, recipe, parts)
    if run.finished:
        return run
    with quiet():
        fabric = fabric_for(recipe)
        fabric.launch()
        network = new_network(recipe)
        if recipe.network.pretrained and NETWORKS[recipe.network.name].folded:
            settle_norms(network.backbone, _first_pictures(network, parts["train"], recipe))
        begin_warm(network, recipe.network.warm_start)
        fit(LesionObjective(recipe, network, parts), recipe, run, fabric, show=show)
    run.note("calibration", calibration_of(open_network(run), parts["validate"], recipe.input.size_px))
    return run


def _first_pictures(network: LesionNetwork, pools: Pools, recipe: Recipe) -> Tensor:
    """Return some pictures that teach, as the first stage of `network` is shown them."""
    first: Sequence[Example] = next(iter(pools.values()))[:_SETTLE]
    size_px = stage_at(recipe, 0).size_px or recipe.input.size_px
    picture, *_ = batch_of([plain_view(one, size_px) for one in first], torch.device("cpu"))
    return (picture - network.pixel_mean) / network.pixel_std


class LesionObjective(PooledObjective):
    """Density, boxes and grade, each where its pool knows it."""

    model: LesionNetwork

    def views(self, examples: list[Any], *, size_px: int, rng: np.random.Generator) -> list[LesionView]:
        """Return a drawn view of each."""
        return [training_view(one, size_px, rng, self.recipe.view) for one in examples]

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        """Return the sum of the terms, (b,)."""
        picture, skin, targets = batch_of(batch, self.device)
        answers = network(picture, skin)
        return torch.stack(list(lesion_loss(answers, targets, self.recipe.term).values())).sum(dim=0)

    @torch.inference_mode()
    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return the loss over plain views of the people kept aside, and how grades and counts go."""
        examples: Sequence[Example] = next(iter(self.parts["validate"].values()), [])
        if not examples:
            return {}
        size_px, losses = self.recipe.input.size_px, []
        for one in examples:
            picture, skin, targets = batch_of([plain_view(one, size_px)], self.device)
            with fabric.autocast():
                answers: Mapping[str, Tensor] = model(picture, skin)
            held = {name: value.float() for name, value in answers.items()}
            losses.append(float(torch.stack(list(lesion_loss(held, targets, self.recipe.term).values())).sum()))
        told = tell_lesions(model, examples, size_px)
        grade = np.array([one.grade for one in examples])
        called = to_grades(np.array([one.grade for one in told]), range(4))
        kappa = cohen_kappa(grade, called, weights="quadratic") if len(set(grade)) > 1 else float("nan")
        return {"validate_loss": float(np.mean(losses)), "validate_acne_grade_kappa_lost": 1 - kappa}


def batch_of(views: Sequence[LesionView], device: torch.device) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return pictures (b, 3, h, w) in [0, 1], skin (b, 1, h / 4, w / 4) and targets on a device."""
    picture = torch.from_numpy(np.stack([view.picture for view in views])).to(device).permute(0, 3, 1, 2).float() / 255
    skin = torch.from_numpy(np.stack([view.skin for view in views]))[:, None].to(device)
    targets = {
        name: torch.from_numpy(np.stack([view.targets[name] for view in views])).to(device) for name in views[0].targets
    }
    return picture.contiguous(memory_format=torch.channels_last), skin, targets
