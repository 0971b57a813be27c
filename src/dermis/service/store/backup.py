"""The whole store in one archive and back, and nothing left in its files after a deletion."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from dermis.errors import InputError, UsageError
from dermis.service.store.database import Database
from dermis.service.store.migrate import HEAD, migrate, version_of
from dermis.service.store.schema import Base

__all__ = ["backup", "compact", "empty_log", "restore"]

FORMAT = "dermis.backup/1"
_PIECE = 500


def backup(database: Database, path: Path) -> Mapping[str, int]:
    """Write every table of one moment into a ZIP; return the rows by table. The service may run meanwhile.

    Keys of kept photos are not in it: they lie in the folder beside the user's key. The file is written aside, then
    renamed. Raises UsageError for a file that exists or cannot be written.
    """
    if version_of(database) is None:
        raise UsageError("--db: there is no store to back up.", advice="Name the one that `dermis serve` uses.")
    if path.exists():
        raise UsageError(f"{path} exists already.", advice="Choose another name; a backup overwrites nothing.")
    aside = path.with_name(f"{path.name}.part")
    try:
        with database.reading() as session, ZipFile(aside, "w", ZIP_DEFLATED) as archive:
            if database.kind == "postgresql":
                session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            revision = _revision(session)
            counts = {table.name: _dump(session, table, archive) for table in Base.metadata.sorted_tables}
            manifest = {"format": FORMAT, "revision": revision, "rows": counts}
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.rename(path)
    except OSError as fault:
        raise UsageError(f"{path} cannot be written: {fault.strerror}.", advice="Choose another folder.") from fault
    finally:
        aside.unlink(missing_ok=True)
    return counts


def restore(database: Database, path: Path) -> Mapping[str, int]:
    """Fill an empty store from a backup, all or nothing; return the rows by table.

    Raises InputError for a file that is no whole backup, UsageError for a store that holds something.
    """
    try:
        with ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest.get("format") != FORMAT:
                raise InputError(f"{path.name} is no backup of dermis.", advice="Name a file of `dermis backup`.")
            _prepare(database, manifest["revision"])
            with database.writing() as session:
                _refuse_full(session)
                counts = {
                    table.name: _load(session, table, archive, manifest["rows"].get(table.name, 0), database.kind)
                    for table in Base.metadata.sorted_tables
                }
    except (OSError, BadZipFile, KeyError, ValueError) as fault:
        raise InputError(
            f"{path.name} is no whole backup: {fault}.", advice="Name a file of `dermis backup`."
        ) from fault
    return counts


def _prepare(database: Database, revision: str) -> None:
    if version_of(database) is None:
        migrate(database, revision)
    migrate(database, HEAD)


def _refuse_full(session: Session) -> None:
    for table in Base.metadata.sorted_tables:
        if session.scalar(select(func.count()).select_from(table)):
            raise UsageError("The store holds something already.", advice="Restore into a new one: --db sqlite:///NEW.")


def _dump(session: Session, table: Table, archive: ZipFile) -> int:
    count = 0
    rows = session.execute(select(table).execution_options(yield_per=_PIECE)).mappings()
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
        for row in rows:
            file.write(json.dumps({name: _plain(value) for name, value in row.items()}).encode() + b"\n")
            count += 1
    return count


def _load(session: Session, table: Table, archive: ZipFile, expected: int, kind: str) -> int:
    count, piece = 0, []
    for row in _rows(archive, table):
        piece.append(row)
        if len(piece) == _PIECE:
            session.execute(insert(table), piece)
            count, piece = count + len(piece), []
    if piece:
        session.execute(insert(table), piece)
    count += len(piece)
    if count != expected:
        raise ValueError(f"{table.name} has {count} rows of {expected}")
    if kind == "postgresql" and table.name == "audit_entry" and count:
        session.execute(text("SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), max(id)) FROM audit_entry"))
    return count


def _rows(archive: ZipFile, table: Table) -> Iterator[dict[str, Any]]:
    kinds = {column.name: column.type.python_type for column in table.columns}
    with archive.open(f"{table.name}.jsonl") as file:
        for line in TextIOWrapper(file, encoding="utf-8"):
            row = json.loads(line)
            yield {name: _typed(value, kinds[name]) for name, value in row.items() if name in kinds}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


def _typed(value: Any, kind: type) -> object:  # noqa: ANN401 -- JSON
    if value is None:
        return None
    if kind is bytes:
        return base64.b64decode(value)
    if kind is datetime or kind is date:
        return kind.fromisoformat(value)
    return value


def _revision(session: Session) -> str:
    return str(session.scalar(text("SELECT version_num FROM alembic_version")))


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
