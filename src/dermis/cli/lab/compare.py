"""`dermis compare`: runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_lab, verb

__all__ = ["compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Set evaluated runs side by side.

    On the samples they share: winners, ties, the largest gains and losses.
    """

    runs: Annotated[
        tuple[Path, ...], typer.Argument(metavar="RUN...", help="Evaluated runs; the first with each other.")
    ]
    out: Annotated[Path, "Where the page is written.", "DIR"] = Path("comparison")
    data: Annotated[Path | None, "The dataset, for pictures of gains and losses.", "DIR"] = None
    tolerance: Annotated[float, "A smaller difference of errors is a tie."] = 0.01


@verb(Options)
def compare(options: Options) -> None:
    """Set evaluated runs side by side."""
    need_lab()
    from dermis.lab.evaluate.compare import compare_folders

    compare_folders(options.runs, options.out, data=options.data, tolerance=options.tolerance)
    print(f"Comparison: {options.out / 'comparison.html'}")
