"""Routes: advice, what users say, what many subjects show together, tasks and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dermis.care import advise as advise_person
from dermis.care import person_from, questions, totals
from dermis.errors import InputError, UsageError
from dermis.formats.analysis_json import advice_object
from dermis.service.api.access import Analyser, Observer, Reader, Writer
from dermis.service.api.answers import After, Limit, Object, answer, listed, moment
from dermis.service.api.once import IdempotencyKey, Made, fingerprint, once, replayed_header
from dermis.service.api.service import Shared
from dermis.service.api.shapes import CareAsked, CareShape, FeedbackAsked, FeedbackShape, Listed, TaskShape
from dermis.service.insights import MINIMUM_GROUP, distribution, drift
from dermis.service.measure import task_objects
from dermis.service.store import analyses, feedback
from dermis.service.store.database import Session
from dermis.service.store.feedback import readings
from dermis.service.store.schema import Feedback

__all__ = ["advise", "router"]


def advise(content: Mapping[str, Any], person: Mapping[str, Any] | None) -> Object:
    """Return the advice of an analysis, and the questions whose answers would change it.

    Raises InputError for facts about a person that mean nothing.
    """
    try:
        whom = person_from(person or {})
    except UsageError as error:
        raise InputError(error.message, advice=error.advice) from None
    return {
        "items": [advice_object(line) for line in advise_person(content, whom)],
        "questions": [
            {"field": one.field, "text": one.text, "changes": dict(one.changes)} for one in questions(content, whom)
        ],
    }


router = APIRouter(prefix="/v1", tags=["more"])
TaskName = Annotated[str, Query(min_length=1, max_length=40, pattern="^[a-z_]+$")]
By = Literal["tone", "age", "region", "season", "device"]


@router.get("/tasks", response_model=Listed[TaskShape])
def list_tasks(request: Request, service: Shared, caller: Reader) -> Response:
    """List the questions that can be asked of the skin."""
    return answer(request, listed(task_objects(), None))


@router.post("/care", response_model=CareShape)
def give_care(
    request: Request, service: Shared, caller: Analyser, asked: CareAsked, key: IdempotencyKey = None
) -> Response:
    """Give advice that follows from an analysis and from what a person says of themselves; nothing is kept of it."""
    with service.database.reading() as session:
        content = analyses.analysis_of(session, caller.account_id, asked.analysis).content
    return answer(request, advise(content, asked.person))


@router.post("/feedback", response_model=FeedbackShape, status_code=201)
def add_feedback(
    request: Request, service: Shared, caller: Writer, asked: FeedbackAsked, key: IdempotencyKey = None
) -> Response:
    """Keep what a user says of an answer, for whoever makes the app."""

    def make(session: Session) -> Made:
        said = feedback.add_feedback(
            session,
            caller.account_id,
            analysis_id=asked.analysis,
            task=asked.task,
            rating=asked.rating,
            text=asked.text,
            product=None if asked.product is None else asked.product.model_dump(),
        )
        return Made(kind="feedback", id=said.id, subject_id=analyses.subject_id_of_analysis(session, asked.analysis))

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.model_dump()), make)
    with service.database.reading() as session:
        said = feedback.one_feedback(session, caller.account_id, made.id)
    return answer(request, _said(said), status=201, headers=replayed_header(made))


@router.get("/feedback", response_model=Listed[FeedbackShape])
def list_feedback(
    request: Request, service: Shared, caller: Observer, limit: Limit = 50, after: After = None
) -> Response:
    """List what users said, the newest first."""
    with service.database.reading() as session:
        page = feedback.feedback_of(session, caller.account_id, limit=limit, after=after)
    return answer(request, listed([_said(said) for said in page.items], page.next))


@router.get("/insights/distribution", response_model=dict[str, Any])
def get_distribution(
    request: Request,
    service: Shared,
    caller: Observer,
    task: TaskName,
    region: TaskName = "face",
    by: By = "tone",
) -> Response:
    """Give how a value is distributed in groups of at least twenty subjects."""
    with service.database.reading() as session:
        found = readings(session, caller.account_id, task=task, region=None if by == "region" else region)
        groups, withheld = distribution(found, by)
    return answer(
        request, {"task": task, "by": by, "minimum_group": MINIMUM_GROUP, "groups": groups, "withheld": withheld}
    )


@router.get("/insights/drift", response_model=dict[str, Any])
def get_drift(
    request: Request, service: Shared, caller: Observer, task: TaskName, region: TaskName = "face"
) -> Response:
    """Give how a value and the quality of photos went, month by month."""
    with service.database.reading() as session:
        months, withheld = drift(readings(session, caller.account_id, task=task, region=region))
    return answer(request, {"task": task, "minimum_group": MINIMUM_GROUP, "months": months, "withheld": withheld})


@router.get("/insights/products", response_model=dict[str, Any])
def get_products(request: Request, service: Shared, caller: Observer) -> Response:
    """Give what at least twenty people said of each product, as counts, without their words."""
    with service.database.reading() as session:
        found, withheld = totals(feedback.product_feedback(session, caller.account_id), minimum=MINIMUM_GROUP)
    return answer(
        request, {"minimum_group": MINIMUM_GROUP, "products": [asdict(one) for one in found], "withheld": withheld}
    )


def _said(said: Feedback) -> Object:
    return {
        "id": said.id,
        "created_at": moment(said.created_at),
        "analysis": said.analysis_id,
        "task": said.task,
        "rating": said.rating,
        "text": said.text,
        "product": said.product,
    }
