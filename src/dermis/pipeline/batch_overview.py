"""The page of a batch from its tables: what is read of them, some photos of very many, and written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Region
from dermis.formats.tables.parquet import parquet_batches
from dermis.pipeline.batch_shard import photo_fields
from dermis.pipeline.batch_table import Tables
from dermis.report.batch_page import BatchColumns, write_batch_page
from dermis.tasks import TASKS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_batch_overview"]

_MOST = 20_000
"""Of more photos the page shows so many, evenly taken; counts are of all."""
_DATES = ("date", "visit_date", "taken", "time", "visit")
_WORDS = ("condition", "view", "camera_make", "camera_model")
_UNREAD = ("file", "sha256", "reason", "models", "report", "dermis")
_OF_FINDINGS = ("path", "task", "region", "value", "interval_low", "interval_high")

Floats = NDArray[np.float64]


def write_batch_overview(tables: Tables, path: Path) -> Path:
    """Write the page over the tables of a batch; return its path. Raises UsageError."""
    problems: Counter[str] = Counter()
    held, models = _photos(tables, problems)
    paths = held.column("path").to_pylist()
    columns = _columns(held)
    order, by = _order(held, columns)
    findings, half_widths = _findings(tables, paths)
    conditions = Counter(held.column("condition").to_pylist())
    facts = {
        "Findings": str(tables.rows),
        "Taken how": ", ".join(f"{name} {count}" for name, count in conditions.most_common()),
        "Time": by,
        "Models": "; ".join(sorted(models)),
    }
    page = BatchColumns(
        photos=tables.count,
        usable=tables.usable,
        problems=problems,
        facts=facts,
        order=order,
        columns=columns,
        findings=findings,
        half_widths=half_widths,
    )
    return write_batch_page(path, page, TASKS)


def _photos(tables: Tables, problems: Counter[str]) -> tuple[pa.Table, set[str]]:
    """Return some rows of the table of photos, and the versions that measured; count the problems of all."""
    import pyarrow as pa  # late: 0.1 s

    step = -(-tables.count // _MOST) or 1
    parts, start, models = [], 0, set[str]()
    for part in parquet_batches(tables.photos):
        problems.update(code for codes in part.column("problems").to_pylist() for code in codes)
        for said in set(part.column("models").unique().to_pylist()):
            models.update(f"{name} {version}" for name, version in json.loads(said).items())
        chosen = np.arange(-start % step, part.num_rows, step)
        parts.append(part.drop_columns([name for name in _UNREAD if name in part.column_names]).take(chosen))
        start += part.num_rows
    return pa.concat_tables(parts), models


def _columns(held: pa.Table) -> dict[str, Floats | Sequence[str | None]]:
    """Return what a photo can be told apart by: its sheet, its capture, its measures of quality."""
    import pyarrow as pa

    ours = {field.name for field in photo_fields()} - set(_WORDS)
    found: dict[str, Floats | Sequence[str | None]] = {}
    for name in held.column_names:
        kind = held.schema.field(name).type
        if pa.types.is_floating(kind):
            found[name] = _floats(held.column(name))
        elif pa.types.is_string(kind) and name not in ours:
            found[name] = held.column(name).to_pylist()
    return found


def _floats(column: Any) -> Floats:  # noqa: ANN401 -- of pyarrow
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _order(held: pa.Table, columns: Mapping[str, Floats | Sequence[str | None]]) -> tuple[Floats, str]:
    """Return when each photo was taken as far as is known, seconds since 1970, and what says so."""
    for name in _DATES:
        cells = columns.get(name)
        if cells is None or isinstance(cells, np.ndarray):
            continue
        times = np.array([_time(cell) for cell in cells], dtype=np.float64)
        if np.isfinite(times).sum() > len(times) / 2:
            return times, f"the column {name}"
    modified = held.column("modified").to_pylist()
    times = np.array([np.nan if one is None else one.timestamp() for one in modified], dtype=np.float64)
    return times, "when each file was last changed"


def _time(cell: str | None) -> float:
    try:
        told = datetime.fromisoformat(cell or "")
    except ValueError:
        return float("nan")
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _findings(tables: Tables, paths: Sequence[str]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the value of each task for the whole face by photo, and half its interval."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(paths, pa.string())
    values: dict[str, Floats] = {}
    halves: dict[str, Floats] = {}
    for part in parquet_batches(tables.findings, _OF_FINDINGS):
        faces = part.filter(pc.equal(part.column("region"), Region.FACE.value))
        rows = pc.index_in(faces.column("path"), value_set=known)
        for task in faces.column("task").unique().to_pylist():
            chosen = pc.and_(pc.equal(faces.column("task"), task), pc.is_valid(rows))
            at = np.asarray(rows.filter(chosen).to_numpy(), dtype=np.intp)
            of_task = faces.filter(chosen)
            low, high = (_floats(of_task.column(name)) for name in ("interval_low", "interval_high"))
            for held, answers in ((values, _floats(of_task.column("value"))), (halves, (high - low) / 2)):
                held.setdefault(task, np.full(len(paths), np.nan))[at] = answers
    return values, halves
