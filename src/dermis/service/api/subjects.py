"""Routes: subjects, what they agreed to, their visits and findings over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dermis.core import Region
from dermis.errors import Conflict
from dermis.service.api.access import Reader, Writer
from dermis.service.api.answers import After, Limit, Object, answer, listed, moment
from dermis.service.api.compare import how_measured
from dermis.service.api.keep import forget_deleted
from dermis.service.api.once import IdempotencyKey, Made, fingerprint, once, replayed_header
from dermis.service.api.service import Shared
from dermis.service.api.shapes import (
    ConsentAsked,
    ConsentShape,
    FindingShape,
    Id,
    Listed,
    Purpose,
    SubjectAsked,
    SubjectShape,
    VisitAsked,
    VisitShape,
)
from dermis.service.archive import subject_archive
from dermis.service.photo_keys import destroy_key
from dermis.service.store import analyses, subjects
from dermis.service.store.audit import note
from dermis.service.store.database import Session
from dermis.service.store.schema import Analysis, Consent, Finding, Subject, Visit
from dermis.tasks.repeatability import smallest_detectable_change

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["subjects"])
TaskName = Annotated[str | None, Query(max_length=40)]


@router.get("/subjects", response_model=Listed[SubjectShape])
def list_subjects(
    request: Request, service: Shared, caller: Reader, limit: Limit = 50, after: After = None
) -> Response:
    """List the subjects."""
    with service.database.reading() as session:
        page = subjects.subjects_of(session, caller.account_id, limit=limit, after=after)
        return answer(request, listed(_subjects(session, page.items), page.next))


@router.post("/subjects", response_model=SubjectShape, status_code=201)
def add_subject(
    request: Request, service: Shared, caller: Writer, asked: SubjectAsked, key: IdempotencyKey = None
) -> Response:
    """Add a subject under a pseudonym."""

    def make(session: Session) -> Made:
        made = subjects.add_subject(session, caller.account_id, asked.pseudonym, asked.birth_year)
        return Made(kind="subject", id=made.id, subject_id=made.id)

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.model_dump()), make)
    with service.database.reading() as session:
        content = _subjects(session, [subjects.subject_of(session, caller.account_id, made.id)])[0]
    headers = {"Location": f"/v1/subjects/{made.id}", **replayed_header(made)}
    return answer(request, content, status=201, headers=headers)


@router.get("/subjects/{subject_id}", response_model=SubjectShape)
def get_subject(request: Request, service: Shared, caller: Reader, subject_id: Id) -> Response:
    """Give a subject."""
    with service.database.reading() as session:
        subject = subjects.subject_of(session, caller.account_id, subject_id)
        return answer(request, _subjects(session, [subject])[0])


@router.delete("/subjects/{subject_id}", status_code=204)
def delete_subject(service: Shared, caller: Writer, subject_id: Id) -> None:
    """Delete a subject with all that hangs on it, from the files too."""
    with service.database.writing() as session:
        gone = analyses.ids_of_subject(session, subject_id)
        subjects.delete_subject(session, caller.account_id, subject_id)
    if service.photo_keys is not None:
        destroy_key(service.photo_keys, subject_id)
    forget_deleted(service, gone)


@router.get(
    "/subjects/{subject_id}/export",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "An archive."}},
)
def export_subject(service: Shared, caller: Reader, subject_id: Id) -> Response:
    """Give all that is kept of a subject, as an archive; kept photos are decrypted."""
    with service.database.writing() as session:
        subject = subjects.subject_of(session, caller.account_id, subject_id)
        note(session, caller.account_id, "subject.export", subject.audit_token)
        content = subject_archive(session, subject, service.photo_keys)
    name = f'attachment; filename="subject-{subject_id}.zip"'
    return Response(content, media_type="application/zip", headers={"Content-Disposition": name})


@router.post("/subjects/{subject_id}/consents", response_model=ConsentShape, status_code=201)
def give_consent(
    request: Request,
    service: Shared,
    caller: Writer,
    subject_id: Id,
    asked: ConsentAsked,
    key: IdempotencyKey = None,
) -> Response:
    """Note what a subject agrees to; `keep_photos` lets their photos be kept, encrypted."""
    if asked.purpose == subjects.KEEP_PHOTOS and service.photo_keys is None:
        raise Conflict("Photos cannot be kept here: the service has no key.", advice="Start it with --photo-key FILE.")

    def make(session: Session) -> Made:
        consent = subjects.give_consent(session, caller.account_id, subject_id, asked.purpose)
        return Made(kind="consent", id=consent.id, subject_id=subject_id)

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.model_dump()), make)
    with service.database.reading() as session:
        subjects.subject_of(session, caller.account_id, subject_id)
        consent = next(held for held in subjects.consents_of(session, [subject_id])[subject_id] if held.id == made.id)
    return answer(request, _consent(consent), status=201, headers=replayed_header(made))


@router.delete("/subjects/{subject_id}/consents/{purpose}", status_code=204)
def withdraw_consent(service: Shared, caller: Writer, subject_id: Id, purpose: Purpose) -> None:
    """Note that a subject withdraws; photos kept by it are destroyed."""
    with service.database.writing() as session:
        gone = analyses.ids_of_subject(session, subject_id)
        subjects.withdraw_consent(session, caller.account_id, subject_id, purpose)
    if purpose == subjects.KEEP_PHOTOS:
        if service.photo_keys is not None:
            destroy_key(service.photo_keys, subject_id)
        forget_deleted(service, gone)


@router.get("/subjects/{subject_id}/visits", response_model=Listed[VisitShape])
def list_visits(
    request: Request, service: Shared, caller: Reader, subject_id: Id, limit: Limit = 50, after: After = None
) -> Response:
    """List the visits of a subject by their day."""
    with service.database.reading() as session:
        page = subjects.visits_of(session, caller.account_id, subject_id, limit=limit, after=after)
        return answer(request, listed(_visits(session, page.items), page.next))


@router.post("/subjects/{subject_id}/visits", response_model=VisitShape, status_code=201)
def add_visit(
    request: Request,
    service: Shared,
    caller: Writer,
    subject_id: Id,
    asked: VisitAsked,
    key: IdempotencyKey = None,
) -> Response:
    """Add a visit of a subject."""

    def make(session: Session) -> Made:
        visit = subjects.add_visit(session, caller.account_id, subject_id, asked.date)
        return Made(kind="visit", id=visit.id, subject_id=subject_id)

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.model_dump()), make)
    with service.database.reading() as session:
        content = _visits(session, [subjects.visit_of(session, caller.account_id, made.id)])[0]
    headers = {"Location": f"/v1/visits/{made.id}", **replayed_header(made)}
    return answer(request, content, status=201, headers=headers)


@router.get("/visits/{visit_id}", response_model=VisitShape)
def get_visit(request: Request, service: Shared, caller: Reader, visit_id: Id) -> Response:
    """Give a visit."""
    with service.database.reading() as session:
        visit = subjects.visit_of(session, caller.account_id, visit_id)
        return answer(request, _visits(session, [visit])[0])


@router.delete("/visits/{visit_id}", status_code=204)
def delete_visit(service: Shared, caller: Writer, visit_id: Id) -> None:
    """Delete a visit with its analyses."""
    with service.database.writing() as session:
        gone = subjects.analyses_of_visits(session, [visit_id])[visit_id]
        subjects.delete_visit(session, caller.account_id, visit_id)
    forget_deleted(service, gone)


@router.get("/subjects/{subject_id}/findings", response_model=Listed[FindingShape])
def list_findings(
    request: Request,
    service: Shared,
    caller: Reader,
    subject_id: Id,
    task: TaskName = None,
    region: TaskName = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """List the findings of a subject over time; `limit` counts visits."""
    with service.database.reading() as session:
        subjects.subject_of(session, caller.account_id, subject_id)
        rows, following = analyses.findings_of_subject(
            session, subject_id, task=task, region=region, limit=limit, after=after
        )
        return answer(request, listed([_finding(*row) for row in rows], following))


def _subjects(session: Session, held: Sequence[Subject]) -> list[Object]:
    ids = [subject.id for subject in held]
    consents, visits = subjects.consents_of(session, ids), subjects.visit_counts(session, ids)
    return [
        {
            "id": subject.id,
            "pseudonym": subject.pseudonym,
            "birth_year": subject.birth_year,
            "created_at": moment(subject.created_at),
            "consents": [_consent(consent) for consent in consents[subject.id]],
            "visits": visits.get(subject.id, 0),
        }
        for subject in held
    ]


def _consent(consent: Consent) -> Object:
    return {
        "purpose": consent.purpose,
        "given_at": moment(consent.given_at),
        "withdrawn_at": moment(consent.withdrawn_at),
    }


def _visits(session: Session, held: Sequence[Visit]) -> list[Object]:
    ids = [visit.id for visit in held]
    of_visit, together = subjects.analyses_of_visits(session, ids), analyses.people_of_visits(session, ids)
    return [
        {
            "id": visit.id,
            "subject": visit.subject_id,
            "date": visit.date.isoformat(),
            "created_at": moment(visit.created_at),
            "analyses": of_visit[visit.id],
            "people": together[visit.id],
        }
        for visit in held
    ]


def _finding(finding: Finding, analysis: Analysis, visit: Visit) -> Object:
    known = finding.low is not None and finding.high is not None
    mdc = smallest_detectable_change(finding.task, how_measured(analysis), region=Region(finding.region))
    return {
        "analysis": analysis.id,
        "visit": visit.id,
        "date": visit.date.isoformat(),
        "view": analysis.view,
        "task": finding.task,
        "region": finding.region,
        "value": finding.value,
        "unit": finding.unit,
        "label": finding.label,
        "labels": analysis.content["findings"][finding.position].get("labels") or [],
        "interval": [finding.low, finding.high] if known else None,
        "level": finding.level,
        "mdc": None if mdc is None else round(mdc, 3),
        "condition": analysis.condition,
        "model": finding.model,
        "model_sha256": finding.model_sha256,
        "usable": analysis.usable,
    }
