"""Jobs, and POSTs that were answered: what was handed in, how far it is, and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dermis.errors import NotFound
from dermis.service.store.schema import IdempotentRequest, Job, JobItem, now

__all__ = [
    "FINISHED",
    "KEPT_DAYS",
    "STALE_S",
    "add_job",
    "answered",
    "beat",
    "cancel",
    "finish",
    "forget_old",
    "items_of",
    "job_of",
    "keep",
    "set_item",
    "state_of",
]

STALE_S = 60
"""A job whose process has not been heard of for so long was interrupted."""
FINISHED = ("done", "cancelled", "interrupted")


def add_job(session: Session, account_id: str, *, visit_id: str | None, photos: int, process: str) -> Job:
    """Add a job of so many photos, which `process` holds in memory."""
    job = Job(account_id=account_id, visit_id=visit_id, state="queued", process=process)
    session.add(job)
    session.flush()
    session.add_all(JobItem(job_id=job.id, position=position, state="queued") for position in range(photos))
    session.flush()
    return job


def job_of(session: Session, account_id: str, job_id: str) -> Job:
    """Return a job of the account. Raises NotFound."""
    found = session.scalar(select(Job).where(Job.id == job_id, Job.account_id == account_id))
    if found is None:
        raise NotFound("There is no such job.")
    return found


def items_of(session: Session, job_id: str) -> Sequence[JobItem]:
    """Return the photos of a job in their order."""
    return session.scalars(select(JobItem).where(JobItem.job_id == job_id).order_by(JobItem.position)).all()


def state_of(job: Job) -> str:
    """Return the state of a job; one whose process is gone was interrupted."""
    gone = job.state not in FINISHED and now() - job.beat_at > timedelta(seconds=STALE_S)
    return "interrupted" if gone else job.state


def set_item(
    session: Session,
    job_id: str,
    position: int,
    state: str,
    *,
    analysis_id: str | None = None,
    problem: Mapping[str, Any] | None = None,
) -> None:
    """Note how far a photo is; the job with it is under way."""
    values = {"state": state, "analysis_id": analysis_id, "problem": None if problem is None else dict(problem)}
    session.execute(update(JobItem).where(JobItem.job_id == job_id, JobItem.position == position).values(**values))
    going = (Job.id == job_id) & Job.state.not_in(FINISHED)
    session.execute(update(Job).where(going).values(state="running", beat_at=now()))


def beat(session: Session, process: str) -> None:
    """Say that a process still holds the photos of its jobs."""
    going = (Job.process == process) & Job.state.not_in(FINISHED)
    session.execute(update(Job).where(going).values(beat_at=now()))


def finish(session: Session, job_id: str, state: str = "done") -> None:
    """End a job that was not ended before; photos that still waited get its state."""
    ended = update(Job).where(Job.id == job_id, Job.state.not_in(FINISHED)).values(state=state)
    session.execute(ended)
    waiting = update(JobItem).where(JobItem.job_id == job_id, JobItem.state.in_(("queued", "running")))
    session.execute(waiting.values(state="interrupted"))


def cancel(session: Session, job_id: str) -> None:
    """End what still waits of a job."""
    finish(session, job_id, "cancelled")


KEPT_DAYS = 30


def answered(session: Session, account_id: str, key: str) -> IdempotentRequest | None:
    """Return the request that was answered under this key."""
    query = select(IdempotentRequest).where(
        IdempotentRequest.account_id == account_id, IdempotentRequest.idempotency_key == key
    )
    return session.scalar(query)


def keep(
    session: Session, account_id: str, key: str, *, fingerprint: str, kind: str, made_id: str, subject_id: str | None
) -> None:
    """Note what a request made, in the transaction that makes it.

    Raises IntegrityError of the database where another process was first; then the transaction must be given up.
    """
    session.add(
        IdempotentRequest(
            account_id=account_id,
            idempotency_key=key,
            fingerprint=fingerprint,
            kind=kind,
            made_id=made_id,
            subject_id=subject_id,
        )
    )
    session.flush()


def forget_old(session: Session) -> None:
    """Forget requests after thirty days."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < now() - timedelta(days=KEPT_DAYS)))
