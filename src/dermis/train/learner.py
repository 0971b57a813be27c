"""What learns: a model with its optimiser, schedule and running mean, on one device or several."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from dermis.errors import UsageError
from dermis.networks.model import Model
from dermis.train.augment import apply, make_params, targets_moved
from dermis.train.batches import Batch, in_order
from dermis.train.decoded import Decoded
from dermis.train.optimise import RunningMean, freeze, optimiser_for, rate_at
from dermis.train.recipe import Recipe
from dermis.train.run import Run, write_atomically

__all__ = ["Learner", "State", "device_for", "fabric_for", "quiet"]


@dataclass(slots=True)
class State:
    """How far a run is: epochs done, the best of them, and a row of figures for each."""

    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)

    def add(self, row: dict[str, float], recipe: Recipe) -> bool:
        """Add an epoch; return whether it is the best so far. The first one is, whatever its figures."""
        start = f"validate_{recipe.train.watch}_" if recipe.train.watch else "validate_loss"
        watched = next(name for name in row if name.startswith(start))
        self.rows.append(row)
        error = row[watched] if math.isfinite(row[watched]) else math.inf
        better = self.epoch == 0 or error < self.best - recipe.train.min_delta
        if better:
            self.best, self.best_epoch = error, self.epoch
        self.epoch += 1
        return better

    def ended(self, recipe: Recipe) -> bool:
        """Return whether nothing got better for as long as the recipe waits."""
        waited = self.epoch - 1 - self.best_epoch
        return self.epoch > 0 and 0 < recipe.train.patience <= waited


class Learner:
    """A thin module around a model: teach it an epoch, judge it, keep it."""

    def __init__(self, recipe: Recipe, model: Model, fabric: Fabric) -> None:
        self.recipe, self.model, self.fabric = recipe, model, fabric
        optimiser = optimiser_for(model, recipe)
        if recipe.train.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.optimiser = fabric.setup(model, optimiser)
        self.mean = RunningMean(model, recipe.train.ema)
        self.maps = {name: head.classes for name, head in recipe.head.items() if head.kind == "map"}
        self.rate = 0.0

    def teach(self, batches: Iterable[Batch], steps: int, epoch: int) -> float:
        """Go once over `batches`, of which there are `steps`; return the mean loss."""
        # Everything drawn in an epoch follows from seed and epoch, so that a run that goes on does not differ.
        torch.manual_seed(self.recipe.seed * 1_000_003 + epoch)
        draw = torch.Generator().manual_seed((self.recipe.seed * 1_000_003 + epoch) * 64 + self.fabric.global_rank)
        self._thaw(epoch)
        rate = rate_at(self.recipe.schedule, highest=self.recipe.train.lr, epochs=self.recipe.train.epochs, steps=steps)
        total = torch.zeros(2, dtype=torch.float64, device=self.fabric.device)
        for place, batch in enumerate(batches):
            self._set_rate(rate(epoch * steps + place))
            pictures, numbers, targets = self._seen(batch, draw)
            losses = self.model.loss(self.network(pictures, numbers), targets, epoch + place / steps)
            self.optimiser.zero_grad()
            self.fabric.backward(losses.mean())
            if self.recipe.train.clip:
                self.fabric.clip_gradients(self.network, self.optimiser, max_norm=self.recipe.train.clip)
            self.optimiser.step()
            self.mean.follow(self.model)
            total += _sum_and_count(losses)
        total = self._over_all(total)
        if not torch.isfinite(total).all():
            raise UsageError(f"The loss of epoch {epoch} is not a number.", advice="Lower train.lr or set train.clip.")
        return float(total[0] / total[1])

    @torch.inference_mode()
    def judge(self, decoded: Decoded, places: NDArray[np.int64], epoch: int) -> dict[str, float]:
        """Return loss and errors over the rows `places`, as the model stands that would be kept."""
        model = self.mean.model.eval()
        mine = places[self.fabric.global_rank :: self.fabric.world_size]
        counts = float(len(mine) > 0)  # a process without a row looks at one for nothing, so that all add up together
        mine = mine if counts else places[:1]
        total = torch.zeros(2, dtype=torch.float64, device=self.fabric.device)
        tallies: dict[str, Tensor] = {}
        crop_px = self.recipe.train.crop_px
        cubes = any(head.kind == "spectrum" for head in self.recipe.head.values())  # 32 of them may be too much to hold
        size = self.recipe.train.batch if cubes else max(self.recipe.train.batch, 32)
        for batch in in_order(decoded, mine, size, crop_px=crop_px):
            pictures, numbers, targets = self._seen(batch, None)
            with self.fabric.autocast():
                raw = {name: held.float() for name, held in model(pictures, numbers).items()}
            total += counts * _sum_and_count(model.loss(raw, targets, float(epoch + 1)))
            for name, head in model.each().items():
                told = counts * head.tally(raw[name], targets[name])
                tallies[name] = tallies[name] + told if name in tallies else told
        total = self._over_all(total)
        figures = {"validate_loss": float(total[0] / total[1])}
        for name, head in model.each().items():
            figures[f"validate_{name}_{head.error_name}"] = head.error(self._over_all(tallies[name]))
        return figures

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

    def _thaw(self, epoch: int) -> None:
        self.network.train()
        frozen = self.recipe.network.frozen_epochs
        freeze(self.model.backbone, frozen=frozen < 0 or epoch < frozen)

    def _set_rate(self, rate: float) -> None:
        self.rate = rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]

    def _seen(self, batch: Batch, draw: torch.Generator | None) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return pictures in [0, 1], numbers and targets on the device; changed at random where `draw` is given."""
        batch = batch.to(self.fabric.device)
        pictures, targets = batch.shown(channels_last=self.recipe.train.channels_last), dict(batch.targets)
        if draw is not None:
            params = make_params(self.recipe.augment, len(pictures), draw)
            pictures = apply(pictures, params, linear=self.recipe.input.values == "linear")
            targets = targets_moved(targets, params, self.maps)
        return pictures, batch.numbers, targets

    def _over_all(self, numbers: Tensor) -> Tensor:
        summed = self.fabric.all_reduce(numbers, reduce_op="sum")
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


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what Fabric warns of although it is wanted, by name."""
    with warnings.catch_warnings():
        for words in _WANTED:
            warnings.filterwarnings("ignore", message=words)
        yield


_WANTED: Sequence[str] = (
    r"GPU available but not used",
    r".*find_unused_parameters=True was specified",
)


def _sum_and_count(losses: Tensor) -> Tensor:
    return torch.stack([losses.detach().double().sum(), losses.new_tensor(len(losses)).double()])


def _save(path: Path, held: object) -> None:
    buffer = io.BytesIO()
    torch.save(held, buffer)
    write_atomically(path, buffer.getvalue())
