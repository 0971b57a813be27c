"""Analyses, findings, and what several photos of one visit say together; each call sees those of one account alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dermis.errors import NotFound
from dermis.service.store.audit import note
from dermis.service.store.database import Page, paged
from dermis.service.store.schema import Analysis, Device, Finding, Person, PersonPhoto, Photo, Subject, Visit

__all__ = [
    "add_analysis",
    "add_person",
    "add_photo",
    "analyses_of",
    "analysis_of",
    "delete_analysis",
    "delete_person",
    "findings_of",
    "findings_of_subject",
    "ids_of_subject",
    "people_of",
    "people_of_visits",
    "person_of",
    "photo_of",
    "photos_kept",
    "photos_of_person",
    "subject_id_of",
    "subject_id_of_analysis",
    "subjects_of_visits",
]

Object = Mapping[str, Any]


def add_analysis(
    session: Session,
    account_id: str,
    content: Object,
    *,
    visit_id: str | None,
    options: Object,
    model_sha256: Mapping[str, str],
    maps: Sequence[Object] = (),
) -> Analysis:
    """Keep an analysis with a row for each finding.

    content: the object that `dermis analyse --json` prints. model_sha256: of the weights, by the model's name.
    maps: what each map of the photo shows.
    """
    capture = content["photo"].get("capture") or {}
    analysis = Analysis(
        account_id=account_id,
        visit_id=visit_id,
        device_id=_device_id(session, capture.get("make"), capture.get("model")),
        usable=content["quality"]["usable"],
        view=content["face"]["view"],
        condition=(content.get("condition") or {}).get("name"),
        dermis=content["provenance"]["dermis"],
        models=dict(content["provenance"]["models"]),
        options=dict(options),
        content=dict(content),
        maps=list(maps),
    )
    session.add(analysis)
    session.flush()
    session.add_all(
        _finding(analysis.id, position, finding, model_sha256) for position, finding in enumerate(content["findings"])
    )
    session.flush()
    note(session, account_id, "analysis.add", _token(session, visit_id))
    return analysis


def add_photo(session: Session, analysis_id: str, subject_id: str, media_type: str, content: bytes) -> None:
    """Keep the encrypted photo of an analysis."""
    session.add(Photo(analysis_id=analysis_id, subject_id=subject_id, media_type=media_type, content=content))
    session.flush()


def analysis_of(session: Session, account_id: str, analysis_id: str) -> Analysis:
    """Return an analysis of the account. Raises NotFound."""
    query = select(Analysis).where(Analysis.id == analysis_id, Analysis.account_id == account_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such analysis.", advice="See GET /v1/analyses.")
    return found


def analyses_of(
    session: Session, account_id: str, *, visit_id: str | None, limit: int, after: str | None
) -> Page[Analysis]:
    """Return the analyses of an account or of one of its visits, the newest first."""
    query = select(Analysis).where(Analysis.account_id == account_id)
    if visit_id is not None:
        query = query.where(Analysis.visit_id == visit_id)
    return paged(session, query, Analysis.created_at, Analysis.id, limit=limit, after=after, descending=True)


def delete_analysis(session: Session, account_id: str, analysis_id: str) -> None:
    """Delete an analysis with its findings and photo, and what it said together with others. Raises NotFound."""
    analysis = analysis_of(session, account_id, analysis_id)
    note(session, account_id, "analysis.delete", _token(session, analysis.visit_id))
    together = select(PersonPhoto.person_id).where(PersonPhoto.analysis_id == analysis_id)
    session.execute(delete(Person).where(Person.id.in_(together)))
    session.execute(delete(Analysis).where(Analysis.id == analysis_id))


def subject_id_of(session: Session, visit_id: str | None) -> str | None:
    """Return whose visit it is."""
    return None if visit_id is None else session.scalar(select(Visit.subject_id).where(Visit.id == visit_id))


def subjects_of_visits(session: Session, visit_ids: Sequence[str]) -> dict[str, str]:
    """Return whose visits they are."""
    query = select(Visit.id, Visit.subject_id).where(Visit.id.in_(visit_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def photo_of(session: Session, analysis_id: str) -> Photo | None:
    """Return the photo that was kept, encrypted."""
    return session.get(Photo, analysis_id)


def photos_kept(session: Session, analysis_ids: list[str]) -> set[str]:
    """Return the analyses whose photo was kept."""
    return set(session.scalars(select(Photo.analysis_id).where(Photo.analysis_id.in_(analysis_ids))))


def findings_of_subject(
    session: Session, subject_id: str, *, task: str | None, region: str | None, limit: int, after: str | None
) -> tuple[list[tuple[Finding, Analysis, Visit]], str | None]:
    """Return the findings of a subject over time, by the day of the visit, and the next cursor."""
    query = select(Visit).where(Visit.subject_id == subject_id)
    page = paged(session, query, Visit.date, Visit.id, limit=limit, after=after)
    visits = {visit.id: visit for visit in page.items}
    found = select(Finding, Analysis).join(Analysis).where(Analysis.visit_id.in_(visits))
    if task is not None:
        found = found.where(Finding.task == task)
    if region is not None:
        found = found.where(Finding.region == region)
    places = {visit_id: place for place, visit_id in enumerate(visits)}
    rows = [
        (finding, analysis, visits[analysis.visit_id])
        for finding, analysis in session.execute(found)
        if analysis.visit_id is not None
    ]
    rows.sort(key=lambda row: (places[row[2].id], row[1].created_at, row[1].id, row[0].position))
    return rows, page.next


def _finding(analysis_id: str, position: int, finding: Object, model_sha256: Mapping[str, str]) -> Finding:
    interval = finding.get("interval") or (None, None)
    return Finding(
        analysis_id=analysis_id,
        position=position,
        task=finding["task"],
        region=finding["region"],
        value=finding["value"],
        unit=finding.get("unit"),
        label=finding.get("label") or None,
        low=interval[0],
        high=interval[1],
        level=finding.get("level"),
        model=finding["model"],
        model_sha256=model_sha256.get(finding["model"].split()[0].split("@")[0]),
    )


def _device_id(session: Session, make: str | None, model: str | None) -> str | None:
    if not make and not model:
        return None
    make, model = (make or "")[:100], (model or "")[:100]
    query = select(Device.id).where(Device.make == make, Device.model == model)
    known = session.scalar(query)
    if known is not None:
        return known
    device = Device(make=make, model=model)
    try:
        with session.begin_nested():
            session.add(device)
    except IntegrityError:  # another process met the same camera just now
        return session.scalar(query)
    return device.id


def _token(session: Session, visit_id: str | None) -> str | None:
    query = select(Subject.audit_token).join(Visit).where(Visit.id == visit_id)
    return None if visit_id is None else session.scalar(query)


def ids_of_subject(session: Session, subject_id: str) -> list[str]:
    """Return the ids of all analyses of a subject."""
    return list(session.scalars(select(Analysis.id).join(Visit).where(Visit.subject_id == subject_id)))


def findings_of(session: Session, analysis_id: str) -> list[Finding]:
    """Return the findings of an analysis in their order."""
    query = select(Finding).where(Finding.analysis_id == analysis_id).order_by(Finding.position)
    return list(session.scalars(query))


def subject_id_of_analysis(session: Session, analysis_id: str | None) -> str | None:
    """Return whose analysis it is, None where it belongs to no visit."""
    query = select(Visit.subject_id).join(Analysis, Analysis.visit_id == Visit.id).where(Analysis.id == analysis_id)
    return None if analysis_id is None else session.scalar(query)


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
