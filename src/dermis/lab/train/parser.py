"""How the face parser is taught: from examples of several kinds whose labels are sets of parts.

The seam to the engine: recipe, network, heads and export are the engine's; what it does not know, labels that are sets
and views that are made hard picture by picture, is here. `benchmarks/face_parser.py` brings the examples.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.lab.networks.model import Model
from dermis.lab.train.parser_views import Example, hard_view, sets_loss
from dermis.lab.train.recipe import Recipe

__all__ = ["assign_folds", "fit", "new_parser"]

HEAD = "parts"
_FIXED_STAGES = 3
_BACKBONE_RATE = 0.3
_WARMUP_STEPS = 30


def new_parser(recipe: Recipe) -> Model:
    """Return the untaught network of `recipe`, whose one head is the map of parts."""
    head = recipe.head.get(HEAD)
    if head is None or head.kind != "map":
        raise UsageError(f"The recipe {recipe.name} has no map called {HEAD}.", advice="Take the recipe face-parser.")
    torch.manual_seed(recipe.seed)
    return Model(recipe.network, recipe.head, recipe.loss)


def assign_folds(people: Sequence[str], folds: int, seed: int) -> dict[str, int]:
    """Return the fold of each person, dealt in turn after shuffling."""
    order = sorted(set(people))
    np.random.default_rng(seed).shuffle(order)
    return {person: place % folds for place, person in enumerate(order)}


def fit(
    model: Model,
    recipe: Recipe,
    pools: Mapping[str, Sequence[Example]],
    shares: Mapping[str, float],
    *,
    steps: int,
    size_px: int = 192,
    seed: int = 0,
    tell: Callable[[int, float, Model], None] | None = None,
) -> Model:
    """Go on teaching `model` and return the running mean of its weights.

    pools: examples by kind; shares: how often each kind is drawn. Batch, rate, running mean and clipping are those of
    `recipe`. size_px: of the views that teach. tell: called after each step with its number, its loss and the running
    mean so far.
    """
    if not any(pools[name] for name in shares):
        raise UsageError("There is no example to learn from.", advice="Name a pool that holds some.")
    rng = np.random.default_rng(seed)
    names = [name for name in shares if pools[name] and shares[name] > 0]
    odds = np.array([shares[name] for name in names]) / sum(shares[name] for name in names)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(model)
    optimiser = _optimiser(model, recipe)
    for step in range(steps):
        _set_rate(optimiser, recipe, step, steps)
        drawn = [pools[names[rng.choice(len(names), p=odds)]] for _ in range(recipe.train.batch)]
        pictures, sets = _batch(drawn, size_px, rng)
        loss = _loss(model, pictures, sets, half=recipe.train.precision == "bf16")
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.train.clip or float("inf"))
        optimiser.step()
        _follow(mean, model, min(recipe.train.ema, (step + 1) / (step + 10)))
        if tell is not None:
            tell(step, float(loss.detach()), mean)
    return mean.eval()


def _batch(pools: Sequence[Sequence[Example]], size_px: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    views = [hard_view(_any(pool, rng), _any(pool, rng), size_px, rng) for pool in pools]
    pixels = torch.from_numpy(np.stack([view[0] for view in views])).permute(0, 3, 1, 2)
    return pixels.float() / 255, torch.from_numpy(np.stack([view[1] for view in views]))


def _any(pool: Sequence[Example], rng: np.random.Generator) -> Example:
    return pool[int(rng.integers(len(pool)))]


def _loss(model: Model, pictures: Tensor, sets: Tensor, *, half: bool) -> Tensor:
    seen = pictures.contiguous(memory_format=torch.channels_last)
    with torch.autocast(pictures.device.type, torch.bfloat16, enabled=half):
        raw = model(seen, seen.new_zeros((len(seen), 0)))[HEAD]
    return sets_loss(raw.float(), sets).mean()


def _optimiser(model: Model, recipe: Recipe) -> torch.optim.Optimizer:
    """Return AdamW; the first stages stay as ImageNet left them, the others follow more slowly than what is new."""
    model.train()
    stages = model.backbone.stages
    for stage in list(stages)[:_FIXED_STAGES]:
        stage.eval().requires_grad_(False)
    # Filters of single channels change little, and their slopes cost most of a step on a processor.
    for name, weight in stages.named_parameters():
        if ".depthwise." in name:
            weight.requires_grad_(False)
    down = {id(weight) for weight in stages.parameters()}
    learnt: list[nn.Parameter] = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in learnt if id(weight) in down], "scale": _BACKBONE_RATE},
        {"params": [weight for weight in learnt if id(weight) not in down], "scale": 1.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.train.lr, weight_decay=recipe.optimiser.weight_decay)


def _set_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps: int) -> None:
    rate = recipe.train.lr * min(1.0, (step + 1) / _WARMUP_STEPS) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
    for group in optimiser.param_groups:
        group["lr"] = rate * group["scale"] + 1e-6


@torch.no_grad()
def _follow(mean: Model, model: Model, decay: float) -> None:
    held = model.state_dict()
    for name, value in mean.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(held[name], 1 - decay)
        else:
            value.copy_(held[name])
