"""Photos from request bodies, in memory alone: raw image bytes, or files of a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from dermis.errors import UsageError
from dermis.service.api.answers import TooLarge

__all__ = ["Files", "read_files"]

_FORM = "multipart/form-data"
_READ_S = 120
_MOST_FILES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a body by the field they came in; their names are not looked at."""

    by_field: dict[str, list[bytes]] = field(default_factory=dict)

    def one(self, name: str) -> bytes | None:
        """Return the one file of a field. Raises UsageError for several."""
        found = self.by_field.get(name, [])
        if len(found) > 1:
            raise UsageError(f"Several files came as `{name}`.", advice="Send many photos to POST /v1/jobs.")
        return found[0] if found else None


class _InMemory(MultiPartParser):
    """A form's files in memory: the ordinary parser writes what is over a megabyte to the disk."""

    spool_max_size = 2**40


async def read_files(request: Request, *, field_of_raw: str, most_bytes: int) -> Files:
    """Read the body: a form's files, or one file of whatever type it is called; its first bytes tell what it is.

    Raises TooLarge, and UsageError for a form that cannot be read or a body that comes too slowly.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(_READ_S):
            if kind == _FORM:
                return await _form(request, most_bytes)
            data = b"".join([chunk async for chunk in _bounded(request, most_bytes)])
            return Files(by_field={field_of_raw: [data]})
    except TimeoutError as fault:
        raise UsageError("The photo came too slowly.", advice="Send a smaller one.") from fault


async def _form(request: Request, most_bytes: int) -> Files:
    parser = _InMemory(request.headers, _bounded(request, most_bytes), max_files=_MOST_FILES)
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError, ValueError) as fault:
        raise UsageError("The form cannot be read.", advice="Send the files with `curl -F photo=@FILE`.") from fault
    found: dict[str, list[bytes]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            found.setdefault(name, []).append(await value.read())
    await form.close()
    return Files(by_field=found)


async def _bounded(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    refusal = TooLarge(
        f"The body is over {most_bytes / 2**20:.0f} MB.", advice="Make the photo smaller: 12 megapixels are plenty."
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise refusal
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > most_bytes:
            raise refusal
        yield chunk
