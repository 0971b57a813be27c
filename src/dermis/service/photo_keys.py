"""Kept photos are encrypted: each subject has a key of its own, wrapped by the one that the user gives.

AES-256-GCM throughout. The subjects' keys lie in files beside the user's key, outside the database: destroying a
subject's key makes their photos unreadable wherever copies of the database lie.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from dermis.errors import NotFound, UsageError

__all__ = ["PhotoKeys", "destroy_key", "read_photo_keys", "seal", "unseal"]

_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoKeys:
    """The user's key, and the folder with the wrapped keys of subjects."""

    master: bytes
    folder: Path

    def __repr__(self) -> str:
        return f"PhotoKeys(folder={self.folder})"


def read_photo_keys(file: Path) -> PhotoKeys:
    """Read the user's key, 32 bytes in base64; subjects' keys lie in the folder `FILE.subjects`.

    Raises UsageError for a file that cannot be read or holds no key.
    """
    try:
        master = base64.b64decode(file.read_text(encoding="ascii"), validate=False)
        folder = file.with_name(f"{file.name}.subjects")
        folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as fault:
        raise UsageError(f"--photo-key {file} cannot be used: {fault}.", advice=_MAKE_ONE) from fault
    if len(master) != _KEY_BYTES:
        raise UsageError(f"--photo-key {file} holds no key of {_KEY_BYTES} bytes.", advice=_MAKE_ONE)
    return PhotoKeys(master=master, folder=folder)


def seal(keys: PhotoKeys, subject_id: str, data: bytes) -> bytes:
    """Return `data` encrypted by the subject's key, which is made on first use."""
    return _encrypted(_subject_key(keys, subject_id) or _new_key(keys, subject_id), data, subject_id)


def unseal(keys: PhotoKeys, subject_id: str, sealed: bytes) -> bytes:
    """Return what was sealed. Raises NotFound where the key was destroyed or is another one."""
    key = _subject_key(keys, subject_id)
    if key is None:
        raise NotFound("The key of this subject's photos was destroyed.")
    return _decrypted(key, sealed, subject_id)


def destroy_key(keys: PhotoKeys, subject_id: str) -> None:
    """Overwrite and delete a subject's key, if there is one."""
    file = _file(keys, subject_id)
    try:
        with file.open("r+b") as held:
            held.write(secrets.token_bytes(file.stat().st_size))
            held.flush()
            os.fsync(held.fileno())
        file.unlink()
    except FileNotFoundError:
        return


def _subject_key(keys: PhotoKeys, subject_id: str) -> bytes | None:
    try:
        wrapped = _file(keys, subject_id).read_bytes()
    except FileNotFoundError:
        return None
    return _decrypted(keys.master, wrapped, subject_id)


def _new_key(keys: PhotoKeys, subject_id: str) -> bytes:
    key = secrets.token_bytes(_KEY_BYTES)
    file = _file(keys, subject_id)
    aside = file.with_suffix(f".{secrets.token_hex(8)}")
    with aside.open("xb") as new:
        new.write(_encrypted(keys.master, key, subject_id))
        new.flush()
        os.fsync(new.fileno())
    try:
        os.link(aside, file)  # whole or not at all, and the first of two processes wins
    except FileExistsError:
        return _subject_key(keys, subject_id) or key
    finally:
        aside.unlink()
    return key


def _file(keys: PhotoKeys, subject_id: str) -> Path:
    return keys.folder / f"{subject_id}.key"


def _encrypted(key: bytes, data: bytes, bound_to: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to.encode())


def _decrypted(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
    except InvalidTag as fault:
        raise NotFound("This photo was sealed by another key.", advice="Start with the key it was kept by.") from fault


_MAKE_ONE = "Make one: `openssl rand -base64 32 > photo.key`, and keep a copy elsewhere."
