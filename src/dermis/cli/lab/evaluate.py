"""`dermis evaluate`: how good a run is, or a recipe by folds; and the tables of the docs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_lab, verb
from dermis.errors import UsageError
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.sources import check_folders, folder_of_data, roots_from

__all__ = ["evaluate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Judge a run, or a recipe by folds, beside baselines.

    With intervals, by subgroup; tables and a report are written. With --folds the recipe is trained once without each
    fold of its people, so that everybody is judged once.

    \b
    dermis evaluate runs/colour-small-1a2b3c --data chips
    dermis evaluate acne --folds --data acne04=DIR
    dermis evaluate runs/face-parser-1a2b3c --beside face-parser --data fasseg=DIR
    dermis evaluate --table acne --data acne04=DIR
    """

    run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run; with --folds a recipe.")] = ""
    data: Annotated[
        tuple[str, ...], typer.Option("--data", metavar="NAME=DIR", help="The folder of a dataset, as for train.")
    ] = ()
    out: Annotated[Path | None, "By default RUN/evaluation; with --folds where runs are kept, ./runs.", "DIR"] = None
    part: Annotated[str, "train, validate, test, new (nothing the run knows) or all.", "PART"] = "test"
    folds: Annotated[bool, "Judge a recipe by group-disjoint folds."] = False
    beside: Annotated[str, "Set a run beside these weights on the same people, paired.", "WEIGHTS"] = ""
    table: Annotated[str, "Print a table of the docs as it stands there; `all` prints each.", "NAME"] = ""
    changes: Annotated[
        tuple[str, ...], typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = ()


@verb(Options)
def evaluate(options: Options) -> None:
    """Judge a run or a recipe, or print a table."""
    need_lab()
    roots = roots_from(options.data)
    check_folders(roots)
    if options.table:
        from dermis.lab.evaluate.doc_tables import print_tables

        print_tables(options.table, roots, options.out or Path("runs"))
        return
    if not options.run:
        raise UsageError("Nothing is named to be judged.", advice="Name the folder of a run, or a recipe with --folds.")
    if options.folds:
        from dermis.lab.evaluate.folds import evaluate_folds

        recipe = read_recipe(find_recipe(options.run), options.changes, whole=False)
        out = options.out or Path("runs")
        found = evaluate_folds(recipe, roots, out, show=True)
        folder = out / f"{found.facts['recipe']}-folds-{found.facts['recipe_hash']}" / "evaluation"
        print(f"Evaluation: {folder}")
        return
    from dermis.lab.evaluate.evaluate import evaluate_folder
    from dermis.lab.train.run import find_run

    run = Path(options.run)
    recipe = find_run(run).recipe
    if options.beside:
        from dermis.lab.evaluate.beside import beside_weights

        print(beside_weights(find_run(run), options.beside, roots, part=options.part))
        return
    if recipe.pool:
        from dermis.lab.evaluate.folds import evaluate_pools

        evaluate_pools(find_run(run), roots)
        print(f"Evaluation: {run / 'evaluation'}")
        return
    data = folder_of_data(recipe, roots)
    evaluate_folder(run, data, out=options.out, part=options.part)
    print(f"Evaluation: {run / 'evaluation' if options.out is None else options.out}")
