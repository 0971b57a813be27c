"""Two analyses of one person: what changed, and whether that is more than measuring again would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from dermis.core import Region
from dermis.core.analysis import measured_as, unlike_reference
from dermis.errors import InputError
from dermis.formats.analysis_json import value_change_object
from dermis.service.api.answers import NotKept, Object
from dermis.service.api.keep import held_of
from dermis.service.api.service import Service
from dermis.service.store import analyses, subjects
from dermis.service.store.schema import Analysis
from dermis.tasks import TASKS
from dermis.tasks.repeatability import Measured, value_change

__all__ = ["change_content", "how_measured"]

SCHEMA = "dermis.visit-change/1"
Finding = Mapping[str, Any]


async def change_content(service: Service, account_id: str, before_id: str, after_id: str) -> Object:
    """Return the change between two analyses; lesions are compared as long as both photos are there.

    `taken_alike` is False where the photos are there and one shows the skin's gloss and the other none: then no value
    is told to have changed.
    Raises NotFound for an analysis of somebody else, InputError for two of different people.
    """
    before, after, days = await run_in_threadpool(_both, service, account_id, before_id, after_id)
    lesions, reason = None, None
    try:
        first = await held_of(service, account_id, before_id)
        second = await held_of(service, account_id, after_id)
        async with service.workers.place():
            lesions = await service.workers.run(service.measuring.change, first.asked, second.asked)
    except NotKept:
        reason = "At least one of the photos was not kept."
    except InputError as error:
        reason = error.message
    alike = lesions is None or bool(lesions.get("taken_alike", True))
    return {
        "schema": SCHEMA,
        "before": before_id,
        "after": after_id,
        "days": days,
        "findings": _changes(before, after, taken_alike=alike),
        "taken_alike": alike,
        "lesions": lesions,
        "lesions_reason": reason,
        "after_to_before": None if lesions is None else lesions.get("after_to_before"),
    }


def _both(service: Service, account_id: str, before_id: str, after_id: str) -> tuple[Analysis, Analysis, int | None]:
    with service.database.reading() as session:
        held = [analyses.analysis_of(session, account_id, analysis_id) for analysis_id in (before_id, after_id)]
        visits = [subjects.visit_of(session, account_id, row.visit_id) for row in held if row.visit_id is not None]
    people = {visit.subject_id for visit in visits}
    if len(people) > 1:
        raise InputError("The two analyses are of different subjects.", advice="Compare two of one subject.")
    days = (visits[1].date - visits[0].date).days if len(visits) == 2 else None
    return held[0], held[1], days


def _changes(before: Analysis, after: Analysis, *, taken_alike: bool) -> list[Object]:
    earlier = {(finding["task"], finding["region"]): finding for finding in before.content["findings"]}
    return [
        _change(before, after, was, finding, taken_alike=taken_alike)
        for finding in after.content["findings"]
        if (was := earlier.get((finding["task"], finding["region"]))) is not None
        and None not in (finding["value"], was["value"])
    ]


def _change(before: Analysis, after: Analysis, was: Finding, found: Finding, *, taken_alike: bool) -> Object:
    found_change = value_change(
        found["task"],
        Region(found["region"]),
        found["unit"],
        _measured(was, before),
        _measured(found, after),
        same_photo=before.id == after.id,
        taken_alike=taken_alike,
        smallest=TASKS[found["task"]].smallest_change if found["task"] in TASKS else None,
    )
    return value_change_object(found_change)


def how_measured(analysis: Analysis) -> str:
    """Return the name under which errors of such photos were measured."""
    told = analysis.content.get("condition") or {}
    pair = told.get("flash_pair")
    device = told.get("device") if pair is None or pair.get("level_by") else None
    light = told.get("reference")
    if light is None:
        return measured_as(analysis.condition or "", None, device)
    error = max(light.get("delta_e_after") or 0.0, light.get("spread") or 0.0)
    unlike = unlike_reference(light["kind"], error, light.get("clipped_share") or 0.0)
    return measured_as(analysis.condition or "", light["kind"], device, unlike=unlike)


def _measured(finding: Finding, analysis: Analysis) -> Measured:
    ends = finding.get("interval")
    return Measured(
        value=finding["value"],
        condition=how_measured(analysis),
        interval=None if ends is None else (ends[0], ends[1]),
        level=finding.get("level"),
    )
