"""`dermis recipes`: what can be learnt and what can be made, by name."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.lab.synth.recipe import shipped_recipes
from dermis.lab.train.recipe import RECIPES

__all__ = ["recipes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """List the recipes to learn by and to make data by.

    `dermis train NAME --describe` shows one to learn by in full.
    """

    json: JsonFlag = False


@verb(Options)
def recipes(options: Options) -> None:
    """Print every recipe: its verb, name and what it is for."""
    learnt = [("train", path) for path in sorted(RECIPES.glob("*.toml"))]
    made = [("synth", path) for path in shipped_recipes().values()]
    columns = ("verb", "recipe", "about")
    rows = [(verb, path.stem, _about(path)) for verb, path in (*learnt, *made)]
    if options.json:
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False))
    else:
        print_table(columns, rows)


def _about(path: Path) -> str:
    return str(tomllib.loads(path.read_text(encoding="utf-8")).get("about", ""))
