"""The database behind the store, SQLite in a file by default or PostgreSQL; long lists come in pieces."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, create_engine, event, or_, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import InstrumentedAttribute, Session

from dermis.errors import Conflict, StoreUnreachable, UsageError

__all__ = ["Database", "Page", "Session", "open_database", "paged", "ping", "sqlite_file", "use_write_ahead_log"]

_WRITES = "dermis_writes"
_WAIT_S, _AGAIN_S = 15, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An open database; `kind` is "sqlite" or "postgresql"."""

    engine: Engine

    @property
    def kind(self) -> str:
        """The dialect's name."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that reads one state of the store.

        Raises StoreUnreachable where the database does not answer.
        """
        with _said(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose work is kept whole or not at all; it is on the disk when the block ends.

        Raises StoreUnreachable where the database does not answer, Conflict where another process was first.
        """
        with _said(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={_WRITES: True})
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database by its SQLAlchemy URL; tables are made by `migrate`.

    "postgresql://…" takes the driver psycopg. Raises UsageError for a URL that names no database of these two kinds.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise UsageError(
            f"--db {url!r} is no database URL.", advice="Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from fault
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return Database(engine=_sqlite(parsed))
    if kind == "postgresql":
        try:
            return Database(engine=_postgresql(parsed))
        except (NoSuchModuleError, ModuleNotFoundError) as fault:
            raise UsageError(
                f"--db: the driver of {parsed.drivername!r} is not installed.", advice="Write postgresql://…."
            ) from fault
    raise UsageError(f"--db: {kind!r} is not served.", advice="Write sqlite:///FILE or postgresql://USER@HOST/NAME.")


def sqlite_file(database: Database) -> Path | None:
    """Return the file of an SQLite database, None for another."""
    name = database.engine.url.database
    return Path(name) if database.kind == "sqlite" and name else None


def _postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=_WAIT_S,
        connect_args={"connect_timeout": 5},
    )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise UsageError("--db: the store needs a file.", advice="Write sqlite:///dermis.sqlite.")
    folder = Path(url.database).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"--db: the folder {folder} does not exist.", advice="Make it first.")
    engine = create_engine(url, pool_size=10, max_overflow=10, pool_timeout=_WAIT_S, connect_args={"timeout": _WAIT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ANN401 -- the driver's own types
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver
    use_write_ahead_log(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def use_write_ahead_log(connection: sqlite3.Connection, *, wait_s: float = _WAIT_S) -> None:
    """Switch a store to it, or find it switched. Where another process does so at this moment, SQLite does not wait."""
    end = monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > end:
                raise
            sleep(_AGAIN_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that writes takes its lock at once: one that starts by reading could not wait for it.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as fault:
        raise _unreachable() from fault
    except IntegrityError as fault:
        raise Conflict("The store changed meanwhile.", advice="Ask again.") from fault
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise _unreachable() from fault
        raise


def _unreachable() -> StoreUnreachable:
    return StoreUnreachable("The database does not answer.", advice="Try again in a few seconds.")


def ping(database: Database) -> None:
    """Ask the database for nothing. Raises StoreUnreachable."""
    with database.reading() as session:
        session.execute(text("SELECT 1"))


_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[_Row]):
    """A piece of a list; `next` is the cursor of the following piece, None at the end."""

    items: Sequence[_Row]
    next: str | None


def paged(
    session: Session,
    query: Select[_Row],
    order: InstrumentedAttribute[Any],
    tie: InstrumentedAttribute[Any],
    *,
    limit: int,
    after: str | None,
    descending: bool = False,
) -> Page[_Row]:
    """Return up to `limit` rows in the order of a column and, where it ties, of a unique one.

    Raises UsageError for a cursor that this list did not give.
    """
    if after is not None:
        first, second = _read(after, order, tie)
        beyond = (order < first, tie < second) if descending else (order > first, tie > second)
        query = query.where(or_(beyond[0], and_(order == first, beyond[1])))
    columns = (order.desc(), tie.desc()) if descending else (order, tie)
    rows = session.scalars(query.order_by(*columns).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(items=rows, next=_written(rows[-1], order, tie) if more else None)


def _written(row: object, order: InstrumentedAttribute[Any], tie: InstrumentedAttribute[Any]) -> str:
    values = [getattr(row, column.key) for column in (order, tie)]
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read(cursor: str, order: InstrumentedAttribute[Any], tie: InstrumentedAttribute[Any]) -> tuple[Any, Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        first, second = json.loads(text)
        return _typed(first, order), _typed(second, tie)
    except (binascii.Error, ValueError, TypeError) as fault:
        raise UsageError("`after` is no cursor of this list.", advice="Pass `next` of the piece before.") from fault


def _typed(value: object, column: InstrumentedAttribute[Any]) -> object:
    kind = column.type.python_type
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind is date and isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**31):
        raise ValueError(value)
    return value
