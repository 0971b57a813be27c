"""After a deletion: nothing of it is left in the files of the database."""

from __future__ import annotations

from time import monotonic, sleep

from sqlalchemy import text

from dermis.service.store.database import Database
from dermis.service.store.schema import Base

__all__ = ["compact", "empty_log"]

_LOG_WAIT_S = 10.0


def empty_log(database: Database) -> bool:
    """Write SQLite's log back and cut it to nothing, so that deleted rows lie in no file; return whether it is empty.

    SQLite overwrites deleted rows by itself (`secure_delete`), but the log holds pages as they were. Readers under way
    keep the log; it is tried again for ten seconds. PostgreSQL needs `compact` instead.
    """
    if database.kind != "sqlite":
        return False
    until = monotonic() + _LOG_WAIT_S
    while True:
        busy = _checkpoint(database)
        if not busy or monotonic() > until:
            return not busy
        sleep(0.05)


def _checkpoint(database: Database) -> bool:
    """Write SQLite's log back and cut it; return whether a reader held it."""
    connection = database.engine.raw_connection()  # past SQLAlchemy, which would begin a transaction first
    try:
        cursor = connection.cursor()
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.close()
        return bool(busy)
    finally:
        connection.close()


def compact(database: Database) -> None:
    """Rewrite every table, so that deleted rows lie in no table file; PostgreSQL locks each table meanwhile.

    PostgreSQL's write-ahead log keeps old pages until it is recycled, and backups keep what they hold.
    """
    if database.kind == "sqlite":
        empty_log(database)
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(text(f'VACUUM (FULL, ANALYZE) "{table.name}"'))
        connection.execute(text("VACUUM FULL pg_statistic"))  # it holds common values of columns
        connection.execute(text("CHECKPOINT"))
