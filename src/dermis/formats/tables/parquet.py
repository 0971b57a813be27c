"""Parquet: tables written aside and renamed, read column by column, joined without holding them whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from dermis.errors import UsageError
from dermis.formats.files import refuse_write
from dermis.formats.tables.writing import as_text_cell

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableWriter", "need_pyarrow", "parquet_batches", "read_parquet", "write_parquet"]

_ROWS_A_GROUP = 1 << 16


def need_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise UsageError(
            "A batch writes Parquet with pyarrow, which this installation does not have.",
            advice="Install it with: pip install 'dermis[batch]'.",
        )


def write_parquet(table: pa.Table, path: Path, draft: Path) -> None:
    """Write a table to `draft` and rename it to `path`: a reader finds all of it or nothing. Raises UsageError."""
    import pyarrow.parquet as pq  # late: 0.2 s

    try:
        pq.write_table(table, draft, compression="zstd")
        draft.replace(path)
    except OSError as fault:
        raise refuse_write(path, fault) from fault


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table | None:
    """Return a table, or None where the file is not there or not whole."""
    import pyarrow as pa  # late: 0.1 s
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as held:
            return held.read(columns)
    except (OSError, pa.ArrowInvalid):
        return None


def parquet_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield a table in pieces that fit in memory, however long it is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as held:
        for batch in held.iter_batches(_ROWS_A_GROUP, columns=None if columns is None else list(columns)):
            yield pa.Table.from_batches([batch])


class TableWriter:
    """One table in the making, as Parquet and, if asked, as CSV; under its name it appears when all of it is there."""

    def __init__(self, path: Path, *, csv_too: bool = False) -> None:
        """Begin a table at `path`; its CSV has the same name with another ending."""
        self._path, self._draft = path, path.with_name(f".{path.name}.tmp")
        self._csv = path.with_suffix(".csv") if csv_too else None
        self._parts: list[pa.Table] = []
        self._held = 0
        self._writer: Any = None
        self._lines: TextIO | None = None
        self.rows = 0

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: object, trace: TracebackType | None) -> None:
        try:
            try:
                if kind is None:
                    self._write()
            finally:
                for one in (self._writer, self._lines):
                    if one is not None:
                        one.close()
            if kind is None:
                self._draft.replace(self._path)
                if self._csv is not None:
                    self._csv_draft.replace(self._csv)
        except OSError as broken:
            raise refuse_write(self._path, broken) from broken
        finally:
            for draft in (self._draft, self._csv_draft):
                with suppress(OSError):
                    draft.unlink()

    def add(self, table: pa.Table) -> None:
        """Add rows; the first call fixes the columns. Raises UsageError where they cannot be written."""
        self._parts.append(table)
        self._held += table.num_rows
        self.rows += table.num_rows
        if self._held >= _ROWS_A_GROUP:
            try:
                self._write()
            except OSError as fault:
                raise refuse_write(self._path, fault) from fault

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._parts:
            return
        table = pa.concat_tables(self._parts)
        self._parts, self._held = [], 0
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._draft, table.schema, compression="zstd")
        self._writer.write_table(table)
        if self._csv is not None:
            self._write_lines(table)

    @property
    def _csv_draft(self) -> Path:
        return self._path.with_name(f".{self._path.stem}.csv.tmp")

    def _write_lines(self, table: pa.Table) -> None:
        first = self._lines is None
        if self._lines is None:
            self._lines = self._csv_draft.open("w", encoding="utf-8", newline="")
        writer = csv.writer(self._lines, lineterminator="\n")
        if first:
            writer.writerow(as_text_cell(name) for name in table.column_names)
        for row in _rows(table):
            writer.writerow([_cell(value) for value in row.values()])


def _rows(table: pa.Table) -> Iterator[Mapping[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _cell(value: object) -> object:
    """Return a cell of a CSV: nothing is empty, a list is its words with semicolons between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return json.dumps(value)
    return as_text_cell("; ".join(map(str, value)) if isinstance(value, list) else value)
