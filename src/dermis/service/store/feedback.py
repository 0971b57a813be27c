"""What an account's subjects say and show together: feedback on answers, and findings of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from dermis.care import Feedback as ProductFeedback
from dermis.colour.tone import ita_class
from dermis.errors import NotFound
from dermis.service.insights import Reading
from dermis.service.store.analyses import analysis_of
from dermis.service.store.database import Page, paged
from dermis.service.store.schema import Analysis, Device, Feedback, Finding, Subject, Visit

__all__ = ["add_feedback", "feedback_of", "one_feedback", "product_feedback", "readings"]


def add_feedback(
    session: Session,
    account_id: str,
    *,
    analysis_id: str | None,
    task: str | None,
    rating: int | None,
    text: str,
    product: Mapping[str, Any] | None = None,
) -> Feedback:
    """Keep what a user says. Raises NotFound for an analysis that is not the account's."""
    if analysis_id is not None:
        analysis_of(session, account_id, analysis_id)
    said = Feedback(
        account_id=account_id,
        analysis_id=analysis_id,
        task=task,
        rating=rating,
        text=text,
        product=None if product is None else dict(product),
    )
    session.add(said)
    session.flush()
    return said


def one_feedback(session: Session, account_id: str, feedback_id: str) -> Feedback:
    """Return what was said once. Raises NotFound."""
    found = session.scalar(select(Feedback).where(Feedback.account_id == account_id, Feedback.id == feedback_id))
    if found is None:
        raise NotFound("There is no such feedback.")
    return found


def feedback_of(session: Session, account_id: str, *, limit: int, after: str | None) -> Page[Feedback]:
    """Return what the users of an account said, the newest first."""
    query = select(Feedback).where(Feedback.account_id == account_id)
    return paged(session, query, Feedback.created_at, Feedback.id, limit=limit, after=after, descending=True)


def product_feedback(session: Session, account_id: str) -> Iterator[ProductFeedback]:
    """Yield what the users of an account said of products, the oldest first.

    Whose analysis it came with is its subject; all that came without one counts as one person's, so that nobody can
    lift a product over the limit alone.
    """
    query = (
        select(Feedback.product, Visit.subject_id)
        .outerjoin(Analysis, Feedback.analysis_id == Analysis.id)
        .outerjoin(Visit, Analysis.visit_id == Visit.id)
        .where(Feedback.account_id == account_id)
        .order_by(Feedback.created_at, Feedback.id)
    )
    for product, subject_id in session.execute(query):
        if product is not None:
            yield ProductFeedback(**product, subject=subject_id or account_id)


_TONE = "skin_tone"


def readings(session: Session, account_id: str, *, task: str, region: str | None) -> Iterator[Reading]:
    """Give the readings of a task at a region, or at every region for None; photos not usable have no value.

    Analyses without a visit belong to no subject and are left out.
    """
    tone = aliased(Finding)
    of_task = (Finding.analysis_id == Analysis.id) & (Finding.task == task)
    if region is not None:
        of_task &= Finding.region == region
    of_tone = (tone.analysis_id == Analysis.id) & (tone.task == _TONE) & (tone.region == "face")
    query = (
        select(Subject.id, Subject.birth_year, Visit.date, Analysis.usable, Finding.value, Finding.region)
        .add_columns(tone.value, Device.make, Device.model)
        .select_from(Analysis)
        .join(Visit, Analysis.visit_id == Visit.id)
        .join(Subject, Visit.subject_id == Subject.id)
        .outerjoin(Finding, of_task)
        .outerjoin(tone, of_tone)
        .outerjoin(Device, Analysis.device_id == Device.id)
        .where(Subject.account_id == account_id)
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        subject, birth_year, day, usable, value, place, ita, make, model = row
        yield Reading(
            subject=subject,
            day=day,
            value=value,
            usable=usable,
            region=place or region or "face",
            tone=None if ita is None else ita_class(ita),
            birth_year=birth_year,
            device=f"{make} {model}".strip() if make is not None else None,
        )
