"""Which photos a batch is of: a folder tree, a list, a sheet or an address, and what a sheet says about each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from dermis.errors import InputError, UsageError
from dermis.formats.annotations.on_photos import match_photos
from dermis.formats.images.container import SUFFIXES
from dermis.formats.tables import Table, folded, open_table

__all__ = ["BatchInput", "BatchPhoto", "Cell", "find_batch"]

Cell = str | float | None
"""What a sheet says: words, a number, or nothing."""

_LISTS = (".txt", ".lst")
_SHEETS = (".csv", ".tsv", ".xlsx", ".xlsm")
_NAMES = ("photo", "path", "file", "image", "filename", "file_name")
"""The columns of a sheet that may name the photo, the first that is there."""
_STATES = ("ETag", "etag", "md5Hash", "md5", "mtime", "LastModified", "last_modified", "updated", "created")
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPhoto:
    """One photo of a batch: its path or address as given, its size, and a state that changes when it is replaced.

    size: bytes, -1 where there is no file. modified_s: since 1970, None where nobody knows. state: time in
    nanoseconds, or what a store gives.
    """

    path: str
    size: int
    state: str
    modified_s: float | None = None

    @property
    def key(self) -> str:
        """Twenty letters that name this photo in this state."""
        said = "\0".join((self.path, str(self.size), self.state))
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:20]

    @property
    def remote(self) -> bool:
        """Whether it lies behind an address."""
        return "://" in self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchInput:
    """The photos of a batch in order, none twice; columns: what a sheet says by photo, by column; notes: for the user.

    root: what the folders of reports are named from.
    """

    photos: tuple[BatchPhoto, ...]
    root: str
    columns: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_batch(source: str, sheet: Path | None = None) -> BatchInput:
    """Return the photos that `source` names: a folder with all below it, a .txt list, a sheet, or an address.

    sheet: a table whose columns are joined to the photos; its names are matched by path. Raises InputError where there
    are no photos or a name may mean several, UsageError for an address whose file system is not installed.
    """
    path = Path(source)
    if "://" in source:
        found = BatchInput(photos=_at_address(source), root=source)
    elif path.is_dir():
        found = BatchInput(photos=tuple(_below(path)), root=source)
    elif path.suffix.lower() in _SHEETS:
        found = _of_sheet(path)
    elif path.suffix.lower() in _LISTS:
        found = BatchInput(photos=_of_list(path), root=str(path.parent))
    else:
        found = BatchInput(photos=(_photo(path),), root=str(path.parent))
    if not found.photos:
        raise InputError(f"{source} holds no photos.", advice=f"Known: {', '.join(SUFFIXES)}.")
    return found if sheet is None else _joined(found, sheet)


def _below(folder: Path) -> Iterator[BatchPhoto]:
    """Yield the photos of a folder and all below it, in order; what begins with a dot is a system's own."""
    refused: list[OSError] = []
    for home, folders, names in os.walk(folder, onerror=refused.append):
        if refused:
            raise InputError(f"{folder} cannot be read: {refused[0].strerror}.", advice="Check the folder.")
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield _photo(Path(home, name))
    if refused:
        raise InputError(f"{folder} cannot be read: {refused[0].strerror}.", advice="Check the folder.")


def _photo(path: Path) -> BatchPhoto:
    try:
        state = path.stat()
    except (OSError, ValueError):
        return BatchPhoto(path=str(path), size=-1, state="")
    return BatchPhoto(
        path=str(path), size=state.st_size, state=str(state.st_mtime_ns), modified_s=state.st_mtime_ns / 1e9
    )


def _of_list(path: Path) -> tuple[BatchPhoto, ...]:
    """Return the photos of a list: a path or an address a line, from the folder of the list."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}.", advice="Check the name.") from None
    names = dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    return tuple(_named(name, path.parent) for name in names)


def _named(name: str, folder: Path) -> BatchPhoto:
    """Return the photo of a line: an address, or a path from the folder of the list, else from where we are."""
    if "://" in name:
        found = _at_address(name)
        return found[0] if found else BatchPhoto(path=name, size=-1, state="")
    tried = (folder / name, folder / name.replace("\\", "/"), Path(name))
    return _photo(next((path for path in tried if path.is_file()), tried[0]))


def _at_address(address: str) -> tuple[BatchPhoto, ...]:
    """Return the photos at an address: of a file that one, of a folder or bucket all below it."""
    from fsspec.core import url_to_fs  # late: only addresses need it

    try:
        files, place = url_to_fs(address)
        told = {place: files.info(place)} if files.isfile(place) else files.find(place, detail=True)
    except ImportError as fault:
        raise UsageError(f"{address} cannot be opened: {fault}.", advice="Install the package it names.") from None
    except (OSError, ValueError) as fault:
        raise InputError(f"{address} cannot be read: {fault}.", advice="Check the address and the access.") from None
    single = list(told) == [place]
    return tuple(
        _remote(files.unstrip_protocol(name), one)
        for name, one in sorted(told.items())
        if single or _is_photo(name.removeprefix(place))
    )


def _is_photo(name: str) -> bool:
    """Return whether a path below a folder ends as a photo does, and no part of it is a system's own."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _remote(address: str, told: Mapping[str, Any]) -> BatchPhoto:
    state = next((str(told[name]) for name in _STATES if told.get(name) is not None), "")
    modified = told.get("mtime") or told.get("LastModified") or told.get("last_modified")
    if isinstance(modified, datetime):
        modified = modified.timestamp()
    size = told.get("size")
    return BatchPhoto(
        path=address,
        size=-1 if size is None else int(size),
        state=state,
        modified_s=float(modified) if isinstance(modified, int | float) else None,
    )


