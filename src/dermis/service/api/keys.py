"""Routes: keys of programs, and the audit trail."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dermis.errors import Conflict
from dermis.service.api.access import Admin
from dermis.service.api.answers import After, Limit, Object, answer, listed, moment
from dermis.service.api.once import IdempotencyKey, Made, fingerprint, once
from dermis.service.api.service import Shared
from dermis.service.api.shapes import AuditShape, Id, KeyAsked, KeyMadeShape, KeyShape, Listed
from dermis.service.store import accounts, audit
from dermis.service.store.database import Session
from dermis.service.store.schema import Key

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["keys"])


@router.get("/keys", response_model=Listed[KeyShape])
def list_keys(request: Request, service: Shared, caller: Admin, limit: Limit = 50, after: After = None) -> Response:
    """List the keys of the account."""
    with service.database.reading() as session:
        page = accounts.keys_of(session, caller.account_id, limit=limit, after=after)
    return answer(request, listed([_key(key) for key in page.items], page.next))


@router.post("/keys", response_model=KeyMadeShape, status_code=201)
def add_key(request: Request, service: Shared, caller: Admin, asked: KeyAsked, key: IdempotencyKey = None) -> Response:
    """Make a key for a program; it is shown this once. From the first key on, one is asked for."""
    shown: list[tuple[Key, str]] = []

    def make(session: Session) -> Made:
        account_id = caller.account_id
        if asked.account is not None:
            account_id = accounts.account_for_key(session, asked.account).id
        made, secret = accounts.add_key(session, account_id, asked.name, asked.scopes)
        audit.note(session, caller.account_id, "key.add")
        shown.append((made, secret))
        return Made(kind="key", id=made.id)

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.model_dump()), make)
    if made.again:
        raise Conflict("This key was made already, and is shown once.", advice="Revoke it and make another.")
    held, secret = shown[-1]
    return answer(request, {**_key(held), "key": secret}, status=201)


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(service: Shared, caller: Admin, key_id: Id) -> None:
    """Revoke a key."""
    with service.database.writing() as session:
        accounts.revoke_key(session, caller.account_id, key_id)
        audit.note(session, caller.account_id, "key.revoke")


@router.get("/audit", response_model=Listed[AuditShape])
def list_audit(request: Request, service: Shared, caller: Admin, limit: Limit = 50, after: After = None) -> Response:
    """List what was done with the account's data, the newest first."""
    with service.database.reading() as session:
        page = audit.entries(session, caller.account_id, limit=limit, after=after)
    items = [
        {
            "at": moment(entry.at),
            "account": entry.account_id,
            "action": entry.action,
            "subject": entry.subject_token,
        }
        for entry in page.items
    ]
    return answer(request, listed(items, page.next))


def _key(key: Key) -> Object:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "created_at": moment(key.created_at),
        "revoked_at": moment(key.revoked_at),
    }
