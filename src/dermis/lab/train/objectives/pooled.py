"""Learning from pools of examples: who teaches, what an epoch draws of each pool, and batches of views made ahead."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.formats.files import write_bytes
from dermis.lab.datasets.check import find_duplicates, perceptual_hash_of
from dermis.lab.datasets.splits import dealt, folds_of
from dermis.lab.train.build import freeze, groups_for, hold
from dermis.lab.train.examples import EXAMPLES
from dermis.lab.train.pools import ahead
from dermis.lab.train.recipe import Pool, Recipe, Stage
from dermis.lab.train.run import Run, note_data
from dermis.lab.train.sources import Roots, folder_for
from dermis.settings import read_settings

__all__ = [
    "Example",
    "PooledBatches",
    "PooledObjective",
    "Pools",
    "draw_epoch",
    "gather",
    "note_pools",
    "parts_of_pools",
    "stage_at",
]


class Example(Protocol):
    """What every example has: a name, and whose it is."""

    name: str
    person: str
    pixels: np.ndarray


Pools = Mapping[str, Sequence[Any]]
"""Examples by the name of their pool."""


def gather(recipe: Recipe, roots: Roots) -> dict[str, list[Any]]:
    """Return the examples of each pool of a recipe, as an earlier run kept them where files and code are the same."""
    return {name: _examples(pool, roots) for name, pool in recipe.pool.items()}


def _examples(pool: Pool, roots: Roots) -> list[Any]:
    way = EXAMPLES[pool.examples]
    root = folder_for(pool, roots) if pool.data else None
    states = sorted((str(one), one.stat()) for one in root.rglob("*") if one.is_file()) if root else []
    numbers = {} if pool.data else {key: int(value) for key, value in (one.split("=") for one in pool.settings)}
    said = (
        way.version,
        pool.examples,
        sorted(numbers.items()),
        [(name, state.st_size, state.st_mtime_ns) for name, state in states],
    )
    path = read_settings().cache / "examples" / f"{hashlib.sha256(repr(said).encode()).hexdigest()[:24]}.pkl"
    if path.is_file():
        held: list[Any] = pickle.loads(path.read_bytes())  # our own cache
        return held
    found = list(way.make(root or Path(), numbers))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, pickle.dumps(found, protocol=5))
    return found


def parts_of_pools(recipe: Recipe, pools: Pools) -> dict[str, dict[str, list[Any]]]:
    """Return the examples that teach, that choose and that judge: by part, then by pool.

    People of the dataset of the first pool are dealt to the parts as the section split says, those of one picture
    together, and are on one side in every pool of that dataset. Of other pools all teach but those held back, which
    choose; `split.stratify` names a field of the examples.
    """
    first = recipe.pool[next(iter(recipe.pool))].data
    shared = [one for name, pool in recipe.pool.items() if pool.data == first and first for one in pools.get(name, ())]
    part_of = _parts_of_people(recipe, shared)
    found: dict[str, dict[str, list[Any]]] = {part: {} for part in ("train", "validate", "test")}
    for name, pool in recipe.pool.items():
        for one in pools.get(name, ()):
            part = part_of.get(one.person, "train") if pool.data == first and first else _part(one, pool)
            found[part].setdefault(name, []).append(one)
    return found


def _part(one: Example, pool: Pool) -> str:
    number = int("".join(letter for letter in one.person if letter.isdigit()) or 0)
    held = one.person in pool.held or (pool.held_every > 0 and number % pool.held_every == 0)
    return "validate" if held and pool.part == "train" else pool.part


def _parts_of_people(recipe: Recipe, examples: Sequence[Any]) -> dict[str, str]:
    split = recipe.split
    if not examples:
        return {}
    groups = joined_people(examples)
    labels = [getattr(one, "grade", 0.0) for one in examples]
    part = np.zeros(len(examples), np.int64)
    if split.folds:
        part[folds_of(groups, split.folds, labels=labels, seed=split.seed) == split.fold] = 2
    elif split.test:
        part[dealt(groups, [1 - split.test, split.test], labels=labels, seed=split.seed) == 1] = 2
    rest = np.flatnonzero(part == 0)
    if split.validate:
        inner = [groups[place] for place in rest], [1 - split.validate, split.validate]
        part[rest[dealt(*inner, labels=[labels[place] for place in rest], seed=split.seed) == 1]] = 1
    names = ("train", "validate", "test")
    return {one.person: names[place] for one, place in zip(examples, part, strict=True)}


def joined_people(examples: Sequence[Any]) -> list[str]:
    """Return whose each example is, people of one picture as one."""
    hashes = [perceptual_hash_of(one.pixels, hashlib.sha256(one.pixels.tobytes()).hexdigest()) for one in examples]
    leader = {one.person: one.person for one in examples}

    def root(person: str) -> str:
        while leader[person] != person:
            person = leader[person]
        return person

    for pair in find_duplicates(hashes):
        leader[root(examples[pair.second].person)] = root(examples[pair.first].person)
    return [root(one.person) for one in examples]


def draw_epoch(pools: Pools, stage: Stage, recipe: Recipe, rng: np.random.Generator) -> list[Any]:
    """Return the examples of an epoch in random order: so many of each pool as the stage's shares say.

    Every example of a pool comes once before one comes again.
    """
    shares = {name: stage.shares.get(name, 0.0) if stage.shares else pool.share for name, pool in recipe.pool.items()}
    shares = {name: share for name, share in shares.items() if share > 0 and pools.get(name)}
    if not shares:
        raise UsageError("There is no example to learn from.", advice="Name a pool that holds some, with a share.")
    size = stage.examples / sum(shares.values()) if stage.examples else len(pools[next(iter(shares))])
    drawn: list[Any] = []
    for name, share in shares.items():
        pool, wanted = pools[name], max(1, round(share * size))
        rounds = [rng.permutation(len(pool)) for _ in range(-(-wanted // len(pool)))]
        drawn += [pool[place] for place in np.concatenate(rounds)[:wanted]]
    return [drawn[place] for place in rng.permutation(len(drawn))]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledBatches:
    """Batches of views, made ahead by a thread; they can be counted."""

    groups: list[list[Any]]
    make: Callable[[list[Any]], Any]

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Any]:
        return ahead(self.make, self.groups)


class PooledObjective:
    """What objectives on pools have in common; others say how a view, a batch and a loss are made."""

    model: nn.Module

    def __init__(self, recipe: Recipe, model: nn.Module, parts: Mapping[str, Pools]) -> None:
        self.recipe, self.model, self.parts = recipe, model, parts

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups, those of the backbone apart."""
        return groups_for(self.model, self.recipe)

    def begin(self, epoch: int) -> None:
        """Keep as it is what the recipe says."""
        backbone = self.model.backbone
        assert isinstance(backbone, nn.Module)
        frozen = self.recipe.network.frozen_epochs
        freeze(backbone, frozen=frozen < 0 or epoch < frozen)
        hold(backbone, self.recipe.network)

    def batches(self, epoch: int, *, rank: int, world: int) -> PooledBatches:
        """Return the views of an epoch, at the size of its stage."""
        stage = stage_at(self.recipe, epoch)
        rng = np.random.default_rng([self.recipe.seed, epoch, rank])
        order = draw_epoch(self.parts["train"], stage, self.recipe, np.random.default_rng([self.recipe.seed, epoch]))
        size = self.recipe.train.batch
        groups = [order[start : start + size][rank::world] for start in range(0, len(order), size)]
        full = [group for group in groups if len(group) > 1] or groups[:1]
        size_px = stage.size_px or self.recipe.input.size_px
        return PooledBatches(groups=full, make=partial(self.views, size_px=size_px, rng=rng))

    def views(self, examples: list[Any], *, size_px: int, rng: np.random.Generator) -> Any:  # noqa: ANN401
        """Return a batch of views of `examples`."""
        raise NotImplementedError

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        """Return the loss of each view, (b,)."""
        raise NotImplementedError

    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return errors on the part validate."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device


