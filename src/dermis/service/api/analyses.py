"""Routes: photos in, analyses out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dermis.errors import UsageError
from dermis.service.api.access import Analyser, Reader, Writer
from dermis.service.api.answers import After, Limit, Object, answer, listed, moment, tagged
from dermis.service.api.bodies import read_files
from dermis.service.api.keep import forget_deleted, keep_measured
from dermis.service.api.once import IdempotencyKey, earlier, fingerprint, replayed_header
from dermis.service.api.service import Service, Shared
from dermis.service.api.shapes import AnalysisShape, AnalysisSummary, Id, IdText, Listed
from dermis.service.fhir import bundle
from dermis.service.measure import Asked
from dermis.service.store import analyses, subjects
from dermis.service.store.schema import Analysis, now

__all__ = ["PHOTO_BODY", "Condition", "PupilsMm", "Tasks", "VisitQuery", "analysis_content", "check_visit", "router"]

router = APIRouter(prefix="/v1", tags=["analyses"])

_BINARY = {"type": "string", "format": "binary"}
PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The photo itself, or a form with the file `photo`; of a flash pair `photo` and `ambient`.",
        "content": {
            "image/*": {"schema": _BINARY},
            "application/octet-stream": {"schema": _BINARY},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": _BINARY, "ambient": _BINARY},
                }
            },
        },
    }
}
VisitQuery = Annotated[IdText | None, Query(description="The visit it belongs to.")]
Tasks = Annotated[str | None, Query(max_length=400, description="Names of tasks, `a,b`; all for none.")]
Reference = Annotated[str | None, Query(max_length=100, description="As `--reference`: a patch, or `chart`.")]
Condition = Annotated[str | None, Query(max_length=20, description="`controlled`, where you vouch for the light.")]
PupilsMm = Annotated[float | None, Query(ge=45, le=80, description="Distance of the pupils, for a flash pair.")]


@router.post("/analyses", response_model=AnalysisShape, status_code=201, openapi_extra=PHOTO_BODY)
async def analyse(
    request: Request,
    service: Shared,
    caller: Analyser,
    visit: VisitQuery = None,
    tasks: Tasks = None,
    reference: Reference = None,
    condition: Condition = None,
    pupils_mm: PupilsMm = None,
    close_up: bool = False,
    key: IdempotencyKey = None,
) -> Response:
    """Analyse a photo at once; it is processed in memory, and kept only where its subject agreed."""
    await run_in_threadpool(check_visit, service, caller.account_id, visit)
    async with service.workers.place():
        files = await read_files(request, field_of_raw="photo", most_bytes=service.options.upload_mb * 2**20)
        photo, ambient = files.one("photo"), files.one("ambient")
        if photo is None:
            raise UsageError("No photo came.", advice="Send it as the body, or as the file `photo` of a form.")
        mark = fingerprint(key, request, photo, ambient or b"")
        made = await run_in_threadpool(earlier, service, caller.account_id, key, mark)
        if made is None:
            asked = Asked(
                photo=photo,
                ambient=ambient,
                tasks=tasks,
                reference=reference,
                condition=condition,
                pupils_mm=pupils_mm,
                close_up=close_up,
            )
            measured = await service.workers.run(service.measuring.photo, asked)
            made = await run_in_threadpool(
                keep_measured, service, caller.account_id, asked, measured, visit_id=visit, key=key, mark=mark
            )
    content = await run_in_threadpool(analysis_content, service, caller.account_id, made.id)
    headers = {"Location": f"/v1/analyses/{made.id}", **replayed_header(made)}
    return answer(request, content, status=201, headers=headers)


@router.get("/analyses", response_model=Listed[AnalysisSummary])
def list_analyses(
    request: Request,
    service: Shared,
    caller: Reader,
    visit: VisitQuery = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """List analyses, the newest first."""
    with service.database.reading() as session:
        if visit is not None:
            subjects.visit_of(session, caller.account_id, visit)
        page = analyses.analyses_of(session, caller.account_id, visit_id=visit, limit=limit, after=after)
        kept = analyses.photos_kept(session, [held.id for held in page.items])
        owners = analyses.subjects_of_visits(session, [held.visit_id for held in page.items if held.visit_id])
    return answer(request, listed(_summaries(page.items, kept, owners), page.next))


@router.get("/analyses/{analysis_id}", response_model=AnalysisShape)
def get_analysis(request: Request, service: Shared, caller: Reader, analysis_id: Id) -> Response:
    """Give an analysis."""
    return answer(request, analysis_content(service, caller.account_id, analysis_id))


@router.delete("/analyses/{analysis_id}", status_code=204)
def delete_analysis(service: Shared, caller: Writer, analysis_id: Id) -> None:
    """Delete an analysis with its findings and photo."""
    with service.database.writing() as session:
        analyses.delete_analysis(session, caller.account_id, analysis_id)
    forget_deleted(service, [analysis_id])


@router.get(
    "/analyses/{analysis_id}/fhir",
    response_class=Response,
    responses={200: {"content": {"application/fhir+json": {}}, "description": "A bundle of FHIR R4B."}},
)
def get_fhir(request: Request, service: Shared, caller: Reader, analysis_id: Id) -> Response:
    """Give an analysis as FHIR R4B resources."""
    with service.database.reading() as session:
        held = analyses.analysis_of(session, caller.account_id, analysis_id)
        subject_id = analyses.subject_id_of(session, held.visit_id)
        found = analyses.findings_of(session, analysis_id)
        body = bundle(held, found, subject_id)
    return tagged(request, body.encode(), "application/fhir+json")


def analysis_content(service: Service, account_id: str, analysis_id: str) -> Object:
    """Return an analysis as the API gives it. Raises NotFound."""
    with service.database.reading() as session:
        held = analyses.analysis_of(session, account_id, analysis_id)
        subject_id = analyses.subject_id_of(session, held.visit_id)
        kept = bool(analyses.photos_kept(session, [analysis_id]))
    seconds = service.recent.seconds_left(analysis_id)
    until = None if seconds is None else now() + timedelta(seconds=seconds)
    return {
        "id": held.id,
        "created_at": moment(held.created_at),
        "visit": held.visit_id,
        "subject": subject_id,
        "photo_kept": kept,
        "pictures_until": None if until is None else moment(until.replace(second=0, microsecond=0)),
        "maps": held.maps if kept or until is not None else [],
        **held.content,
    }


def check_visit(service: Service, account_id: str, visit_id: str | None) -> None:
    """Raise NotFound for a visit that is not the account's."""
    if visit_id is not None:
        with service.database.reading() as session:
            subjects.visit_of(session, account_id, visit_id)


def _summaries(held: Sequence[Analysis], kept: set[str], owners: Mapping[str, str]) -> list[Object]:
    return [
        {
            "id": analysis.id,
            "created_at": moment(analysis.created_at),
            "visit": analysis.visit_id,
            "subject": None if analysis.visit_id is None else owners.get(analysis.visit_id),
            "usable": analysis.usable,
            "view": analysis.view,
            "photo_kept": analysis.id in kept,
        }
        for analysis in held
    ]
