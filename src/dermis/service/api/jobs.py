"""Routes: many photos at once; they are analysed a few at a time, their progress goes out as server-sent events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dermis.errors import DermisError, NotFound, StoreUnreachable, UsageError
from dermis.service.api.access import Analyser, Reader
from dermis.service.api.analyses import Tasks, VisitQuery
from dermis.service.api.answers import Object, answer, moment, problem_object
from dermis.service.api.bodies import read_files
from dermis.service.api.keep import keep_measured
from dermis.service.api.once import IdempotencyKey, Made, earlier, fingerprint, once, replayed_header
from dermis.service.api.service import Service, Shared
from dermis.service.api.shapes import Id, JobShape
from dermis.service.measure import Asked, Measured
from dermis.service.store import analyses, jobs, subjects
from dermis.service.store.database import Session
from dermis.service.store.schema import Job, JobItem
from dermis.service.workers import JobPhotos

__all__ = ["router", "run_jobs"]

BEAT_S = 15.0
_AGAIN_S = 2.0
_TRIES = 30


async def run_jobs(service: Service) -> None:
    """Run jobs for ever, one after the other, so that photos handed in alone get their turn between."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_beat(service))
        while True:
            async with service.job_queue.next() as photos:
                await _run_job(service, photos)


async def _run_job(service: Service, photos: JobPhotos) -> None:
    places = iter(list(enumerate(photos.asked)))

    async def lane() -> None:
        for position, asked in places:
            await _run_photo(service, photos, position, asked)

    await asyncio.gather(*(lane() for _ in range(max(1, service.workers.count - 1))))
    await _kept(service, jobs.finish, photos.job_id)


async def _run_photo(service: Service, photos: JobPhotos, position: int, asked: Asked) -> None:
    if not await run_in_threadpool(_goes_on, service, photos):
        return
    try:
        measured = await service.workers.run(service.measuring.photo, asked)
        analysis_id = await _analysis(service, photos, asked, measured)
    except DermisError as error:
        await _kept(service, jobs.set_item, photos.job_id, position, "failed", problem=problem_object(error))
    else:
        await _kept(service, jobs.set_item, photos.job_id, position, "done", analysis_id=analysis_id)


async def _analysis(service: Service, photos: JobPhotos, asked: Asked, measured: Measured) -> str:
    for _ in range(_TRIES):
        try:
            made = await run_in_threadpool(
                keep_measured, service, photos.account_id, asked, measured, visit_id=photos.visit_id
            )
        except StoreUnreachable:
            await asyncio.sleep(_AGAIN_S)
        else:
            return made.id
    raise StoreUnreachable("The database did not answer for a minute.", advice="Send the photo again.")


async def _kept(service: Service, note: Any, *args: Any, **more: Any) -> None:  # noqa: ANN401 -- of `store.jobs`
    """Note something of a job; a database that is away for a while is waited for."""

    def write() -> None:
        with service.database.writing() as session:
            note(session, *args, **more)

    for _ in range(_TRIES):
        try:
            await run_in_threadpool(write)
        except StoreUnreachable:
            await asyncio.sleep(_AGAIN_S)
        else:
            return


def _goes_on(service: Service, photos: JobPhotos) -> bool:
    """Return whether a job was neither cancelled nor deleted with its subject."""
    try:
        with service.database.reading() as session:
            return jobs.job_of(session, photos.account_id, photos.job_id).state not in jobs.FINISHED
    except NotFound:
        return False
    except StoreUnreachable:
        return True


async def _beat(service: Service) -> None:
    def write() -> None:
        with service.database.writing() as session:
            jobs.beat(session, service.process)
            jobs.forget_old(session)

    while True:
        await asyncio.sleep(BEAT_S)
        try:
            await run_in_threadpool(write)
        except StoreUnreachable:
            continue


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
