"""Answers: JSON with an ETag, lists in pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

__all__ = ["After", "Limit", "Object", "answer", "listed", "moment", "tagged"]

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
