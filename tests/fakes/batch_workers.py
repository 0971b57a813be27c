"""A worker of a batch that some photos end, or keep for ever."""

import os
import time

from dermis.pipeline.batch_shard import run_shard

__all__ = ["fall", "serve"]


def serve(pipe):
    """Do as the worker of a pool does, but die of a photo called deadly and never come back from one called endless."""
    pipe.send(True)
    while (job := pipe.recv()) is not None:
        names = " ".join(photo.path for photo in job.photos)
        if "deadly" in names:
            os._exit(9)
        if "endless" in names:
            time.sleep(3600)
        pipe.send(run_shard(job, done=lambda: pipe.send(None)))


def fall(pipe):
    """Never come up."""
    os._exit(1)
