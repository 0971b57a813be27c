"""Tables to files: CSV and Excel, in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from dermis.formats.files import write_bytes
from dermis.formats.tables.cells import as_number

__all__ = ["as_text_cell", "write_csv", "write_xlsx"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def as_text_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: text that begins as one gets an apostrophe in front.

    Numbers, also as text, stay as they are. Bytes of a file name that are no letters become question marks.
    """
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", "replace").decode("utf-8")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and as_number(text) is None else text


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV, UTF-8, with Unix line ends."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(as_text_cell(column) for column in columns)
    writer.writerows([as_text_cell(cell) for cell in row] for row in rows)
    write_bytes(path, held.getvalue().encode("utf-8"))


def write_xlsx(path: Path, rows: Iterable[Sequence[str | float | None]]) -> None:
    """Write one sheet of an Excel file, `rows` from the first line on; the same rows give the same bytes."""
    import openpyxl  # late: a fifth of a second

    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append([_NOT_IN_XML.sub("?", cell) if isinstance(cell, str) else cell for cell in row])
    for line in sheet.iter_rows():
        for cell in line:
            if cell.data_type == "f":
                cell.data_type = "s"
    draft = io.BytesIO()
    book.save(draft)
    write_bytes(path, _timeless(draft))


def _timeless(draft: io.BytesIO) -> bytes:
    """Return a zip archive with the times of its making taken out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(draft) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _TIMES.sub(rb"\g<1>1980-01-01T00:00:00Z\g<2>", content)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
