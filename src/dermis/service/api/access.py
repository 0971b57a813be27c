"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from dermis.service.api.problems import Forbidden, Unauthorised
from dermis.service.api.service import LOOPBACK, Service, Shared
from dermis.service.store import accounts
from dermis.service.store.accounts import SCOPES, Caller

__all__ = ["COOKIE", "Admin", "Analyser", "Observer", "Reader", "Writer", "caller_of", "client_of", "is_open"]

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
