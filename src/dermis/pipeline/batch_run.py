"""A batch from its photos to its tables: what is done already, what is to do, who does it, what is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from dermis.errors import UsageError
from dermis.formats.files import folder_name, make_folder
from dermis.pipeline.batch_overview import write_batch_overview
from dermis.pipeline.batch_photos import BatchInput, BatchPhoto
from dermis.pipeline.batch_shard import Asked, ShardDone, ShardJob, run_shard
from dermis.pipeline.batch_table import Tables, shard_places, write_tables
from dermis.pipeline.options import AnalyseOptions

__all__ = ["Engine", "Plan", "jobs_of", "one_by_one", "page_of", "plan_batch", "run_batch"]

SHARD_PHOTOS = 32
_FEWEST = 4
_ROUNDS = 2
"""Towards the end shards get smaller, so that no worker is left alone with a large one for long."""


class Engine(Protocol):
    """Who works on shards: yields each as it is done; `tell` hears of photos as they are done."""

    def __call__(self, jobs: Sequence[ShardJob], tell: Callable[[int], None]) -> Iterator[ShardDone]:
        """Work on all jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is left to do for a table, and how many photos an earlier run has done."""

    found: BatchInput
    out: Path
    asked: Asked
    before: int
    jobs: tuple[ShardJob, ...] = field(repr=False)

    @property
    def left(self) -> int:
        """How many photos are to do."""
        return len(self.found.photos) - self.before


def plan_batch(
    found: BatchInput,
    out: Path,
    options: AnalyseOptions,
    *,
    workers: int,
    reports: bool = False,
    maps: bool = False,
    shard: int = SHARD_PHOTOS,
) -> Plan:
    """Return what is to do to get the table `out`.

    Shards lie in a folder beside it. Those of the same version, models and options count, by the photos in them.
    Raises UsageError where the place cannot be written.
    """
    if out.suffix != ".parquet":
        raise UsageError(f"The table is called {out.name}.", advice="Give it a name that ends with .parquet.")
    if out.is_dir():
        raise UsageError(f"{out} is a folder.", advice="Name a file in it.")
    asked = Asked(options=options, shards="", report=reports, maps=maps)
    folder = out.with_name(f"{out.stem}.shards") / asked.key()
    asked = Asked(
        options=options,
        shards=str(make_folder(folder)),
        reports=str(out.with_name(f"{out.stem}.reports")) if reports or maps else "",
        report=reports,
        maps=maps,
    )
    there = shard_places(folder).rows
    names = _folders(found) if asked.reports else {}
    left = [photo for photo in found.photos if photo.key not in there]
    jobs = tuple(jobs_of(left, asked, workers=workers, shard=shard, folders=names))
    return Plan(found=found, out=out, asked=asked, before=len(found.photos) - len(left), jobs=jobs)


def jobs_of(
    photos: Sequence[BatchPhoto],
    asked: Asked,
    *,
    workers: int,
    shard: int = SHARD_PHOTOS,
    folders: dict[str, str] | None = None,
) -> Iterator[ShardJob]:
    """Yield the jobs that make up all photos: of `shard` photos each, fewer towards the end."""
    start = 0
    while start < len(photos):
        fair = -(-(len(photos) - start) // (_ROUNDS * workers))
        part = tuple(photos[start : start + min(shard, max(min(_FEWEST, shard), fair))])
        yield ShardJob(
            asked=asked, photos=part, folders=tuple(folders[photo.path] for photo in part) if folders else ()
        )
        start += len(part)


def one_by_one(jobs: Sequence[ShardJob], tell: Callable[[int], None]) -> Iterator[ShardDone]:
    """Work on shards in this process; an `Engine`."""
    for job in jobs:
        yield run_shard(job, done=lambda: tell(1))


def run_batch(plan: Plan, engine: Engine, tell: Callable[[int], None], *, csv: bool = False) -> Tables:
    """Do what a plan leaves to do and write its tables and the page over them.

    Raises KeyboardInterrupt as it comes; what is done is kept, and the next plan goes on from there.
    """
    for _ in engine(plan.jobs, tell):
        pass
    tables = write_tables(plan.found, Path(plan.asked.shards), plan.out, csv=csv)
    write_batch_overview(tables, page_of(plan.out))
    _clear(Path(plan.asked.shards))
    return tables


def page_of(out: Path) -> Path:
    """Return the path of the page over a table."""
    return out.with_suffix(".html")


def _clear(folder: Path) -> None:
    """Take away drafts, and the shards of other versions, models or options, once the table stands without them."""
    with suppress(OSError):
        for draft in folder.glob("*.tmp"):
            draft.unlink()
        for other in folder.parent.iterdir():
            if other != folder and any(other.glob("shard-*")):
                shutil.rmtree(other, ignore_errors=True)


def _folders(found: BatchInput) -> dict[str, str]:
    """Return the folder of each photo's report below that of all: the photo's own folders, then its name."""
    taken: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for photo in found.photos:
        parts = list(_inside(photo.path, found.root))
        home = "/".join(folder_name(part, {}) for part in parts[:-1])
        stem = PurePosixPath(parts[-1]).stem
        names[photo.path] = "/".join(filter(None, (home, folder_name(stem, taken.setdefault(home, {})))))
    return names


def _inside(path: str, root: str) -> Iterable[str]:
    """Return the parts of a path below `root`; of one elsewhere, all but those that lead up or to the top."""
    inside = path[len(root) :] if path.startswith(root) else path
    parts = [part for part in inside.replace(os.sep, "/").split("/") if part not in ("", ".", "..")]
    return parts or [path]
