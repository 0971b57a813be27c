"""Who asks and what they may do, and what holds for every request."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dermis.service.api.answers import Forbidden, Unauthorised, problem
from dermis.service.api.service import LOOPBACK, Service, Shared
from dermis.service.store import accounts
from dermis.service.store.accounts import SCOPES, Caller

__all__ = [
    "CONTENT_POLICY",
    "COOKIE",
    "Admin",
    "Analyser",
    "Guard",
    "Observer",
    "Reader",
    "Writer",
    "caller_of",
    "client_of",
    "is_open",
]

COOKIE = "dermis_session"
_FAILURES_PER_MINUTE = 30
_bearer = HTTPBearer(auto_error=False, description="A key of `POST /v1/keys`.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The login of the page.")


def is_open(service: Service, request: Request) -> bool:
    """Return whether nothing is asked for: on this machine alone, and as long as nobody made a key or user.

    What came through a proxy is never taken for this machine.
    """
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    if not service.options.is_private or forwarded or client_of(request) not in (*LOOPBACK, "testclient"):
        return False
    with service.database.reading() as session:
        return not accounts.guarded(session)


def caller_of(service: Service, request: Request) -> Caller | None:
    """Return who asks: by key, by login, or, where nothing is asked for, whoever sits at the machine."""
    key, cookie = _key(request), request.cookies.get(COOKIE)
    with service.database.reading() as session:
        if key is not None:
            return accounts.caller_of_key(session, key)
        found = accounts.caller_of_login(session, cookie) if cookie else None
    if found is not None or not is_open(service, request):
        return found
    with service.database.reading() as session:
        local = accounts.account_named(session, accounts.LOCAL)
    if local is None:
        with service.database.writing() as session:
            local = accounts.local_account(session)
    return Caller(account_id=local.id, name=local.name, scopes=frozenset(SCOPES))


def client_of(request: Request) -> str:
    """Return the address that asks."""
    return request.client.host if request.client else ""


def _key(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _allowed(scope: str) -> Callable[..., Caller]:
    def caller(
        request: Request,
        service: Shared,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        cookie: Annotated[str | None, Depends(_cookie)],
    ) -> Caller:
        found = caller_of(service, request)
        if found is None:
            service.limits.take(f"failure {client_of(request)}", _FAILURES_PER_MINUTE)
            raise Unauthorised("Sign in, or send a key.", advice="Authorization: Bearer dk_…")
        service.limits.take(found.account_id, service.options.requests_per_minute)
        if scope not in found.scopes:
            raise Forbidden(f"This key has no scope {scope!r}.", advice="Make one that has: POST /v1/keys.")
        return found

    return caller


Reader = Annotated[Caller, Depends(_allowed("read"))]
Writer = Annotated[Caller, Depends(_allowed("write"))]
Analyser = Annotated[Caller, Depends(_allowed("analyse"))]
Observer = Annotated[Caller, Depends(_allowed("insights"))]
Admin = Annotated[Caller, Depends(_allowed("admin"))]


CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses what another site's page sends, sets headers that an answer lacks, and counts."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service
        self._names = {*LOOPBACK, "testserver", urlsplit(service.options.site).hostname}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = perf_counter(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                await problem(refusal)(scope, receive, answered)
            else:
                await self.app(scope, receive, answered)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            metrics = self.service.metrics
            metrics.requests.labels(scope["method"], path, str(status)).inc()
            metrics.seconds.labels(path).observe(perf_counter() - start)

    def _refusal(self, scope: Scope) -> Forbidden | None:
        headers = Headers(scope=scope)
        if self.service.options.on_loopback and _host_name(headers.get("host", "")) not in self._names:
            # A page of another site may have its own name lead here; the browser would take it for the same site.
            return Forbidden(
                "The service answers to the names of this machine alone.",
                advice="Use 127.0.0.1, or start it with --site URL.",
            )
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not _is_navigation(headers, scope["path"]):
            return Forbidden("Pages of other sites may not ask.", advice="Open the page of the service itself.")
        return None


def _host_name(host: str) -> str:
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    return name.rpartition("]")[0].lstrip("[") if name.startswith("[") else name


def _is_navigation(headers: Headers, path: str) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and not path.startswith("/v1/")
