"""Two starts for the network of lesions on equal terms: one short course, the same photos in the same order, paired.

The course is the recipe `acne-starts`; the people of one fold of ACNE04 are judged, who taught neither. A start that
wins here would have to be taught by the whole recipe `acne` before it could ship.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dermis.lab.evaluate.acne.contest import contest_table
from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.lesion_calibration import tell_lesions
from dermis.lab.train.objectives.lesions import open_network, train_pools
from dermis.lab.train.objectives.pooled import gather, parts_of_pools
from dermis.lab.train.recipe import find_recipe, read_recipe
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
    """Teach both starts below `out`, judge the people of the fold and return the table; what was taught is kept."""
    recipes = [checked(completed(read_recipe(find_recipe(RECIPE), list(said)))) for said in STARTS.values()]
    pools, size_px = gather(recipes[0], roots), recipes[0].input.size_px
    examples = next(iter(parts_of_pools(recipes[0], pools)["test"].values()))
    told, costs = [], []
    for recipe in recipes:
        run = train_pools(recipe, pools, out)
        network = open_network(run)
        factor = json.loads((run.folder / "calibration.json").read_text())["count_factor"]
        told.append((tell_lesions(network, examples, size_px), float(factor)))
        costs.append(_cost(network, size_px))
    lines = [contest_table(examples, told[0], told[1], size_px, names=tuple(STARTS))]
    for place, name in enumerate(("parameters, million", "in half precision, MB", "a look at that size, ms")):
        lines.append(f"| {name} | {costs[0][place]:.1f} | {costs[1][place]:.1f} | |")
    people = len({one.person for one in examples})
    said = f"{len(examples)} photos of {people} people; paired 95 % intervals over people. Looks by one thread."
    return "\n".join([*lines, "", said])


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
