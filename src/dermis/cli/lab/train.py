"""`dermis train`: from a recipe and folders of data to a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_lab, verb
from dermis.lab.train.recipe import describe, find_recipe, read_recipe
from dermis.lab.train.sources import check_folders, roots_from

__all__ = ["train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Learn what a recipe says.

    What can be made is made by `dermis synth`, once. A stopped run goes on where it was.

    \b
    dermis train acne-types
    dermis train acne --data acne04=DIR
    dermis train colour-small --data chips --out runs --set train.epochs=3
    dermis train --new graded-folders photos/ > mine.toml
    """

    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A shipped recipe by name, or a TOML file; with --new a folder.")
    ]
    data: Annotated[
        tuple[str, ...],
        typer.Option(
            "--data",
            metavar="NAME=DIR",
            help="The folder of a dataset; DIR alone where there is one, or it holds a folder for each.",
        ),
    ] = ()
    out: Annotated[Path, "Where runs are kept.", "DIR"] = Path("runs")
    changes: Annotated[
        tuple[str, ...], typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = ()
    describe: Annotated[bool, "Print the resolved recipe and what it means."] = False
    new: Annotated[str, "Print a recipe for a folder of this layout, from its labels.", "DATASET"] = ""


@verb(Options)
def train(options: Options) -> None:
    """Train what a recipe says, or print it; what is wrong with it is said before torch is loaded."""
    if options.new:
        from dermis.lab.train.recipe.infer import new_recipe

        print(new_recipe(options.new, Path(options.recipe)), end="")
        return
    path = find_recipe(options.recipe)
    if options.describe:
        print(describe(read_recipe(path, options.changes)), end="")
        return
    recipe, roots = read_recipe(path, options.changes, whole=False), roots_from(options.data)
    check_folders(roots)
    need_lab()
    from dermis.lab.train.train import train_recipe

    run = train_recipe(recipe, roots, options.out, show=True)
    print(f"Run: {run.folder}")
