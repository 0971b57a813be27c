"""Findings of all subjects of an account, for what they show together."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from dermis.colour.tone import ita_class
from dermis.service.insights import Reading
from dermis.service.store.schema import Analysis, Device, Finding, Subject, Visit

__all__ = ["readings"]

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
