"""What the environment says; the only file that reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dermis.errors import UsageError

__all__ = ["ONE_THREAD", "Settings", "one_thread", "read_settings"]

ONE_THREAD = dict.fromkeys(("DERMIS_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""What keeps a process to one processor thread, in the engine and in numerics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The user's surroundings.

    cache: folder for models of others (`DERMIS_CACHE`; default: the system's user cache).
    weights: folder for weights of the user's own (`DERMIS_WEIGHTS`; default: the system's user data).
    config: folder of the profiles of the user's devices (`DERMIS_CONFIG`; default: the system's user configuration).
    data: folder whose folders are datasets by name (`DERMIS_DATA`; empty: each is named when it is needed).
    threads: processor threads the engine and large arithmetic may use, 0 for all (`DERMIS_THREADS`).
    offline: never start a package client (`DERMIS_OFFLINE=1`).
    debug: show the traceback of a fault of ours (`DERMIS_DEBUG=1`).
    """

    cache: Path
    weights: Path
    config: Path
    data: Path | None
    threads: int
    offline: bool
    debug: bool


def read_settings() -> Settings:
    """Read the environment as it is now.

    Raises UsageError for a number that is none.
    """
    cache, weights, config, data = (os.environ.get(f"DERMIS_{name}") for name in ("CACHE", "WEIGHTS", "CONFIG", "DATA"))
    return Settings(
        cache=Path(cache) if cache else _default("cache"),
        weights=Path(weights) if weights else _default("data") / "weights",
        config=Path(config) if config else _default("config"),
        data=Path(data) if data else None,
        threads=_whole_number("DERMIS_THREADS"),
        offline=_switch("DERMIS_OFFLINE"),
        debug=_switch("DERMIS_DEBUG"),
    )


def _default(kind: str) -> Path:
    import platformdirs  # late: it is not needed where the environment names a folder

    folders = {
        "cache": platformdirs.user_cache_dir,
        "data": platformdirs.user_data_dir,
        "config": platformdirs.user_config_dir,
    }
    return Path(folders[kind]("dermis"))


def _switch(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


_LONGEST_NUMBER = 4  # more threads no machine has


def _whole_number(name: str) -> int:
    text = os.environ.get(name, "0") or "0"
    if not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise UsageError(
            f"{name}={text[:40]!r} is not a whole number up to 9999.", advice=f"Unset it or write {name}=2."
        )
    return int(text)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the processes that are started meanwhile use one processor thread each."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
