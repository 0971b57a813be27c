"""Shards on a Ray cluster: the same function on many machines. The only user of ray.

Ray Data hands out the shards. Its own checkpoints are not used: they do work twice after a kill; the shards that lie in
the folder, which all machines must see, say what is done.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dermis.errors import InputError, UsageError
from dermis.pipeline.batch_pool import Pool, cores
from dermis.pipeline.batch_run import Engine
from dermis.pipeline.batch_shard import ShardDone, ShardJob, run_shard
from dermis.settings import ONE_THREAD

__all__ = ["ray_engine"]

_CPUS = 0.9
"""Of one worker. With a whole one, workers and the tasks of Ray Data itself wait for each other on a small cluster."""
_TRIES = 2


def ray_engine(address: str, *, workers: int = 0) -> Engine:
    """Return the engine of a Ray cluster at `address`, or of one on this machine for "local".

    workers: photos at a time, 0 for one a core of the cluster. What the cluster gives up is done by a process here.
    Raises UsageError where ray is not installed; the engine raises InputError where the cluster does not answer.
    """
    if find_spec("ray") is None:
        raise UsageError(
            "--ray needs ray, which this installation does not have.",
            advice="Install it with: pip install 'dermis[ray]'.",
        )

    def work(jobs: Sequence[ShardJob], tell: Callable[[int], None]) -> Iterator[ShardDone]:
        if not jobs:
            return
        with _cluster(address, workers) as ray:
            yield from _on_cluster(ray, jobs, tell, workers)
        left = [job for job in jobs if not (Path(job.asked.shards) / job.name).exists()]
        yield from Pool(1)(left, tell)

    return work


@contextmanager
def _cluster(address: str, workers: int) -> Iterator[Any]:
    """Hold a connection to a cluster; one on this machine is started and ended. Nothing is sent to Ray's makers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray  # late: two seconds

    own: dict[str, Any] = {"num_cpus": workers or cores(), "include_dashboard": False}
    place: dict[str, Any] = own if address == "local" else {"address": address}
    try:
        ray.init(
            **place,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": ONE_THREAD},
        )
    except (ConnectionError, RuntimeError, ValueError) as fault:
        raise InputError(
            f"The Ray cluster {address} does not answer ({type(fault).__name__}: {fault}).",
            advice="Check the address, or use --ray local.",
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _on_cluster(
    ray: Any,  # noqa: ANN401 -- the package
    jobs: Sequence[ShardJob],
    tell: Callable[[int], None],
    workers: int,
) -> Iterator[ShardDone]:
    """Work on all jobs; those that end their workers again and again are left."""
    import ray.data  # late: with it comes pandas

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [{"job": pickle.dumps(job)} for job in jobs]
    most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        _ShardWorker,
        num_cpus=_CPUS,
        concurrency=min(most, len(rows)),
        max_restarts=-1,
        max_task_retries=_TRIES,
        scheduling_strategy="SPREAD",
    )
    for row in done.iter_rows():
        tell(row["photos"])
        yield ShardDone(photos=row["photos"], usable=row["usable"])


class _ShardWorker:
    """What Ray keeps on its machines: the networks stay loaded from one shard to the next."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        done = run_shard(pickle.loads(row["job"]))
        return {"photos": done.photos, "usable": done.usable}
