"""`dermis sweep`: a grid or a search of recipes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_lab, verb
from dermis.lab.datasets import find_dataset
from dermis.lab.train.recipe import read_recipe

__all__ = ["sweep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Train a grid or a search of recipes.

    The promising ones are trained in full; what is done is not done again.
    """

    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A TOML file: a base recipe, its factors, its stages.")]
    data: Annotated[Path, "The dataset's folder.", "DIR"]
    out: Annotated[Path, "Where runs are kept.", "DIR"] = Path("runs")
    changes: Annotated[
        tuple[str, ...], typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = ()
    storage: Annotated[str, "A database shared by several machines; a file by default.", "URL"] = ""


@verb(Options)
def sweep(options: Options) -> None:
    """Run the sweep of a plan and write its summary."""
    need_lab()
    from dermis.lab.evaluate.tables import write_summary
    from dermis.lab.train import sweep as sweeps

    plan, base = sweeps.read_sweep(options.plan)
    samples = find_dataset(read_recipe(base, options.changes).data.dataset).index(options.data)
    outcomes = sweeps.sweep(
        plan,
        base,
        samples,
        options.out,
        root=options.data,
        storage=options.storage,
        settings=options.changes,
        show=True,
    )
    print(f"Summary: {write_summary(outcomes, options.out, plan.name)}")