def _of_sheet(path: Path) -> BatchInput:
    """Return the photos that a sheet names, from its folder, with its other columns."""
    table, named = _opened(path)
    rows = [(row[named], line) for row, line in zip(table.rows, table.lines, strict=True) if row[named]]
    seen: dict[str, int] = {}
    for name, line in rows:
        if name in seen:
            raise InputError(f"{path.name}: {name} stands in line {seen[name]} and {line}.", advice="Name it once.")
        seen[name] = line
    photos = {name: _named(name, path.parent) for name, _ in rows}
    return BatchInput(
        photos=tuple(photos.values()),
        root=str(path.parent),
        columns=_columns(table, named, {name: photo.path for name, photo in photos.items()}),
        notes=table.notes,
    )


def _joined(found: BatchInput, sheet: Path) -> BatchInput:
    """Return a batch with the columns of a sheet; what has no partner on either side is told."""
    table, named = _opened(sheet)
    files = {Path(photo.path): photo.path for photo in found.photos}
    names = [row[named] for row in table.rows if row[named]]
    meant = {name: files[file] for name, file in match_photos(names, list(files), sheet.name).items()}
    twice = [path for path, number in _counted(meant.values()).items() if number > 1]
    if twice or len(set(names)) < len(names):
        raise InputError(f"{sheet.name} has two rows for {(twice or names)[0]}.", advice="Give each photo one row.")
    lost = [name for name in names if name not in meant]
    without = len(found.photos) - len(meant)
    notes = [*found.notes, *table.notes]
    if lost:
        notes.append(f"{sheet.name}: {len(lost)} rows name no photo of the batch, such as {', '.join(lost[:_SHOWN])}.")
    if without:
        notes.append(f"{without} photos have no row in {sheet.name}.")
    columns = {**found.columns, **_columns(table, named, meant)}
    return BatchInput(photos=found.photos, root=found.root, columns=columns, notes=tuple(notes))


def _counted(paths: Any) -> dict[str, int]:  # noqa: ANN401 -- strings
    counts: dict[str, int] = {}
    for path in paths:
        counts[path] = counts.get(path, 0) + 1
    return counts


def _opened(path: Path) -> tuple[Table, str]:
    """Return a sheet and its column that names the photos. Raises InputError where there is none."""
    table = open_table(path, words=("photo", "subject", "visit"))
    by_name = {folded(column): column for column in table.columns}
    named = next((by_name[name] for name in _NAMES if name in by_name), None)
    if named is None:
        raise InputError(
            f"{path.name} has no column that names photos.",
            advice=f"Call it {_NAMES[0]}; its header reads: {', '.join(table.columns) or 'nothing'}.",
        )
    return table, named


def _columns(table: Table, named: str, meant: Mapping[str, str]) -> dict[str, dict[str, Cell]]:
    """Return the other columns of a sheet by photo; a column of numbers holds numbers."""
    held: dict[str, dict[str, Cell]] = {}
    for column in table.columns:
        if column == named:
            continue
        numbers: Sequence[Cell] = table.numbers(column) if _numeric(table, column) else [
            row[column] or None for row in table.rows
        ]  # fmt: skip
        pairs = zip(table.rows, numbers, strict=True)
        held[_free(column, held)] = {meant[row[named]]: cell for row, cell in pairs if row[named] in meant}
    return held


def _numeric(table: Table, column: str) -> bool:
    return column not in ("subject", "visit") and table.is_numbers(column)


def _free(column: str, taken: Mapping[str, object]) -> str:
    name = folded(column) or "column"
    return name if name not in taken else next(n for k in count(2) if (n := f"{name}_{k}") not in taken)
