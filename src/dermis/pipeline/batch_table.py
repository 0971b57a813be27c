"""The tables of a batch from its shards: one row a photo, one row a finding, in the order of the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from dermis.formats.tables.parquet import TableWriter, read_parquet
from dermis.pipeline.batch_photos import BatchInput
from dermis.pipeline.batch_shard import finding_fields, photo_fields

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ShardPlaces", "Tables", "photos_table", "shard_places", "write_tables"]

_OF_A_SHARD = ("key", "retry")
_SPREAD_OUT = ("quality", "seconds")
_BESIDE_FINDINGS = ("path", "file", "condition", "view")
_HELD_SHARDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardPlaces:
    """Where each photo that is done lies: key -> (shard, row).

    again: the same of photos that failed for a reason outside them. names: of the numbers that photos have, by map.
    """

    rows: Mapping[str, tuple[Path, int]]
    again: Mapping[str, tuple[Path, int]]
    names: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What was written, and what it holds; refused: the photos without an answer: path, code, reason."""

    findings: Path
    photos: Path
    rows: int
    count: int
    usable: int
    refused: tuple[tuple[str, str, str], ...]


def photos_table(out: Path) -> Path:
    """Return the path of the table of photos beside that of findings."""
    return out.with_name(f"{out.stem}.photos.parquet")


def shard_places(folder: Path) -> ShardPlaces:
    """Return where the photos of all whole shards lie; a shard that is not whole is taken away."""
    rows: dict[str, tuple[Path, int]] = {}
    again: dict[str, tuple[Path, int]] = {}
    names: dict[str, set[str]] = {name: set() for name in _SPREAD_OUT}
    for path in sorted(folder.glob("shard-*.parquet")):
        table = read_parquet(path, [*_OF_A_SHARD, *_SPREAD_OUT])
        if table is None:
            path.unlink(missing_ok=True)
            continue
        for row, (key, retry) in enumerate(zip(*(table[name].to_pylist() for name in _OF_A_SHARD), strict=True)):
            (again if retry else rows).setdefault(key, (path, row))
        for name in _SPREAD_OUT:
            names[name].update(pair[0] for pairs in table[name].to_pylist() for pair in pairs)
    return ShardPlaces(rows=rows, again=again, names={name: tuple(sorted(found)) for name, found in names.items()})


def write_tables(found: BatchInput, folder: Path, out: Path, *, csv: bool = False) -> Tables:
    """Write the tables of a batch from the shards in `folder`: photos that no shard holds are not in them.

    Raises UsageError where they cannot be written; then what stood there stands.
    """
    places = shard_places(folder)
    refused: list[tuple[str, str, str]] = []
    usable = 0
    with ExitStack() as held:
        findings = held.enter_context(TableWriter(out, csv_too=csv))
        photos = held.enter_context(TableWriter(photos_table(out), csv_too=csv))
        for part in _parts(found, places):
            told = _joined(part, found)
            photos.add(_photo_rows(told, places))
            findings.add(_finding_rows(told, tuple(found.columns)))
            answers = (part[name].to_pylist() for name in ("path", "problems", "reason", "usable"))
            for path, problems, reason, fit in zip(*answers, strict=True):
                usable += fit
                if not fit:
                    refused.append((path, problems[0], reason or ""))
    return Tables(
        findings=out,
        photos=photos_table(out),
        rows=findings.rows,
        count=photos.rows,
        usable=usable,
        refused=tuple(refused),
    )


def _parts(found: BatchInput, places: ShardPlaces) -> Iterator[pa.Table]:
    """Yield the rows of the photos in the order of the input, those that follow each other in one shard together."""
    there = {**places.again, **places.rows}
    known = (there[photo.key] for photo in found.photos if photo.key in there)
    held = lru_cache(maxsize=_HELD_SHARDS)(read_parquet)
    for path, rows in groupby(known, key=lambda place: place[0]):
        table = held(path)
        if table is not None:
            yield table.take([row for _, row in rows])


def _joined(part: pa.Table, found: BatchInput) -> pa.Table:
    """Return rows with the columns of the sheet after the photo's own names; a column of ours keeps its name."""
    import pyarrow as pa  # late: 0.1 s

    paths = {photo.key: photo.path for photo in found.photos} if found.columns else {}
    ours = {*part.column_names, *(field.name for field in finding_fields())}
    for place, (name, cells) in enumerate(found.columns.items()):
        numbers = any(isinstance(cell, float) for cell in cells.values())
        values = [cells.get(paths[key]) for key in part["key"].to_pylist()]
        title = f"sheet_{name}" if name in ours else name
        part = part.add_column(4 + place, title, pa.array(values, pa.float64() if numbers else pa.string()))
    return part


def _photo_rows(part: pa.Table, places: ShardPlaces) -> pa.Table:
    """Return the table of photos: without what only shards need, each named number in a column of its own."""
    import pyarrow as pa

    table = part.drop_columns([*_OF_A_SHARD, *_SPREAD_OUT, "findings"])
    for name in _SPREAD_OUT:
        rows = [dict(pairs) for pairs in part[name].to_pylist()]
        for number in places.names[name]:
            values = pa.array([row.get(number) for row in rows], pa.float64())
            table = table.append_column(f"{name}_{number}", values)
    return table.combine_chunks()


def _finding_rows(part: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return the table of findings: each with what says which photo it is of."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ours = {field.name for field in photo_fields()} | {"findings"}
    beside = [name for name in part.column_names if name in _BESIDE_FINDINGS or name not in ours]
    lists = part["findings"].combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    parents = pc.list_parent_indices(lists)
    inner = pa.Table.from_struct_array(pc.list_flatten(lists))
    return _beside(part.select(beside).take(parents), inner)


def _beside(left: pa.Table, right: pa.Table) -> pa.Table:
    for name in right.column_names:
        left = left.append_column(right.schema.field(name), right[name])
    return left.combine_chunks()
