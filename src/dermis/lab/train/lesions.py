"""How the network of lesions is taught: pictures with boxes, with circles, with a grade, or with nothing on them.

The engine's recipe says seed, rate, batch, running mean and precision; what the engine does not know, several kinds of
marks by several teams of which a picture has some, is here. `benchmarks/acne.py` brings the examples.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.lab.networks.lesions import LesionNetwork
from dermis.lab.networks.losses import WEIGHTS, lesion_loss
from dermis.lab.train.lesion_views import Example, LesionView, plain_view, training_view
from dermis.lab.train.pools import ahead
from dermis.lab.train.recipe import Recipe

__all__ = ["Answers", "TrainState", "answers_for", "begin", "fit", "new_network"]

_FIXED_STAGES = 3
_BACKBONE_RATE = 0.4
_WARMUP_STEPS = 60
Answers = dict[str, np.ndarray]


@dataclass(slots=True, kw_only=True)
class TrainState:
    """Where teaching stands: what a run that was stopped goes on from.

    told: a row of mean losses an epoch.
    """

    network: LesionNetwork
    mean: LesionNetwork
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    told: list[dict[str, float]] = field(default_factory=list)

    def keep(self, path: Path) -> None:
        """Write all of it."""
        held = {name: getattr(self, name).state_dict() for name in ("network", "mean", "optimiser")}
        torch.save(held | {"epoch": self.epoch, "told": self.told}, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)

    def go_on(self, path: Path) -> None:
        """Read what `keep` wrote."""
        held = torch.load(path, weights_only=True)
        for name in ("network", "mean", "optimiser"):
            getattr(self, name).load_state_dict(held[name])
        self.epoch, self.told = held["epoch"], held["told"]


def new_network(recipe: Recipe, *, pretrained: bool = True) -> LesionNetwork:
    """Return the untaught network of `recipe`."""
    torch.manual_seed(recipe.seed)
    return LesionNetwork(pretrained=recipe.network.pretrained if pretrained else "", dropout=recipe.network.dropout)


def begin(recipe: Recipe, taught: Mapping[str, Tensor] | None = None) -> TrainState:
    """Return a course before its first epoch; taught: weights of an earlier one to go on with."""
    network = new_network(recipe, pretrained=taught is None)
    if taught is not None:
        network.load_state_dict(taught)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(network)
    return TrainState(network=network, mean=mean.eval(), optimiser=_optimiser(network, recipe))


def fit(
    course: TrainState,
    recipe: Recipe,
    pools: Mapping[str, Sequence[Example]],
    shares: Mapping[str, float],
    *,
    sizes_px: Sequence[int],
    tell: Callable[[TrainState], None] | None = None,
) -> LesionNetwork:
    """Go on to the end of the recipe's epochs and return the running mean of the weights.

    pools: examples by kind, the first one looked at once an epoch. shares: how many of the other kinds for each of the
    first's. sizes_px: of the views, an epoch. tell: called after each epoch.
    """
    names = [name for name in pools if pools[name]]
    if not names:
        raise UsageError("There is no example to learn from.", advice="Name a pool that holds some.")
    while course.epoch < recipe.train.epochs:
        rng = np.random.default_rng([recipe.seed, course.epoch])
        torch.manual_seed(recipe.seed + course.epoch)
        drawn = _drawn(pools, names, shares, rng)
        batches = [drawn[start : start + recipe.train.batch] for start in range(0, len(drawn), recipe.train.batch)]
        size_px = sizes_px[min(course.epoch, len(sizes_px) - 1)]
        total: dict[str, float] = {}
        full = [one for one in batches if len(one) > 1 or len(batches) == 1]
        views = ahead(partial(_views, size_px=size_px, rng=rng), full)
        for place, batch in enumerate(views):
            step = course.epoch * len(batches) + place
            _set_rate(course.optimiser, recipe, step, recipe.train.epochs * len(batches))
            for name, value in _step(course, recipe, batch, step).items():
                total[name] = total.get(name, 0.0) + value / len(batches)
        course.epoch += 1
        course.told.append({"epoch": float(course.epoch), "size_px": float(size_px), **total})
        if tell is not None:
            tell(course)
    return course.mean


def _drawn(
    pools: Mapping[str, Sequence[Example]], names: Sequence[str], shares: Mapping[str, float], rng: np.random.Generator
) -> list[Example]:
    first = pools[names[0]]
    drawn = list(first)
    for name in names[1:]:
        wanted = round(shares.get(name, 0.0) * len(first))
        rounds = [rng.permutation(len(pools[name])) for _ in range(-(-wanted // len(pools[name])))]
        drawn += [pools[name][place] for place in np.concatenate([[], *rounds]).astype(int)[:wanted]]
    return [drawn[place] for place in rng.permutation(len(drawn))]


def _views(examples: Sequence[Example], size_px: int, rng: np.random.Generator) -> list[LesionView]:
    return [training_view(one, size_px, rng) for one in examples]


def _step(course: TrainState, recipe: Recipe, views: Sequence[LesionView], step: int) -> dict[str, float]:
    picture, skin, targets = _batch(views)
    _mode(course.network)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.train.precision == "bf16"):
        answers = course.network(picture, skin)
    parts = lesion_loss(answers, targets, WEIGHTS)
    loss = torch.stack(list(parts.values())).sum()
    course.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(course.network.parameters(), recipe.train.clip or float("inf"))
    course.optimiser.step()
    _follow(course.mean, course.network, min(recipe.train.ema, (step + 1) / (step + 10)))
    return {name: float(part.detach()) for name, part in parts.items()} | {"loss": float(loss.detach())}


def _batch(views: Sequence[LesionView]) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    picture = torch.from_numpy(np.stack([view.picture for view in views])).permute(0, 3, 1, 2).float() / 255
    skin = torch.from_numpy(np.stack([view.skin for view in views]))[:, None]
    targets = {name: torch.from_numpy(np.stack([view.targets[name] for view in views])) for name in views[0].targets}
    return picture.contiguous(memory_format=torch.channels_last), skin, targets


def answers_for(
    network: LesionNetwork,
    examples: Sequence[Example],
    size_px: int,
    *,
    masked: bool = True,
    painted: bool = False,
    flip: bool = False,
    half: bool = True,
) -> list[Answers]:
    """Return what `network` answers for each example: the maps, their targets, and the grade's logits."""
    network.eval()
    found = []
    for example in examples:
        view = plain_view(example, size_px, masked=masked, painted=painted, flip=flip)
        picture, skin, _ = _batch([view])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            answers = network(picture, skin)
        found.append({name: held[0].float().numpy() for name, held in answers.items()})
    return found


