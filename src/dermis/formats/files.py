"""Results to files: whole or not at all, under names that stay in their folder, with refusals in words."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core.tables import HASHES, sha256_of
from dermis.errors import UsageError

if sys.platform != "win32":
    import fcntl

__all__ = [
    "folder_name",
    "lock_alone",
    "lock_shared",
    "locked",
    "make_folder",
    "refuse_write",
    "replaced_results",
    "write_arrays",
    "write_bytes",
    "write_text",
    "write_with",
]

_DRAFT = ".dermis-draft-"
_LONGEST_NAME = 100
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))]
)


def make_folder(folder: Path) -> Path:
    """Make a folder and return it. Raises UsageError where it cannot be made, or is a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as fault:
        raise refuse_write(folder, fault) from fault
    return folder


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file and return its path; see `write_with`."""
    return write_with(path, lambda draft: draft.write_bytes(content))


def write_text(path: Path, text: str) -> Path:
    """Write a file as UTF-8 and return its path; see `write_with`."""
    return write_bytes(path, text.encode("utf-8"))


def write_with(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a file and return its path: under its name it appears whole or not at all.

    A link under that name is replaced, never followed. Raises UsageError where nothing can be written.
    """
    draft = path.with_name(f"{_DRAFT}{secrets.token_hex(4)}{path.suffix}")
    try:
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(21, "Is a directory")
        write(draft)
        draft.replace(path)
    except OSError as fault:
        raise refuse_write(path, fault) from fault
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write arrays as .npz and return its path; a folder of shipped tables learns the new hash, see `write_with`."""
    write_with(path, lambda draft: np.savez_compressed(draft, **dict(arrays)))  # type: ignore[arg-type]
    hashes = path.parent / HASHES
    if hashes.is_file():
        known = json.loads(hashes.read_text(encoding="utf-8")) | {path.name: sha256_of(path)}
        write_text(hashes, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return path


@contextmanager
def replaced_results(folder: Path, own: Sequence[str]) -> Iterator[Path]:
    """Give a hidden folder to write results into; at the end they take the place of an earlier run's in `folder`.

    own: patterns of the files that an earlier run of ours may have left; they go, other files stay. Where the writing
    fails, `folder` is as it was. Raises UsageError where nothing can be written.
    """
    draft = folder / f"{_DRAFT}{secrets.token_hex(4)}"
    make_folder(folder)
    try:
        draft.mkdir()
    except OSError as fault:
        raise refuse_write(folder, fault) from fault
    try:
        yield draft
        _take_place(draft, folder, own)
    except OSError as fault:
        raise refuse_write(folder, fault) from fault
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _take_place(draft: Path, folder: Path, own: Sequence[str]) -> None:
    written = {path.name for path in draft.iterdir()}
    with locked(folder):
        for old in [one for one in folder.iterdir() if one != draft]:
            if old.name not in written and any(fnmatch(old.name, pattern) for pattern in own) and not old.is_dir():
                old.unlink(missing_ok=True)
        for path in sorted(draft.iterdir()):
            path.replace(folder / path.name)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other run out of `folder` that asks for the same, in this process and in others.

    Where the system or its disk knows no locks, nobody is kept out.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # a folder is no file on Windows
        yield
        return
    try:
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def lock_alone(handle: int) -> bool:
    """Take an open file for oneself until it is closed; False, and any lock of one's own lost, where others hold it."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return True


def lock_shared(handle: int) -> None:
    """Hold an open file beside any number of others until it is closed."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)


def refuse_write(path: Path, fault: Exception) -> UsageError:
    """Return the refusal of a place that cannot be written."""
    if path.parent.name.startswith(_DRAFT):
        path = path.parent.parent / path.name
    reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return UsageError(f"{path} cannot be written: {reason}.", advice="Choose another folder with --out.")


def folder_name(stem: str, taken: dict[str, int]) -> str:
    """Return a name for a folder of results: one part, no dots alone, allowed on every system, and not in `taken`.

    taken: names in lower case with the last number they got; the new one is added. The same names in the same order
    give the same folders.
    """
    plain = "".join(letter if _keeps(letter) else "_" for letter in unicodedata.normalize("NFC", stem))
    plain = re.sub(r"[\s.]+$", "", plain[:_LONGEST_NAME]).strip()
    if not plain.strip("._ ") or plain.split(".")[0].lower() in _RESERVED or plain.startswith("."):
        plain = f"photo{plain if plain.strip('._ ') else ''}"
    number = taken.get(plain.lower(), 0) + 1
    name = plain if number == 1 else f"{plain}-{number}"
    while number > 1 and name.lower() in taken:
        number += 1
        name = f"{plain}-{number}"
    taken[plain.lower()] = number
    taken.setdefault(name.lower(), 1)
    return name


def _keeps(letter: str) -> bool:
    return letter.isprintable() and letter not in '/\\:*?"<>|'
