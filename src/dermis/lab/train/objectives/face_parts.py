"""The parts of a head, from labels that are sets of parts and views that are made hard picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import UsageError
from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import Loss, loss_names
from dermis.lab.train.build import hold, model_note
from dermis.lab.train.objectives.pooled import PooledObjective, Pools, gather, note_pools, parts_of_pools
from dermis.lab.train.parser_views import FACE_AREA, Example, hard_view, one_of, sets_loss
from dermis.lab.train.progress import quiet
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, open_run
from dermis.lab.train.sources import Roots
from dermis.lab.train.trainer import fabric_for, fit
from dermis.lab.train.warm_start import begin_warm

__all__ = ["PartsObjective", "Shares", "area_iou", "face_area", "new_parser", "shares_of", "train", "train_pools"]

HEAD = "parts"


def new_parser(recipe: Recipe) -> Model:
    """Return the untrained network of `recipe`, whose one head is the map of parts."""
    head = recipe.head.get(HEAD)
    if head is None or head.kind != "map":
        raise UsageError(f"The recipe {recipe.name} has no map called {HEAD}.", advice="Take the recipe face-parser.")
    torch.manual_seed(recipe.seed)
    model = Model(recipe.network, recipe.head, {HEAD: Loss(name=loss_names(head)[0])})
    hold(model.backbone, recipe.network)
    return model


def train(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> Run:
    """Learn from the pools that `recipe` names; see `train_pools`."""
    return train_pools(recipe, gather(recipe, roots), out, show=show)


def train_pools(recipe: Recipe, pools: Pools, out: Path, *, show: bool = False) -> Run:
    """Learn from examples by pool, stage by stage, and return the run."""
    run = open_run(recipe, out)
    parts = parts_of_pools(recipe, pools)
    note_pools(run, recipe, parts)
    run.note("model", model_note(replace(recipe, loss={HEAD: Loss(name=loss_names(recipe.head[HEAD])[0])})))
    if run.finished:
        return run
    with quiet():
        fabric = fabric_for(recipe)
        fabric.launch()
        model = new_parser(recipe)
        begin_warm(model, recipe.network.warm_start)
        fit(PartsObjective(recipe, model, parts), recipe, run, fabric, show=show)
    return run


class PartsObjective(PooledObjective):
    """Which part each pixel shows, where its set says anything."""

    model: Model

    def views(self, examples: list[Any], *, size_px: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return drawn views (b, size, size, 3) and their sets; each is covered by things with another's surface."""
        drawn = []
        for one in examples:
            other = examples[int(rng.integers(len(examples)))]
            drawn.append(hard_view(one, other, size_px, rng, self.recipe.view))
        return torch.from_numpy(np.stack([view[0] for view in drawn])), torch.from_numpy(
            np.stack([view[1] for view in drawn])
        )

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        """Return the loss of sets and of the face as one area, (b,)."""
        pixels, sets = (one.to(self.device) for one in batch)
        seen = (pixels.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
        raw = network(seen, seen.new_zeros((len(seen), 0)))[HEAD]
        return sets_loss(raw.float(), sets, self.recipe.term)

    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return how much of the face area is missed, 1 - IoU, on people kept aside; {} where there are none."""
        assert isinstance(model, Model)
        examples: Sequence[Example] = [one for pool in self.parts["validate"].values() for one in pool]
        if not examples:
            return {}
        lost = 1 - float(np.mean([area_iou(model, one, self.recipe.input.size_px) for one in examples]))
        return {"validate_loss": lost, "validate_parts_iou_lost": lost}


Shares = Callable[[NDArray[np.uint8]], FloatMap]
"""A square view (s, s, 3) to the share of each part at each pixel, (9, h, w)."""


def shares_of(model: Model) -> Shares:
    """Return what the network of a run says of a view."""
    device = next(model.parameters()).device

    @torch.inference_mode()
    def shares(view: NDArray[np.uint8]) -> FloatMap:
        seen = torch.from_numpy(view).to(device).permute(2, 0, 1)[None].float() / 255
        return np.asarray(torch.softmax(model(seen, seen.new_zeros(1, 0))[HEAD].float(), 1)[0].cpu().numpy())

    return shares


def area_iou(model: Model, example: Example, size_px: int = 320) -> float:
    """Return the IoU of the face area with the picture seen whole in a square; facial hair counts to it."""
    found, true = face_area(shares_of(model), example, size_px)
    return float((found & true).sum() / max((found | true).sum(), 1))


def face_area(shares: Shares, example: Example, size_px: int = 320) -> tuple[BoolMap, BoolMap]:
    """Return where the face is found and where it is, (h, w), with the picture seen whole in a square."""
    height, width = example.sets.shape
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    canvas = Image.new("RGB", (side, side))
    canvas.paste(Image.fromarray(example.pixels), (left, top))
    small = np.asarray(canvas.resize((size_px, size_px), Image.Resampling.BILINEAR)).copy()
    told = torch.from_numpy(np.ascontiguousarray(shares(small)))[None]
    whole = torch.nn.functional.interpolate(told, size=(side, side), mode="bilinear")[0].argmax(0).numpy()
    area = (*FACE_AREA, SegmentationClass.FACIAL_HAIR)
    found = np.isin(whole, area)[top : top + height, left : left + width]
    return found, np.asarray((example.sets & one_of(*FACE_AREA)) > 0)
