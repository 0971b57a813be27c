"""The loop: one function from a recipe and samples to a run, read from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.datasets.splits import Parts
from dermis.errors import UsageError
from dermis.train.batches import shuffled
from dermis.train.build import model_note, new_model
from dermis.train.decoded import Decoded, cameras_among, decode, fingerprint, with_cameras
from dermis.train.items import items_of
from dermis.train.learner import Learner, State, fabric_for, quiet
from dermis.train.parts import duplicates_in, parts_of
from dermis.train.patches import patches_of
from dermis.train.recipe import Recipe
from dermis.train.run import Run, open_run
from dermis.train.watch import watching

__all__ = ["drawn", "kinds_of", "prepared", "train"]


def train(recipe: Recipe, samples: Sequence[Sample], out: Path, *, root: Path | None = None, show: bool = False) -> Run:
    """Learn what `recipe` says from `samples`, in a folder below `out` named by the recipe, and return the run.

    A run that was stopped goes on after its last whole epoch; one that is finished is returned as it is.
    root: folder of the dataset, so that decoded pictures can be kept for the next run. show: progress on stderr.
    Raises UsageError where the recipe does not fit the data, InputError for samples that cannot be read.
    """
    run = open_run(recipe, out)
    with quiet():
        fabric = fabric_for(recipe)
        fabric.launch()
        samples = drawn(samples, recipe)
        with fabric.rank_zero_first():
            decoded, parts = prepared(recipe, samples, root=root)
        _note(run, samples, decoded, parts)
        if run.finished:
            return run

        torch.manual_seed(recipe.seed)
        learner = Learner(recipe, new_model(recipe, decoded, parts.train), fabric)
        state = learner.resume(run.last) or State()
        kinds = kinds_of(recipe, samples, decoded)
        share = {"rank": fabric.global_rank, "world": fabric.world_size}

        with watching(run, state.epoch, show=show and fabric.is_global_zero, write=fabric.is_global_zero) as watch:
            for epoch in range(state.epoch, recipe.train.epochs):
                if state.ended(recipe):
                    break
                began = perf_counter()
                batches = shuffled(decoded, parts.train, recipe, epoch, kinds=kinds, **share)
                train_loss = learner.teach(watch.steps(batches, epoch), len(batches), epoch)
                figures = learner.judge(decoded, parts.validate, epoch)
                row = {"epoch": float(epoch), "lr": learner.rate, "train_loss": train_loss, **figures}
                better = state.add(row | {"seconds": perf_counter() - began}, recipe)
                if fabric.is_global_zero:
                    learner.keep(run, state, better=better)
                    watch.tell(state)
        fabric.barrier()
        if fabric.is_global_zero:
            run.note("result", {"epochs": state.epoch, **state.rows[state.best_epoch]})
        fabric.barrier()
    return run


def drawn(samples: Sequence[Sample], recipe: Recipe) -> Sequence[Sample]:
    """Return the samples the recipe uses: all, or as many as `data.limit` says; their patches or items if it wants."""
    if not samples:
        raise UsageError("There are no samples to learn from.", advice="Check --data and data.dataset.")
    limit = recipe.data.limit
    if 0 < limit < len(samples):
        chosen = np.random.default_rng(recipe.seed).permutation(len(samples))[:limit]
        samples = [samples[place] for place in sorted(chosen)]
    if recipe.data.items:
        return items_of(samples)
    return patches_of(samples) if recipe.data.patches else samples


def kinds_of(recipe: Recipe, samples: Sequence[Sample], decoded: Decoded) -> NDArray[Any] | None:
    """Return what kind each sample is, where `train.balance` wants every kind equally often."""
    by = recipe.train.balance
    if not by:
        return None
    if by in recipe.head and recipe.head[by].kind != "map":
        return np.asarray(decoded.targets[by])[:, 0]
    if all(by in sample.traits for sample in samples):
        return np.array([str(sample.traits[by]) for sample in samples])
    raise UsageError(f"train.balance: {by!r} is no head of numbers and no trait of every sample.", advice="Check it.")


def prepared(recipe: Recipe, samples: Sequence[Sample], *, root: Path | None = None) -> tuple[Decoded, Parts]:
    """Return the samples decoded and parted as a run of `recipe` sees them."""
    decoded = decode(samples, recipe, root=root)
    parts = parts_of(samples, recipe.split, duplicates=duplicates_in(decoded, recipe.split))
    return with_cameras(decoded, cameras_among(decoded, parts.train)), parts


def _note(run: Run, samples: Sequence[Sample], decoded: Decoded, parts: Parts) -> None:
    """Write what the run is given; UsageError where it was given something else when it began."""
    name = fingerprint(samples, decoded.sha256)
    before = run.folder / "data.json"
    if before.is_file() and (run.finished or run.last.is_file()) and f'"{name}"' not in before.read_text():
        raise UsageError(
            f"The data changed since {run.folder} was begun.", advice="Delete that folder, or bring the old data back."
        )
    keys = {part: [str(samples[place].key) for place in getattr(parts, part)] for part in ("train", "validate", "test")}
    licences = sorted({sample.licence for sample in samples})
    run.note("data", {"fingerprint": name, "samples": len(samples), "licences": licences, "parts": keys})
    run.note("model", model_note(replace(run.recipe, input=decoded.shown)))
