"""What the labels of a dataset say of the questions to be learnt, and a recipe written from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dermis.core import Sample
from dermis.lab.datasets import find_dataset
from dermis.lab.networks.settings import Head
from dermis.lab.train.recipe.records import Recipe
from dermis.tasks import TASKS

__all__ = ["new_recipe", "with_scales"]

_MOST_GRADES = 20


def with_scales(recipe: Recipe, samples: Sequence[Sample]) -> Recipe:
    """Return the recipe with kind and grades of each head filled in from the labels, where it does not say them."""
    heads = {name: _head(name, head, samples) for name, head in recipe.head.items()}
    return replace(recipe, head=heads)


def new_recipe(dataset: str, root: Path) -> str:
    """Return the text of a recipe that learns every label of the dataset in `root`, ready to run."""
    samples = find_dataset(dataset).index(root)
    tasks = sorted({label.task for sample in samples for label in sample.labels})
    people = {sample.key.subject for sample in samples}
    lines = [
        f'name = "{root.resolve().name or dataset}"',
        f'about = "{len(samples)} samples of {len(people)} subjects of {dataset}."',
        "seed = 1", "",
        "[data]", f'dataset = "{dataset}"', "",
        "[split]", 'by = ["subject"]', f"folds = {5 if len(people) >= 10 else 0}",
        *([f'stratify = "{tasks[0]}"'] if tasks else []), "",
        "[input]", "size_px = 224", 'fit = "pad"', "",
        "[network]", 'name = "efficientnet_lite0"', 'pretrained = "package"', "",
    ]  # fmt: skip
    for task in tasks:
        lines += _written(task, _head(task, Head(), samples))
    lines += [
        "[augment]", "flip = 0.5", "rotate_deg = 10.0", "zoom = 0.15", "light_stops = 0.5", "",
        "[optimiser]", "backbone_lr = 0.3", "",
        "[train]", "epochs = 30", "batch = 16", "lr = 1e-3", "ema = 0.99",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _written(name: str, head: Head) -> list[str]:
    lines = [f"[head.{name}]", f'kind = "{head.kind}"']
    if head.kind == "ordinal":
        lines += [f"lowest = {head.lowest}", f"highest = {head.highest}", f"step = {head.step}"]
    return [*lines, ""]


def _head(name: str, head: Head, samples: Sequence[Sample]) -> Head:
    graded = head.kind == "ordinal" and head.highest - head.lowest >= head.step
    if (head.kind and head.kind != "ordinal") or graded or (not head.kind and name in TASKS):
        return head
    targets = head.targets or (name,)
    values = np.unique([label.value for sample in samples for label in sample.labels if label.task in targets])
    if len(values) < 2:
        return head
    if not head.kind and len(targets) > 1:
        return replace(head, kind="measure")
    if not head.kind and set(values.tolist()) == {0.0, 1.0}:
        return replace(head, kind="presence")
    step = 0.5 if np.any(values % 1) else 1.0
    even = np.allclose(values / step, np.rint(values / step)) and len(values) <= _MOST_GRADES
    if head.kind == "ordinal" or even:
        return replace(head, kind="ordinal", lowest=float(values[0]), highest=float(values[-1]), step=step)
    return replace(head, kind="measure")
