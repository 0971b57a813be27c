"""`dermis datasets`: which layouts can be read, and a look at one before anything is learnt from it."""

from __future__ import annotations

from typing import Annotated

import typer

from dermis.cli.parser import verbs

__all__ = ["VERBS", "app"]

VERBS = {
    "dermis.cli.datasets": {
        "check": "Read every photo of a dataset once.",
    },
}
"""By folder: each verb is the file of its name."""

app = verbs(VERBS, alone=True)


@app.callback(invoke_without_command=True)
def datasets(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")] = False,
) -> None:
    """List the dataset layouts that can be read; check one."""
    if context.invoked_subcommand is None:
        from dermis.cli.datasets.listing import print_datasets

        print_datasets(as_json=json)
