"""POSTs that were answered, so that a retry makes no second thing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dermis.service.store.schema import IdempotentRequest, now

__all__ = ["KEPT_DAYS", "answered", "forget_old", "keep"]

KEPT_DAYS = 30


def answered(session: Session, account_id: str, key: str) -> IdempotentRequest | None:
    """Return the request that was answered under this key."""
    query = select(IdempotentRequest).where(
        IdempotentRequest.account_id == account_id, IdempotentRequest.idempotency_key == key
    )
    return session.scalar(query)


def keep(
    session: Session, account_id: str, key: str, *, fingerprint: str, kind: str, made_id: str, subject_id: str | None
) -> None:
    """Note what a request made, in the transaction that makes it.

    Raises IntegrityError of the database where another process was first; then the transaction must be given up.
    """
    session.add(
        IdempotentRequest(
            account_id=account_id,
            idempotency_key=key,
            fingerprint=fingerprint,
            kind=kind,
            made_id=made_id,
            subject_id=subject_id,
        )
    )
    session.flush()


def forget_old(session: Session) -> None:
    """Forget requests after thirty days."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < now() - timedelta(days=KEPT_DAYS)))
