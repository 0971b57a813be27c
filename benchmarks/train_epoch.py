"""One epoch of the recipe colour-small beside a plain PyTorch loop over the same batches.

    python benchmarks/train_epoch.py [--samples 1024] [--repeats 7] [--threads 2] [--set train.channels_last=false]

Both are timed in turns in one process, the best of each counts, and the ratio of the two is what to look at. The plain
loop is what one writes first: a Dataset, a DataLoader, forward, loss, backward, clip, step. A second one has all its
batches ready in memory as float tensors, so it loads nothing at all.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from dermis.lab.datasets.splits import Parts
from dermis.lab.train.build import new_model
from dermis.lab.train.cache import Decoded
from dermis.lab.train.objectives.samples import SamplesObjective
from dermis.lab.train.pools import shuffled
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.trainer import Trainer, fabric_for
from dermis.models.capture_features import number_names


def made(recipe, count: int) -> Decoded:
    """Random pictures; the time of an epoch does not depend on what they show."""
    draw = np.random.default_rng(0)
    size = recipe.input.size_px
    names = number_names(recipe.input.features)
    return Decoded(
        shown=recipe.input,
        pictures=draw.integers(0, 256, (count, size, size, 3), dtype=np.uint8),
        numbers=draw.normal(50, 10, (count, len(names))).astype(np.float32),
        targets={"tone": draw.normal(50, 10, (count, 3)).astype(np.float32)},
        sha256=("",) * count,
        camera=("",) * count,
    )


class Pictures(Dataset):
    """The data as one writes it down first."""

    def __init__(self, decoded: Decoded, order) -> None:
        self.decoded, self.order = decoded, order

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int):
        row = self.order[place]
        picture = torch.from_numpy(self.decoded.pictures[row]).permute(2, 0, 1).float() / 255
        return picture, torch.from_numpy(self.decoded.numbers[row]), torch.from_numpy(self.decoded.targets["tone"][row])


class Plain:
    """A plain loop with the same network, loss and optimiser."""

    def __init__(self, recipe, decoded: Decoded) -> None:
        torch.manual_seed(0)
        self.recipe = recipe
        self.model = new_model(recipe, decoded, np.arange(len(decoded.numbers)))
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=recipe.train.lr)

    def epoch(self, batches) -> float:
        began = perf_counter()
        self.model.train()
        total = 0.0
        for pictures, numbers, target in batches:
            raw = self.model(pictures, numbers)
            loss = self.model.loss(raw, {"tone": target}, 10.0).mean()
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.train.clip)
            self.optimiser.step()
            total += loss.item()
        return perf_counter() - began


class Engine:
    """The epoch of the loop, without judging and keeping."""

    def __init__(self, recipe, decoded: Decoded) -> None:
        torch.manual_seed(0)
        self.recipe, self.decoded = recipe, decoded
        self.places = np.arange(len(decoded.numbers))
        parts = Parts(train=self.places, validate=self.places[:0], test=self.places[:0])
        objective = SamplesObjective(recipe, new_model(recipe, decoded, self.places), decoded, parts)
        self.trainer = Trainer(recipe, objective, fabric_for(recipe))

    def epoch(self, number: int) -> float:
        began = perf_counter()
        batches = shuffled(self.decoded, self.places, self.recipe, number)
        self.trainer.fit_epoch(batches, len(batches), number)
        return perf_counter() - began


def loading(decoded: Decoded, places, recipe, number: int) -> float:
    """Seconds to make all batches of an epoch and do nothing with them."""
    began = perf_counter()
    for batch in shuffled(decoded, places, recipe, number):
        batch.shown(channels_last=recipe.train.channels_last)
    return perf_counter() - began


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--samples", type=int, default=1024)
    read.add_argument("--repeats", type=int, default=7)
    read.add_argument("--threads", type=int, default=2)
    read.add_argument("--set", nargs="*", default=[], help="settings of the recipe, such as train.channels_last=false")
    asked = read.parse_args()
    settings = [f"machine.threads={asked.threads}", "machine.accelerator=cpu", "augment.flip=0.0", *asked.set]
    recipe = read_recipe(find_recipe("colour-small"), settings)
    decoded = made(recipe, asked.samples)
    engine, plain, ready_plain = Engine(recipe, decoded), Plain(recipe, decoded), Plain(recipe, decoded)
    seconds: dict[str, list[float]] = {"engine": [], "plain": [], "plain, batches ready": [], "batches alone": []}
    for number in range(asked.repeats):
        order = np.concatenate([batch.places for batch in shuffled(decoded, engine.places, recipe, number)])
        loader = DataLoader(Pictures(decoded, order), batch_size=recipe.train.batch)
        ready = list(loader)
        seconds["batches alone"].append(loading(decoded, engine.places, recipe, number))
        seconds["engine"].append(engine.epoch(number))
        seconds["plain"].append(plain.epoch(loader))
        seconds["plain, batches ready"].append(ready_plain.epoch(ready))
    best = {name: min(held) for name, held in seconds.items()}
    for name, value in best.items():
        print(f"{name:<24} {value:.3f} s an epoch of {asked.samples}   {value / best['engine']:.2f} x the engine")


if __name__ == "__main__":
    main()
