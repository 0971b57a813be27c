"""`dermis backup`: the store of the service in one archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_service, verb
from dermis.cli.service.store import Db, default_db

__all__ = ["backup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Write the store of the service into one archive.

    The service may run meanwhile.

    Keys of kept photos are not part of it: copy the folder beside your --photo-key too.
    """

    out: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write, e.g. dermis.zip.")]
    db: Db = ""


@verb(Options)
def backup(options: Options) -> None:
    """Write the archive."""
    need_service()
    from dermis.service.store import backup as archives
    from dermis.service.store.database import open_database

    rows = archives.backup(open_database(options.db or default_db()), options.out)
    print(f"{options.out}: {rows['subject']} subjects, {rows['analysis']} analyses, {rows['photo']} photos.")
