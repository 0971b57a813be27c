"""`dermis compact`: what was deleted from the store of the service goes from its files."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from dermis.cli.parser import need_service, verb
from dermis.cli.service.store import Db, default_db
from dermis.errors import UsageError

__all__ = ["compact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Rewrite the service's store, so that no file holds deletions.

    PostgreSQL needs it after deletions (VACUUM FULL) and locks each table meanwhile; SQLite overwrites by itself.

    PostgreSQL's write-ahead log and backups keep what they hold.
    """

    db: Db = ""


@verb(Options)
def compact(options: Options) -> None:
    """Rewrite the tables."""
    need_service()
    from dermis.service.store import backup
    from dermis.service.store.database import open_database
    from dermis.service.store.migrate import version_of

    database = open_database(options.db or default_db())
    with closing(database):
        if version_of(database) is None:
            raise UsageError("--db: there is no store to compact.", advice="Name the one that `dermis serve` uses.")
        backup.compact(database)
    print("What was deleted is in no file of the store.")
