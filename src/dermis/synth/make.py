"""Making a set from its recipe: in parallel, resumable, the same files however many work on it.

A picture's record in `truth/` is moved into place after everything else of that picture, so a picture whose record
is there is finished; what a killed run left half done is made again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from dermis.datasets.dataset import MADE
from dermis.errors import UsageError
from dermis.synth.card import write_card
from dermis.synth.contact_sheet import write_contact_sheet, write_lesion_sheet
from dermis.synth.layouts import LAYOUTS, Job
from dermis.synth.recipe import Recipe, recipe_hash
from dermis.synth.record import Record, read_record, write_record

__all__ = ["make_set", "plan_set"]

TRUTH, _UNFINISHED = "truth", ".unfinished"
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def plan_set(recipe: Recipe, out: Path) -> tuple[list[Job], int]:
    """Return the jobs of `recipe` that are not finished in `out`, and how many pictures these still are.

    Raises UsageError where `out` holds something else than a part of this set.
    """
    marker = out / MADE
    if marker.is_file():
        found = json.loads(marker.read_text(encoding="utf-8")).get("hash")
        if found != recipe_hash(recipe):
            raise UsageError(f"{out} holds a set of another recipe ({found}).", advice="Choose an empty folder.")
    elif out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty.", advice="Choose an empty folder, or the one of a set to go on with.")
    jobs = [(job, _missing(out, job)) for job in LAYOUTS[recipe.layout].plan(recipe)]
    return [job for job, missing in jobs if missing], sum(len(missing) for _, missing in jobs)


def _missing(out: Path, job: Job) -> list[str]:
    return [name for name in job.records if not (out / TRUTH / f"{name}.json").is_file()]


def make_set(
    recipe: Recipe, out: Path, *, workers: int = 1, progress: Callable[[int], None] = lambda made: None
) -> list[Record]:
    """Make the set of `recipe` in `out`, or finish it; return all records by name.

    workers: processes; 0 works in this one, where more threads may change a last digit. progress: called with the
    number of pictures each job made.
    Raises UsageError as `plan_set`.
    """
    jobs, _ = plan_set(recipe, out)
    out.mkdir(parents=True, exist_ok=True)
    said = {"hash": recipe_hash(recipe), "recipe": asdict(recipe)}
    (out / MADE).write_text(json.dumps(said, indent=1), encoding="utf-8")
    for made in _made(recipe, out, jobs, workers):
        progress(made)
    shutil.rmtree(out / _UNFINISHED, ignore_errors=True)
    records = [read_record(path) for path in sorted((out / TRUTH).glob("*.json"))]
    LAYOUTS[recipe.layout].finish(recipe, out, records)
    write_card(out, recipe, records)
    write_contact_sheet(out / "contact-sheet.png", out, records)
    write_lesion_sheet(out / "lesions.png", out, records)
    return records


def _made(recipe: Recipe, out: Path, jobs: list[Job], workers: int) -> Iterator[int]:
    """Work on `jobs` in processes of their own, one thread each: then no sum depends on how work is shared out."""
    if not jobs or workers == 0:
        yield from (make_job(recipe, out, job) for job in jobs)
        return
    with _one_thread_each(), ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        tasks: list[Future[int]] = [pool.submit(make_job, recipe, out, job) for job in jobs]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def make_job(recipe: Recipe, out: Path, job: Job) -> int:
    """Make what is missing of one job and move it into place; return how many pictures."""
    names = _missing(out, job)
    folder = out / _UNFINISHED / job.records[0]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    records = LAYOUTS[recipe.layout].make(recipe, job, names, folder)
    _move(folder, out)
    (folder / TRUTH).mkdir(exist_ok=True)
    for record in records:
        write_record(folder / TRUTH / f"{record.name}.json", record)
    _move(folder, out)
    shutil.rmtree(folder)
    return len(names)


def _move(folder: Path, out: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = out / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
