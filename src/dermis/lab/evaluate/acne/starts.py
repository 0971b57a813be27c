"""Two starts for the network of lesions on equal terms: one short course, the same photos in the same order, paired.

The course is the recipe `acne-starts`, once for each fold of ACNE04's people, so that each photo is judged once by a
network that saw nothing of its person. A start that wins here would have to be taught by the whole recipe `acne`
before it could ship.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dermis.lab.evaluate.acne.contest import contest_table
from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.lesion_calibration import LesionAnswer, tell_lesions
from dermis.lab.train.lesion_views import Example
from dermis.lab.train.objectives.lesions import open_network, train_pools
from dermis.lab.train.objectives.pooled import Pools, gather, parts_of_pools
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.sources import Roots

__all__ = ["RECIPE", "STARTS", "starts_table"]

RECIPE = "acne-starts"
STARTS: Mapping[str, tuple[str, ...]] = {
    "EfficientNet-Lite0": ("network.name=lite0_quarter", "network.frozen_stages=3"),
    "ResNet-50-thin (Open-NSFW)": ("network.name=thin_quarter", "network.frozen_stages=2"),
}
"""What the recipe is told for each; of both the stages down to a quarter of the size never learn."""
_LOOKS = 8


def starts_table(roots: Roots, out: Path) -> str:
    """Teach both starts below `out` once a fold, judge every person once and return the table; runs are kept."""
    recipes = [checked(completed(read_recipe(find_recipe(RECIPE), list(said)))) for said in STARTS.values()]
    pools, size_px = gather(recipes[0], roots), recipes[0].input.size_px
    told: list[list[LesionAnswer]] = [[] for _ in recipes]
    judged: list[Example] = []
    costs: list[tuple[float, float, float]] = []
    for fold in range(recipes[0].split.folds):
        folded = [replace(one, split=replace(one.split, fold=fold)) for one in recipes]
        examples = next(iter(parts_of_pools(folded[0], pools)["test"].values()))
        judged += examples
        networks = [_taught(recipe, pools, out) for recipe in folded]
        for answers, (network, factor) in zip(told, networks, strict=True):
            said = tell_lesions(network, examples, size_px)
            answers += [replace(one, count=one.count * factor) for one in said]
        costs = [_cost(network, size_px) for network, _ in networks]
    lines = [contest_table(judged, (told[0], 1.0), (told[1], 1.0), size_px, names=tuple(STARTS))]
    for place, name in enumerate(("parameters, million", "in half precision, MB", "a look at that size, ms")):
        lines.append(f"| {name} | {costs[0][place]:.1f} | {costs[1][place]:.1f} | |")
    people = len({one.person for one in judged})
    said_of = f"{len(judged)} photos of {people} people in {recipes[0].split.folds} folds"
    return "\n".join([*lines, "", f"{said_of}; paired 95 % intervals over people. Looks by one thread."])


def _taught(recipe: Recipe, pools: Pools, out: Path) -> tuple[nn.Module, float]:
    """Return the network of a recipe and the factor of its counts, from people who neither taught nor judge."""
    run = train_pools(recipe, pools, out)
    factor = json.loads((run.folder / "calibration.json").read_text())["count_factor"]
    return open_network(run), float(factor)


@torch.inference_mode()
def _cost(network: nn.Module, size_px: int) -> tuple[float, float, float]:
    """Return millions of parameters, megabytes at 16 bits, and milliseconds of processor time of a look."""
    held = sum(one.numel() for one in network.parameters()) / 1e6
    picture, skin = torch.rand(1, 3, size_px, size_px), torch.ones(1, 1, size_px // STRIDE, size_px // STRIDE)
    took = []
    for _ in range(_LOOKS):
        began = time.process_time()
        network(picture.contiguous(memory_format=torch.channels_last), skin)
        took.append(time.process_time() - began)
    return held, 2 * held, 1000 * float(np.median(took))
