"""The cells of a table as they lie in its file, before anything is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dermis.errors import InputError
from dermis.formats.tables.cells import Marks

__all__ = ["MOST_CELLS", "MOST_COLUMNS", "MOST_ROWS", "Line", "Sheet", "too_large"]

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
