"""Tables of numbers that ship beside the code: fits with a run, a hash and a card, as networks have them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from dermis.core.tables import HASHES, sha256_of
from dermis.formats.files import write_bytes, write_text
from dermis.lab.train.card import card, meta_of
from dermis.lab.train.examples import EXAMPLES
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.run import Run, note_data, open_run
from dermis.lab.train.sources import Roots, folder_for

__all__ = ["export_table", "train"]

_FITS: Mapping[str, str] = {
    "brown_marks": "brown_marks",
    "tone_posterior": "tone_posterior",
    "pigment_index": "pigment_index",
    "face_population": "face_population",
    "camera_population": "objectives.cameras",
    "emulator": "objectives.emulator",
    "acne_presence": "acne.presence",
    "acne_errors": "acne.errors",
    "acne_change": "acne.change",
    "comedones": "examples.comedones",
}
"""Where `fit_table(recipe, folders, out)` of each lies in this room: it writes the table to `out`, returns figures."""


def train(recipe: Recipe, roots: Roots, out: Path) -> Run:
    """Fit the table of a recipe to the data of its pools, and return the run."""
    run = open_run(recipe, out)
    folders = {name: folder_for(pool, roots) for name, pool in recipe.pool.items()}
    files = {f"{name}/{path.relative_to(folder)}": path for name, folder in folders.items() for path in _files(folder)}
    told = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    licences = [EXAMPLES[pool.examples].licence for pool in recipe.pool.values() if pool.examples]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    note_data(run, digest, parts={"train": sorted(told)}, licences=licences)
    if run.finished:
        return run
    module = import_module(f"dermis.lab.train.{_FITS[recipe.learner]}")
    fit_table: Callable[[Recipe, Mapping[str, Path], Path], Mapping[str, float]] = module.fit_table
    run.note(
        "result", {name: float(value) for name, value in fit_table(recipe, folders, run.folder / "weights").items()}
    )
    return run


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def export_table(run: Run, home: Path, *, about: str = "") -> Path:
    """Write the table of a run, its card beside it and its hash to the folder `home`; return the table's path.

    `home` is where the table ships, or a folder of the user's: `core.tables.load_table` reads it from either.
    """
    name = Path(LEARNERS[run.recipe.learner].table).name
    home.mkdir(parents=True, exist_ok=True)
    write_bytes(home / name, (run.folder / "weights" / name).read_bytes())
    meta = meta_of(run, Path(name).stem, {})
    meta["about"] = about or meta["about"]
    write_text(home / f"{Path(name).stem}.md", card(run, meta))
    hashes = home / HASHES
    held: dict[str, Any] = json.loads(hashes.read_text(encoding="utf-8")) if hashes.is_file() else {}
    if name.endswith(".npz"):
        held[name] = sha256_of(home / name)
    write_text(hashes, json.dumps(held, indent=1, sort_keys=True) + "\n")
    for path in sorted((run.folder / "weights").glob("*/*.json")):  # intervals; those of other conditions stay
        _add_belts(home / path.parent.name / path.name, json.loads(path.read_text(encoding="utf-8")))
    return home / name


def _add_belts(path: Path, told: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"belts": {}}
    write_text(path, json.dumps({**held, **told, "belts": {**held["belts"], **told["belts"]}}, indent=1) + "\n")
