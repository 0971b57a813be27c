"""Two starts for the network of lesions on equal terms: one short course, the same photos in the same order, paired.

The course is the recipe `acne-starts`; the people of one fold of ACNE04 are judged, who taught neither. A start that
wins here would have to be taught by the whole recipe `acne` before it could ship.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.lesion_calibration import LesionAnswer, tell_lesions
from dermis.lab.train.lesion_views import Example, boxes_in_view
from dermis.lab.train.objectives.lesions import open_network, train_pools
from dermis.lab.train.objectives.pooled import gather, parts_of_pools
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.sources import Roots
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.detection import Found, average_precision
from dermis.metrics.ordinal import spearman, to_grades

__all__ = ["RECIPE", "STARTS", "contest_table", "starts_table"]

RECIPE = "acne-starts"
STARTS: Mapping[str, tuple[str, ...]] = {
    "EfficientNet-Lite0": ("network.name=lite0_quarter", "network.frozen_stages=3"),
    "ResNet-50-thin (Open-NSFW)": ("network.name=thin_quarter", "network.frozen_stages=2"),
}
"""What the recipe is told for each; of both the stages down to a quarter of the size never learn."""
FIGURES = (
    ("grade, quadratic kappa", True), ("grade, accuracy", True), ("grade, RMSE", False),
    ("lesions, Spearman", True), ("lesions, MAE", False), ("boxes, AP at IoU 0.3", True),
)  # fmt: skip
"""Each figure, and whether more is better."""
_DRAWS, _LEVEL, _OVERLAP = 400, 0.95, 0.3
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
    lines = [contest_table(examples, told[0], told[1], size_px)]
    for place, name in enumerate(("parameters, million", "in half precision, MB", "a look at that size, ms")):
        lines.append(f"| {name} | {costs[0][place]:.1f} | {costs[1][place]:.1f} | |")
    people = len({one.person for one in examples})
    said = f"{len(examples)} photos of {people} people; paired 95 % intervals over people. Looks by one thread."
    return "\n".join([*lines, "", said])


def contest_table(
    examples: Sequence[Example],
    first: tuple[Sequence[LesionAnswer], float],
    second: tuple[Sequence[LesionAnswer], float],
    size_px: int,
) -> str:
    """Return the figures of both on the same photos and what the second gains, as Markdown.

    first, second: what each says of every photo, and the factor of its count.
    """
    truth = np.array([one.grade for one in examples])
    marked = [_sides(boxes_in_view(one, size_px)) for one in examples]
    counts = np.array([len(boxes) for boxes in marked], np.float64)

    def figures(side: tuple[Sequence[LesionAnswer], float], places: NDArray[np.int64]) -> list[float]:
        said = [side[0][place] for place in places]
        real, number = np.array([one.grade for one in said]), np.array([one.count for one in said]) * side[1]
        called = to_grades(real, range(4))
        found = [Found(boxes=_sides(one.boxes), scores=np.asarray(one.scores, np.float64)) for one in said]
        return [
            cohen_kappa(truth[places], called, weights="quadratic"),
            float(np.mean(called == truth[places])),
            float(np.sqrt(np.mean((real - truth[places]) ** 2))),
            spearman(counts[places], number),
            float(np.abs(number - counts[places]).mean()),
            average_precision([marked[place] for place in places], found, iou=_OVERLAP),
        ]

    def both(places: NDArray[np.int64]) -> list[float]:
        one, other = figures(first, places), figures(second, places)
        gains = [(b - a) if more else (a - b) for (_, more), a, b in zip(FIGURES, one, other, strict=True)]
        return [*one, *other, *gains]

    groups = np.array([one.person for one in examples])
    held = bootstrap_all(both, groups, level=_LEVEL, resamples=_DRAWS, method="percentile")
    count = len(FIGURES)
    lines = [f"| figure | {' | '.join(STARTS)} | gain of the second |", "|---|---|---|---|"]
    for place, (name, _) in enumerate(FIGURES):
        cells = " | ".join(_words(held[place + part * count]) for part in range(3))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def _sides(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return left, top, width, height (n, 4) of left, top, right, bottom."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float64)


def _words(one: Interval) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


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
