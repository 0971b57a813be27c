"""Who may use the store: users with passwords and passkeys, programs with keys, browsers that signed in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dermis.errors import Conflict, NotFound, UsageError
from dermis.service.store.database import Page, paged
from dermis.service.store.schema import Account, Challenge, Key, Login, Passkey, now

__all__ = [
    "LOCAL",
    "LOGIN_DAYS",
    "SCOPES",
    "Caller",
    "account_for_key",
    "account_named",
    "account_of",
    "add_challenge",
    "add_key",
    "add_passkey",
    "add_user",
    "caller_of_key",
    "caller_of_login",
    "check_password",
    "guarded",
    "keys_of",
    "local_account",
    "login",
    "logout",
    "passkey_count",
    "passkey_of",
    "revoke_key",
    "set_password",
    "take_challenge",
    "users_exist",
]

LOCAL = "local"
"""The account of whoever sits at the machine, as long as nobody has a key or password."""
SCOPES = ("read", "write", "analyse", "insights", "admin")
PASSWORD_CHARACTERS = (12, 200)
LOGIN_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the account, its name, and what the key or login allows. user: whether it is a person."""

    account_id: str
    name: str
    scopes: frozenset[str]
    user: bool = False


def guarded(session: Session) -> bool:
    """Return whether a key or password was ever made: from then on one is asked for."""
    return session.scalar(select(Key.id).limit(1)) is not None or users_exist(session)


def users_exist(session: Session) -> bool:
    """Return whether somebody has a password."""
    return session.scalar(select(Account.id).where(Account.password_hash.is_not(None)).limit(1)) is not None


def local_account(session: Session) -> Account:
    """Return the account of this machine, made on first use; two services on one store make one."""
    found = account_named(session, LOCAL)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            return _added(session, LOCAL)
    except IntegrityError:  # another service was first
        return session.scalars(select(Account).where(Account.name == LOCAL)).one()


def account_named(session: Session, name: str) -> Account | None:
    """Return an account by its name."""
    return session.scalar(select(Account).where(Account.name == name))


def add_user(session: Session, name: str, password: str) -> Account:
    """Make a user. The first one takes over what was made at this machine before.

    Raises Conflict for a name that is taken, UsageError for a weak password.
    """
    first = not users_exist(session)
    present = account_named(session, name)
    if present is not None and present.password_hash is not None:
        raise Conflict(f"There is a user {name!r} already.", advice="Choose another name.")
    account = account_named(session, LOCAL) if first and present is None else present
    account = account or _added(session, name)
    account.name = name
    account.password_hash = _hashed(password)
    session.flush()
    return account


def set_password(session: Session, name: str, password: str) -> Account:
    """Give a user a new password, and end the logins of the old one; make the user where there is none."""
    account = account_named(session, name)
    if account is None or account.password_hash is None:
        return add_user(session, name, password)
    if check_password(session, name, password) is not None:
        return account
    account.password_hash = _hashed(password)
    session.execute(delete(Login).where(Login.account_id == account.id))
    return account


