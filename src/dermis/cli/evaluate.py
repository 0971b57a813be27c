"""`dermis evaluate`: how good a run is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.extras import need_lab
from dermis.cli.parser import verb

__all__ = ["evaluate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Judge a run beside trivial baselines, by subgroup.

    With intervals, by tone, camera and set; tables and a report are written.

    Tables and a report are written.
    """

    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
    data: Annotated[Path, "The dataset's folder.", "DIR"]
    out: Annotated[Path | None, "By default RUN/evaluation.", "DIR"] = None
    part: Annotated[str, "train, validate or test.", "PART"] = "test"


@verb(Options)
def evaluate(options: Options) -> None:
    """Judge the run in a folder on a dataset."""
    need_lab()
    from dermis.lab.evaluate.evaluate import evaluate_folder

    evaluate_folder(options.run, options.data, out=options.out, part=options.part)
    print(f"Evaluation: {options.run / 'evaluation' if options.out is None else options.out}")
