"""HDF5 and MATLAB files read in another process, which may crash or hang without this one.

One such process serves all files of this one; where it ends, the next request starts another.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import InputError

__all__ = ["ask", "rows"]

_SECONDS = 3
_BYTES_A_SECOND = 20_000_000
_PATIENCE = 20
"""On a busy machine a second of work may take so many."""
_AGAIN = "Write or download it again."


def ask(do: str, path: Path, **more: object) -> dict[str, Any]:
    """Return the answer to a request about a file. Raises InputError for one that cannot be read, whatever it does."""
    return _process().ask({"do": do, "path": str(path.absolute()), **more}, path)[0]


def rows(do: str, path: Path, **more: object) -> NDArray[Any]:
    """Return the array that a request asks for. Raises InputError as `ask`."""
    values = _process().ask({"do": do, "path": str(path.absolute()), **more}, path)[1]
    assert values is not None
    return values


class _Process:
    """A running reader; a lock keeps one request after the other."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, object], path: Path) -> tuple[dict[str, Any], NDArray[Any] | None]:
        try:
            seconds = _SECONDS + path.stat().st_size // _BYTES_A_SECOND
        except OSError as fault:
            raise InputError(f"{path} cannot be read: {fault.strerror}.", advice="Check the folder and name.") from None
        with self._lock:
            answer, values = self._answer(request | {"seconds": seconds}, seconds * _PATIENCE)
        if answer is None:
            raise InputError(f"{path.name} is damaged: its reader crashed, or did not come to an end.", advice=_AGAIN)
        if "refused" in answer:
            raise InputError(answer["refused"], advice=answer["advice"])
        if "damaged" in answer:
            kind = "MATLAB" if path.suffix.lower() == ".mat" else "HDF5"
            raise InputError(f"{path.name} is no {kind} file, or damaged ({answer['damaged']}).", advice=_AGAIN)
        return answer, values

    def _answer(self, request: dict[str, object], patience_s: float) -> tuple[Any, NDArray[Any] | None]:
        """Return the answer, None where the process ended or had to be ended."""
        running = self._started()
        assert running.stdin is not None
        assert running.stdout is not None
        clock = threading.Timer(patience_s, running.kill)
        clock.start()
        try:
            running.stdin.write(json.dumps(request).encode() + b"\n")
            running.stdin.flush()
            line = running.stdout.readline()
            answer = json.loads(line) if line.endswith(b"\n") else None
            if answer is None or "dtype" not in answer:
                values = None
            else:
                values = np.empty(answer["shape"], np.dtype(answer["dtype"]))
                content = values.reshape(-1).view(np.uint8).data
                if running.stdout.readinto(content) != values.nbytes:  # type: ignore[attr-defined]
                    answer = None
        except OSError:
            answer, values = None, None
        finally:
            clock.cancel()
        if answer is None:
            self.end()
        return answer, values

    def _started(self) -> subprocess.Popen[bytes]:
        if self._running is None or self._running.poll() is not None:
            self.end()
            self._running = subprocess.Popen(
                [sys.executable, "-m", "dermis.formats.cubes.reader_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
            )
        return self._running

    def end(self) -> None:
        """End the process, if one runs."""
        running, self._running = self._running, None
        if running is not None:
            running.kill()
            running.wait()
            for pipe in (running.stdin, running.stdout):
                if pipe is not None:
                    pipe.close()


_processes: dict[int, _Process] = {}


def _process() -> _Process:
    """Return the reader of this process; one that was forked gets its own, since pipes cannot be shared."""
    held = _processes.get(os.getpid())
    if held is None:
        _processes.clear()
        held = _processes[os.getpid()] = _Process()
        atexit.register(held.end)
    return held
