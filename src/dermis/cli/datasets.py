"""`dermis datasets`: which layouts can be read, and a look at one before anything is learnt from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["datasets_app"]

datasets_app = typer.Typer(
    name="datasets",
    help="List the dataset layouts that can be read, with licence and citation; check one.",
    rich_markup_mode=None,
)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]

_CHECK_HELP = """Read every photo of a dataset once: what it holds, what is in it twice, which labels contradict.

\b
dermis datasets check acne04 data/acne04
dermis datasets check graded-folders photos/ --thorough --json
"""


@datasets_app.callback(invoke_without_command=True)
def datasets(context: typer.Context, json: JsonFlag = False) -> None:
    """List the dataset layouts that can be read, with licence and citation; check one."""
    if context.invoked_subcommand is None:
        from dermis.cli.tables import print_datasets

        print_datasets(as_json=json)


@datasets_app.command(help=_CHECK_HELP)
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A layout; `dermis datasets` lists them.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset's folder.")],
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also find turned and sheared copies; a few ms a likely pair.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Read every photo of a dataset once: what it holds, what is in it twice, which labels contradict."""
    from dermis.cli.datasets_check import run

    run(name, folder, thorough=thorough, as_json=json)
