"""The audit trail: who did what and when. It names subjects by random tokens, and is never changed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dermis.service.store.database import Page, paged
from dermis.service.store.schema import AuditEntry

__all__ = ["entries", "note"]


def note(session: Session, account_id: str, action: str, subject_token: str | None = None) -> None:
    """Add an entry; `action` is a word of the API such as "subject.delete"."""
    session.add(AuditEntry(account_id=account_id, action=action, subject_token=subject_token))


def entries(session: Session, account_id: str, *, limit: int, after: str | None) -> Page[AuditEntry]:
    """Return what an account did, the newest first."""
    found = select(AuditEntry).where(AuditEntry.account_id == account_id)
    return paged(session, found, AuditEntry.at, AuditEntry.id, limit=limit, after=after, descending=True)
