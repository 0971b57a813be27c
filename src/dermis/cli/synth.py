"""`dermis synth`: pictures of people who do not exist, with all that is known of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dermis.cli.terminal import progress
from dermis.errors import UsageError
from dermis.lab.datasets import DATASETS
from dermis.lab.synth.make import make_set, plan_set
from dermis.lab.synth.recipe import read_recipe, recipe_hash, shipped_recipes
from dermis.settings import read_settings

__all__ = ["print_recipes", "run"]


def print_recipes() -> None:
    """Print the recipes that come with the package: what each makes, and its hash."""
    table = Table(box=None, header_style="bold")
    for column in ("recipe", "hash", "makes"):
        table.add_column(column, overflow="fold")
    for name in shipped_recipes():
        recipe = read_recipe(name)
        table.add_row(name, recipe_hash(recipe), recipe.about)
    Console(highlight=False).print(table)


def run(name: str | None, out: Path | None, changes: Sequence[str], workers: int | None) -> int:
    """Make a set, with a bar on stderr; go on where a stopped run left it."""
    if name is None or out is None:
        raise UsageError(
            "A recipe and a folder are needed.", advice="Try `dermis synth faces --out made`, or `dermis synth --list`."
        )
    recipe = read_recipe(name, changes)
    _, missing = plan_set(recipe, out)
    with progress(missing, "making") as bar:
        records = make_set(
            recipe,
            out,
            workers=workers or read_settings().threads or os.cpu_count() or 1,
            progress=lambda made: bar.update(bar.task_ids[0], advance=made),
        )
    reader = DATASETS[recipe.layout].index.__module__
    print(f"{len(records)} pictures in {out} ({missing} made now). Look at {out / 'contact-sheet.png'}.")
    print(f"What it is: {out / 'card.md'}. Read it in Python with {reader}.index.")
    return 0