def _optimiser(network: LesionNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    """Return AdamW; the first stages stay as ImageNet left them, the others follow more slowly than what is new."""
    stages = network.backbone.stages
    for stage in list(stages)[:_FIXED_STAGES]:
        stage.requires_grad_(False)
    # Filters of single channels change little, and their slopes cost most of a step on a processor.
    for name, weight in stages.named_parameters():
        if ".depthwise." in name:
            weight.requires_grad_(False)
    down = {id(weight) for weight in stages.parameters()}
    learnt: list[nn.Parameter] = [weight for weight in network.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in learnt if id(weight) in down], "scale": _BACKBONE_RATE},
        {"params": [weight for weight in learnt if id(weight) not in down], "scale": 1.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.train.lr, weight_decay=recipe.optimiser.weight_decay)


def _mode(network: LesionNetwork) -> None:
    network.train()
    for stage in list(network.backbone.stages)[:_FIXED_STAGES]:
        stage.eval()


def _set_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps: int) -> None:
    rate = recipe.train.lr * min(1.0, (step + 1) / _WARMUP_STEPS) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
    for group in optimiser.param_groups:
        group["lr"] = rate * group["scale"] + 1e-6


@torch.no_grad()
def _follow(mean: LesionNetwork, network: LesionNetwork, decay: float) -> None:
    held = network.state_dict()
    for name, value in mean.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(held[name], 1 - decay)
        else:
            value.copy_(held[name])
