"""Bounded work: so many photos at once, so many bytes that wait, and a clear refusal beyond."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import ParamSpec, TypeVar

from dermis.errors import DermisError, InputError
from dermis.service.measure import Asked

__all__ = ["LONGEST_S", "WAITING_PER_WORKER", "Busy", "JobPhotos", "JobQueue", "TooLong", "Workers"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
WAITING_PER_WORKER = 2
"""How many photos may wait for each one that is worked on."""
LONGEST_S = 300.0
_FIRST_GUESS_S = 1.0
_MEMORY = 0.8
_TRIES = 2


class Busy(DermisError):
    """All workers have as much to do as may wait for them; `retry_after_s` says when to come back."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("The service has as much to do as it can hold.", advice=f"Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class TooLong(InputError):
    """A photo that took so long that its worker was ended."""

    def __init__(self, longest_s: float) -> None:
        super().__init__(f"The photo took over {longest_s:.0f} s.", advice="Make it smaller, or save it as JPEG.")


class Workers:
    """Processes that analyse photos; one that dies is replaced and its photo tried once more."""

    def __init__(
        self, count: int, make_pool: Callable[[int], Executor] | None = None, *, longest_s: float = LONGEST_S
    ) -> None:
        self._longest_s = longest_s
        self._make_pool = make_pool or _pool
        self.count = count
        self.most = count * (1 + WAITING_PER_WORKER)
        self.held = 0
        self._seconds = _FIRST_GUESS_S
        self._turn = asyncio.Semaphore(count)
        self._pool = self._make_pool(count)

    @property
    def waiting(self) -> int:
        """How many photos wait for a worker."""
        return max(0, self.held - self.count)

    async def start(self, work: Callable[[], None]) -> None:
        """Load the networks in every worker before the first photo comes."""
        await asyncio.gather(*(self.run(work) for _ in range(self.count)), return_exceptions=True)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place from before the photo is read until it is answered. Raises Busy."""
        if self.held >= self.most:
            raise Busy(max(1, round(self.held / self.count * self._seconds)))
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do work in a worker, in turn.

        Raises what it raises, TooLong where it does not come to an end, Busy where workers died twice under it.
        """
        async with self._turn:
            for _ in range(_TRIES):
                pool, start = self._pool, perf_counter()
                try:
                    async with asyncio.timeout(self._longest_s):
                        done = await asyncio.wrap_future(pool.submit(work, *args, **kwargs))
                    self._seconds = _MEMORY * self._seconds + (1 - _MEMORY) * (perf_counter() - start)
                    return done
                except TimeoutError:
                    _end_children()
                    self._pool = self._make_pool(self.count)
                    raise TooLong(self._longest_s) from None
                except BrokenProcessPool:
                    if pool is self._pool:
                        self._pool = self._make_pool(self.count)
        raise Busy(5)

    def stop(self) -> None:
        """Let the workers end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _end_children() -> None:
    for child in multiprocessing.active_children():
        child.kill()


def _pool(count: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the engine's threads do not survive a fork. Replaced after many photos: leaks stay small.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin, max_tasks_per_child=500)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


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
