"""The first sheet of an Excel file, with what its makers do to cells: merged, dates, formulas, formats."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree import ElementTree

from dermis.errors import InputError
from dermis.formats.tables.cells import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Line, Sheet, too_large

__all__ = ["read_excel"]

_MOST_BYTES = {"xl/worksheets": 1 << 26, "xl/sharedStrings": 1 << 26}
_MOST_BYTES_OF_OTHERS = 1 << 23
_PADDED = re.compile(r'(?:"([A-Za-z]{1,8}[-_ ]?)")?(0{2,20})')
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")
_SAVE = "Save it as .xlsx or as CSV."

Area = tuple[int, int, int, int]
"""First row, last row (from 1), first column, last column (from 0)."""


def read_excel(data: bytes, name: str) -> Sheet:
    """Return the first visible sheet that holds anything.

    A merged area has its value in each of its cells. A whole number shown with leading zeros has them, and letters
    that its format puts before them (P0007); dates read as 2026-01-31. What the file says of its size is not believed.
    Raises InputError for a damaged or oversized file, and for a formula whose result was never stored.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive, name)
        return _read(data, name)
    except InputError:
        raise
    except MemoryError as fault:
        raise InputError(f"{name} needs more memory than there is.", advice=_SAVE) from fault
    except Exception as fault:  # there is hardly a class that damaged bytes do not raise
        raise InputError(f"{name} cannot be read as an Excel file ({type(fault).__name__}).", advice=_SAVE) from fault


def _check_sizes(archive: zipfile.ZipFile, name: str) -> None:
    for entry in archive.infolist():
        most = next((size for start, size in _MOST_BYTES.items() if entry.filename.startswith(start)), None)
        if entry.file_size > (most or _MOST_BYTES_OF_OTHERS) and not entry.filename.startswith("xl/media"):
            raise InputError(
                f"{name}: its part {entry.filename} has {entry.file_size // 1_000_000} MB when unpacked.",
                advice="Keep only the table in it, or save it as CSV.",
            )


def _read(data: bytes, name: str) -> Sheet:
    import openpyxl  # late: a fifth of a second

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or list(book.worksheets)
        for sheet in shown:
            found = _sheet(book, sheet, name)
            if found.lines or sheet is shown[-1]:
                note = f"{name} has {len(book.worksheets)} sheets; {sheet.title!r} was read."
                return Sheet(lines=found.lines, dates=found.dates, notes=(note,) if len(book.worksheets) > 1 else ())
    finally:
        book.close()
    raise InputError(f"{name} holds no sheet.", advice=_SAVE)


def _sheet(book: Any, sheet: Any, name: str) -> Sheet:  # noqa: ANN401 -- untyped library
    with book._archive.open(sheet._worksheet_path) as file:
        areas, bare = _areas_and_formulas(file)
    sheet.reset_dimensions()  # what a sheet says of its own size may be stale: rows behind it would be lost
    cells: dict[int, list[str]] = {}
    dates: dict[tuple[int, int], str] = {}
    count = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell) for cell in row[:MOST_COLUMNS]]
        dates |= {
            (number, at): texts[at] for at, cell in enumerate(row[:MOST_COLUMNS]) if isinstance(cell.value, date | time)
        }
        if any(texts):
            cells[number] = texts
            count += len(texts)
        if number > MOST_ROWS or count > MOST_CELLS or any(cell.value is not None for cell in row[MOST_COLUMNS:]):
            raise too_large(name)
    for area in areas:
        _fill(cells, area)
    if bare:
        where = ", ".join(bare[:3])
        raise InputError(
            f"{name}: {len(bare)} formulas have no stored result ({where}).",
            advice="Open it in Excel or LibreOffice, save it, and try again.",
        )
    return Sheet(lines=tuple(Line(number=at, cells=tuple(cells[at])) for at in sorted(cells)), dates=dates)


def _text(cell: Any) -> str:  # noqa: ANN401 -- untyped library
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    shown = _PADDED.fullmatch(cell.number_format or "") if isinstance(value, int) else None
    if shown is not None:
        return (shown[1] or "") + str(value).zfill(len(shown[2]))
    return str(value).strip()


def _areas_and_formulas(file: Any) -> tuple[list[Area], list[str]]:  # noqa: ANN401 -- a member of an archive
    """Return the merged areas of a sheet, and where formulas lie whose result is not stored."""
    areas: list[Area] = []
    bare: list[str] = []
    for _, element in ElementTree.iterparse(file):
        tag = element.tag.rpartition("}")[2]
        if tag == "mergeCell":
            areas += _areas_in(element.get("ref", ""))
        elif tag == "c":
            children = {child.tag.rpartition("}")[2]: child.text for child in element}
            if "f" in children and children.get("v") is None and element.get("t") != "str":
                bare.append(element.get("r") or "a cell")
        if tag == "row":
            element.clear()
    return areas, bare


def _areas_in(reference: str) -> Iterator[Area]:
    found = _RANGE.fullmatch(reference.upper())
    if found:
        left, top, right, bottom = found.groups()
        yield int(top), int(bottom), _column(left), _column(right)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _fill(cells: dict[int, list[str]], area: Area) -> None:
    """Write the value of a merged area into its cells, on the lines that hold anything."""
    top, bottom, left, right = area
    row = cells.get(top, [])
    value = row[left] if left < len(row) else ""
    if not value:
        return
    for number in [number for number in cells if top <= number <= bottom]:
        line = cells[number]
        end = min(right + 1, MOST_COLUMNS)
        line += [""] * (end - len(line))
        line[left:end] = [value] * (end - left)
