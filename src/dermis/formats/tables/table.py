"""A table of labels: rows of text by column, and what each column holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.errors import InputError
from dermis.formats.tables.cells import (
    Line,
    Marks,
    Sheet,
    as_number,
    is_error,
    is_missing,
    looks_like_number,
    marks_of,
    plain_number,
)
from dermis.formats.tables.delimited import read_delimited
from dermis.formats.tables.excel import read_excel

__all__ = ["Row", "Table", "folded", "number_in", "open_table", "read_table"]

Row = Mapping[str, str]
"""One row of a table: text by column, "" where the cell is empty."""

_MOST_BYTES = 1 << 26
_HEADER_WITHIN = 20
_MOSTLY = 0.5
_RENAMED = re.compile(r"\.\d{1,2}$")
_BINARY = {
    b"\xd0\xcf\x11\xe0": ("an old Excel file, or one with a password", "Save it as .xlsx without a password."),
    b"%PDF": ("a PDF document", "Save the table as .xlsx or CSV."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a table.

    columns: in order. rows: with the cells that say nothing empty, and numbers with a decimal point. lines: the number
    of each row in its file, from 1. missing: by column, how often each spelling of "nothing is known" stood there.
    dates: by column, the lines where a spreadsheet holds a date. notes: what was decided while reading, for the user.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    missing: Mapping[str, Mapping[str, int]]
    dates: Mapping[str, tuple[int, ...]]
    notes: tuple[str, ...] = ()

    def numbers(self, column: str) -> list[float | None]:
        """Return a column of numbers, None where a cell is empty. Raises InputError with the line of a stranger."""
        pairs = zip(self.rows, self.lines, strict=True)
        return [number_in(row, column, f"{self.name}, line {line}") for row, line in pairs]

    def is_numbers(self, column: str) -> bool:
        """Return whether a column holds numbers; words, or nothing, give False.

        Raises InputError with the line of a stranger in a column that is mostly numbers.
        """
        cells = [row[column] for row in self.rows if row[column]]
        alike = sum(looks_like_number(cell) for cell in cells)
        if not cells or alike < _MOSTLY * len(cells):
            return False
        self.numbers(column)
        return True


def read_table(path: Path, *, needs: Sequence[str] = (), skip: int = 0) -> list[Row]:
    """Return the rows of a table; see `open_table`."""
    return list(open_table(path, needs=needs, skip=skip).rows)


def open_table(path: Path, *, needs: Sequence[str] = (), words: Sequence[str] = (), skip: int = 0) -> Table:
    """Read a CSV, or the first sheet of an Excel file; which of them it is, its bytes say.

    needs: columns that must be there. words: columns that may be, whose cells are names and never numbers. Both are
    found whatever the case, blanks and underscores of their names. skip: lines above the header; lines above one that
    holds `needs` are skipped anyway.
    Raises InputError: not there, not a table, columns missing, two of one name, a column of values without a name.
    """
    sheet = _sheet(path)
    lines = [line for line in sheet.lines if line.number > skip]
    place = _header_place(lines, needs)
    header = lines[place] if lines else Line(number=1, cells=())
    body = lines[place + 1 :]
    columns = _columns(path.name, header, body, (*needs, *words))
    absent = [name for name in needs if name not in columns.values()]
    if absent:
        raise InputError(
            f"{path.name} has no column {', '.join(absent)}.",
            advice=f"Its header reads: {', '.join(cell for cell in header.cells if cell) or 'nothing'}.",
        )
    skipped = f"The first {place} lines of {path.name} were left out: the header is line {header.number}."
    notes = (*sheet.notes, skipped) if place else sheet.notes
    return _table(path.name, columns, body, sheet, words, notes)


def number_in(row: Row, column: str, where: str) -> float | None:
    """Return the number in a cell, None where it is empty; InputError names `where` for anything else."""
    text = row.get(column, "")
    if not text:
        return None
    value = as_number(text, Marks.UNCLEAR)
    if value is None:
        unclear = looks_like_number(text) and "," in text
        raise InputError(
            f"{where}: {column} is {text[:40]!r}.",
            advice="It may be thousands or decimals: write it without a comma."
            if unclear
            else "Expected a number or an empty cell.",
        )
    return value


def folded(name: str) -> str:
    """Return a column's name as it is compared: lower case, blanks and hyphens as underscores."""
    return re.sub(r"[\s_\-]+", "_", name.strip().strip("\ufeff").casefold()).strip("_")


