"""Passkeys (WebAuthn), by the library `webauthn`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["creation_options", "request_options", "verified_creation", "verified_request"]

Object = dict[str, Any]
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
