"""The key of a pseudonymised set: which pseudonym stands for whom. A secret: only its owner may read it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TextIO

from dermis.errors import UsageError
from dermis.formats.files import refuse_write
from dermis.formats.tables.delimited import read_delimited

__all__ = ["KeyRow", "append_key", "read_key"]

_OWNER_ALONE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One photo: its file (from the folder that was read), SHA-256, subject, the subject's pseudonym, the new name."""

    original: str
    sha256: str
    subject: str
    pseudonym: str
    file: str


_COLUMNS = tuple(field.name for field in fields(KeyRow))


def read_key(path: Path) -> list[KeyRow]:
    """Return the rows of a key; none where there is no such file. Raises UsageError for a file that is no key."""
    try:
        lines = read_delimited(path.read_bytes(), path.name).lines if path.is_file() else ()
    except OSError as fault:
        raise UsageError(f"{path} cannot be read: {fault.strerror}.", advice="Check who may read it.") from None
    if lines and lines[0].cells != _COLUMNS:
        raise UsageError(f"{path} is no key of `dermis deidentify`.", advice="Name another file with --key.")
    return [KeyRow(**dict(zip(_COLUMNS, line.cells, strict=True))) for line in lines[1:]]


@contextmanager
def append_key(path: Path) -> Iterator[_Appending]:
    """Open a key to add rows to; each is on the disk before the next step. It is made readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ALONE)
        os.chmod(path, _OWNER_ALONE)  # noqa: PTH101 -- also where it was there before
    except OSError as fault:
        raise refuse_write(path, fault) from fault
    with os.fdopen(handle, "a", encoding="utf-8", newline="") as file:
        appending = _Appending(file)
        if file.tell() == 0:
            appending.write(_COLUMNS)
        yield appending


class _Appending:
    """A key that is open."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, row: KeyRow) -> None:
        """Add a row."""
        self.write(astuple(row))

    def write(self, cells: Sequence[str]) -> None:
        """Write a line and wait until it is on the disk."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(cells)
        self._file.write(text.getvalue())
        self._file.flush()
        os.fsync(self._file.fileno())
