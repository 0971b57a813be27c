"""A service whose workers are threads and whose analysis is a stand-in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from dermis.service.api.run import make_app
from dermis.service.api.service import ServeOptions, Service
from dermis.service.photo_keys import read_photo_keys
from dermis.service.store.database import open_database
from dermis.service.store.migrate import migrate
from dermis.service.workers import Workers
from fakes.measuring import measuring

__all__ = ["free_port", "run", "running", "serve", "stand_in"]


def serve(database, photo_keys=None, **options):
    return Service(
        options=ServeOptions(requests_per_minute=0, **options),
        database=database,
        workers=Workers(2, make_pool=ThreadPoolExecutor),
        photo_keys=photo_keys,
        measuring=measuring,
    )


def run(url, port, photo_key):
    """Serve a store on a port with the stand-in in processes of its own, until killed: `python -c "...run(...)"`."""
    import uvicorn

    service = Service(
        options=ServeOptions(requests_per_minute=0, db=url, port=port),
        database=open_database(url),
        workers=Workers(2),
        photo_keys=read_photo_keys(Path(photo_key)) if photo_key else None,
        measuring=measuring,
    )
    migrate(service.database)
    uvicorn.run(make_app(service), port=port, log_level="error", access_log=False)


@contextmanager
def running(command, port, environment=None):
    """Run a service as a process; give the process once it answers."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"the service ended with {process.returncode}")
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=5):
                break
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def stand_in(url, port, photo_key=""):
    """The command that runs `run`, and the environment it needs."""
    code = f"if __name__ == '__main__':\n from fakes.services import run\n run({url!r}, {port}, {str(photo_key)!r})"
    return [sys.executable, "-c", code], {"PYTHONPATH": os.pathsep.join(sys.path)}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
