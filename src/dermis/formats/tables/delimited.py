"""Tables as text: CSV with any separator, in the encodings that spreadsheets write."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import islice

from dermis.errors import InputError
from dermis.formats.tables.cells import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Line, Marks, Sheet, too_large

__all__ = ["read_delimited"]

_SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT = 20
_BYTE_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_ROWS_IN_A_CELL = 3
_SAVE = "Save it as CSV, UTF-8."
_FORMULA_STARTS = "=+-@"


def read_delimited(data: bytes, name: str) -> Sheet:
    """Return the lines of a CSV: separator and encoding are told by its content.

    Raises InputError for what is no text, and for a line with more cells than its header.
    """
    text, notes = _decoded(data, name)
    if text.count("\n") > MOST_ROWS:
        raise too_large(name)
    separator, text, first = _stated_separator(text)
    separator = separator or _separator(text)
    lines = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        start, count = first, 0
        open_end = text.count("\n") if _ends_quoted(text, separator) else None
        for row in reader:
            count += len(row)
            if len(row) > MOST_COLUMNS or count > MOST_CELLS:
                raise too_large(name)
            if _swallows_rows(row, separator) or (open_end is not None and reader.line_num >= open_end):
                raise InputError(
                    f"{name}, line {start}: a quotation mark is not closed and takes in the rows behind it.",
                    advice="Close it, or write the cell without quotation marks.",
                )
            cells = tuple(_unquoted(cell.strip()) for cell in row)
            if any(cells):
                lines.append(Line(number=start, cells=cells))
            start = first + reader.line_num
    except csv.Error as fault:
        raise InputError(f"{name} cannot be read as CSV ({fault}).", advice=_SAVE) from None
    # A comma inside a cell of a file that is parted by commas was quoted: nobody quotes a decimal point.
    return Sheet(lines=tuple(lines), marks=Marks.POINT if separator == "," else Marks.UNCLEAR, notes=notes)


def _swallows_rows(row: Sequence[str], separator: str) -> bool:
    """Return whether a cell holds what look like rows of the table: as many cells as the row in each further line."""
    for cell in row:
        behind = [line for line in cell.split("\n")[1:] if line.strip()]
        if behind and len({line.count(separator) for line in behind}) == 1 and separator in behind[0]:
            return len(behind) >= _ROWS_IN_A_CELL
    return False


def _ends_quoted(text: str, separator: str) -> bool:
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            pass
    except csv.Error as fault:
        return "unexpected end" in str(fault)
    return False


def _decoded(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    encoding = next((named for mark, named in _BYTE_MARKS if data.startswith(mark)), "")
    if not encoding and b"\0" in data[:64]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding or b"\0" in data:
            raise InputError(f"{name} is no text.", advice=_SAVE) from None
        text = _western(data, name)
        return text, (f"{name} is not UTF-8 and was read as Windows-1252; check its letters with accents.",)
    if "\0" in text:
        raise InputError(f"{name} is no text: it holds zeros.", advice=_SAVE)
    return text, ()


def _western(data: bytes, name: str) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise InputError(f"{name} cannot be read as CSV: its letters are unknown.", advice=_SAVE) from None


def _stated_separator(text: str) -> tuple[str, str, int]:
    """Return the separator that a first line `sep=;` states, "" without one, the text behind it, and its first line."""
    head, found, rest = text.partition("\n")
    stated = head.strip().strip('"').lower()
    if found and stated.startswith("sep=") and len(head.strip().strip('"')) == 5:
        return head.strip().strip('"')[4], rest, 2
    if found and stated == "sep=":
        return "\t", rest, 2
    return "", text, 1


def _separator(text: str) -> str:
    """Return the separator that parts the first lines most evenly; a comma where none parts them."""
    return max(_SEPARATORS, key=lambda separator: (*_evenness(text, separator), -_SEPARATORS.index(separator)))


def _evenness(text: str, separator: str) -> tuple[float, int]:
    try:
        rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), _LOOKED_AT))
    except csv.Error:
        return 0.0, 0
    counts: Sequence[int] = [len(row) for row in rows if any(row)]
    if not counts or counts[0] < 2:
        return 0.0, 0
    return sum(count == counts[0] for count in counts) / len(counts), counts[0]


def _unquoted(cell: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in tuple(_FORMULA_STARTS) else cell
