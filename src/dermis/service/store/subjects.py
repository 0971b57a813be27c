"""Subjects, what they agreed to, and their visits; each call sees those of one account alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dermis.errors import Conflict, NotFound
from dermis.service.store.audit import note
from dermis.service.store.database import Page, paged
from dermis.service.store.schema import Analysis, Consent, Photo, Subject, Visit, now

__all__ = [
    "KEEP_PHOTOS",
    "PURPOSES",
    "add_subject",
    "add_visit",
    "analyses_of_visits",
    "consents_of",
    "delete_subject",
    "delete_visit",
    "give_consent",
    "photos_may_be_kept",
    "subject_of",
    "subjects_of",
    "visit_counts",
    "visit_of",
    "visits_of",
    "withdraw_consent",
]

KEEP_PHOTOS = "keep_photos"
PURPOSES = (KEEP_PHOTOS, "research")


def add_subject(session: Session, account_id: str, pseudonym: str, birth_year: int | None) -> Subject:
    """Add a subject. Raises Conflict for a pseudonym that the account uses already."""
    subject = Subject(account_id=account_id, pseudonym=pseudonym, birth_year=birth_year)
    try:
        with session.begin_nested():
            session.add(subject)
    except IntegrityError as fault:
        raise Conflict(f"There is a subject {pseudonym!r} already.", advice="Choose another pseudonym.") from fault
    note(session, account_id, "subject.add", subject.audit_token)
    return subject


def subject_of(session: Session, account_id: str, subject_id: str) -> Subject:
    """Return a subject of the account. Raises NotFound."""
    found = session.scalar(select(Subject).where(Subject.id == subject_id, Subject.account_id == account_id))
    if found is None:
        raise NotFound("There is no such subject.", advice="See GET /v1/subjects.")
    return found


def subjects_of(session: Session, account_id: str, *, limit: int, after: str | None) -> Page[Subject]:
    """Return the subjects of an account, as they were added."""
    query = select(Subject).where(Subject.account_id == account_id)
    return paged(session, query, Subject.created_at, Subject.id, limit=limit, after=after)


def delete_subject(session: Session, account_id: str, subject_id: str) -> None:
    """Delete a subject with all that hangs on it; the audit trail keeps its random token. Raises NotFound."""
    subject = subject_of(session, account_id, subject_id)
    note(session, account_id, "subject.delete", subject.audit_token)
    session.execute(delete(Subject).where(Subject.id == subject_id))


def consents_of(session: Session, subject_ids: Sequence[str]) -> dict[str, list[Consent]]:
    """Return the consents of subjects, the oldest first."""
    found: dict[str, list[Consent]] = {subject_id: [] for subject_id in subject_ids}
    query = select(Consent).where(Consent.subject_id.in_(subject_ids)).order_by(Consent.given_at, Consent.id)
    for consent in session.scalars(query):
        found[consent.subject_id].append(consent)
    return found


def give_consent(session: Session, account_id: str, subject_id: str, purpose: str) -> Consent:
    """Note that a subject agreed; one that stands already is returned. Raises NotFound."""
    subject = subject_of(session, account_id, subject_id)
    standing = _standing(session, subject_id, purpose)
    if standing is not None:
        return standing
    consent = Consent(subject_id=subject_id, purpose=purpose)
    session.add(consent)
    session.flush()
    note(session, account_id, f"consent.{purpose}.give", subject.audit_token)
    return consent


def withdraw_consent(session: Session, account_id: str, subject_id: str, purpose: str) -> None:
    """Note that a subject withdrew; photos that were kept by it are deleted. Raises NotFound."""
    subject = subject_of(session, account_id, subject_id)
    standing = _standing(session, subject_id, purpose)
    if standing is None:
        raise NotFound(f"The subject has not agreed to {purpose!r}.")
    standing.withdrawn_at = now()
    if purpose == KEEP_PHOTOS:
        session.execute(delete(Photo).where(Photo.subject_id == subject_id))
    note(session, account_id, f"consent.{purpose}.withdraw", subject.audit_token)


def photos_may_be_kept(session: Session, subject_id: str) -> bool:
    """Return whether the subject agreed that photos are kept."""
    return _standing(session, subject_id, KEEP_PHOTOS) is not None


def visit_counts(session: Session, subject_ids: Sequence[str]) -> dict[str, int]:
    """Return how many visits subjects have."""
    query = select(Visit.subject_id, func.count()).where(Visit.subject_id.in_(subject_ids)).group_by(Visit.subject_id)
    return {row[0]: row[1] for row in session.execute(query)}


def add_visit(session: Session, account_id: str, subject_id: str, day: date) -> Visit:
    """Add a visit. Raises NotFound."""
    subject = subject_of(session, account_id, subject_id)
    visit = Visit(subject_id=subject_id, date=day)
    session.add(visit)
    session.flush()
    note(session, account_id, "visit.add", subject.audit_token)
    return visit


def visit_of(session: Session, account_id: str, visit_id: str) -> Visit:
    """Return a visit of a subject of the account. Raises NotFound."""
    query = select(Visit).join(Subject).where(Visit.id == visit_id, Subject.account_id == account_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such visit.", advice="See GET /v1/subjects/{id}/visits.")
    return found


def visits_of(session: Session, account_id: str, subject_id: str, *, limit: int, after: str | None) -> Page[Visit]:
    """Return the visits of a subject by their day. Raises NotFound."""
    subject_of(session, account_id, subject_id)
    query = select(Visit).where(Visit.subject_id == subject_id)
    return paged(session, query, Visit.date, Visit.id, limit=limit, after=after)


def analyses_of_visits(session: Session, visit_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the analyses of visits, in order of time."""
    found: dict[str, list[str]] = {visit_id: [] for visit_id in visit_ids}
    query = select(Analysis.visit_id, Analysis.id).where(Analysis.visit_id.in_(visit_ids))
    for visit_id, analysis_id in session.execute(query.order_by(Analysis.created_at, Analysis.id)):
        if visit_id is not None:
            found[visit_id].append(analysis_id)
    return found


def delete_visit(session: Session, account_id: str, visit_id: str) -> None:
    """Delete a visit with its analyses. Raises NotFound."""
    visit = visit_of(session, account_id, visit_id)
    subject = subject_of(session, account_id, visit.subject_id)
    note(session, account_id, "visit.delete", subject.audit_token)
    session.execute(delete(Visit).where(Visit.id == visit_id))


def _standing(session: Session, subject_id: str, purpose: str) -> Consent | None:
    query = select(Consent).where(
        Consent.subject_id == subject_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    return session.scalar(query.limit(1))
