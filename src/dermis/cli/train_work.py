"""`dermis train` and `dermis sweep`: from a recipe and a folder of data to runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dermis.errors import UsageError

__all__ = ["run_compare", "run_describe", "run_evaluate", "run_export", "run_sweep", "run_train"]


def run_describe(recipe: str, settings: Sequence[str]) -> None:
    """Print the resolved recipe, each value with what it means."""
    from dermis.lab.train.recipe import describe, find_recipe, read_recipe

    print(describe(read_recipe(find_recipe(recipe), settings)), end="")


def run_train(recipe: str, data: Path, out: Path, settings: Sequence[str]) -> Path:
    """Train what `recipe`, a file or a shipped name, says on the dataset in `data`; return the run's folder."""
    from dermis.lab.datasets import find_dataset
    from dermis.lab.train.recipe import find_recipe, read_recipe

    told = read_recipe(find_recipe(recipe), settings)  # what is wrong with it is said before torch is loaded
    _needs_torch()
    from dermis.lab.train.trainer import train

    run = train(told, find_dataset(told.data.dataset).index(data), out, root=data, show=True)
    print(f"Run: {run.folder}")
    return run.folder


def run_sweep(plan: Path, data: Path, out: Path, settings: Sequence[str], storage: str) -> Path:
    """Run the sweep in the file `plan` on the dataset in `data`; return the path of its summary."""
    from dermis.lab.datasets import find_dataset
    from dermis.lab.train.recipe import read_recipe
    from dermis.lab.train.sweep import read_sweep

    told, base = read_sweep(plan)
    _needs_torch()
    from dermis.lab.evaluate.tables import write_summary
    from dermis.lab.train.sweep import sweep

    samples = find_dataset(read_recipe(base, settings).data.dataset).index(data)
    outcomes = sweep(told, base, samples, out, root=data, storage=storage, settings=settings, show=True)
    summary = write_summary(outcomes, out, told.name)
    print(f"Summary: {summary}")
    return summary


def run_evaluate(run: Path, data: Path, out: Path | None, part: str) -> None:
    """Judge the run in a folder on the dataset in `data`."""
    _needs_torch()
    from dermis.lab.evaluate.evaluate import evaluate_folder

    evaluate_folder(run, data, out=out, part=part)
    print(f"Evaluation: {run / 'evaluation' if out is None else out}")


def run_compare(runs: Sequence[Path], out: Path, data: Path | None, tolerance: float) -> None:
    """Set evaluated runs side by side."""
    _needs_torch()
    from dermis.lab.evaluate.compare import compare_folders

    compare_folders(runs, out, data=data, tolerance=tolerance)
    print(f"Comparison: {out / 'comparison.html'}")


def run_export(run: Path, name: str, home: Path | None, *, half: bool) -> Path:
    """Export the best model of the run in a folder as the network `name`; return its folder."""
    _needs_torch()
    from dermis.lab.train.export import export
    from dermis.lab.train.run import find_run
    from dermis.models.weights import WEIGHTS

    folder = export(find_run(run), name, home=WEIGHTS if home is None else home, half=half)
    print(f"Network: {folder}")
    return folder


def _needs_torch() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("torch", "lightning", "optuna", "pandas") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Training needs {', '.join(missing)}, which this installation does not have.",
            advice="Install it with: pip install 'dermis[lab]'.",
        )
