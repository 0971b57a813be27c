"""Tables of grades and labels: CSV and Excel to rows of text, and back."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dermis.errors import InputError

__all__ = ["Row", "number_in", "read_table", "write_csv", "write_xlsx"]

Row = Mapping[str, str]
"""One row of a table: text by column, "" where the cell is empty."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def read_table(path: Path, *, needs: Sequence[str] = (), skip: int = 0) -> list[Row]:
    """Return the rows of a CSV or of the first sheet of an Excel file.

    needs: columns that must be there. skip: lines above the header. Numbers come as text, whole ones without a
    decimal point; rows without any text are left out.
    Raises InputError: not there, not a table, columns missing.
    """
    lines = _excel(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    header, body = lines[skip : skip + 1], lines[skip + 1 :]
    columns = [name.strip() for name in header[0]] if header else []
    missing = [name for name in needs if name not in columns]
    if missing:
        raise InputError(
            f"{path.name} has no column {', '.join(missing)}.",
            advice=f"Its header reads: {', '.join(columns) or 'nothing'}.",
        )
    return [dict(zip(columns, [*line, *[""] * len(columns)], strict=False)) for line in body if any(line)]


def _csv(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [[cell.strip() for cell in line] for line in csv.reader(file)]
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise InputError(f"{path.name} cannot be read as CSV ({fault}).", advice="Save it as CSV, UTF-8.") from None


def _excel(path: Path) -> list[list[str]]:
    import openpyxl  # late: a fifth of a second

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as fault:
        raise InputError(
            f"{path.name} cannot be read as an Excel file ({fault}).", advice="Save it as .xlsx or as CSV."
        ) from None
    try:
        return [[_text(cell) for cell in line] for line in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def number_in(row: Row, column: str, where: str) -> float | None:
    """Return the number in a cell, None where it is empty; InputError names `where` for anything else."""
    text = row.get(column, "").replace(",", ".") if row.get(column, "").count(",") == 1 else row.get(column, "")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{where}: {column} is {text!r}.", advice="Expected a number or an empty cell.") from None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV, UTF-8, with Unix line ends."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_xlsx(path: Path, rows: Iterable[Sequence[str | float | None]]) -> None:
    """Write one sheet of an Excel file, `rows` from the first line on; the same rows give the same bytes."""
    import openpyxl  # late: a fifth of a second

    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    draft = io.BytesIO()
    book.save(draft)
    path.write_bytes(_timeless(draft))


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
