"""Two analyses of one person: what changed, and whether that is more than measuring again would give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from dermis.errors import InputError
from dermis.service.api.answers import Object
from dermis.service.api.keep import held_of
from dermis.service.api.problems import NotKept
from dermis.service.api.service import Service
from dermis.service.store import analyses, subjects
from dermis.service.store.schema import Analysis
from dermis.tasks.intervals import smallest_detectable_change

__all__ = ["change_content"]

SCHEMA = "dermis.visit-change/1"
_Z_90, _Z_95 = 1.645, 1.96
Finding = Mapping[str, Any]


async def change_content(service: Service, account_id: str, before_id: str, after_id: str) -> Object:
    """Return the change between two analyses; lesions are compared as long as both photos are there.

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
    return {
        "schema": SCHEMA,
        "before": before_id,
        "after": after_id,
        "days": days,
        "findings": _changes(before.content["findings"], after.content["findings"], _condition(before, after)),
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


def _condition(before: Analysis, after: Analysis) -> str:
    """Return the capture condition that both were taken in, "" where they differ."""
    return before.condition or "" if before.condition == after.condition else ""


def _changes(before: list[Finding], after: list[Finding], condition: str) -> list[Object]:
    earlier = {(finding["task"], finding["region"]): finding for finding in before}
    return [
        _change(earlier[finding["task"], finding["region"]], finding, condition)
        for finding in after
        if (finding["task"], finding["region"]) in earlier
        and None not in (finding["value"], earlier[finding["task"], finding["region"]]["value"])
    ]


def _change(before: Finding, after: Finding, condition: str) -> Object:
    """Return how a finding changed.

    Where photos of people taken apart were compared in this condition, their spread is that of the pair, and the
    smallest detectable change goes with it. Else both errors count as independent, and their squares add up.
    """
    difference = after["value"] - before["value"]
    interval, mdc = None, smallest_detectable_change(after["task"], condition)
    level = after.get("level")
    if mdc is not None:
        half, level = mdc * _Z_90 / _Z_95, 0.9
        interval = [round(difference - half, 3), round(difference + half, 3)]
    elif before.get("interval") and after.get("interval") and before.get("level") == level:
        down = math.hypot(after["value"] - after["interval"][0], before["interval"][1] - before["value"])
        up = math.hypot(after["interval"][1] - after["value"], before["value"] - before["interval"][0])
        interval = [round(difference - down, 3), round(difference + up, 3)]
    changed = None if interval is None else not interval[0] <= 0 <= interval[1]
    return {
        "task": after["task"],
        "region": after["region"],
        "unit": after["unit"],
        "before": before["value"],
        "after": after["value"],
        "difference": round(difference, 3),
        "interval": interval,
        "level": level if interval else None,
        "mdc": None if mdc is None else round(mdc, 3),
        "changed": changed if mdc is None else abs(difference) > mdc,
    }
