"""`dermis synth`: pictures of people who do not exist, with all that is known of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import verb
from dermis.cli.terminal import print_table, progress
from dermis.errors import UsageError
from dermis.lab.datasets import DATASETS
from dermis.lab.synth.make import make_set, plan_set
from dermis.lab.synth.recipe import read_recipe, recipe_hash, shipped_recipes
from dermis.settings import read_settings

__all__ = ["synth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Make pictures of people who do not exist, with their truth.

    The same recipe gives the same files, whatever the number of workers. A stopped run goes on where it was.

    \b
    dermis synth --list
    dermis synth faces --out made --set subjects=20
    dermis synth mine.toml --out made --workers 8

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 130 stopped.
    """

    recipe: Annotated[
        str | None, typer.Argument(metavar="RECIPE", help="A recipe by name (see --list), or a TOML file of your own.")
    ] = None
    out: Annotated[Path | None, "An empty folder, or one to go on with.", "DIR"] = None
    changes: Annotated[
        tuple[str, ...], typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = ()
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; all processors by default.")
    ] = None
    listing: Annotated[bool, typer.Option("--list", help="List the recipes that come with it.")] = False


@verb(Options)
def synth(options: Options) -> None:
    """Make a set, with a bar on stderr; go on where a stopped run left it."""
    if options.listing:
        _print_recipes()
        return
    if options.recipe is None or options.out is None:
        raise UsageError(
            "A recipe and a folder are needed.", advice="Try `dermis synth faces --out made`, or `dermis synth --list`."
        )
    out, recipe = options.out, read_recipe(options.recipe, options.changes)
    _, missing = plan_set(recipe, out)
    with progress(missing, "making") as bar:
        records = make_set(
            recipe,
            out,
            workers=options.workers or read_settings().threads or os.cpu_count() or 1,
            progress=lambda made: bar.update(bar.task_ids[0], advance=made),
        )
    reader = DATASETS[recipe.layout].index.__module__
    print(f"{len(records)} pictures in {out} ({missing} made now). Look at {out / 'contact-sheet.png'}.")
    print(f"What it is: {out / 'card.md'}. Read it in Python with {reader}.index.")


def _print_recipes() -> None:
    recipes = [read_recipe(name) for name in shipped_recipes()]
    print_table(("recipe", "hash", "makes"), [(one.name, recipe_hash(one), one.about) for one in recipes])
