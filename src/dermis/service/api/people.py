"""Routes: several photos of one person at one visit, and what they say together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dermis.errors import UsageError
from dermis.service.api.access import Analyser, Reader, Writer
from dermis.service.api.analyses import Condition, PupilsMm, Tasks, VisitQuery, check_visit
from dermis.service.api.answers import After, Limit, Object, answer, listed, moment
from dermis.service.api.bodies import Files, read_files
from dermis.service.api.keep import forget_deleted, keep_person
from dermis.service.api.once import IdempotencyKey, earlier, fingerprint, replayed_header
from dermis.service.api.service import Service, Shared
from dermis.service.api.shapes import Id, Listed, PersonShape
from dermis.service.measure import Asked
from dermis.service.store import analyses, subjects
from dermis.service.store.database import Session
from dermis.service.store.schema import Person

__all__ = ["router"]

router = APIRouter(prefix="/v1/people", tags=["people"])

VIEWS = ("front", "left", "right")
MOST_PHOTOS = 6
_BINARY = {"type": "string", "format": "binary"}
_PAIRS = {f"{view}_ambient": _BINARY for view in VIEWS}
VIEWS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Files `front`, `left`, `right` by the side they show, of a flash pair `front_ambient` too; "
        "or `photos`, whose side is seen. At most six photos.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": dict.fromkeys(VIEWS, _BINARY)
                    | _PAIRS
                    | {"photos": {"type": "array", "maxItems": MOST_PHOTOS, "items": _BINARY}},
                }
            }
        },
    }
}


@router.post("", response_model=PersonShape, status_code=201, openapi_extra=VIEWS_BODY)
async def analyse_person(
    request: Request,
    service: Shared,
    caller: Analyser,
    visit: VisitQuery = None,
    tasks: Tasks = None,
    condition: Condition = None,
    pupils_mm: PupilsMm = None,
    key: IdempotencyKey = None,
) -> Response:
    """Analyse several photos of one person at once: each, and tone and acne from all of them."""
    await run_in_threadpool(check_visit, service, caller.account_id, visit)
    async with service.workers.place():
        most = len(VIEWS) * service.options.upload_mb * 2**20
        files = await read_files(request, field_of_raw="photos", most_bytes=most)
        asked = [
            replace(one, tasks=tasks, condition=condition, pupils_mm=None if one.ambient is None else pupils_mm)
            for one in _photos(files)
        ]
        mark = fingerprint(key, request, *(part for one in asked for part in (one.name, one.photo, one.ambient or b"")))
        made = await run_in_threadpool(earlier, service, caller.account_id, key, mark)
        if made is None:
            measured = await service.workers.run(service.measuring.person, asked)
            made = await run_in_threadpool(
                keep_person, service, caller.account_id, asked, measured, visit_id=visit, key=key, mark=mark
            )
    content = await run_in_threadpool(_content, service, caller.account_id, made.id)
    headers = {"Location": f"/v1/people/{made.id}", **replayed_header(made)}
    return answer(request, content, status=201, headers=headers)


@router.get("", response_model=Listed[PersonShape])
def list_people(
    request: Request,
    service: Shared,
    caller: Reader,
    visit: VisitQuery = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """List what several photos said together, the newest first."""
    with service.database.reading() as session:
        if visit is not None:
            subjects.visit_of(session, caller.account_id, visit)
        page = analyses.people_of(session, caller.account_id, visit_id=visit, limit=limit, after=after)
        return answer(request, listed([_object(session, person) for person in page.items], page.next))


@router.get("/{person_id}", response_model=PersonShape)
def get_person(request: Request, service: Shared, caller: Reader, person_id: Id) -> Response:
    """Give what several photos said together."""
    return answer(request, _content(service, caller.account_id, person_id))


@router.delete("/{person_id}", status_code=204)
def delete_person(service: Shared, caller: Writer, person_id: Id) -> None:
    """Delete it with the analyses of its photos."""
    with service.database.writing() as session:
        gone = analyses.delete_person(session, caller.account_id, person_id)
    forget_deleted(service, gone)


def _photos(files: Files) -> list[Asked]:
    """Return the photos of a form, front first; UsageError for none, too many, or a dark frame without its photo."""
    found = list[Asked]()
    for view in VIEWS:
        photo, ambient = files.one(view), files.one(f"{view}_ambient")
        if photo is None and ambient is not None:
            raise UsageError(f"`{view}_ambient` came without `{view}`.", advice="A flash pair is both.")
        if photo is not None:
            found.append(Asked(photo=photo, name=view, ambient=ambient))
    found += [Asked(photo=photo) for photo in files.by_field.get("photos", [])]
    if not 1 <= len(found) <= MOST_PHOTOS:
        raise UsageError(
            f"{len(found)} photos came.",
            advice=f"Send 1 to {MOST_PHOTOS}, as files `front`, `left`, `right` or `photos`.",
        )
    return found


def _content(service: Service, account_id: str, person_id: str) -> Object:
    with service.database.reading() as session:
        return _object(session, analyses.person_of(session, account_id, person_id))


def _object(session: Session, person: Person) -> Object:
    views = [
        {"name": photo.name, "analysis": analysis.id, "view": analysis.view, "usable": analysis.usable}
        for photo, analysis in analyses.photos_of_person(session, person.id)
    ]
    return {
        "id": person.id,
        "created_at": moment(person.created_at),
        "visit": person.visit_id,
        "subject": analyses.subject_id_of(session, person.visit_id),
        "usable": any(view["usable"] for view in views),
        "views": views,
        "notes": [
            f"`{view['name']}` looks like {view['view']}."
            for view in views
            if view["name"] in VIEWS and view["usable"] and view["view"] in VIEWS and view["view"] != view["name"]
        ],
        **person.content,
    }
