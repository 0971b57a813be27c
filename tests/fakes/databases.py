"""A real PostgreSQL for tests, on a socket of its own; tests that need it are skipped where there is none."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["PostgreSQL", "postgresql", "search"]


@dataclass(frozen=True)
class PostgreSQL:
    """A server that can be stopped and started again."""

    folder: str
    programs: Path
    account: dict

    @property
    def url(self):
        return self.url_of("postgres")

    @property
    def data(self):
        return Path(self.folder) / "data"

    def url_of(self, name):
        return f"postgresql+psycopg://dermis@/{name}?host={self.folder}"

    def start(self):
        options = f"-c listen_addresses='' -k {self.folder} -F"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def initialise(self):
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "dermis", "-E", "UTF8", "--no-sync")

    def create(self, name):
        self._run("createdb", "-h", self.folder, "-U", "dermis", name)
        return self.url_of(name)

    def _run(self, program, *arguments):
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            cwd=self.folder,
            timeout=60,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.account,
        )


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Give a running server; skips where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    account = _account()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # short: a socket's path holds 107 characters
        if account:
            os.chown(folder, account["user"], account["group"])
        server = PostgreSQL(folder=folder, programs=programs, account=account)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs():
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else Path(found).parent if found else None


def _account():
    """The account a server runs under: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL refuses to run as root, and there is no account `postgres`")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _files(database, server):
    """All files of a store, but PostgreSQL's log, which it recycles as it likes."""
    if database.kind == "sqlite":
        file = Path(database.engine.url.database)
        return list(file.parent.glob(f"{file.name}*"))
    return [path for path in server.data.rglob("*") if path.is_file() and "pg_wal" not in path.parts]


def search(database, server, wanted):
    """The files of a store that hold these bytes."""
    found = []
    for path in _files(database, server):
        with suppress(FileNotFoundError):  # a running server tidies up
            if wanted in path.read_bytes():
                found.append(path.name)
    return found