def stage_at(recipe: Recipe, epoch: int) -> Stage:
    """Return the stage that an epoch is in."""
    place = 0
    for stage in recipe.stages:
        place += stage.epochs
        if epoch < place:
            return stage
    return recipe.stages[-1]


def note_pools(run: Run, recipe: Recipe, parts: Mapping[str, Pools]) -> None:
    """Write what a run on pools is given: a fingerprint, who is in which part, and how many of each pool."""
    digest = hashlib.sha256()
    for part, pools in parts.items():
        for name, pool in pools.items():
            for one in pool:
                digest.update(f"{part} {name} {one.name} {one.person}".encode())
                digest.update(np.ascontiguousarray(one.pixels).tobytes())
    keys = {
        part: [f"{name}/{one.name}" for name, pool in pools.items() for one in pool] for part, pools in parts.items()
    }
    counts = {
        name: {
            part: {"examples": len(pools.get(name, ())), "people": len({one.person for one in pools.get(name, ())})}
            for part, pools in parts.items()
        }
        for name in recipe.pool
    }
    licences = sorted({EXAMPLES[pool.examples].licence for pool in recipe.pool.values()})
    sources = {name: f"{pool.data or 'made'}, {EXAMPLES[pool.examples].about}" for name, pool in recipe.pool.items()}
    note_data(run, digest.hexdigest(), parts=keys, licences=licences, pools=counts, sources=sources)
