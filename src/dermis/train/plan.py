"""What a sweep varies: a base recipe, and values for some of its keys, in one TOML file.

name = "tone-ablation"
base = "colour-small"                # a shipped recipe, or a file beside this one

[grid]                               # every combination
"network.fusion" = ["concat", "film", "cross_attention"]

[search]                             # or drawn, `trials` times, towards smaller errors; the grid's values too
"train.lr" = { low = 1e-4, high = 1e-2, log = true }

[stages]
first_epochs = 1                     # everyone for one epoch,
keep = 5                             # then the best five in full
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from dermis.errors import UsageError
from dermis.train.recipe import find_recipe
from dermis.train.tables import record_from

__all__ = ["Point", "Range", "Stages", "Sweep", "points_of", "read_sweep"]

Point = dict[str, Any]
"""One choice of values, by the dotted names of what is varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Where a value is drawn from: between two numbers, or among choices."""

    low: Annotated[float, "smallest"] = 0.0
    high: Annotated[float, "largest"] = 0.0
    log: Annotated[bool, "evenly in its logarithm"] = False
    whole: Annotated[bool, "whole numbers only"] = False
    choices: Annotated[tuple[str, ...], "one of these, instead of numbers"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """First everyone for a short while, then the best in full."""

    first_epochs: Annotated[int, "epochs of the first stage; 0 for no first stage"] = 0
    keep: Annotated[int, "how many go on"] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is varied, and how."""

    name: Annotated[str, "names the sweep and its folder"] = "sweep"
    base: Annotated[str, "recipe that is varied"] = ""
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    search: Mapping[str, Range] = field(default_factory=dict)
    trials: Annotated[int, "search: how many are drawn"] = 20
    seed: Annotated[int, "draws the search"] = 0
    stages: Stages = field(default_factory=Stages)


def read_sweep(path: Path) -> tuple[Sweep, Path]:
    """Return the sweep in a TOML file, and the path of its base recipe; raises UsageError where it says nothing."""
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The sweep {path} cannot be read ({error}).", advice="Check the path.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}.", advice='Quote names with dots: "train.lr" = [...].') from None
    grid = held.pop("grid", {})
    one = record_from(Sweep, {"name": path.stem, **held})
    wrong = [name for name, values in grid.items() if not isinstance(values, list) or not values]
    if wrong:
        raise UsageError(f"grid.{wrong[0]} is no list.", advice=f'Write "{wrong[0]}" = [first, second].')
    if not grid and not one.search:
        raise UsageError(f"{path} varies nothing.", advice="Add a section grid or search.")
    one = replace(one, grid={name: tuple(values) for name, values in grid.items()})
    beside = path.parent / one.base
    return one, beside if beside.suffix == ".toml" and beside.is_file() else find_recipe(one.base)


def points_of(plan: Sweep) -> list[Point]:
    """Return every combination of the grid."""
    return [dict(zip(plan.grid, values, strict=True)) for values in itertools.product(*plan.grid.values())]
