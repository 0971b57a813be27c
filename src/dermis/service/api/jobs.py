"""Routes: many photos at once, with their progress as server-sent events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dermis.errors import UsageError
from dermis.service.api.access import Analyser, Reader
from dermis.service.api.analyses import Tasks, VisitQuery
from dermis.service.api.answers import Object, answer, moment
from dermis.service.api.bodies import read_files
from dermis.service.api.once import IdempotencyKey, Made, earlier, fingerprint, once, replayed_header
from dermis.service.api.service import Service, Shared
from dermis.service.api.shapes import Id, JobShape
from dermis.service.job_queue import JobPhotos
from dermis.service.measure import Asked
from dermis.service.store import analyses, jobs, subjects
from dermis.service.store.database import Session
from dermis.service.store.schema import Job, JobItem

__all__ = ["router"]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_POLL_S = 0.3
_EVENT_ID = re.compile(r"[0-9a-f]{1,128}")
LastEventId = Annotated[str, Header(description="The id of the last event that was received.")]
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
JOB_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["photos"], "properties": {"photos": _FILES}}
            }
        },
    }
}


@router.post("", response_model=JobShape, status_code=202, openapi_extra=JOB_BODY)
async def add_job(
    request: Request,
    service: Shared,
    caller: Analyser,
    visit: VisitQuery = None,
    tasks: Tasks = None,
    key: IdempotencyKey = None,
) -> Response:
    """Take many photos and analyse them one after the other."""
    with service.job_queue.room(service.options.job_upload_mb * 2**20):
        files = await read_files(request, field_of_raw="photos", most_bytes=service.options.job_upload_mb * 2**20)
        photos = files.by_field.get("photos", [])
        if not photos:
            raise UsageError("No photos came.", advice="Send them as files `photos` of a form.")
        mark = fingerprint(key, request, *photos)
        made = await run_in_threadpool(earlier, service, caller.account_id, key, mark)
        if made is None:
            made = await run_in_threadpool(_make, service, caller.account_id, visit, len(photos), key, mark)
        if not made.again:
            asked = [Asked(photo=photo, tasks=tasks) for photo in photos]
            service.job_queue.start(
                JobPhotos(job_id=made.id, account_id=caller.account_id, visit_id=visit, asked=asked)
            )
    content = await run_in_threadpool(_content, service, caller.account_id, made.id)
    headers = {"Location": f"/v1/jobs/{made.id}", **replayed_header(made)}
    return answer(request, content, status=202, headers=headers)


@router.get("/{job_id}", response_model=JobShape)
def get_job(request: Request, service: Shared, caller: Reader, job_id: Id) -> Response:
    """Say how far a job is."""
    return answer(request, _content(service, caller.account_id, job_id))


@router.delete("/{job_id}", status_code=204)
def cancel_job(service: Shared, caller: Analyser, job_id: Id) -> None:
    """Cancel what still waits of a job; analyses that were made stay."""
    with service.database.writing() as session:
        jobs.job_of(session, caller.account_id, job_id)
        jobs.cancel(session, job_id)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events progress, item and done."}},
)
async def get_events(
    request: Request, service: Shared, caller: Reader, job_id: Id, last_event_id: LastEventId = ""
) -> Response:
    """Follow a job. After a break, who sends `Last-Event-ID` is told only what is new; others are told all again."""
    content = await run_in_threadpool(_content, service, caller.account_id, job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = _events(service, caller.account_id, job_id, content, _told_by(last_event_id))
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    service: Service, account_id: str, job_id: str, content: Object, told: set[int]
) -> AsyncIterator[str]:
    before = None
    while True:
        for item in content["items"]:
            if item["state"] in ("done", "failed", "interrupted") and item["position"] not in told:
                told.add(item["position"])
                yield _event("item", item, told)
        summary = {name: value for name, value in content.items() if name != "items"}
        if content["state"] in jobs.FINISHED:
            yield _event("done", summary)
            return
        if summary != before:
            yield _event("progress", summary)
            before = summary
        await asyncio.sleep(_POLL_S)
        content = await run_in_threadpool(_content, service, account_id, job_id)


def _event(name: str, content: Object, told: set[int] | None = None) -> str:
    """Return an event; its id is the set of photos that were told, as the bits of a number."""
    mark = "" if told is None else f"id: {sum(1 << position for position in told):x}\n"
    return f"event: {name}\n{mark}data: {json.dumps(content, ensure_ascii=False)}\n\n"


def _told_by(last_event_id: str) -> set[int]:
    """Return the photos that an id says were told; none for what is no id of ours."""
    if not _EVENT_ID.fullmatch(last_event_id):
        return set()
    bits = int(last_event_id, 16)
    return {position for position in range(bits.bit_length()) if bits >> position & 1}


def _make(service: Service, account_id: str, visit_id: str | None, photos: int, key: str | None, mark: str) -> Made:
    def make(session: Session) -> Made:
        if visit_id is not None:
            subjects.visit_of(session, account_id, visit_id)
        job = jobs.add_job(session, account_id, visit_id=visit_id, photos=photos, process=service.process)
        return Made(kind="job", id=job.id, subject_id=analyses.subject_id_of(session, visit_id))

    return once(service, account_id, key, mark, make)


def _content(service: Service, account_id: str, job_id: str) -> Object:
    with service.database.reading() as session:
        job = jobs.job_of(session, account_id, job_id)
        return _object(job, jobs.items_of(session, job_id))


def _object(job: Job, items: Sequence[JobItem]) -> Object:
    states = [item.state for item in items]
    return {
        "id": job.id,
        "state": jobs.state_of(job),
        "total": len(items),
        "done": states.count("done"),
        "failed": states.count("failed"),
        "created_at": moment(job.created_at),
        "items": [
            {
                "position": item.position,
                "state": item.state,
                "analysis": item.analysis_id,
                "problem": item.problem,
            }
            for item in items
        ],
    }
