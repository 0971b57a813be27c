"""Jobs are run: their photos are analysed a few at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool

from dermis.errors import DermisError, NotFound, StoreUnreachable
from dermis.service.api.keep import keep_measured
from dermis.service.api.problems import problem_object
from dermis.service.api.service import Service
from dermis.service.job_queue import JobPhotos
from dermis.service.measure import Asked, Measured
from dermis.service.store import jobs, requests

__all__ = ["run_jobs"]

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
            requests.forget_old(session)

    while True:
        await asyncio.sleep(BEAT_S)
        try:
            await run_in_threadpool(write)
        except StoreUnreachable:
            continue
