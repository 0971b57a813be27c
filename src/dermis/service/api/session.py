"""Routes: signing in and out of the page by password or passkey (WebAuthn), users and what they own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from dermis.errors import UsageError
from dermis.service.api.access import COOKIE, Admin, Writer, caller_of, client_of, is_open
from dermis.service.api.answers import Object, Unauthorised, answer, moment
from dermis.service.api.once import IdempotencyKey, Made, fingerprint, once, replayed_header
from dermis.service.api.service import Service, Shared
from dermis.service.api.shapes import Credential, LoginAsked, SessionShape, UserAsked
from dermis.service.store import accounts
from dermis.service.store.audit import note
from dermis.service.store.database import Session

__all__ = ["creation_options", "request_options", "router", "verified_creation", "verified_request"]

_NAME = "dermis"


def creation_options(site: str, account_id: str, name: str) -> tuple[Object, bytes]:
    """Return what a browser needs to make a passkey, and its challenge. site: the host's name."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement

    options = generate_registration_options(
        rp_id=site,
        rp_name=_NAME,
        user_id=account_id.encode(),
        user_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.REQUIRED),
    )
    return json.loads(options_to_json(options)), options.challenge


def request_options(site: str) -> tuple[Object, bytes]:
    """Return what a browser needs to sign in by passkey, and its challenge."""
    from webauthn import generate_authentication_options, options_to_json

    options = generate_authentication_options(rp_id=site)
    return json.loads(options_to_json(options)), options.challenge


def verified_creation(
    credential: Mapping[str, Any], challenge: bytes, site: str, origin: str
) -> tuple[str, bytes, int] | None:
    """Return id, public key and count of a new passkey, None where it does not answer the challenge."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = verify_registration_response(
            credential=dict(credential), expected_challenge=challenge, expected_rp_id=site, expected_origin=origin
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count


def verified_request(
    credential: Mapping[str, Any], challenge: bytes, site: str, origin: str, public_key: bytes, sign_count: int
) -> int | None:
    """Return the new count of a passkey that signed the challenge, None where it did not."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return verified.new_sign_count


router = APIRouter(prefix="/v1", tags=["session"])
CHALLENGE = "dermis_challenge"
_TRIES_PER_MINUTE = 10
_WRONG = "Name or password is wrong."


@router.get("/session", response_model=SessionShape)
def get_session(request: Request, service: Shared) -> Response:
    """Say who is signed in, and how one could be."""
    caller = caller_of(service, request)
    with service.database.reading() as session:
        users, guarded = accounts.users_exist(session), accounts.guarded(session)
        passkeys = accounts.passkey_count(session)
    content = {
        "signed_in": caller is not None,
        "login_required": guarded or not service.options.is_private,
        "name": None if caller is None else caller.name,
        "methods": ["password", *(["passkey"] if passkeys else [])],
        "first_user": not users and caller is not None,
        "scopes": [scope for scope in accounts.SCOPES if caller is not None and scope in caller.scopes],
    }
    return answer(request, content)


@router.post("/session", status_code=204)
def sign_in(request: Request, service: Shared, asked: LoginAsked, key: IdempotencyKey = None) -> Response:
    """Sign in with a password; the answer sets a cookie."""
    service.limits.take(f"login {client_of(request)}", _TRIES_PER_MINUTE)
    service.limits.take(f"login {asked.name}", _TRIES_PER_MINUTE)
    with service.database.reading() as session:
        account = accounts.check_password(session, asked.name, asked.password)
    if account is None:
        raise Unauthorised(_WRONG, advice="Try again; `dermis user NAME` sets a new password.")
    return _signed_in(service, request, account.id, Response(status_code=204))


@router.delete("/session", status_code=204)
def sign_out(request: Request, service: Shared) -> Response:
    """Sign out."""
    token = request.cookies.get(COOKIE)
    if token:
        with service.database.writing() as session:
            accounts.logout(session, token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_secure(service, request))
    return response