def check_password(session: Session, name: str, password: str) -> Account | None:
    """Return the account of a name and its password; a wrong name takes as long as a wrong password."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    account = account_named(session, name)
    held = account.password_hash if account is not None else None
    try:
        PasswordHasher().verify(held or _NO_PASSWORD, password)
    except (VerificationError, InvalidHashError):
        return None
    return account if held else None


def login(session: Session, account_id: str) -> str:
    """Return the cookie of a new login; old ones that ran out are forgotten."""
    session.execute(delete(Login).where(Login.expires_at < now()))
    session.execute(delete(Challenge).where(Challenge.expires_at < now()))
    token = secrets.token_urlsafe(32)
    session.add(Login(account_id=account_id, token_hash=_digest(token), expires_at=now() + timedelta(days=LOGIN_DAYS)))
    return token


def logout(session: Session, token: str) -> None:
    """Forget a login."""
    session.execute(delete(Login).where(Login.token_hash == _digest(token)))


def caller_of_login(session: Session, token: str) -> Caller | None:
    """Return who signed in with this cookie, None where it is unknown or too old."""
    query = select(Account).join(Login).where(Login.token_hash == _digest(token), Login.expires_at > now())
    account = session.scalar(query)
    if account is None:
        return None
    return Caller(account_id=account.id, name=account.name, scopes=frozenset(SCOPES), user=True)


def add_key(session: Session, account_id: str, name: str, scopes: Sequence[str]) -> tuple[Key, str]:
    """Make a key; return its row and the key itself, which is kept nowhere."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise UsageError(f"Scopes are {', '.join(SCOPES)}.", advice=f"Not {', '.join(unknown) or 'none'}.")
    secret = f"dk_{secrets.token_urlsafe(32)}"
    key = Key(
        account_id=account_id,
        name=name,
        prefix=secret[:9],
        key_hash=_digest(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
    )
    session.add(key)
    session.flush()
    return key, secret


def caller_of_key(session: Session, secret: str) -> Caller | None:
    """Return whose key it is, None where it is unknown or revoked."""
    query = select(Key, Account).join(Account, Key.account_id == Account.id)
    row = session.execute(query.where(Key.key_hash == _digest(secret), Key.revoked_at.is_(None))).first()
    if row is None:
        return None
    key, account = row
    return Caller(account_id=account.id, name=key.name, scopes=frozenset(key.scopes))


def keys_of(session: Session, account_id: str, *, limit: int, after: str | None) -> Page[Key]:
    """Return the keys of an account."""
    query = select(Key).where(Key.account_id == account_id)
    return paged(session, query, Key.created_at, Key.id, limit=limit, after=after)


def revoke_key(session: Session, account_id: str, key_id: str) -> None:
    """Make a key useless. Raises NotFound."""
    key = session.scalar(select(Key).where(Key.account_id == account_id, Key.id == key_id))
    if key is None:
        raise NotFound("There is no such key.")
    key.revoked_at = key.revoked_at or now()


def add_passkey(session: Session, account_id: str, credential_id: str, public_key: bytes, sign_count: int) -> Passkey:
    """Keep a passkey. Raises Conflict where it is known."""
    if passkey_of(session, credential_id) is not None:
        raise Conflict("This passkey is known already.")
    held = Passkey(account_id=account_id, credential_id=credential_id, public_key=public_key, sign_count=sign_count)
    session.add(held)
    session.flush()
    return held


def passkey_of(session: Session, credential_id: str) -> Passkey | None:
    """Return a passkey by what its authenticator calls it."""
    return session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def passkey_count(session: Session) -> int:
    """Return how many passkeys there are."""
    return session.scalar(select(func.count()).select_from(Passkey)) or 0


def add_challenge(session: Session, value: bytes) -> str:
    """Keep a challenge for five minutes; return its id."""
    held = Challenge(value=value, expires_at=now() + timedelta(minutes=5))
    session.add(held)
    session.flush()
    return held.id


def take_challenge(session: Session, challenge_id: str) -> bytes | None:
    """Return a challenge and forget it."""
    held = session.scalar(select(Challenge).where(Challenge.id == challenge_id, Challenge.expires_at > now()))
    if held is None:
        return None
    session.delete(held)
    return held.value


def account_of(session: Session, account_id: str) -> Account | None:
    """Return an account."""
    return session.get(Account, account_id)


def account_for_key(session: Session, name: str) -> Account:
    """Return the account of a name, made where there is none. Raises Conflict for a user's name."""
    account = account_named(session, name)
    if account is not None and account.password_hash is not None:
        raise Conflict(f"{name!r} is a user.", advice="They make their keys themselves, signed in.")
    return account or _added(session, name)


def _added(session: Session, name: str) -> Account:
    account = Account(name=name)
    session.add(account)
    session.flush()
    return account


def _hashed(password: str) -> str:
    from argon2 import PasswordHasher

    fewest, most = PASSWORD_CHARACTERS
    if not fewest <= len(password) <= most:
        raise UsageError(
            f"A password has {fewest} to {most} characters.", advice="Three or four words make a good one."
        )
    return PasswordHasher().hash(password)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_NO_PASSWORD = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$0000000000000000000000000000000000000000000"
