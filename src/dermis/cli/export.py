"""`dermis export`: from a run to a network that works without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.extras import need_lab
from dermis.cli.parser import verb
from dermis.models.weights import WEIGHTS

__all__ = ["export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Turn a run into a network that needs no torch.

    It gets its card, and is held to the trained answers.
    """

    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the network will be called.")]
    out: Annotated[Path | None, "By default where shipped networks lie.", "DIR"] = None
    half: Annotated[bool, "Keep the weights in 16 bits."] = False


@verb(Options)
def export(options: Options) -> None:
    """Export the best model of the run in a folder."""
    need_lab()
    from dermis.lab.train import export as exporting
    from dermis.lab.train.run import find_run

    home = WEIGHTS if options.out is None else options.out
    folder = exporting.export(find_run(options.run), options.name, home=home, half=options.half)
    print(f"Network: {folder}")
