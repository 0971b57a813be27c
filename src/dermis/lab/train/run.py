"""The folder of a run: what it was told, what it ran on, how it went, what came out.

recipe.toml      the resolved recipe
data.json        fingerprint of the data, keys of each part
versions.json    dermis, Python, torch, the machine
log.txt          what was said
metrics.csv      one row an epoch
tensorboard/     the same as curves
weights/         last.ckpt to go on from, best.pt to use
model.json       how to build the model that best.pt fits
predictions.parquet   one row a sample
result.json      written last: the run is done
"""

from __future__ import annotations

import csv
import io
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.errors import UsageError
from dermis.formats.files import write_bytes, write_text
from dermis.lab.train.recipe import Recipe, read_recipe, recipe_hash
from dermis.lab.train.recipe.toml_records import toml_of
from dermis.version import __version__

__all__ = ["Run", "find_run", "latest_run", "note_data", "open_run", "run_folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run and its folder."""

    folder: Path
    recipe: Recipe

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return (self.folder / "result.json").is_file()

    @property
    def last(self) -> Path:
        """What an interrupted run goes on from."""
        return self.folder / "weights" / "last.ckpt"

    @property
    def best(self) -> Path:
        """The weights of the best epoch."""
        return self.folder / "weights" / "best.pt"

    def result(self) -> dict[str, Any]:
        """Return what the finished run says of itself."""
        held: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return held

    def say(self, line: str) -> None:
        """Add a line to the log."""
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    def note(self, name: str, held: Mapping[str, Any]) -> None:
        """Write an object as `name`.json, at once."""
        text = json.dumps(held, indent=1, ensure_ascii=False) + "\n"
        write_bytes(self.folder / f"{name}.json", text.encode())

    def keep_figures(self, rows: list[dict[str, float]]) -> None:
        """Write metrics.csv anew, one row an epoch."""
        lines: list[list[Any]] = [list(rows[0]), *([row[name] for name in rows[0]] for row in rows)]
        held = io.StringIO(newline="")
        csv.writer(held).writerows(lines)
        write_text(self.folder / "metrics.csv", held.getvalue())


def run_folder(recipe: Recipe, out: Path) -> Path:
    """Return the folder of a recipe's run below `out`, named by the recipe and its hash."""
    return out / f"{recipe.name}-{recipe_hash(recipe)}"


def open_run(recipe: Recipe, out: Path) -> Run:
    """Return the run of `recipe` below `out`, its folder made where it is new."""
    run = Run(folder=run_folder(recipe, out), recipe=recipe)
    (run.folder / "weights").mkdir(parents=True, exist_ok=True)
    write_bytes(run.folder / "recipe.toml", toml_of(recipe).encode())
    run.note("versions", _versions())
    return run


def note_data(
    run: Run,
    fingerprint: str,
    *,
    parts: Mapping[str, Sequence[str]],
    licences: Sequence[str],
    **more: Any,  # noqa: ANN401
) -> None:
    """Write what the run is given; UsageError where it was given something else when it began."""
    before = run.folder / "data.json"
    if before.is_file() and (run.finished or run.last.is_file()) and f'"{fingerprint}"' not in before.read_text():
        raise UsageError(
            f"The data changed since {run.folder} was begun.", advice="Delete that folder, or bring the old data back."
        )
    samples = sum(len(keys) for keys in parts.values())
    held = {"fingerprint": fingerprint, "samples": samples, "licences": list(licences), "parts": parts}
    run.note("data", held | more)


def find_run(folder: Path) -> Run:
    """Return the run in `folder`; UsageError where there is none."""
    if not (folder / "recipe.toml").is_file():
        raise UsageError(f"{folder} is no run.", advice="Name the folder that `dermis train` wrote.")
    return Run(folder=folder, recipe=read_recipe(folder / "recipe.toml"))


def latest_run(name: str, runs: Path) -> Run:
    """Return the run in the folder `name`, or the latest finished one of the recipe `name` below `runs`.

    name: of a recipe, or a TOML file, with or without its ending. Raises UsageError where there is none.
    """
    if (Path(name) / "recipe.toml").is_file():
        return find_run(Path(name))
    recipe = _recipe_name(name)
    done = [find_run(path.parent) for path in runs.glob("*/result.json")]
    found = [run for run in done if run.recipe.name == recipe]
    if not found:
        others = ", ".join(sorted({run.recipe.name for run in done}))
        there = f" There are runs of: {others}." if others else ""
        raise UsageError(
            f"{runs} has no finished run of {recipe}.", advice=f"Train it first: dermis train {name}.{there}"
        )
    return max(found, key=lambda run: (run.folder / "result.json").stat().st_mtime)


def _recipe_name(name: str) -> str:
    """Return the name that a recipe's file gives it, or the name itself where there is no such file."""
    for path in (Path(name), Path(f"{name}.toml")):
        if path.suffix == ".toml" and path.is_file():
            return read_recipe(path, whole=False).name
    return Path(name).stem


def _versions() -> dict[str, str]:
    import numpy
    import torch

    return {
        "dermis": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "machine": platform.platform(),
    }
