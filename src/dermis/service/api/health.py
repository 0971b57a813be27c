"""Routes: how the service is, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dermis.service.api.access import Observer
from dermis.service.api.answers import answer
from dermis.service.api.service import Shared
from dermis.service.api.shapes import HealthShape
from dermis.service.store.database import ping
from dermis.version import __version__

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/v1/health", response_model=HealthShape)
def get_health(request: Request, service: Shared) -> Response:
    """Say whether photos can be analysed; 503 where the database does not answer."""
    ping(service.database)
    content = {
        "status": "ok",
        "version": __version__,
        "store": "ok",
        "workers": service.workers.count,
        "waiting": service.workers.waiting,
        "photos_can_be_kept": service.photo_keys is not None,
    }
    return answer(request, content)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def get_metrics(service: Shared, caller: Observer) -> Response:
    """Give figures for Prometheus; with a key of scope `insights` where one is asked for."""
    service.metrics.in_work.set(service.workers.held)
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
