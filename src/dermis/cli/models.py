"""`dermis models`: the models of others, and how they are fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from rich.console import Console

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.models.registry import MODELS, ModelFile, installed
from dermis.models.registry import fetch as fetch_model
from dermis.models.weights import find_weights, foreign, shipped

__all__ = ["fetch_with_progress", "models"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """List our weights and yours; list or fetch models of others."""

    json: JsonFlag = False
    fetch: Annotated[bool, "Fetch those that are missing, for work offline."] = False


@verb(Options)
def models(options: Options) -> None:
    """Print every model of others: where it comes from, its licence, whether it is on this machine."""
    if options.fetch:
        fetch_with_progress([model.name for model in MODELS])
    if options.json:
        rows = [{**asdict(model), "installed": installed(model.name)} for model in MODELS]
        rows += [{"name": name, "whose": whose, "folder": find_weights(name)} for name, whose in _weights()]
        print(json.dumps(rows, ensure_ascii=False, default=str))
        return
    columns = ("model", "package", "licence", "here", "purpose")
    print_table(columns, [*(_row(model) for model in MODELS), *(_weights_row(*one) for one in _weights())])


def _row(model: ModelFile) -> tuple[str, ...]:
    here = "yes" if installed(model.name) else "no, `dermis models --fetch`"
    return model.name, f"{model.package} {model.version}", model.licence, here, model.purpose


def _weights() -> list[tuple[str, str]]:
    """Return the name of all learnt weights, and whose they are."""
    return [*((name, "dermis") for name in shipped()), *((name, "foreign: yours") for name in foreign())]


def _weights_row(name: str, whose: str) -> tuple[str, ...]:
    folder = find_weights(name)
    about = json.loads((folder / "meta.json").read_text(encoding="utf-8")).get("about", "")
    return name, whose, f"{folder / 'card.md'}", "yes", about


def fetch_with_progress(names: Sequence[str]) -> None:
    """Fetch what is not yet on this machine; silent where nothing is missing.

    Raises ModelMissing.
    """
    missing = [name for name in names if not installed(name)]
    if not missing:
        return
    console = Console(stderr=True)
    with console.status("Looking for models...") as status:

        def say(entry: ModelFile) -> None:
            status.update(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once...")
            if not console.is_terminal:
                console.print(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once.")

        for name in missing:
            fetch_model(name, on_start=say)
