"""What is kept of an analysis, how its photo comes back, and what goes with a deletion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from starlette.concurrency import run_in_threadpool

from dermis.service.api.answers import NotKept
from dermis.service.api.once import Made, once
from dermis.service.api.service import Service
from dermis.service.measure import Asked, Measured, MeasuredPerson, weights_sha256
from dermis.service.photo_keys import seal, unseal
from dermis.service.recent import Held
from dermis.service.store import analyses, subjects
from dermis.service.store.backup import empty_log
from dermis.service.store.database import Session
from dermis.service.store.schema import Analysis, now

__all__ = ["forget_deleted", "held_of", "keep_measured", "keep_person"]


def keep_measured(
    service: Service,
    account_id: str,
    asked: Asked,
    measured: Measured,
    *,
    visit_id: str | None,
    key: str | None = None,
    mark: str = "",
) -> Made:
    """Keep an analysis in the store, its photo too where the subject agreed, and its pictures for a while in memory."""

    def make(session: Session) -> Made:
        subject_id = _subject_id(session, account_id, visit_id)
        row = _add(service, session, account_id, asked, measured, visit_id, subject_id)
        return Made(kind="analysis", id=row.id, subject_id=subject_id)

    made = once(service, account_id, key, mark, make)
    if not made.again:
        _hold(service, made.id, asked, measured)
    return made


def keep_person(
    service: Service,
    account_id: str,
    asked: Sequence[Asked],
    measured: MeasuredPerson,
    *,
    visit_id: str | None,
    key: str | None = None,
    mark: str = "",
) -> Made:
    """Keep what several photos say, each and together, in one transaction; see `keep_measured`."""
    ids: list[str] = []

    def make(session: Session) -> Made:
        ids.clear()
        subject_id, start = _subject_id(session, account_id, visit_id), now()
        for place, (one, found) in enumerate(zip(asked, measured.photos.values(), strict=True)):
            row = _add(service, session, account_id, one, found, visit_id, subject_id)
            row.created_at = start + timedelta(milliseconds=place)  # lists of a visit keep the order of the views
            ids.append(row.id)
        named = list(zip(measured.photos, ids, strict=True))
        person = analyses.add_person(session, account_id, measured.content, named, visit_id=visit_id)
        return Made(kind="person", id=person.id, subject_id=subject_id)

    made = once(service, account_id, key, mark, make)
    if not made.again:
        for analysis_id, one, found in zip(ids, asked, measured.photos.values(), strict=True):
            _hold(service, analysis_id, one, found)
    return made


def _subject_id(session: Session, account_id: str, visit_id: str | None) -> str | None:
    return None if visit_id is None else subjects.visit_of(session, account_id, visit_id).subject_id


def _add(
    service: Service,
    session: Session,
    account_id: str,
    asked: Asked,
    measured: Measured,
    visit_id: str | None,
    subject_id: str | None,
) -> Analysis:
    row = analyses.add_analysis(
        session,
        account_id,
        measured.content,
        visit_id=visit_id,
        options=asked.options,
        model_sha256=weights_sha256(),
        maps=[picture.about for picture in measured.pictures],
    )
    may = subject_id is not None and subjects.photos_may_be_kept(session, subject_id)
    if may and subject_id is not None and service.photo_keys is not None and asked.ambient is None:
        sealed = seal(service.photo_keys, subject_id, asked.photo)
        analyses.add_photo(session, row.id, subject_id, media_type(asked.photo), sealed)
    return row


def _hold(service: Service, analysis_id: str, asked: Asked, measured: Measured) -> None:
    service.recent.put(analysis_id, Held(asked=asked, measured=measured))
    service.metrics.analyses.labels(str(measured.content["quality"]["usable"]).lower()).inc()


async def held_of(service: Service, account_id: str, analysis_id: str) -> Held:
    """Return an analysis with its photo: from memory, or from the photo that was kept, measured again.

    Raises NotFound for an analysis of somebody else, NotKept where neither is there.
    """
    asked = await run_in_threadpool(_asked_again, service, account_id, analysis_id)
    if isinstance(asked, Held):
        return asked
    async with service.workers.place():
        held = Held(asked=asked, measured=await service.workers.run(service.measuring.photo, asked))
    service.recent.put(analysis_id, held)
    return held


def media_type(photo: bytes) -> str:
    """Return the media type of a photo by its first bytes."""
    for head, kind in ((b"\xff\xd8", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp")):
        if photo.startswith(head):
            return kind
    return "application/octet-stream"


def _asked_again(service: Service, account_id: str, analysis_id: str) -> Held | Asked:
    with service.database.reading() as session:
        row = analyses.analysis_of(session, account_id, analysis_id)
        photo = analyses.photo_of(session, analysis_id)
    held = service.recent.get(analysis_id)
    if held is not None:
        return held
    if photo is None or service.photo_keys is None:
        raise NotKept("The photo of this analysis was not kept.", advice=_HOW_TO_KEEP)
    return Asked(photo=unseal(service.photo_keys, photo.subject_id, photo.content), **row.options)


_HOW_TO_KEEP = "Photos are kept where their subject agrees: POST /v1/subjects/{id}/consents."


def forget_deleted(service: Service, analysis_ids: Iterable[str]) -> None:
    """Let go of deleted analyses: nothing of them is left in memory or in the files of SQLite."""
    service.recent.forget(analysis_ids)
    empty_log(service.database)
