"""What several photos of one visit say together; each call sees what is one account's alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dermis.errors import NotFound
from dermis.service.store.audit import note
from dermis.service.store.pages import Page, paged
from dermis.service.store.schema import Analysis, Person, PersonPhoto, Subject, Visit

__all__ = ["add_person", "delete_person", "people_of", "people_of_visits", "person_of", "photos_of_person"]


def add_person(
    session: Session,
    account_id: str,
    content: Mapping[str, Any],
    photos: Sequence[tuple[str, str]],
    *,
    visit_id: str | None,
) -> Person:
    """Keep what photos say together. photos: the name and the analysis of each; content: schema `dermis.person/2`."""
    person = Person(account_id=account_id, visit_id=visit_id, content=dict(content))
    session.add(person)
    session.flush()
    session.add_all(
        PersonPhoto(person_id=person.id, analysis_id=analysis_id, position=position, name=name)
        for position, (name, analysis_id) in enumerate(photos)
    )
    session.flush()
    note(session, account_id, "person.add", _token(session, visit_id))
    return person


def person_of(session: Session, account_id: str, person_id: str) -> Person:
    """Return one of the account. Raises NotFound."""
    found = session.scalar(select(Person).where(Person.id == person_id, Person.account_id == account_id))
    if found is None:
        raise NotFound("There is no such person.", advice="See GET /v1/people.")
    return found


def people_of(
    session: Session, account_id: str, *, visit_id: str | None, limit: int, after: str | None
) -> Page[Person]:
    """Return those of an account or of one of its visits, the newest first."""
    query = select(Person).where(Person.account_id == account_id)
    if visit_id is not None:
        query = query.where(Person.visit_id == visit_id)
    return paged(session, query, Person.created_at, Person.id, limit=limit, after=after, descending=True)


def photos_of_person(session: Session, person_id: str) -> list[tuple[PersonPhoto, Analysis]]:
    """Return the photos with their analyses, in the order in which they were sent."""
    query = select(PersonPhoto, Analysis).join(Analysis).where(PersonPhoto.person_id == person_id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(PersonPhoto.position))]


def people_of_visits(session: Session, visit_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of those of visits, in order of time."""
    found: dict[str, list[str]] = {visit_id: [] for visit_id in visit_ids}
    query = select(Person.visit_id, Person.id).where(Person.visit_id.in_(visit_ids))
    for visit_id, person_id in session.execute(query.order_by(Person.created_at, Person.id)):
        if visit_id is not None:
            found[visit_id].append(person_id)
    return found


def delete_person(session: Session, account_id: str, person_id: str) -> list[str]:
    """Delete one with the analyses of its photos; return their ids. Raises NotFound."""
    person = person_of(session, account_id, person_id)
    note(session, account_id, "person.delete", _token(session, person.visit_id))
    gone = [analysis.id for _, analysis in photos_of_person(session, person_id)]
    session.execute(delete(Analysis).where(Analysis.id.in_(gone)))
    session.execute(delete(Person).where(Person.id == person_id))
    return gone


def _token(session: Session, visit_id: str | None) -> str | None:
    query = select(Subject.audit_token).join(Visit).where(Visit.id == visit_id)
    return None if visit_id is None else session.scalar(query)
