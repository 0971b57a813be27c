"""Routes: the page and what it is made of."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from dermis.errors import NotFound
from dermis.service.api.answers import tagged
from dermis.service.engine_files import engine_file

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
PAGES = Path(__file__).parents[1] / "pages"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
}
_NO_CACHE = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.api_route("/", methods=["GET", "HEAD"])
def get_page(request: Request) -> Response:
    """Give the page."""
    return _file(request, "index.html")


@router.api_route("/service-worker.js", methods=["GET", "HEAD"])
def get_service_worker(request: Request) -> Response:
    """Give the service worker, at the root so that it may serve all of the page."""
    return _file(request, "service-worker.js")


@router.api_route("/pages/{path:path}", methods=["GET", "HEAD"])
def get_file(request: Request, path: str) -> Response:
    """Give a file of the page."""
    return _file(request, path)


@router.api_route("/engine/{name}", methods=["GET", "HEAD"])
def get_engine(request: Request, name: str) -> Response:
    """Give a file of the engine that runs in the browser, fetched once by name and hash."""
    try:
        file = engine_file(name)
    except KeyError as fault:
        raise NotFound(f"There is no {name!r}.") from fault
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    path = file.gzip_path if zipped else file.path
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if zipped else {})}
    return tagged(request, path.read_bytes(), file.media_type, headers=headers)


def _file(request: Request, name: str) -> Response:
    path = PAGES if "\x00" in name else (PAGES / name).resolve()
    if not path.is_relative_to(PAGES.resolve()) or not path.is_file():
        raise NotFound("There is no such page.", advice="Open /.")
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return tagged(request, path.read_bytes(), kind, headers=_NO_CACHE)
