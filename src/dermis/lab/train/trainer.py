"""The one loop: optimiser, schedule, running mean, precision, checkpoint, resume, early stop, for every objective."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch
from lightning.fabric import Fabric
from torch import Tensor

from dermis.errors import UsageError
from dermis.formats.files import write_bytes
from dermis.lab.train.build import RunningMean, optimiser_for, rate_at
from dermis.lab.train.objective import Objective, State
from dermis.lab.train.progress import watching
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run

__all__ = ["Trainer", "device_for", "fabric_for", "fit", "over_all"]


def fit(objective: Objective, recipe: Recipe, run: Run, fabric: Fabric, *, show: bool = False) -> Trainer:
    """Learn to the end of the recipe's stages and return the trainer; a run that was stopped goes on.

    The kept weights lie in `run.best`, the figures of their epoch in result.json.
    """
    trainer = Trainer(recipe, objective, fabric)
    state = trainer.resume(run.last) or State()
    share = {"rank": fabric.global_rank, "world": fabric.world_size}
    with watching(run, state.epoch, show=show and fabric.is_global_zero, write=fabric.is_global_zero) as watch:
        for epoch in range(state.epoch, recipe.epochs):
            if state.ended(recipe):
                break
            began = perf_counter()
            batches = objective.batches(epoch, **share)
            train_loss = trainer.fit_epoch(watch.steps(batches, epoch), len(batches), epoch)
            figures = objective.validate(trainer.mean.model.eval(), epoch, fabric)
            row = {"epoch": float(epoch), "lr": trainer.rate, "train_loss": train_loss, **figures}
            better = state.add(row | {"seconds": perf_counter() - began}, recipe)
            if fabric.is_global_zero:
                trainer.keep(run, state, better=better)
                watch.tell(state)
    fabric.barrier()
    if fabric.is_global_zero:
        run.note("result", {"epochs": state.epoch, **state.rows[state.best_epoch]})
    fabric.barrier()
    return trainer


class Trainer:
    """An objective with its optimiser, its schedule by stages, and the running mean of its weights."""

    def __init__(self, recipe: Recipe, objective: Objective, fabric: Fabric) -> None:
        self.recipe, self.objective, self.fabric = recipe, objective, fabric
        self.model = objective.model
        if recipe.train.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.optimiser = fabric.setup(self.model, optimiser_for(objective.groups(), recipe))
        self.mean = RunningMean(self.model, recipe.train.ema)
        self.rate = 0.0

    def fit_epoch(self, batches: Iterable[Any], steps: int, epoch: int) -> float:
        """Go once over `batches`, of which there are `steps`; return the mean loss."""
        # Everything drawn in an epoch follows from seed and epoch, so that a run that goes on does not differ.
        torch.manual_seed(self.recipe.seed * 1_000_003 + epoch)
        draw = torch.Generator().manual_seed((self.recipe.seed * 1_000_003 + epoch) * 64 + self.fabric.global_rank)
        first, course = self._begin(epoch)
        rate = rate_at(self.recipe.schedule, highest=self.recipe.train.lr, epochs=course, steps=steps)
        total = torch.zeros(2, dtype=torch.float64, device=self.fabric.device)
        for place, batch in enumerate(batches):
            self._set_rate(rate((epoch - first) * steps + place))
            losses = self.objective.losses(self.network, batch, epoch + place / steps, draw)
            self.optimiser.zero_grad()
            self.fabric.backward(losses.mean())
            if self.recipe.train.clip:
                self.fabric.clip_gradients(self.network, self.optimiser, max_norm=self.recipe.train.clip)
            self.optimiser.step()
            self.mean.follow(self.model)
            total += torch.stack([losses.detach().double().sum(), losses.new_tensor(len(losses)).double()])
        total = over_all(total, self.fabric)
        if not torch.isfinite(total).all():
            raise UsageError(f"The loss of epoch {epoch} is not a number.", advice="Lower train.lr or set train.clip.")
        return float(total[0] / total[1])

    def keep(self, run: Run, state: State, *, better: bool) -> None:
        """Write what a stopped run goes on from, the weights if they are the best, and the figures."""
        if better:
            _save(run.best, self.mean.model.state_dict())
        held = {
            "model": self.model.state_dict(),
            "mean": self.mean.model.state_dict() if self.mean.decay else {},
            "mean_steps": self.mean.steps,
            "optimiser": self.optimiser.state_dict(),
            "state": asdict(state),
        }
        run.keep_figures(state.rows)
        _save(run.last, held)

    def resume(self, path: Path) -> State | None:
        """Take up what `keep` wrote; None where nothing was."""
        if not path.is_file():
            return None
        held = torch.load(path, map_location=self.fabric.device, weights_only=True)
        self.model.load_state_dict(held["model"])
        self.optimiser.load_state_dict(held["optimiser"])
        if self.mean.decay:
            self.mean.model.load_state_dict(held["mean"])
            self.mean.steps = held["mean_steps"]
        return State(**held["state"])

    def _begin(self, epoch: int) -> tuple[int, int]:
        """Begin an epoch; return the first epoch of the schedule that it is in, and how many that has."""
        self.network.train()
        starts, place = [0], 0
        for stage in self.recipe.stages:
            if stage.restart and place:
                starts.append(place)
            if place == epoch or (place < epoch < place + stage.epochs):
                self.mean.decay = stage.ema or self.recipe.train.ema
            place += stage.epochs
        if epoch in starts[1:]:
            self._restart()
        self.objective.begin(epoch)
        first = max(start for start in starts if start <= epoch)
        return first, min((start for start in [*starts, place] if start > epoch), default=place) - first

    def _restart(self) -> None:
        """Go on from the running mean, with an optimiser that remembers nothing."""
        self.model.load_state_dict(self.mean.model.state_dict())
        self.mean.steps = 0
        self.optimiser.state.clear()

    def _set_rate(self, rate: float) -> None:
        self.rate = rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]


def over_all(numbers: Tensor, fabric: Fabric) -> Tensor:
    """Return the sum of `numbers` over all processes."""
    summed = fabric.all_reduce(numbers, reduce_op="sum")
    assert isinstance(summed, Tensor)
    return summed


def fabric_for(recipe: Recipe) -> Fabric:
    """Return where it runs, as the section machine says."""
    machine = recipe.machine
    if machine.threads:
        torch.set_num_threads(machine.threads)
    # Some heads leave a part of the network unused, frozen layers too.
    strategy = "ddp_find_unused_parameters_true" if machine.devices > 1 else "auto"
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed" if recipe.train.precision == "bf16" else "32-true"
    try:
        return Fabric(accelerator=device_for(recipe), devices=machine.devices, strategy=strategy, precision=precision)
    except (RuntimeError, ValueError) as error:
        raise UsageError(
            f"Cannot run on {machine.devices} x {machine.accelerator}: {error}.", advice="Check the section machine."
        ) from None


def device_for(recipe: Recipe) -> str:
    """Return "cpu" or "cuda", as the section machine says; "auto" does not take Apple's GPU, which knows no float64."""
    wanted = recipe.machine.accelerator
    return "cuda" if wanted == "gpu" or (wanted == "auto" and torch.cuda.is_available()) else "cpu"


def _save(path: Path, held: object) -> None:
    buffer = io.BytesIO()
    torch.save(held, buffer)
    write_bytes(path, buffer.getvalue())
