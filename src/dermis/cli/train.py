"""`dermis train`: from a recipe and a folder of data to a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.extras import need_lab
from dermis.cli.parser import verb
from dermis.errors import UsageError
from dermis.lab.datasets import find_dataset
from dermis.lab.train.recipe import describe, find_recipe, read_recipe

__all__ = ["train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Learn what a recipe says.

    One dataset is learnt from. A stopped run goes on where it was.

    \b
    dermis train colour-small --describe
    dermis train colour-small --data chips --out runs --set train.epochs=3
    dermis evaluate runs/colour-small-1a2b3c --data chips
    """

    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe by name, or a TOML file.")]
    data: Annotated[Path | None, "The dataset's folder.", "DIR"] = None
    out: Annotated[Path, "Where runs are kept.", "DIR"] = Path("runs")
    changes: Annotated[
        tuple[str, ...], typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = ()
    describe: Annotated[bool, "Print the resolved recipe and what it means."] = False


@verb(Options)
def train(options: Options) -> None:
    """Train what a recipe says, or print it; what is wrong with it is said before torch is loaded."""
    recipe = read_recipe(find_recipe(options.recipe), options.changes)
    if options.describe:
        print(describe(recipe), end="")
        return
    if options.data is None:
        raise UsageError(
            "The dataset's folder is not named.", advice="Add --data DIR; `dermis datasets` lists layouts."
        )
    need_lab()
    from dermis.lab.train import trainer

    samples = find_dataset(recipe.data.dataset).index(options.data)
    run = trainer.train(recipe, samples, options.out, root=options.data, show=True)
    print(f"Run: {run.folder}")
