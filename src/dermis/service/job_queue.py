"""The photos of jobs wait in memory, so many bytes at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from dermis.service.measure import Asked
from dermis.service.workers import Busy

__all__ = ["JobPhotos", "JobQueue"]

MOST_BYTES = 512 * 2**20


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


class JobQueue:
    """Jobs in the order they came, and how many bytes of photos they hold."""

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

    @asynccontextmanager
    async def next(self) -> AsyncIterator[JobPhotos]:
        """Wait for the next job; its photos are let go at the end of the block."""
        photos = await self._waiting.get()
        try:
            yield photos
        finally:
            self._held -= photos.size
