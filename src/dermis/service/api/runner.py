"""The photos of jobs wait in memory, so many bytes at most, and are analysed a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from dermis.errors import DermisError, NotFound, StoreUnreachable
from dermis.service.measure import Asked, Measured
from dermis.service.store import jobs
from dermis.service.workers import Busy

if TYPE_CHECKING:
    from dermis.service.api.service import Service

__all__ = ["JobPhotos", "JobRunner"]

MOST_BYTES = 512 * 2**20
BEAT_S = 15.0
_AGAIN_S = 2.0
_TRIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPhotos:
    """The photos of a job, in memory alone."""

    job_id: str
    account_id: str
    visit_id: str | None
    asked: Sequence[Asked]

    @property
    def size(self) -> int:
        """Bytes of all photos."""
        return sum(asked.size for asked in self.asked)


class JobRunner:
    """Runs jobs one after the other, so that photos handed in alone get their turn between."""

    def __init__(self) -> None:
        self._held = 0
        self._waiting: asyncio.Queue[JobPhotos] = asyncio.Queue()

    @contextmanager
    def room(self, most_bytes: int) -> Iterator[None]:
        """Hold room for a body of so many bytes while it is read. Raises Busy where there is none."""
        if self._held + most_bytes > MOST_BYTES:
            raise Busy(30)
        self._held += most_bytes
        try:
            yield
        finally:
            self._held -= most_bytes

    def start(self, photos: JobPhotos) -> None:
        """Take a job in; its photos count until they are analysed."""
        self._held += photos.size
        self._waiting.put_nowait(photos)

    async def run(self, service: Service) -> None:
        """Run jobs for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_beat(service))
            while True:
                photos = await self._waiting.get()
                try:
                    await _run_job(service, photos)
                finally:
                    self._held -= photos.size


async def _run_job(service: Service, photos: JobPhotos) -> None:
    places = iter(list(enumerate(photos.asked)))

    async def lane() -> None:
        for position, asked in places:
            await _run_photo(service, photos, position, asked)

    await asyncio.gather(*(lane() for _ in range(max(1, service.workers.count - 1))))
    await _kept(service, jobs.finish, photos.job_id)


async def _run_photo(service: Service, photos: JobPhotos, position: int, asked: Asked) -> None:
    from dermis.service.api.problems import problem_object

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
    from dermis.service.api.keep import keep_measured

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

    while True:
        await asyncio.sleep(BEAT_S)
        try:
            await run_in_threadpool(write)
        except StoreUnreachable:
            continue
