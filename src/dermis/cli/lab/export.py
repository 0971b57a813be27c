"""`dermis export`: from a run to weights that work without torch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_lab, verb
from dermis.errors import UsageError
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.pipeline.foreign import foreign_tasks
from dermis.settings import read_settings

__all__ = ["export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Turn a run into weights that need no torch.

    They get their card, and are held to the trained answers. `dermis models` lists them. A table of numbers that ships
    beside the code is written with its card and its hash.

    \b
    dermis export acne-types
    dermis export runs/mine-1a2b3c my-acne
    dermis analyse selfie.jpg --with my-acne
    dermis export pigment-index --to src/dermis/tasks/data
    """

    run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run, or a recipe: its latest run.")]
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they are called; by default as the recipe.")] = ""
    to: Annotated[Path | None, "By default the folder of your own weights (DERMIS_WEIGHTS).", "DIR"] = None
    runs: Annotated[Path, "Where runs are kept.", "DIR"] = Path("runs")
    full: Annotated[bool, "Keep the weights in 32 bits instead of 16."] = False


@verb(Options)
def export(options: Options) -> None:
    """Export the kept model of a run."""
    need_lab()
    from dermis.lab.train import export as exporting
    from dermis.lab.train.run import latest_run

    run = latest_run(options.run, options.runs)
    home = read_settings().weights if options.to is None else options.to
    table = LEARNERS[run.recipe.learner].table
    if table:
        from dermis.lab.train.objectives.tables import export_table

        print(f"Table: {export_table(run, home / run.recipe.name if options.to is None else home)}")
        print(f"dermis reads the one that ships: --to src/dermis/{Path(table).parent} in a checkout.")
        return
    folder = exporting.export(run, options.name or run.recipe.name, home=home, half=not options.full)
    print(f"Weights: {folder}")
    word = folder.name if home == read_settings().weights else str(folder)
    with suppress(UsageError):  # such as a map of parts, which answers no question of a face
        foreign_tasks(word)
        print(f"Answer with them: dermis analyse PHOTO --with {word}")
