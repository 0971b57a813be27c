"""Answers: JSON with an ETag, lists in pieces, and errors as application/problem+json (RFC 9457)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
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
from dermis.service.api.service import TooManyRequests
from dermis.service.workers import Busy

__all__ = [
    "PROBLEMS",
    "After",
    "Forbidden",
    "Limit",
    "NotKept",
    "Object",
    "TooLarge",
    "Unauthorised",
    "add_handlers",
    "answer",
    "listed",
    "moment",
    "problem",
    "problem_object",
    "tagged",
]

Object = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
After = Annotated[str | None, Query(max_length=400, description="`next` of the piece before.")]


def answer(
    request: Request, content: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return JSON with an ETag; 304 where the asker has it already."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    return tagged(request, body, "application/json", status=status, headers=headers)


def tagged(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return bytes with an ETag; 304 where the asker has them already. Nobody else may keep them."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    kept = {"ETag": tag, "Cache-Control": "private, no-cache", **(headers or {})}
    known = [word.strip().removeprefix("W/") for word in request.headers.get("if-none-match", "").split(",")]
    if request.method in ("GET", "HEAD") and status == 200 and (tag in known or "*" in known):
        return Response(status_code=304, headers=kept)
    return Response(body, status_code=status, media_type=media_type, headers=kept)


def listed(items: Sequence[Object], following: str | None) -> Object:
    """Return a piece of a list."""
    return {"items": list(items), "next": following}


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
