"""`dermis batch`: many photos to one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.streams import shown_text
from dermis.cli.terminal import progress
from dermis.errors import UsageError
from dermis.formats.tables.parquet import need_pyarrow
from dermis.models.registry import MODELS
from dermis.pipeline.batch import check
from dermis.pipeline.batch_photos import find_batch
from dermis.pipeline.batch_pool import Pool, cores
from dermis.pipeline.batch_run import SHARD_PHOTOS, Engine, Plan, page_of, plan_batch, run_batch
from dermis.pipeline.batch_table import Tables
from dermis.pipeline.options import AnalyseOptions

__all__ = ["batch"]

EXIT_NOT_USABLE = 3
_LISTED = 20
_MOST_SHARD = 64
_OF_ONE_PERSON = ("mask", "parts", "flash_pair", "pupils_mm", "person")
"""Options of `dermis analyse` that mean nothing for the photos of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(AnalyseOptions):
    r"""Measure many photos into one table, on one machine or many.

    \b
    dermis batch photos/ --out skin.parquet              a folder and all below it
    dermis batch visits.xlsx --out skin.parquet          a sheet with paths; its columns are joined
    dermis batch list.txt --out skin.parquet --csv       a path a line
    dermis batch s3://study/photos --out skin.parquet    an address that fsspec knows

    What is done is kept: stopped or killed, the same command goes on where it was. New photos are added, changed ones
    done again. Beside TABLE.parquet lie TABLE.photos.parquet, TABLE.html, a page over both, and TABLE.shards, from
    which the next run goes on; it may be deleted.

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable, 130 stopped.
    """

    source: Annotated[
        str, typer.Argument(metavar="FOLDER|LIST|SHEET|URI", help="A folder, .txt, .csv, .xlsx or an address.")
    ]
    out: Annotated[Path, "The table of findings.", "TABLE.parquet"]
    sheet: Annotated[Path | None, "Join the columns of this table (subject, visit); names match by path.", "TABLE"] = (
        None
    )
    csv: Annotated[bool, "Also write both tables as CSV."] = False
    workers: Annotated[int, "Photos at a time; default: one a processor core.", "N"] = 0
    reports: Annotated[bool, "Also write the report of each photo, in TABLE.reports."] = False
    maps: Annotated[bool, "Also write the maps of each photo, in TABLE.reports."] = False
    ray: Annotated[str, "Work on a Ray cluster: its address, or `local` for one on this machine.", "ADDRESS|local"] = ""
    shard: Annotated[int, "Photos that are kept together; after a kill at most these are done again.", "N"] = (
        SHARD_PHOTOS
    )
    json: JsonFlag = False


@verb(Batch, unlisted=_OF_ONE_PERSON)
def batch(options: Batch) -> int:
    """Find the photos, analyse those that are not done, write the tables."""
    need_pyarrow()
    start = perf_counter()
    asked = _asked(options)
    found = find_batch(options.source, options.sheet)
    for note in found.notes:
        print(shown_text(note), file=sys.stderr)
    fetch_with_progress([model.name for model in MODELS])
    workers = options.workers or cores()
    plan = plan_batch(
        found,
        options.out,
        asked,
        workers=workers,
        reports=options.reports,
        maps=options.maps,
        shard=options.shard,
    )
    if plan.before:
        print(f"{plan.before} of {len(found.photos)} photos are done already.", file=sys.stderr)
    with _progress(plan.left) as tell:
        tables = run_batch(plan, _engine(options, workers), tell, csv=options.csv)
    _say(options, plan, tables, workers=workers, seconds=perf_counter() - start)
    return 0 if tables.usable else EXIT_NOT_USABLE


def _asked(options: Batch) -> AnalyseOptions:
    """Return how each photo is analysed. Raises UsageError for what means nothing in a batch."""
    asked = AnalyseOptions(**{name: getattr(options, name) for name in AnalyseOptions.__dataclass_fields__})
    for name in _OF_ONE_PERSON:
        if getattr(options, name):
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} belongs to one person's photos.", advice="Use `dermis analyse` for them.")
    if not 1 <= options.shard <= _MOST_SHARD or options.workers < 0:
        raise UsageError(f"--shard takes 1 to {_MOST_SHARD}, --workers 1 or more.", advice="Leave them out.")
    check(asked, [])
    return asked


def _engine(options: Batch, workers: int) -> Engine:
    if not options.ray:
        return Pool(workers)
    from dermis.pipeline.batch_ray import ray_engine

    return ray_engine(options.ray, workers=options.workers)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Give what to call as photos are done: a bar on a terminal, elsewhere a line a tenth of the way."""
    done, start, step = 0, perf_counter(), max(1, total // 10)
    with progress(total, "measuring") as bar:

        def tell(count: int) -> None:
            nonlocal done
            before, done = done, done + count
            rate = done / (perf_counter() - start)
            bar.update(bar.task_ids[0], advance=count, description=f"{rate:.1f} photos/s")
            if not bar.console.is_terminal and done // step > before // step and done < total:
                print(
                    f"{done} of {total} photos, {rate:.2f} a second, {(total - done) / rate:.0f} s left.",
                    file=sys.stderr,
                )

        yield tell


def _say(options: Batch, plan: Plan, tables: Tables, *, workers: int, seconds: float) -> None:
    """Print what was written and what could not be used."""
    if options.json:
        print(json.dumps(_object(plan, tables, workers=workers, seconds=seconds), ensure_ascii=False))
        return
    print(f"{tables.count} photos, {tables.usable} usable, {tables.rows} findings in {seconds:.0f} s.")
    for path, code, reason in tables.refused[:_LISTED]:
        print(f"  {shown_text(path)}: {code}. {shown_text(reason)}")
    if len(tables.refused) > _LISTED:
        print(f"  and {len(tables.refused) - _LISTED} more; all in the table of photos.")
    print(f"Findings: {shown_text(str(tables.findings))}")
    print(f"Photos:   {shown_text(str(tables.photos))}")
    print(f"Page:     {shown_text(str(page_of(options.out)))}")


def _object(plan: Plan, tables: Tables, *, workers: int, seconds: float) -> dict[str, object]:
    done = tables.count - plan.before
    return {
        "schema": "dermis.batch/2",
        "findings": str(tables.findings),
        "photos": str(tables.photos),
        "page": str(page_of(plan.out)),
        "counts": {
            "photos": tables.count,
            "usable": tables.usable,
            "findings": tables.rows,
            "done_before": plan.before,
        },
        "refused": [{"path": path, "code": code, "reason": reason} for path, code, reason in tables.refused],
        "workers": workers,
        "seconds": round(seconds, 2),
        "photos_per_second": round(done / seconds, 3) if done else None,
    }