@router.post("/users", status_code=201)
def add_user(
    request: Request, service: Shared, caller: Admin, asked: UserAsked, key: IdempotencyKey = None
) -> Response:
    """Make a user. The first one, made at the machine itself, takes over what was made there and is signed in."""
    first = is_open(service, request)

    def make(session: Session) -> Made:
        account = accounts.add_user(session, asked.name, asked.password)
        note(session, caller.account_id, "user.add")
        return Made(kind="user", id=account.id)

    made = once(service, caller.account_id, key, fingerprint(key, request, asked.name), make)
    headers = replayed_header(made)
    response = answer(request, {"id": made.id, "name": asked.name}, status=201, headers=headers)
    return _signed_in(service, request, made.id, response) if first else response


@router.post("/session/passkey/options")
def ask_passkey(request: Request, service: Shared, key: IdempotencyKey = None) -> Response:
    """Give what a browser needs to sign in by passkey."""
    options, challenge = request_options(_site(service, request))
    return _with_challenge(service, request, options, challenge)


@router.post("/session/passkey", status_code=204)
def sign_in_by_passkey(
    request: Request, service: Shared, credential: Credential, key: IdempotencyKey = None
) -> Response:
    """Sign in by passkey; the answer sets a cookie."""
    service.limits.take(f"login {client_of(request)}", _TRIES_PER_MINUTE)
    with service.database.writing() as session:
        challenge = accounts.take_challenge(session, request.cookies.get(CHALLENGE, ""))
    with service.database.writing() as session:
        known = accounts.passkey_of(session, credential.id)
        count = None
        if known is not None and challenge is not None:
            count = verified_request(
                credential.model_dump(),
                challenge,
                _site(service, request),
                _origin(service, request),
                known.public_key,
                known.sign_count,
            )
        if known is None or count is None:
            raise Unauthorised("This passkey is not known here.", advice="Sign in with the password.")
        known.sign_count = count
        account_id = known.account_id
    return _signed_in(service, request, account_id, Response(status_code=204))


@router.post("/passkeys/options")
def ask_new_passkey(request: Request, service: Shared, caller: Writer, key: IdempotencyKey = None) -> Response:
    """Give what a browser needs to make a passkey for who is signed in."""
    options, challenge = creation_options(_site(service, request), caller.account_id, caller.name)
    return _with_challenge(service, request, options, challenge)


@router.post("/passkeys", status_code=201)
def add_passkey(
    request: Request, service: Shared, caller: Writer, credential: Credential, key: IdempotencyKey = None
) -> Response:
    """Keep a new passkey of who is signed in."""
    if not caller.user:
        raise UsageError("A passkey belongs to a user.", advice="Sign in with a password first.")
    with service.database.writing() as session:
        challenge = accounts.take_challenge(session, request.cookies.get(CHALLENGE, ""))
    made = None
    if challenge is not None:
        made = verified_creation(credential.model_dump(), challenge, _site(service, request), _origin(service, request))
    if made is None:
        raise UsageError("This passkey cannot be verified.", advice="Ask for new options and try again.")
    with service.database.writing() as session:
        passkey = accounts.add_passkey(session, caller.account_id, *made)
        note(session, caller.account_id, "passkey.add")
    return answer(request, {"id": passkey.id, "created_at": moment(passkey.created_at)}, status=201)


def _signed_in(service: Service, request: Request, account_id: str, response: Response) -> Response:
    with service.database.writing() as session:
        token = accounts.login(session, account_id)
        note(session, account_id, "login")
    response.set_cookie(
        COOKIE,
        token,
        max_age=accounts.LOGIN_DAYS * 86_400,
        httponly=True,
        samesite="strict",
        secure=_secure(service, request),
    )
    return response


def _with_challenge(service: Service, request: Request, options: Object, challenge: bytes) -> Response:
    service.limits.take(f"challenge {client_of(request)}", _TRIES_PER_MINUTE)
    with service.database.writing() as session:
        held = accounts.add_challenge(session, challenge)
    response = answer(request, options)
    secure = _secure(service, request)
    response.set_cookie(CHALLENGE, held, max_age=300, httponly=True, samesite="strict", secure=secure)
    return response


def _site(service: Service, request: Request) -> str:
    """Return the name of the host as the browser knows it."""
    return urlsplit(_origin(service, request)).hostname or "localhost"


def _origin(service: Service, request: Request) -> str:
    return service.options.site.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def _secure(service: Service, request: Request) -> bool:
    return _origin(service, request).startswith("https://")
