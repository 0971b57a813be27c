"""The cells of a table as they lie in its file, and what each says: nothing, a number, a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dermis.errors import InputError

__all__ = [
    "MOST_CELLS",
    "MOST_COLUMNS",
    "MOST_ROWS",
    "Line",
    "Marks",
    "Sheet",
    "as_number",
    "is_error",
    "is_missing",
    "looks_like_number",
    "marks_of",
    "plain_number",
    "too_large",
]

_MISSING = frozenset(
    ["", "na", "n/a", "n.a.", "<na>", "#na", "nan", "null", "nil", "missing", "k.a.", "-", "--", "---", ".", "..", "?"]
)
_ERRORS = frozenset(
    ["#n/a", "#n/a n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#getting_data", "#spill!",
     "#calc!", "#nv", "#wert!", "#bezug!", "#zahl!"]
)  # fmt: skip
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2012": "-"})
_SPACES = re.compile(r"(?<=\d)['\u2019\u00a0\u202f\u2009 ](?=\d{3}(?:\D|$))")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+", re.ASCII) for mark in ",."}
_DIGITS = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?", re.ASCII)
_LONGEST = 64


class Marks(StrEnum):
    """What comma and point mean in the numbers of a column."""

    POINT = "a point before decimals"
    COMMA = "a comma before decimals"
    UNCLEAR = "1,024 may be 1024 or 1.024"


def is_missing(text: str) -> bool:
    """Return whether a cell says that nothing is known: empty, NA, N/A, NaN, NULL, a dash, an error of Excel."""
    return text.translate(_DASHES).lower().replace("n. a.", "n.a.").replace("k. a.", "k.a.") in _MISSING or is_error(
        text
    )


def is_error(text: str) -> bool:
    """Return whether a cell holds an error of a spreadsheet, such as #N/A."""
    return text.startswith("#") and text.lower() in _ERRORS


def as_number(text: str, marks: Marks = Marks.POINT) -> float | None:
    """Return the number that a cell holds, None for anything else; no infinity and no NaN."""
    plain = plain_number(text, marks)
    if plain is None:
        return None
    value = float(plain)
    return value if abs(value) < float("inf") else None


def plain_number(text: str, marks: Marks) -> str | None:
    """Return a number without marks of thousands and with a decimal point, None where the cell holds none.

    Without such marks the text comes back as it is, leading zeros kept.
    """
    if len(text) > _LONGEST:
        return None
    bare = _SPACES.sub("", text.translate(_DASHES))
    if "," not in bare and "." not in bare:
        return bare if _NUMBER.fullmatch(bare) else None
    if marks is Marks.UNCLEAR and "," in bare:
        return None
    decimal, thousands = (",", ".") if marks is Marks.COMMA else (".", ",")
    whole, found, rest = bare.partition(decimal)
    if thousands in whole:
        if not _GROUPED[thousands].fullmatch(whole):
            return None
        whole = whole.replace(thousands, "")
    plain = f"{whole}.{rest}" if found else whole
    return plain if _NUMBER.fullmatch(plain) else None


def looks_like_number(text: str) -> bool:
    """Return whether a cell is made of digits with points and commas, whatever these mean."""
    return len(text) <= _LONGEST and _DIGITS.fullmatch(_SPACES.sub("", text.translate(_DASHES))) is not None


def marks_of(cells: Iterable[str], usual: Marks) -> Marks:
    """Return what comma and point mean in a column, as its cells show together.

    usual: what they mean where each could be either, such as 1,024 alone.
    """
    numbers = [_SPACES.sub("", cell.translate(_DASHES)) for cell in cells if looks_like_number(cell)]
    commas = [cell for cell in numbers if "," in cell]
    points = [cell for cell in numbers if "." in cell]
    if any(cell.rfind(",") > cell.rfind(".") >= 0 for cell in commas):
        return Marks.COMMA  # 1.024,5
    if any(cell.rfind(".") > cell.rfind(",") >= 0 for cell in commas):
        return Marks.POINT  # 1,024.5
    if any(not _GROUPED[","].fullmatch(cell) for cell in commas):
        return Marks.COMMA  # 2,5
    if any(not _GROUPED["."].fullmatch(cell) for cell in points) or any(cell.count(",") > 1 for cell in commas):
        return Marks.POINT  # 2.5, and 1,024,000
    if any(cell.count(".") > 1 for cell in points):
        return Marks.COMMA  # 1.024.000
    return usual if commas or usual is Marks.COMMA else Marks.POINT


MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 1 << 20, 4096, 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a sheet: its number as programs count, from 1, and its cells without blanks around them."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet without its empty lines.

    marks: what a comma means that could be either. dates: by line and column (from 0), cells that the spreadsheet holds
    as dates. notes: what was decided while reading, for the user.
    """

    lines: tuple[Line, ...]
    marks: Marks = Marks.UNCLEAR
    dates: Mapping[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def too_large(name: str) -> InputError:
    """Return the refusal of a table beyond these bounds."""
    return InputError(f"{name} is larger than a table of labels.", advice="Keep only the table in it.")
