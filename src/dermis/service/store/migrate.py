"""Bring the tables of a store up to this version of dermis, or back."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from dermis.errors import UsageError
from dermis.service.store.database import Database

__all__ = ["HEAD", "migrate", "version_of"]

HEAD = "head"
_LOCK = 7203114  # any number; PostgreSQL knows the lock by it


def migrate(database: Database, to: str = HEAD) -> None:
    """Bring the tables to a version: `HEAD`, "base" (none) or a revision such as "0001". All or nothing.

    Two processes may call it at once: the second waits and finds nothing to do.
    Raises UsageError for a store that a newer dermis made, StoreUnreachable.
    """
    with database.writing() as session:
        connection = session.connection()
        if database.kind == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _run(connection, to)


def version_of(database: Database) -> str | None:
    """Return the revision of a store, None where it has no tables."""
    from alembic.runtime.migration import MigrationContext

    with database.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def _run(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in revisions:
        raise UsageError(f"The store is of a newer dermis (revision {present}).", advice="Update dermis.")
    target = revisions[-1] if to == HEAD else to
    places = {"base": -1} | {revision: place for place, revision in enumerate(revisions)}
    steps = places[target] - places[present or "base"]
    if steps > 0:
        command.upgrade(config, target)
    elif steps < 0:
        command.downgrade(config, target)
