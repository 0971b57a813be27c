"""Processes of this machine that work on shards: one photo each at a time, replaced when one dies, stopped in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic

from dermis.errors import UsageError
from dermis.pipeline.batch_shard import ShardDone, ShardJob, run_shard, write_refused
from dermis.settings import one_thread

__all__ = ["Pool", "cores"]

_SHARDS_A_PROCESS = 8
"""Then a process is replaced, so that what libraries leak stays small."""
_LONGEST_S = 600.0
"""A photo that takes longer ends its process."""
_LOOK_S = 5.0
_PATIENCE_S = 60.0
_UP = True


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker:
    """One process, the way to it, and what it works on.

    ready: it has come up. told: how many photos of its shard are done. shards: how many it has done.
    """

    process: BaseProcess
    pipe: Connection
    job: ShardJob | None = None
    ready: bool = False
    told: int = 0
    shards: int = 0
    heard_s: float = 0.0


class Pool:
    """An `Engine` of some processes on this machine.

    A process that ends, or takes `longest_s` for a photo, costs its shard: it is done again in halves until the photo
    that ends processes is alone; that one is refused.
    """

    def __init__(
        self, workers: int, *, shards_a_process: int = _SHARDS_A_PROCESS, longest_s: float = _LONGEST_S
    ) -> None:
        self._count, self._shards_a_process, self._longest_s = workers, shards_a_process, longest_s
        self._workers: list[_Worker] = []

    def __call__(self, jobs: Sequence[ShardJob], tell: Callable[[int], None]) -> Iterator[ShardDone]:
        """Work on all jobs; when stopped, the photos in hand are done and kept."""
        waiting = deque(jobs)
        try:
            while waiting or self._workers:
                self._hand_out(waiting)
                ready = wait([worker.pipe for worker in self._workers], timeout=_LOOK_S)
                for worker in [one for one in self._workers if one.pipe in ready]:
                    done = self._heard(worker, waiting, tell)
                    if done is not None:
                        yield done
                self._end_those_that_hang()
        finally:
            self._stop()

    def _hand_out(self, waiting: deque[ShardJob]) -> None:
        """Give every worker that rests a job or, where there is none for it, its end; start those that are missing."""
        for worker in [one for one in self._workers if one.job is None]:
            if waiting and worker.shards < self._shards_a_process:
                _give(worker, waiting.popleft())
            else:
                self._workers.remove(worker)
                _end(worker)
        while waiting and len(self._workers) < self._count:
            self._workers.append(_started())
            _give(self._workers[-1], waiting.popleft())

    def _heard(self, worker: _Worker, waiting: deque[ShardJob], tell: Callable[[int], None]) -> ShardDone | None:
        """Take one message: it is up, a photo is done, a shard is done, or the process is gone."""
        worker.heard_s = monotonic()
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            if not worker.ready:
                raise _cannot_start() from None
            tell(-worker.told)
            return _divided(worker, waiting, tell)
        if said is _UP:
            worker.ready = True
            return None
        if said is None:
            worker.told += 1
            tell(1)
            return None
        if isinstance(said, BaseException):
            raise said
        worker.job, worker.shards = None, worker.shards + 1
        done: ShardDone = said
        return done

    def _end_those_that_hang(self) -> None:
        for worker in self._workers:
            if worker.ready and monotonic() - worker.heard_s > self._longest_s:
                worker.process.kill()

    def _stop(self) -> None:
        """Let each worker finish the photo in hand and keep what it has; a second Ctrl-C ends them at once."""
        left, self._workers = self._workers, []
        try:
            for worker in left:
                _end(worker, wait_s=0)
            for worker in left:
                worker.process.join(_PATIENCE_S)
        finally:
            for worker in left:
                worker.process.kill()


def _cannot_start() -> UsageError:
    return UsageError(
        "The processes of the batch end before they begin.",
        advice='A script of your own needs `if __name__ == "__main__":` around what it does.',
    )


def _started() -> _Worker:
    context = multiprocessing.get_context("spawn")  # threads of the engine do not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    with one_thread():
        process.start()
    theirs.close()
    return _Worker(process=process, pipe=ours)


def _give(worker: _Worker, job: ShardJob) -> None:
    worker.job, worker.told, worker.heard_s = job, 0, monotonic()
    with suppress(OSError):  # one that is gone says so when its pipe is listened to
        worker.pipe.send(job)


def _end(worker: _Worker, *, wait_s: float = _PATIENCE_S) -> None:
    try:
        worker.pipe.send(None)
    except OSError:
        return
    worker.process.join(wait_s)


def _divided(worker: _Worker, waiting: deque[ShardJob], tell: Callable[[int], None]) -> ShardDone | None:
    """Put the halves of the job of a process that ended in front; a photo that was alone is refused."""
    worker.process.kill()
    worker.process.join(_PATIENCE_S)
    job = worker.job
    if job is None:
        return None
    if len(job.photos) > 1:
        waiting.extendleft(reversed(job.halves()))
        return None
    tell(1)
    reason = f"The process that read it was ended by the system (code {worker.process.exitcode})."
    return write_refused(job, reason, "It may need more memory: try it alone.")


def _serve(pipe: Connection) -> None:
    """Work on shards as they come, until there is nothing more or the one who asks is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent says when to stop
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send(_UP)
        while (job := pipe.recv()) is not None:
            pipe.send(run_shard(job, stopped=pipe.poll, done=lambda: pipe.send(None)))
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:  # noqa: BLE001 -- the parent says it
        pipe.send(error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