def _sheet(path: Path) -> Sheet:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise InputError(f"{path.name} has {size // 1_000_000} MB.", advice="A table of labels is smaller.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, ValueError) as fault:
        reason = os.strerror(fault.errno) if isinstance(fault, OSError) and fault.errno else "no such name"
        raise InputError(f"{path} cannot be read: {reason}.", advice="Check the folder and the name.") from None
    for start, (what, advice) in _BINARY.items():
        if data.startswith(start):
            raise InputError(f"{path.name} is {what}.", advice=advice)
    if data.startswith(b"PK") or path.suffix.lower() in (".xlsx", ".xlsm"):
        return read_excel(data, path.name)
    return read_delimited(data, path.name)


def _header_place(lines: Sequence[Line], needs: Sequence[str]) -> int:
    """Return which line holds all of `needs`; where none does, that which holds most, for a refusal that helps."""
    wanted = {folded(name) for name in needs}
    held = [len(wanted & {folded(cell) for cell in line.cells}) for line in lines[:_HEADER_WITHIN]]
    return held.index(max(held)) if held else 0


def _columns(name: str, header: Line, body: Sequence[Line], canonical: Iterable[str]) -> dict[int, str]:
    """Return the columns by their place; those without a name are left out where they are empty."""
    known = {folded(one): one for one in canonical}
    width = max((len(line.cells) for line in body), default=0)
    titles = [*header.cells, *[""] * (width - len(header.cells))]
    columns: dict[int, str] = {}
    for place, title in enumerate(titles):
        if not title:
            line = next((line for line in body if place < len(line.cells) and line.cells[place]), None)
            if line is not None:
                raise InputError(
                    f"{name}, line {line.number}: {line.cells[place][:40]!r} stands under no column's name.",
                    advice="Name the column in the header, or quote cells that hold the separator.",
                )
            continue
        columns[place] = known.get(folded(title), title)
    _refuse_doubles(name, columns)
    return columns


def _refuse_doubles(name: str, columns: Mapping[int, str]) -> None:
    """Refuse two columns of one name, also where pandas has called the second NAME.1."""
    seen: dict[str, int] = {}
    for place, title in columns.items():
        key = folded(_RENAMED.sub("", title) if folded(_RENAMED.sub("", title)) in seen else title)
        if key in seen:
            raise InputError(
                f"{name} has two columns called {title}: number {seen[key] + 1} and number {place + 1}.",
                advice=f"Give each its own name; for two graders {title}@anna and {title}@bela.",
            )
        seen[key] = place


def _table(
    name: str,
    columns: Mapping[int, str],
    body: Sequence[Line],
    sheet: Sheet,
    words: Sequence[str],
    notes: tuple[str, ...],
) -> Table:
    held = [[line.cells[place] if place < len(line.cells) else "" for place in columns] for line in body]
    by_column = [[row[at] for row in held] for at in range(len(columns))]
    usual = _usual_marks(by_column, sheet.marks)
    titles = tuple(columns.values())
    cleaned = [
        _said(cells) if title in words else _cleaned(cells, usual)
        for title, cells in zip(titles, by_column, strict=True)
    ]
    rows = tuple(dict(zip(titles, cells, strict=True)) for cells in zip(*cleaned, strict=True)) if titles else ()
    return Table(
        name=name,
        columns=titles,
        rows=rows,
        lines=tuple(line.number for line in body),
        missing={title: _spelled(cells) for title, cells in zip(titles, by_column, strict=True)},
        dates={
            title: tuple(line.number for line in body if (line.number, place) in sheet.dates)
            for place, title in columns.items()
        },
        notes=notes,
    )


def _usual_marks(by_column: Sequence[Sequence[str]], usual: Marks) -> Marks:
    """Return what an unclear comma means: as in the other columns of the table, else as its separator tells."""
    told = {marks_of(cells, Marks.UNCLEAR) for cells in by_column if any("," in cell for cell in cells)}
    told.discard(Marks.UNCLEAR)
    return Marks.COMMA if told == {Marks.COMMA} else usual


def _said(cells: Sequence[str]) -> list[str]:
    return ["" if is_missing(cell) else cell for cell in cells]


def _cleaned(cells: Sequence[str], usual: Marks) -> list[str]:
    said = _said(cells)
    held = [cell for cell in said if cell]
    if sum(looks_like_number(cell) for cell in held) < _MOSTLY * len(held):
        return said
    marks = marks_of(held, usual)
    return [(plain_number(cell, marks) or cell) if cell else "" for cell in said]


def _spelled(cells: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in cells:
        if cell and (is_missing(cell) or is_error(cell)):
            counts[cell] = counts.get(cell, 0) + 1
    return counts
