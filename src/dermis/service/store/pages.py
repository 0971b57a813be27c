"""Long lists in pieces: a cursor names the last row that was given."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from dermis.errors import UsageError

__all__ = ["Page", "paged"]

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
