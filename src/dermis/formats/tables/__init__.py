"""Tables of grades and labels as people make them: CSV and Excel to rows of text, and back.

One reader for every sheet: `open_table` gives the rows with their lines and what was decided, `read_table` the rows.
"""

from __future__ import annotations

from dermis.formats.tables.table import Row, Table, folded, number_in, open_table, read_table
from dermis.formats.tables.writing import as_text_cell, write_csv, write_xlsx

__all__ = [
    "Row",
    "Table",
    "as_text_cell",
    "folded",
    "number_in",
    "open_table",
    "read_table",
    "write_csv",
    "write_xlsx",
]
