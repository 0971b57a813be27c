"""The values of one task in one region, wherever they were written, each with what its file says of whose it is.

A table with `task`, `region` and `value` in each row (of `dermis batch`: CSV, Excel or Parquet), a table with a column
called as the task, analyses as `dermis analyse --json` prints or `--out` writes them, or a folder of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.errors import InputError, UsageError
from dermis.formats.tables import folded, number_in, open_table

__all__ = ["NAMES", "Value", "named_columns", "values_in"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "photo": ("photo", "path", "file", "image"),
    "subject": (
        "subject",
        "subject_id",
        "subject_no",
        "subject_no.",
        "usubjid",
        "subjid",
        "participant",
        "patient",
        "id",
    ),
    "visit": ("visit", "week"),
    "arm": ("arm", "group"),
}
"""The columns that say whose a value is: the first of these words that is there."""

Said = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value, None where its row holds none. said: photo, subject, visit and arm, as far as its file says them."""

    value: float | None
    said: Said


def values_in(path: Path, task: str, region: str) -> Iterator[Value]:
    """Yield the values of a task in a region.

    Raises InputError: a folder without analyses, a table without such values, a cell that is no number.
    """
    if path.is_dir():
        files = sorted(path.rglob("analysis.json")) or sorted(path.glob("*.json"))
        if not files:
            raise InputError(f"{path} holds no analysis.json.", advice="Name the --out folder of `dermis analyse`.")
        for file in files:
            yield from _of_analyses(file, task, region)
    elif path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        yield from _of_analyses(path, task, region)
    else:
        columns, rows = _table(path)
        yield from _of_table(path, columns, rows, task, region)


def named_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return which column says photo, subject, visit and arm, as far as there is one."""
    by_fold = {folded(column): column for column in columns}
    hits = {field: next((by_fold[one] for one in words if one in by_fold), None) for field, words in NAMES.items()}
    return {field: column for field, column in hits.items() if column is not None}


def _table(path: Path) -> tuple[Sequence[str], list[tuple[str, Said]]]:
    """Return the columns of a table, and its rows as text, each with where it stands."""
    if path.suffix.lower() != ".parquet":
        table = open_table(path, words=(*NAMES["photo"], *NAMES["subject"], *NAMES["arm"]))
        places = (f"{path.name}, line {line}" for line in table.lines)
        return table.columns, list(zip(places, table.rows, strict=True))
    try:
        import pyarrow  # late: an extra
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UsageError("Parquet needs pyarrow.", advice="pip install 'dermis[batch]', or export as CSV.") from None
    try:
        held = parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid) as fault:
        raise InputError(f"{path} cannot be read as Parquet: {fault}.", advice="Check the file, or use CSV.") from None
    rows = [{name: _text(cell) for name, cell in row.items()} for row in held.to_pylist()]
    return held.column_names, [(f"{path.name}, row {number}", row) for number, row in enumerate(rows, start=1)]


def _text(cell: Any) -> str:  # noqa: ANN401 -- what Parquet holds
    """Return a cell as a sheet would show it: nothing for NaN, 7 for 7.0."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _of_table(
    path: Path, columns: Sequence[str], rows: Iterable[tuple[str, Said]], task: str, region: str
) -> Iterator[Value]:
    names, by_fold = named_columns(columns), {folded(column): column for column in columns}
    long = {"task", "value"} <= set(by_fold)
    if not long and folded(task) not in by_fold:
        raise InputError(f"{path.name} has neither task and value nor {task}.", advice=f"It has: {', '.join(columns)}.")
    column = by_fold["value"] if long else by_fold[folded(task)]
    for where, row in rows:
        if not long or (row[by_fold["task"]] == task and row.get(by_fold.get("region", ""), region) == region):
            yield Value(
                value=number_in(row, column, where), said={field: row[name] for field, name in names.items()}
            )  # fmt: skip


def _of_analyses(path: Path, task: str, region: str) -> Iterator[Value]:
    try:
        text = path.read_text(encoding="utf-8")
        held = [json.loads(text)] if path.suffix == ".json" else [json.loads(one) for one in text.splitlines() if one]
        for analysis in held:
            photo = {"photo": str(analysis["photo"].get("path") or analysis["photo"]["file"])}
            found = [
                None if one["value"] is None else float(one["value"])
                for one in analysis.get("findings", ())
                if one["task"] == task and one["region"] == region
            ]
            yield from (Value(value=value, said=photo) for value in found or [None])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(
            f"{path} is no analysis ({type(fault).__name__}).", advice="Make it with --json or --out."
        ) from None
