"""The recipe: all that a run is, in one flat TOML file.

    name = "tone_small"
    seed = 1

    [data]
    dataset = "tone-chips"

    [input]
    size_px = 64
    features = ["mean_colour", "exposure"]

    [network]
    name = "small_cnn"
    fusion = "film"

    [head.tone]                  # one table for each question
    kind = "measure"
    targets = ["tone_lightness", "tone_a", "tone_b"]

    [loss.tone]                  # may be left out
    name = "delta_e_00"

What is not said has the default of the records below. There is no inheritance and no class path.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dermis.errors import UsageError
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.recipe.records import (
    Data,
    Machine,
    Optimiser,
    Pool,
    Recipe,
    Schedule,
    Split,
    Stage,
    Train,
)
from dermis.lab.train.recipe.toml_records import nearest, record_from, setting, toml_of

__all__ = [
    "RECIPES",
    "Data",
    "Machine",
    "Optimiser",
    "Pool",
    "Recipe",
    "Schedule",
    "Split",
    "Stage",
    "Train",
    "describe",
    "find_recipe",
    "read_recipe",
    "recipe_from",
    "recipe_hash",
    "with_settings",
]

RECIPES = Path(__file__).parents[2] / "recipes"
"""The recipes that ship with dermis."""


def read_recipe(path: Path, settings: Sequence[str] = (), *, whole: bool = True) -> Recipe:
    """Return the recipe in a TOML file, with `settings` such as "train.epochs=3" laid over it.

    Raises UsageError for a file that is no TOML, an unknown key (naming the nearest one), or a value of another kind.
    """
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The recipe {path} cannot be read ({error.strerror}).", advice=_shipped()) from None
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", advice="Write key = value, text in quotes.") from None
    return recipe_from(held, settings, default_name=path.stem, whole=whole)


def find_recipe(name: str) -> Path:
    """Return the path of a recipe named by its file, or by the name of one that ships with dermis."""
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():  # a folder may be called as a recipe is
        return path
    names = sorted(one.stem for one in RECIPES.glob("*.toml"))
    if name not in names:
        raise UsageError(f"No recipe is called {name!r}.", advice=nearest(name, names) or _shipped())
    return RECIPES / f"{name}.toml"


def recipe_from(
    held: Mapping[str, Any], settings: Sequence[str] = (), *, default_name: str = "run", whole: bool = True
) -> Recipe:
    """Return the recipe said by nested tables, completed by what follows from it, and checked.

    whole: False leaves both to the caller, who knows more: the labels, from which scales follow.
    """
    tables: dict[str, Any] = {"name": default_name, **held}
    for text in settings:
        setting(tables, text)
    recipe = record_from(Recipe, tables)
    return checked(completed(recipe)) if whole else recipe


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return the recipe with settings such as "train.lr=1e-4" laid over it."""
    return recipe_from(asdict(recipe), settings)


_LATER: Mapping[str, tuple[str, ...]] = {
    "": ("learner", "pool", "stage", "term", "view", "fit"),
    "data": ("items", "parsed", "made", "settings"),
    "input": ("filter",),
    "network": ("frozen_looks", "frozen_stages", "frozen_depthwise", "warm_start"),
    "schedule": ("warmup_steps",),
    "train": ("keep", "pixel_passes", "pixel_lr"),
}
"""Keys that came after runs had been published by their hash: left alone, they do not change it."""


def recipe_hash(recipe: Recipe) -> str:
    """Return ten hexadecimal digits that change with everything in the recipe but its words and the machine."""
    held = asdict(replace(recipe, name="", about="", limits=(), machine=Machine()))
    del held["limits"]
    usual = asdict(Recipe())
    for section, keys in _LATER.items():
        here, plain = (held[section], usual[section]) if section else (held, usual)
        for key in keys:
            if here[key] == plain[key]:
                del here[key]
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:10]


def describe(recipe: Recipe, *, comments: bool = True) -> str:
    """Return the recipe as TOML, without what does not apply to it; with `comments` each value with what it means."""
    return toml_of(recipe, comments=comments, all_fields=False)


def _shipped() -> str:
    return f"Shipped are: {', '.join(sorted(one.stem for one in RECIPES.glob('*.toml')))}."
