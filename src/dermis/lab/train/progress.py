"""What is told of a run while it learns: a bar, a line an epoch, the log, curves."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dermis.lab.train.objective import Batches, State
from dermis.lab.train.run import Run

__all__ = ["Watch", "quiet", "watching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told how a run goes; curves: a TensorBoard writer, or None."""

    run: Run
    progress: Progress
    console: Console | None
    curves: Any

    def steps(self, batches: Batches, epoch: int) -> Iterator[Any]:
        """Yield the batches of an epoch and move the bar."""
        task = self.progress.task_ids[0]
        name = f"epoch {epoch + 1}/{self.run.recipe.epochs}"
        self.progress.reset(task, description=name, total=len(batches))
        for batch in batches:
            yield batch
            self.progress.advance(task)

    def tell(self, state: State) -> None:
        """Tell the last epoch."""
        row = state.rows[-1]
        best = "  best" if state.best_epoch == state.epoch - 1 else ""
        figures = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
        line = f"epoch {state.epoch}/{self.run.recipe.epochs}  {figures}{best}"
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


def _curves(run: Run, epoch: int) -> Any:  # noqa: ANN401 -- the writer has no types
    from torch.utils.tensorboard import SummaryWriter  # late: half a second

    return SummaryWriter(str(run.folder / "tensorboard"), purge_step=epoch + 1)
