"""`Idempotency-Key`: a POST that is sent again makes nothing twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header, Request

from dermis.errors import Conflict
from dermis.service.api.service import Service
from dermis.service.store import jobs
from dermis.service.store.database import Session

__all__ = ["IdempotencyKey", "Made", "earlier", "fingerprint", "once", "replayed_header"]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,200}$",
        description="Your own name of this request: sent again, it makes nothing twice.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a POST made; `again`: an earlier one made it. subject_id: whose data it is."""

    kind: str
    id: str
    subject_id: str | None = None
    again: bool = False


def fingerprint(key: str | None, request: Request, *parts: Any) -> str:  # noqa: ANN401 -- JSON or bytes
    """Return what tells one request from another under the same key; salted by the key."""
    digest = hashlib.sha256(f"{key}\n{request.method} {request.url.path}?{request.url.query}\n".encode())
    for part in parts:
        digest.update(hashlib.sha256(part if isinstance(part, bytes) else _plain(part)).digest())
    return digest.hexdigest()


def earlier(service: Service, account_id: str, key: str | None, mark: str) -> Made | None:
    """Return what an earlier request under this key made. Raises Conflict where that was another request."""
    if key is None:
        return None
    with service.database.reading() as session:
        return _earlier(session, account_id, key, mark)


def once(service: Service, account_id: str, key: str | None, mark: str, make: Callable[[Session], Made]) -> Made:
    """Make something and note the key in one transaction; or return what was made under the key before.

    Raises what `make` raises, and Conflict where the key names another request.
    """
    try:
        with service.database.writing() as session:
            found = _earlier(session, account_id, key, mark) if key is not None else None
            if found is not None:
                return found
            made = make(session)
            if key is not None:
                jobs.keep(
                    session,
                    account_id,
                    key,
                    fingerprint=mark,
                    kind=made.kind,
                    made_id=made.id,
                    subject_id=made.subject_id,
                )
            return made
    except Conflict:
        found = earlier(service, account_id, key, mark)  # another process answered the same request just now
        if found is not None:
            return found
        raise


def replayed_header(made: Made) -> dict[str, str]:
    """Return the header that says that nothing new was made."""
    return {"Idempotency-Replayed": "true"} if made.again else {}


def _earlier(session: Session, account_id: str, key: str, mark: str) -> Made | None:
    found = jobs.answered(session, account_id, key)
    if found is None:
        return None
    if found.fingerprint != mark:
        raise Conflict("This Idempotency-Key was used for another request.", advice="Choose a new one.")
    return Made(kind=found.kind, id=found.made_id, subject_id=found.subject_id, again=True)


def _plain(part: object) -> bytes:
    return json.dumps(part, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
