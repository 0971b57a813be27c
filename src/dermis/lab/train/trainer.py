"""The training loop and its logging."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from dermis.core import Sample
from dermis.errors import UsageError
from dermis.lab.datasets.splits import Parts
from dermis.lab.networks.model import Model
from dermis.lab.train.augment import apply, make_params, targets_moved
from dermis.lab.train.build import RunningMean, freeze, model_note, new_model, optimiser_for, rate_at
from dermis.lab.train.cache import Decoded, cameras_among, decode, fingerprint, with_cameras
from dermis.lab.train.pools import Batch, Batches, in_order, items_of, patches_of, shuffled
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, open_run, write_atomically
from dermis.lab.train.split import duplicates_in, parts_of

__all__ = [
    "State",
    "Trainer",
    "Watch",
    "device_for",
    "drawn",
    "fabric_for",
    "prepared",
    "quiet",
    "train",
    "watching",
]


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


class Trainer:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told how a run goes; curves: a TensorBoard writer, or None."""

    run: Run
    progress: Progress
    console: Console | None
    curves: Any

    def steps(self, batches: Batches, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch and move the bar."""
        task = self.progress.task_ids[0]
        name = f"epoch {epoch + 1}/{self.run.recipe.train.epochs}"
        self.progress.reset(task, description=name, total=len(batches))
        for batch in batches:
            yield batch
            self.progress.advance(task)

    def tell(self, state: State) -> None:
        """Tell the last epoch."""
        row = state.rows[-1]
        best = "  best" if state.best_epoch == state.epoch - 1 else ""
        figures = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
        line = f"epoch {state.epoch}/{self.run.recipe.train.epochs}  {figures}{best}"
        self.run.say(line)
        if self.console is not None:
            self.console.print(line, highlight=False, soft_wrap=True)
        if self.curves is not None:
            for name, value in row.items():
                self.curves.add_scalar(name, value, state.epoch)
            self.curves.flush()


@contextmanager
def watching(run: Run, epoch: int, *, show: bool, write: bool) -> Iterator[Watch]:
    """Watch a run that begins at `epoch`; show: on stderr. write: curves, as far as the recipe wants them."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    curves = _curves(run, epoch) if write and run.recipe.machine.tensorboard else None
    bar = Progress(*columns, console=console, disable=not (show and console.is_terminal), transient=True)
    try:
        with bar:
            bar.add_task("", total=None)
            yield Watch(run=run, progress=bar, console=console if show else None, curves=curves)
    finally:
        if curves is not None:
            curves.close()


def _curves(run: Run, epoch: int) -> Any:  # noqa: ANN401 -- the writer has no types
    from torch.utils.tensorboard import SummaryWriter  # late: half a second

    return SummaryWriter(str(run.folder / "tensorboard"), purge_step=epoch + 1)


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
        learner = Trainer(recipe, new_model(recipe, decoded, parts.train), fabric)
        state = learner.resume(run.last) or State()
        kinds = subgroups_of(recipe, samples, decoded)
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


def subgroups_of(recipe: Recipe, samples: Sequence[Sample], decoded: Decoded) -> NDArray[Any] | None:
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
