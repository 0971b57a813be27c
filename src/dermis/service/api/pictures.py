"""Routes: what an analysis shows, as long as its photo is in memory or kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dermis.errors import NotFound
from dermis.service.api.access import Reader
from dermis.service.api.answers import answer, tagged
from dermis.service.api.compare import change_content
from dermis.service.api.keep import held_of, media_type
from dermis.service.api.service import Shared
from dermis.service.api.shapes import ChangeShape, Id, IdText, PixelShape

__all__ = ["router"]

router = APIRouter(prefix="/v1/analyses/{analysis_id}", tags=["pictures"])
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'"
)


def _gives(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}, "description": "As named."}}


@router.get("/report", response_class=Response, responses=_gives("text/html"))
async def get_report(request: Request, service: Shared, caller: Reader, analysis_id: Id) -> Response:
    """Give the report of a photo as one page."""
    held = await held_of(service, caller.account_id, analysis_id)
    page = held.report
    if page is None:
        async with service.workers.place():
            page = await service.workers.run(service.measuring.report, held.asked)
        service.recent.add_report(analysis_id, page)
    return tagged(request, page, "text/html; charset=utf-8", headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/maps/{name}.png", response_class=Response, responses=_gives("image/png"))
async def get_map(
    request: Request,
    service: Shared,
    caller: Reader,
    analysis_id: Id,
    name: Annotated[str, Path(pattern="^[a-z_]{1,40}$")],
) -> Response:
    """Give a map of a photo, to be laid over it."""
    held = await held_of(service, caller.account_id, analysis_id)
    for picture in held.measured.pictures:
        if picture.about["name"] == name:
            return tagged(request, picture.png, "image/png")
    raise NotFound(f"This analysis has no map {name!r}.", advice="See `maps` of the analysis.")


@router.get("/pixel", response_model=PixelShape)
async def get_pixel(
    request: Request,
    service: Shared,
    caller: Reader,
    analysis_id: Id,
    x: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False)],
    y: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False)],
) -> Response:
    """Give what was measured at a pixel of the photo."""
    held = await held_of(service, caller.account_id, analysis_id)
    found = held.measured.at(x, y)
    if found is None:
        raise NotFound("Nothing was measured there.", advice="x and y are pixels of the photo, upright.")
    if found["values"]:
        async with service.workers.place():
            found["spectrum"] = await service.workers.run(service.measuring.spectrum, held.asked, x, y)
    return answer(request, found)


@router.get("/photo", response_class=Response, responses=_gives("image/jpeg"))
async def get_photo(request: Request, service: Shared, caller: Reader, analysis_id: Id) -> Response:
    """Give the photo itself, as it was sent."""
    held = await held_of(service, caller.account_id, analysis_id)
    return tagged(request, held.asked.photo, media_type(held.asked.photo))


@router.get("/change", response_model=ChangeShape)
async def get_change(
    request: Request, service: Shared, caller: Reader, analysis_id: Id, before: Annotated[IdText, Query()]
) -> Response:
    """Give what changed since another analysis of the same person."""
    content = await change_content(service, caller.account_id, before, analysis_id)
    return await run_in_threadpool(answer, request, content)
