"""A client of the service that needs nothing but Python: `dermis.Client`."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from dermis.errors import Conflict, DermisError, InputError, NotFound, UnreadablePhoto, UsageError

__all__ = ["Client"]

Object = dict[str, Any]
_ERRORS = {"unreadable": UnreadablePhoto, "not_found": NotFound, "not_kept": NotFound, "conflict": Conflict}
_LONGEST_WAIT_S = 60.0


class Client:
    """Asks a service; waits and asks again where it is busy, so that nothing is made twice.

    url: of the service. key: of `POST /v1/keys`, where one is asked for. tries: how often a busy service is asked.
    Every method raises what the service refuses with: UnreadablePhoto, NotFound, Conflict, InputError, UsageError for
    a key that is missing or may not, DermisError where the service has a fault or cannot be reached.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", key: str | None = None, *, tries: int = 10, timeout_s: float = 120.0
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._tries = tries
        self._timeout_s = timeout_s

    def analyse(self, photo: str | Path | bytes, *, visit: str | None = None, **query: str) -> Object:
        """Return the analysis of a photo, as `dermis analyse --json` gives it, with its `id`."""
        data = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
        found = self.request("POST", "/v1/analyses", data=data, query={"visit": visit, **query})
        return dict(json.loads(found))

    def analyse_person(
        self, *photos: str | Path | bytes, visit: str | None = None, views: Sequence[str] = (), **query: str
    ) -> Object:
        """Return what several photos of one person say together, as `dermis analyse --person` gives it, with its `id`.

        views: `front`, `left` or `right`, the side that each shows; without them it is seen. `views` of the answer
        name the analysis of each photo.
        """
        held = [photo if isinstance(photo, bytes) else Path(photo).read_bytes() for photo in photos]
        body, kind = _form(list(zip(views or ["photos"] * len(held), held, strict=True)))
        found = self.request("POST", "/v1/people", data=body, kind=kind, query={"visit": visit, **query})
        return dict(json.loads(found))

    def add_subject(self, pseudonym: str, *, birth_year: int | None = None) -> Object:
        """Add a subject under a pseudonym."""
        return self._post("/v1/subjects", {"pseudonym": pseudonym, "birth_year": birth_year})

    def add_visit(self, subject: str, day: date | str) -> Object:
        """Add a visit of a subject."""
        return self._post(f"/v1/subjects/{subject}/visits", {"date": str(day)})

    def delete_subject(self, subject: str) -> None:
        """Delete a subject with all that hangs on it."""
        self.request("DELETE", f"/v1/subjects/{subject}")

    def give_consent(self, subject: str, purpose: str = "keep_photos") -> Object:
        """Note what a subject agrees to."""
        return self._post(f"/v1/subjects/{subject}/consents", {"purpose": purpose})

    def findings(self, subject: str, *, task: str | None = None, region: str | None = None) -> Iterator[Object]:
        """Give the findings of a subject over time."""
        return self.every(f"/v1/subjects/{subject}/findings", task=task, region=region)

    def change(self, before: str, after: str) -> Object:
        """Return what changed between two analyses of a subject."""
        return self.get(f"/v1/analyses/{after}/change", before=before)

    def report(self, analysis: str) -> bytes:
        """Return the report of an analysis, an HTML page."""
        return self.request("GET", f"/v1/analyses/{analysis}/report")

    def map(self, analysis: str, name: str) -> bytes:
        """Return a map of an analysis, a PNG."""
        return self.request("GET", f"/v1/analyses/{analysis}/maps/{name}.png")

    def get(self, path: str, **query: str | None) -> Object:
        """Return the JSON of any path."""
        return dict(json.loads(self.request("GET", path, query=query)))

    def every(self, path: str, **query: str | None) -> Iterator[Object]:
        """Give every item of a list, piece by piece."""
        after: str | None = None
        while True:
            piece = self.get(path, **query, after=after)
            yield from piece["items"]
            after = piece["next"]
            if after is None:
                return

    def request(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        kind: str = "application/octet-stream",
        query: dict[str, str | None] | None = None,
    ) -> bytes:
        """Ask any path; return the body of the answer."""
        named = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self.url}{path}{'?' if named else ''}{urllib.parse.urlencode(named)}"
        headers = {**self._headers, **({"Content-Type": kind} if data is not None else {})}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        for left in reversed(range(self._tries)):
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                    return bytes(answer.read())
            except urllib.error.HTTPError as refusal:
                if left == 0 or refusal.code not in (429, 503):
                    raise _error(refusal) from None
                time.sleep(min(float(refusal.headers.get("Retry-After") or 1), _LONGEST_WAIT_S))
            except OSError as fault:
                if left == 0:
                    raise DermisError(f"{self.url} cannot be reached.", advice="Is `dermis serve` running?") from fault
                time.sleep(1)
        raise UsageError("A client needs at least one try.", advice="Client(tries=1).")

    def _post(self, path: str, content: Object) -> Object:
        body = json.dumps(content).encode()
        return dict(json.loads(self.request("POST", path, data=body, kind="application/json")))


def _form(files: Sequence[tuple[str, bytes]]) -> tuple[bytes, str]:
    """Return a form of files by the name of their field, and its media type (RFC 7578)."""
    mark = uuid4().hex
    head = '--{}\r\nContent-Disposition: form-data; name="{}"; filename="photo"\r\n\r\n'
    parts = [head.format(mark, field).encode() + data + b"\r\n" for field, data in files]
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def _error(refusal: urllib.error.HTTPError) -> DermisError:
    try:
        told = json.loads(refusal.read())
        detail, advice, code = told["detail"], told.get("advice", ""), told["code"]
    except (ValueError, KeyError, TypeError):
        return DermisError(f"The service answered {refusal.code}.")
    kind: type[DermisError] | None = _ERRORS.get(code)
    if kind is None:
        kind = UsageError if refusal.code in (401, 403) else InputError if refusal.code < 500 else DermisError
    return kind(detail, advice=advice)
