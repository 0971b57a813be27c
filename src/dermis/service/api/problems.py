"""Errors as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dermis.errors import (
    Conflict,
    DermisError,
    InputError,
    ModelMissing,
    NotFound,
    StoreUnreachable,
    UnreadablePhoto,
    UsageError,
)
from dermis.service.api.limits import TooManyRequests
from dermis.service.workers import Busy

__all__ = ["PROBLEMS", "Forbidden", "NotKept", "TooLarge", "Unauthorised", "add_handlers", "problem", "problem_object"]

MEDIA_TYPE = "application/problem+json"


class Unauthorised(DermisError):
    """Nobody the service knows."""


class Forbidden(DermisError):
    """Somebody who may not do this."""


class NotKept(NotFound):
    """A picture or photo that was not kept."""


class TooLarge(InputError):
    """A body over the limit."""


_KINDS: Mapping[type[DermisError], tuple[int, str, str]] = {
    Unauthorised: (401, "unauthorised", "Sign in"),
    Forbidden: (403, "forbidden", "Not allowed"),
    NotKept: (404, "not_kept", "Not kept"),
    NotFound: (404, "not_found", "Not found"),
    Conflict: (409, "conflict", "Conflict"),
    TooLarge: (413, "too_large", "Too large"),
    UnreadablePhoto: (422, "unreadable", "Not a readable photo"),
    InputError: (422, "invalid", "Cannot be used"),
    UsageError: (422, "invalid", "Cannot be used"),
    TooManyRequests: (429, "too_many_requests", "Too many requests"),
    Busy: (503, "busy", "Busy"),
    StoreUnreachable: (503, "store_unreachable", "The store does not answer"),
    ModelMissing: (503, "model_missing", "A model is missing"),
}
_TITLES = {400: "Bad request", 404: "Not found", 405: "Method not allowed"}

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "advice": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
    for status, words in {
        400: "The request is malformed.",
        401: "Sign in, or send a key.",
        403: "The key or the page that asks may not do this.",
        404: "There is no such thing, or it is somebody else's.",
        405: "There is no such method here.",
        409: "What the store holds speaks against it.",
        413: "The body is too large.",
        422: "The request cannot be used.",
        429: "Too many requests; see Retry-After.",
        500: "A fault of ours.",
        503: "Too much to do, or the database does not answer; see Retry-After.",
    }.items()
}
"""What OpenAPI says of every path."""


def problem_object(error: DermisError) -> dict[str, Any]:
    """Return an error as the object of RFC 9457."""
    status, code, title = next(_KINDS[kind] for kind in type(error).__mro__ if kind in _KINDS)
    return _object(status, code, title, error.message, error.advice)


def problem(error: DermisError) -> Response:
    """Return an error as an answer."""
    content = problem_object(error)
    headers = {}
    retry_after_s = getattr(error, "retry_after_s", 5 if content["status"] == 503 else None)
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if content["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _response(content, headers)


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the application in one form."""
    app.add_exception_handler(DermisError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, DermisError) or not any(kind in _KINDS for kind in type(error).__mro__):
        return await _fault(request, error)
    return problem(error)


async def _invalid(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["loc"][:1] == ("path",) for fault in faults):
        return problem(NotFound("There is nothing here."))
    if any(fault["type"] == "json_invalid" for fault in faults):
        return _response(_object(400, "malformed", "Bad request", "The body is no JSON.", "Check its quotes."), {})
    errors = [{"where": [str(step) for step in fault["loc"]], "reason": fault["msg"]} for fault in faults]
    first = errors[0] if errors else {"where": [], "reason": "It cannot be read."}
    detail = f"{'.'.join(first['where'])}: {first['reason']}"
    content = _object(422, "invalid", "Cannot be used", detail, "See /openapi.json.")
    return _response({**content, "errors": errors}, {})


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title = _TITLES.get(status, "Refused")
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(status, "malformed")
    headers = dict(getattr(error, "headers", None) or {})
    return _response(_object(status, code, title, str(getattr(error, "detail", title)), ""), headers)


async def _fault(request: Request, error: Exception) -> Response:
    content = _object(500, "fault", "A fault of ours", f"{type(error).__name__}.", "The log of the service says more.")
    return _response(content, {})


def _object(status: int, code: str, title: str, detail: str, advice: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "advice": advice,
        "code": code,
    }


def _response(content: dict[str, Any], headers: Mapping[str, str]) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status_code=content["status"], media_type=MEDIA_TYPE, headers=dict(headers))
