"""`dermis restore`: an empty store of the service filled again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_service, verb
from dermis.cli.service.store import Db, default_db

__all__ = ["restore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Fill an empty store of the service from a backup.

    All comes back, or nothing.
    """

    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of `dermis backup`.")]
    db: Db = ""


@verb(Options)
def restore(options: Options) -> None:
    """Read the archive into the store."""
    need_service()
    from dermis.service.store import backup as archives
    from dermis.service.store.database import open_database

    rows = archives.restore(open_database(options.db or default_db()), options.archive)
    print(f"{rows['subject']} subjects, {rows['analysis']} analyses, {rows['photo']} photos are back.")
